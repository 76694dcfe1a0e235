//! What any function can do wrong, whatever it should answer.

use crate::exports::sluice::source::source::{Column, Error};
use crate::rows;
use crate::sluice::source::types::{DataType, ErrorKind};

pub const MIB: usize = 1 << 20;

/// The fault that is wished for a function: `tables:trap` of `tables`.
pub fn of<'a>(function: &str, wish: &'a str) -> &'a str {
    let fault = wish
        .strip_prefix(function)
        .and_then(|rest| rest.strip_prefix(':'));
    fault.unwrap_or_default()
}

/// Those that have no end, or a bad one. Comes back from every other.
pub fn commit(fault: &str) {
    match fault {
        "trap" => panic!("asked to"),
        "spin" => spin(),
        "recurse" => {
            std::hint::black_box(recurse(1));
        }
        "allocate" => allocate(),
        _ => {}
    }
}

pub fn spin() -> ! {
    let mut turns: u64 = 0;
    loop {
        turns = std::hint::black_box(turns.wrapping_add(1));
    }
}

pub fn allocate() -> ! {
    let mut hoard = Vec::new();
    loop {
        hoard.push(vec![1_u8; MIB]);
        std::hint::black_box(&hoard);
    }
}

/// Deep enough for any stack; the compiler must not see that it ends nowhere.
pub fn recurse(depth: u64) -> u64 {
    if std::hint::black_box(depth) == u64::MAX {
        return depth;
    }
    let below = [depth; 32];
    recurse(depth + 1) + std::hint::black_box(below)[(depth % 32) as usize]
}

/// 200 MiB that the guest does not have: every text is the same one.
pub fn huge() -> Vec<String> {
    let text: &'static mut str = long(MIB).leak();
    let again = |_| {
        // SAFETY: none. It is freed as often as it is named, which harms only this guest.
        unsafe { String::from_raw_parts(text.as_mut_ptr(), text.len(), text.len()) }
    };
    (0..200).map(again).collect()
}

pub fn long(bytes: usize) -> String {
    "x".repeat(bytes)
}

/// Columns that no reader may announce and no table may have.
pub fn columns(fault: &str) -> Vec<Column> {
    let named = |name: String| Column {
        name,
        ..rows::columns().remove(0)
    };
    let typed = |data_type: DataType| Column {
        data_type,
        ..rows::columns().remove(0)
    };
    match fault {
        "none" => Vec::new(),
        "huge" => huge().into_iter().map(named).collect(),
        "long" => vec![named(long(10 * MIB))],
        "empty" => vec![named(String::new())],
        "nul" => vec![named("a\0b".into())],
        "many" => (0..2_001).map(|n| named(n.to_string())).collect(),
        "twice" => [rows::columns(), rows::columns()].concat(),
        "decimal" => vec![typed(DataType::Decimal((200, 100)))],
        "native" => vec![typed(DataType::Native(long(10 * MIB)))],
        "native-type" => vec![Column {
            native_type: long(10 * MIB),
            ..rows::columns().remove(0)
        }],
        _ => rows::columns(),
    }
}

pub fn error(kind: ErrorKind, message: &str) -> Error {
    Error {
        kind,
        message: message.into(),
        code: None,
        column: None,
    }
}

/// Every text of it is far too long, and of letters that a terminal obeys.
pub fn huge_error() -> Error {
    Error {
        kind: ErrorKind::NotFound,
        message: "\u{1b}[2J\n".repeat(MIB),
        code: Some(long(5 * MIB)),
        column: Some(long(5 * MIB)),
    }
}
