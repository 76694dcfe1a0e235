//! The tokens of an answer ([MS-TDS] 2.2.7).

use super::put;
use crate::error::SqlError;
use crate::types::Type;
use crate::types::type_info::Sent;

/// The version the stand-in claims: SQL Server 2022.
pub const VERSION: [u8; 4] = [16, 0, 0x03, 0xe8];
pub const VERSION_TEXT: &str = "16.0.1000.6";

/// Which of the three DONE tokens ends something.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Done {
    /// A statement of a batch.
    Statement = 0xfd,
    /// A procedure.
    Procedure = 0xfe,
    /// A statement in a procedure.
    Inner = 0xff,
}

/// Bits of a DONE's status (2.2.7.6).
pub const MORE: u16 = 0x01;
pub const ERROR: u16 = 0x02;
pub const COUNT: u16 = 0x10;
pub const ATTENTION: u16 = 0x20;

pub fn done(out: &mut Vec<u8>, token: Done, status: u16, rows: u64) {
    /// What was run; clients read the count of a SELECT only.
    const SELECT: u16 = 0xc1;
    out.push(token as u8);
    out.extend(status.to_le_bytes());
    out.extend(SELECT.to_le_bytes());
    out.extend(rows.to_le_bytes());
}

/// 2.2.7.10.
pub fn error(out: &mut Vec<u8>, error: &SqlError) {
    message(out, 0xaa, error.number, error.class, &error.message);
}

/// 2.2.7.13.
pub fn info(out: &mut Vec<u8>, number: i32, text: &str) {
    message(out, 0xab, number, 0, text);
}

fn message(out: &mut Vec<u8>, token: u8, number: i32, class: u8, text: &str) {
    /// Told apart by people only.
    const STATE: u8 = 1;
    let mut body = number.to_le_bytes().to_vec();
    body.extend([STATE, class]);
    put::us_varchar(&mut body, text);
    put::b_varchar(&mut body, "stand-in");
    put::b_varchar(&mut body, "");
    body.extend(1u32.to_le_bytes());
    sized(out, token, &body);
}

/// A token with a length of two bytes.
fn sized(out: &mut Vec<u8>, token: u8, body: &[u8]) {
    out.push(token);
    out.extend((body.len() as u16).to_le_bytes());
    out.extend(body);
}

/// ENVCHANGE (2.2.7.9) of the database (1) or the packet size (4).
pub fn changed(out: &mut Vec<u8>, kind: u8, new: &str, old: &str) {
    let mut body = vec![kind];
    put::b_varchar(&mut body, new);
    put::b_varchar(&mut body, old);
    sized(out, 0xe3, &body);
}

/// ENVCHANGE of the collation.
pub fn collation(out: &mut Vec<u8>) {
    let mut body = vec![7, 5];
    body.extend(crate::types::collation::wire(
        crate::types::collation::DEFAULT,
    ));
    body.push(0);
    sized(out, 0xe3, &body);
}

/// ENVCHANGE of a transaction: 8 begins, 9 commits, 10 rolls back.
pub fn transaction(out: &mut Vec<u8>, kind: u8) {
    const DESCRIPTOR: [u8; 8] = [1, 0, 0, 0, 0, 0, 0, 1];
    let mut body = vec![kind];
    if kind == 8 {
        body.push(8);
        body.extend(DESCRIPTOR);
        body.push(0);
    } else {
        body.extend([0, 8]);
        body.extend(DESCRIPTOR);
    }
    sized(out, 0xe3, &body);
}

/// ENVCHANGE 20: go to another server.
pub fn route(out: &mut Vec<u8>, host: &str, port: u16) {
    let mut target = vec![0];
    target.extend(port.to_le_bytes());
    put::us_varchar(&mut target, host);
    let mut body = vec![20];
    body.extend((target.len() as u16).to_le_bytes());
    body.extend(target);
    body.extend([0, 0]);
    sized(out, 0xe3, &body);
}

/// 2.2.7.14: TDS 7.4.
pub fn login_ack(out: &mut Vec<u8>) {
    let mut body = vec![1, 0x74, 0, 0, 4];
    put::b_varchar(&mut body, "Microsoft SQL Server");
    body.extend(VERSION);
    sized(out, 0xad, &body);
}

/// RETURNSTATUS (2.2.7.18) of a procedure that went well.
pub fn return_status(out: &mut Vec<u8>) {
    out.extend([0x79, 0, 0, 0, 0]);
}

/// RETURNVALUE (2.2.7.19): the handle of a prepared statement.
pub fn return_handle(out: &mut Vec<u8>, handle: i32) {
    out.extend([0xac, 0, 0, 0, 1]);
    out.extend([0; 6]);
    Sent::nullable(Type::Int).write(out);
    out.push(4);
    out.extend(handle.to_le_bytes());
}

/// COLMETADATA (2.2.7.4).
pub fn columns<'a>(out: &mut Vec<u8>, columns: impl ExactSizeIterator<Item = (&'a str, &'a Sent)>) {
    /// Flag: whether it can be updated is unknown.
    const UNKNOWN: u16 = 8;
    out.push(0x81);
    out.extend((columns.len() as u16).to_le_bytes());
    for (name, sent) in columns {
        let user_type: u32 = if sent.ty == Type::RowVersion { 0x50 } else { 0 };
        out.extend(user_type.to_le_bytes());
        out.extend((u16::from(sent.nullable) | UNKNOWN).to_le_bytes());
        sent.write(out);
        put::b_varchar(out, name);
    }
}

pub const ROW: u8 = 0xd1;
/// A row whose NULLs are bits in front (2.2.7.15).
pub const NULL_COMPRESSED_ROW: u8 = 0xd2;
