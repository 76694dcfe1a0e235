//! The AI Squared form of the API, under `/api/v1`: sources and knowledge bases are its connectors, a table or a query is a
//! model, and its syncs are ordinary ones. Only words and ids differ; what decides and what is stored is shared.

pub mod connectors;
mod listing;
pub mod models;
pub mod syncs;
