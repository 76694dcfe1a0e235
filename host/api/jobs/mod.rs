//! Jobs over HTTP: what a request may say, what a job looks like, and one file per route.

pub mod get;
pub mod list;
pub mod post;
mod request;
pub mod stop;
pub mod view;
