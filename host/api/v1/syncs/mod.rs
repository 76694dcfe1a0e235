//! Syncs in the AI Squared form: the same syncs as of the other form, by other names.

pub mod edit;
pub mod get;
pub mod post;
mod request;
pub mod run;
mod view;
mod words;
