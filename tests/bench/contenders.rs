//! Four ways to read the same rows in the same order. The floor is what the server can give: `copy` in its binary form,
//! counted and dropped.

use std::pin::pin;
use std::sync::Arc;
use std::time::{Duration, Instant};

use futures::TryStreamExt;
use sluice::connection::{RowStream, Session};
use sluice::model::job::DEFAULT_BATCH_ROWS;
use sluice::model::pacing::{Isolation, Pacing};
use sluice::model::value::Value;
use sluice::plugin::{Plugin, ReadRequest, Step};
use tokio::sync::mpsc;
use tokio_postgres::Client;

use super::Outcome;
use super::job::{Host, table_source};
use super::table::{COLUMNS, CONNECTION, KEY, Source, TABLE};

/// In the order of their turns.
pub const NAMES: [&str; 4] = [FLOOR, EXTRACT, READ, READ_NATIVE];
/// Raw `copy`, drained.
pub const FLOOR: &str = "floor";
/// Our whole job.
pub const EXTRACT: &str = "extract";
/// The same reading, and the rows dropped.
pub const READ: &str = "read";
/// The same again, with the plugin's SQL sent by this program and not by the plugin.
pub const READ_NATIVE: &str = "read_native";

/// Rows of one statement, as in the plugin (`keyed.rs`).
const SPAN: u64 = 1_000_000;

pub struct Contenders {
    client: Client,
    host: Host,
    plugin: Arc<Plugin>,
}

impl Contenders {
    pub async fn prepare(source: &Source) -> Outcome<Self> {
        let host = Host::start(source).await?;
        let plugin = host.app.extractor.plugins.get("postgres");
        Ok(Self {
            client: source.client().await?,
            plugin: plugin.ok_or("the plugin for postgres is not loaded")?,
            host,
        })
    }

    pub async fn end(self) -> Outcome<()> {
        self.host.end().await
    }

    /// How long one turn took. It counts its rows.
    pub async fn run(&mut self, name: &str, rows: u64) -> Outcome<Duration> {
        if name == EXTRACT {
            return self.host.copy(table_source(TABLE), rows).await;
        }
        let started = Instant::now();
        let read = match name {
            READ => read(self.session().await?, Arc::clone(&self.plugin)).await?,
            READ_NATIVE => read_native(self.session().await?).await?,
            _ => floor(&self.client).await?,
        };
        let took = started.elapsed();
        if read != rows {
            return Err(format!("{name} read {read} rows of {rows}").into());
        }
        Ok(took)
    }

    async fn session(&self) -> Outcome<Session> {
        let connections = &self.host.app.extractor.connections;
        Ok(connections
            .connect(CONNECTION, "sluice/bench", Isolation::ReadCommitted)
            .await?)
    }
}

/// The rows of the whole table as the server counts them; every byte arrives and is dropped.
async fn floor(client: &Client) -> Outcome<u64> {
    let columns = COLUMNS.join(", ");
    let sql =
        format!("copy (select {columns} from {TABLE} order by {KEY}) to stdout (format binary)");
    let mut data = pin!(client.copy_out(&sql).await?);
    // A message is a row; the header comes with the first of them, the end by itself.
    let (mut messages, mut bytes) = (0_u64, 0_usize);
    while let Some(message) = data.try_next().await? {
        messages += 1;
        bytes += message.len();
    }
    if bytes == 0 {
        return Err("the server sent nothing".into());
    }
    Ok(messages.saturating_sub(1))
}

/// Through the plugin, a page ahead, as a job reads.
async fn read(session: Session, plugin: Arc<Plugin>) -> Outcome<u64> {
    let (sender, mut pages) = mpsc::channel(1);
    let reading = tokio::spawn(async move {
        let request = ReadRequest {
            source: table_source(TABLE),
            resume: None,
            pacing: Pacing::default(),
            continued: false,
        };
        let mut reader = plugin.open_reader(session, request).await?;
        loop {
            match reader.next(DEFAULT_BATCH_ROWS).await? {
                Step::Rows(page) => sender.send(page).await?,
                Step::Wait { .. } => {}
                Step::Done { .. } => return Outcome::Ok(()),
            }
        }
    });
    let mut rows = 0;
    while let Some(page) = pages.recv().await {
        rows += page.batch.num_rows() as u64;
    }
    reading.await??;
    Ok(rows)
}

/// The statements that the plugin sends, and its look at the last key of each page, without the plugin.
async fn read_native(mut session: Session) -> Outcome<u64> {
    let (sender, mut pages) = mpsc::channel(1);
    let reading = tokio::spawn(async move {
        let mut last = None;
        loop {
            let mut stream = open_span(&mut session, last.as_ref()).await?;
            let mut read = 0;
            while let Some(batch) = stream.next(DEFAULT_BATCH_ROWS as usize).await? {
                read += batch.num_rows() as u64;
                last = batch.values(batch.num_rows() - 1, &[0])?.pop();
                sender.send(batch).await?;
            }
            if read < SPAN {
                return Outcome::Ok(());
            }
        }
    });
    let mut rows = 0;
    while let Some(batch) = pages.recv().await {
        rows += batch.num_rows() as u64;
    }
    reading.await??;
    Ok(rows)
}

async fn open_span(session: &mut Session, last: Option<&Value>) -> Outcome<RowStream> {
    let columns = COLUMNS.map(|column| format!("t.\"{column}\" as \"{column}\""));
    let columns = columns.join(", ");
    let after = match last {
        Some(_) => format!(" where t.\"{KEY}\" > $1::\"pg_catalog\".\"int8\""),
        None => String::new(),
    };
    let sql = format!(
        "select {columns} from \"public\".\"{TABLE}\" as t{after} order by t.\"{KEY}\" limit {SPAN}"
    );
    Ok(session
        .open(&sql, last.map_or(&[], std::slice::from_ref))
        .await?)
}
