//! Jobs over HTTP: what a request may say, what a job looks like, and one file per route.

mod cursor;
pub mod get;
mod lexical;
pub mod list;
pub mod post;
mod request;
pub mod stop;
mod view;
