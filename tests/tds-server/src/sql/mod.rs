//! T-SQL: read into a tree, names and types found, written again for SQLite. It covers what an extraction, its tests
//! and their tables need; anything else is a syntax error or named as not supported.

pub mod aggregates;
pub mod arithmetic;
pub mod ast;
pub mod bind;
pub mod functions;
pub mod lex;
pub mod parse;
pub mod runtime;
