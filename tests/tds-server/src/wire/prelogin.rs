//! PRELOGIN ([MS-TDS] 2.2.6.5): who speaks, and whether the rest is encrypted.

use super::packet::{REPLY, message};
use super::tokens::VERSION;
use crate::options::Tls;

/// The option that tells about encryption, and the end of the table.
const ENCRYPTION: u8 = 1;
const TERMINATOR: u8 = 0xff;

const OFF: u8 = 0;
const ON: u8 = 1;
const NOT_SUPPORTED: u8 = 2;
const REQUIRED: u8 = 3;

/// What is encrypted after PRELOGIN.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Encryption {
    Nothing,
    Login,
    Everything,
    /// The two do not agree; the server hangs up behind its answer.
    Refused,
}

/// The table of the options is read for one of them.
pub fn wanted(payload: &[u8]) -> u8 {
    let option = payload
        .chunks_exact(5)
        .take_while(|option| option[0] != TERMINATOR);
    let offset = option
        .filter(|option| option[0] == ENCRYPTION)
        .map(|option| usize::from(u16::from_be_bytes([option[1], option[2]])))
        .next();
    offset
        .and_then(|at| payload.get(at).copied())
        .unwrap_or(NOT_SUPPORTED)
}

/// The server's word, and what follows from it (the table of 2.2.6.5).
pub fn decide(tls: Tls, wanted: u8) -> (u8, Encryption) {
    match (tls, wanted) {
        (Tls::Off, ON | REQUIRED) => (NOT_SUPPORTED, Encryption::Refused),
        (Tls::Off, _) => (NOT_SUPPORTED, Encryption::Nothing),
        (Tls::Login, NOT_SUPPORTED) => (NOT_SUPPORTED, Encryption::Nothing),
        (Tls::Login, OFF) => (OFF, Encryption::Login),
        (Tls::Required, NOT_SUPPORTED) => (REQUIRED, Encryption::Refused),
        (Tls::Required, OFF) => (REQUIRED, Encryption::Everything),
        (Tls::Login | Tls::Required, _) => (ON, Encryption::Everything),
    }
}

pub fn answer(encryption: u8) -> Vec<u8> {
    // VERSION at 16 for 6 bytes, ENCRYPTION at 22, MARS at 23, both one byte.
    let mut payload = vec![
        0, 0, 16, 0, 6, ENCRYPTION, 0, 22, 0, 1, 4, 0, 23, 0, 1, TERMINATOR,
    ];
    payload.extend(VERSION);
    payload.extend([0, 0, encryption, 0]);
    message(REPLY, &payload)
}
