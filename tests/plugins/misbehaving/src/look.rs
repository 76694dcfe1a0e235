//! Looks for a text in everything that a guest can reach. The text is given in pieces, so that looking for it puts it nowhere.

use crate::exports::sluice::source::source::{Connection, Done, Error, Step};
use crate::sluice::source::database::Statement;
use crate::sluice::source::log;

/// What a curious guest asks: all that the login may see, and what fails in every way that has words.
const QUESTIONS: [&str; 12] = [
    "select current_user::text, session_user::text, current_database()::text",
    "select name, setting from pg_settings",
    "select query, usename::text, application_name from pg_stat_activity",
    "select rolname::text, rolpassword from pg_roles",
    "select * from pg_authid",
    "select * from pg_shadow",
    "select pg_read_file('pg_hba.conf')",
    "select * from no_such_table",
    "select 1/0",
    "selec",
    "select 1; select 2",
    "select dblink_connect('host=127.0.0.1')",
];

/// Answers how many bytes were looked through and where it was; says all that was answered to the log as well.
pub fn for_pieces(session: &Connection, pieces: &str) -> Result<Step, Error> {
    let pieces: Vec<&[u8]> = pieces.split(':').map(str::as_bytes).collect();
    let mut heard = vec![session.kind(), session.server_version()];
    for sql in QUESTIONS {
        let statement = Statement {
            sql: sql.into(),
            params: Vec::new(),
        };
        heard.push(match session.query(&statement) {
            Ok(rows) => format!("{rows:?}"),
            Err(error) => format!("{error:?}"),
        });
        heard.push(match session.fetch(&statement, 0) {
            Ok(batch) => format!("{:?}", batch.columns()),
            Err(error) => format!("{error:?}"),
        });
    }
    for said in &heard {
        log::write(log::Level::Info, said, &[("heard".into(), said.clone())]);
    }
    // A copy in pieces shows that the search finds what is there.
    let planted: String = ["plan", "ted"].concat();
    let memory = memory();
    let found = find(memory, &pieces);
    let control = find(memory, &[b"plan", b"ted"]);
    std::hint::black_box(&planted);
    let summary = format!("{} bytes, {found} times, {}", memory.len(), control > 0);
    heard.insert(0, summary);
    Ok(Step::Done(Done { warnings: heard }))
}

/// All of this guest's memory. Without its first bytes, which Rust's slices cannot begin with.
fn memory() -> &'static [u8] {
    let bytes = core::arch::wasm32::memory_size(0) * 65_536;
    // SAFETY: none in the sense of Rust; these are the bytes of this instance, and nobody writes while they are read.
    unsafe { std::slice::from_raw_parts(8 as *const u8, bytes - 8) }
}

fn find(memory: &[u8], pieces: &[&[u8]]) -> usize {
    let first = pieces[0][0];
    let is_here = |at: usize| {
        let mut at = at;
        pieces.iter().all(|piece| {
            let is_there = memory.get(at..at + piece.len()) == Some(*piece);
            at += piece.len();
            is_there
        })
    };
    (0..memory.len())
        .filter(|&at| memory[at] == first && is_here(at))
        .count()
}
