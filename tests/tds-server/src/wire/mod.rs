//! The protocol without SQL: packets and TLS, the login, requests and the tokens of an answer.

pub mod login7;
pub mod packet;
pub mod prelogin;
pub mod put;
pub mod read;
pub mod reply;
pub mod rpc;
pub mod stream;
pub mod tokens;
