//! Syncs over HTTP: what a request may say, what a sync looks like, and one file per route or pair of routes.

pub mod cursor;
pub mod edit;
pub mod get;
pub mod list;
pub mod make;
pub mod post;
pub mod request;
pub mod reset;
pub mod run;
pub mod schedule;
mod view;
