//! Real components against the real engine. No database: the guest `misbehaving` lends itself none.

mod authored;
mod built;
mod cached;
mod faulty;
mod followed;
mod gated;
#[path = "../../../tests/harness/guest.rs"]
mod guest;
mod hollow;
mod inspected;
mod reading;
mod sandboxed;

use std::path::PathBuf;
use std::sync::{Arc, OnceLock};

use self::guest::component;
use super::bindings::SourcePluginPre;
use super::engine::Runtime;
use super::imports::{Connection, State};
use super::{Limits, Plugin, ReadRequest, Reader, Step, differences, gate};
use crate::model::cursor::Cursor;
use crate::model::failure::Failure;
use crate::model::pacing::Pacing;
use crate::model::source::Source;

fn runtime() -> &'static Runtime {
    static RUNTIME: OnceLock<Runtime> = OnceLock::new();
    RUNTIME.get_or_init(|| Runtime::new().unwrap())
}

fn compiled() -> &'static SourcePluginPre<State> {
    static COMPILED: OnceLock<SourcePluginPre<State>> = OnceLock::new();
    COMPILED.get_or_init(|| gate::compile(runtime(), None, component()).unwrap())
}

async fn plugin(limits: Limits) -> Arc<Plugin> {
    Arc::new(
        gate::admit(compiled().clone(), "misbehaving.wasm", &Arc::new(limits))
            .await
            .unwrap(),
    )
}

fn request(table: &str, resume: Option<Cursor>) -> ReadRequest {
    let source = Source {
        kind: "misbehaving".into(),
        connection_ref: "none".into(),
        schema: None,
        table: table.into(),
        query: None,
        cursor_column: "id".into(),
        columns: Vec::new(),
    };
    ReadRequest {
        source,
        resume,
        pacing: Pacing::default(),
        continued: false,
    }
}

async fn open(table: &str, limits: Limits) -> Result<Reader, Failure> {
    plugin(limits)
        .await
        .open_reader_on(Connection::to_nothing(), request(table, None))
        .await
}

/// How a read of that table ends, at most so many rows a page.
async fn end_of(table: &str, limits: Limits, max_rows: u32) -> Result<Vec<String>, Failure> {
    let mut reader = open(table, limits).await?;
    loop {
        if let Step::Done { warnings } = reader.next(max_rows).await? {
            return Ok(warnings);
        }
    }
}

/// Jobs move between threads.
const fn is_send<T: Send>() {}
const _: () = is_send::<Reader>();
const _: () = is_send::<Plugin>();
