//! One read in the way that a check needs it, and everything that came of it. Takes in boundary pages as a job does.

use std::time::Duration;

use super::Subject;
use super::outcome::{Stop, broken};
use super::rows::{Counts, Row, rows_of};
use crate::model::batch::Batch;
use crate::model::cursor::Cursor;
use crate::model::failure::{Failure, FailureKind};
use crate::model::pacing::{Isolation, Pacing};
use crate::model::source::{Column, Source};
use crate::plugin::{Held, Page, Probe, ReadRequest, Reader, Step};

/// What the source's operator sees.
const APPLICATION_NAME: &str = "sluice/plugin-test";
/// A session is opened in milliseconds; all places may be taken.
const CONNECT_TIME: Duration = Duration::from_secs(30);
/// The most that a job may ask for at once.
pub const LARGEST_PAGE: u32 = 1_000_000;

impl Subject {
    pub async fn connect(&self) -> Result<crate::connection::Session, Failure> {
        let opened = self.connections.connect(
            &self.connection_ref,
            APPLICATION_NAME,
            Isolation::ReadCommitted,
        );
        match tokio::time::timeout(CONNECT_TIME, opened).await {
            Ok(opened) => Ok(opened?),
            Err(_elapsed) => Err(Failure::new(
                FailureKind::Host,
                "no_session",
                "no session was free within 30 s: raise `max_sessions` of the connection, or end what uses it",
            )),
        }
    }

    /// A reader in an instance of its own, whose source fails from that call on.
    pub async fn open(
        &self,
        request: ReadRequest,
        break_at: Option<u64>,
    ) -> Result<Reader, Failure> {
        let mut probe = Probe::new(&self.plugin).await?;
        if let Some(call) = break_at {
            probe.break_source_at(call);
        }
        probe.open_reader(self.connect().await?, request).await
    }
}

/// How to read.
#[derive(Debug, Clone, Default)]
pub struct Plan<'a> {
    pub page_rows: u32,
    pub resume: Option<&'a Cursor>,
    /// A new instance after each page with a cursor.
    pub afresh: bool,
    pub paced: bool,
    pub continued: bool,
    /// From this call to the source on, none is answered.
    pub break_at: Option<u64>,
    /// Rows that have landed before: boundary pages may repeat them.
    pub landed: &'a [Row],
    /// More rows than this are no longer this table's.
    pub at_most: usize,
}

/// What came out of a read.
#[derive(Default)]
pub struct Pass {
    pub columns: Vec<Column>,
    pub key: Vec<usize>,
    pub rows: Vec<Row>,
    pub batches: Vec<Batch>,
    pub marks: Vec<Mark>,
    /// After each page.
    pub held: Vec<Held>,
    /// Said at the end, none where it was not reached.
    pub warnings: Vec<String>,
    /// What ended it early.
    pub failure: Option<Failure>,
    /// Rows at the resumed position, until their pages are over.
    boundary: Vec<Row>,
}

/// A page with a cursor.
pub struct Mark {
    pub cursor: Cursor,
    /// Rows up to here, and those of this page.
    pub rows: usize,
    pub of_page: usize,
}

/// A table, or what a request names as one.
pub fn request(source: &Source, plan: &Plan<'_>) -> ReadRequest {
    ReadRequest {
        source: source.clone(),
        resume: plan.resume.cloned(),
        pacing: Pacing {
            batch_delay_ms: u64::from(plan.paced),
            ..Pacing::default()
        },
        continued: plan.continued,
    }
}

/// Reads to the end, or to what ends it.
pub async fn read(subject: &Subject, source: &Source, plan: &Plan<'_>) -> Pass {
    let mut pass = Pass::default();
    pass.failure = pass.run(subject, source, plan).await.err();
    pass
}

/// A read that has to reach its end.
pub async fn read_all(subject: &Subject, source: &Source, plan: &Plan<'_>) -> Result<Pass, Stop> {
    let mut pass = read(subject, source, plan).await;
    match pass.failure.take() {
        None => Ok(pass),
        Some(failure) => Err(failure.into()),
    }
}

impl Pass {
    async fn run(
        &mut self,
        subject: &Subject,
        source: &Source,
        plan: &Plan<'_>,
    ) -> Result<(), Failure> {
        let mut reader = subject.open(request(source, plan), plan.break_at).await?;
        self.columns = reader.columns().to_vec();
        self.key = reader.key().to_vec();
        let mut landed = Counts::of(plan.landed);
        // An honest read needs a few pages more than rows: at most one, without rows, after each.
        let most_pages = 2 * plan.at_most + 1_000;
        for _ in 0..most_pages {
            match reader.next(plan.page_rows).await? {
                Step::Wait { millis, .. } => {
                    tokio::time::sleep(Duration::from_millis(millis.into())).await
                }
                Step::Done { warnings } => {
                    self.end_boundary(&mut landed);
                    self.warnings = warnings;
                    return Ok(());
                }
                Step::Rows(page) => {
                    let cursor = page.cursor.clone();
                    self.held.extend(reader.held());
                    self.take(page, &mut landed)?;
                    if self.rows.len() > plan.at_most {
                        return Err(endless(format!("more than {} rows came", plan.at_most)));
                    }
                    if let (Some(cursor), true) = (cursor, plan.afresh) {
                        let next = Plan {
                            resume: Some(&cursor),
                            ..plan.clone()
                        };
                        reader = subject.open(request(source, &next), None).await?;
                    }
                }
            }
        }
        Err(endless(format!("no end came after {most_pages} pages")))
    }

    fn take(&mut self, page: Page, landed: &mut Counts) -> Result<(), Failure> {
        let rows =
            rows_of(&page.batch).map_err(|why| Failure::new(FailureKind::Host, "rows", why))?;
        let of_page = rows.len();
        if page.boundary {
            self.boundary.extend(rows);
            if page.cursor.is_some() {
                self.end_boundary(landed);
            }
        } else {
            self.end_boundary(landed);
            rows.iter().for_each(|row| landed.add(row));
            self.rows.extend(rows);
        }
        if let Some(cursor) = page.cursor {
            self.marks.push(Mark {
                cursor,
                rows: self.rows.len(),
                of_page,
            });
        }
        self.batches.push(page.batch);
        Ok(())
    }

    /// Of the rows at the resumed position those count that have not landed.
    fn end_boundary(&mut self, landed: &mut Counts) {
        let group = std::mem::take(&mut self.boundary);
        let fresh: Vec<Row> = group.into_iter().filter(|row| !landed.take(row)).collect();
        fresh.iter().for_each(|row| landed.add(row));
        self.rows.extend(fresh);
    }
}

fn endless(what: String) -> Failure {
    let detail = format!("{what}: what comes after a cursor has to stand behind it");
    Failure::new(FailureKind::Plugin, "endless_read", detail)
}

/// The rows of a pass are these.
pub fn same_rows(expected: &Expected<'_>, found: &Pass) -> Result<(), Stop> {
    let Some(difference) = super::rows::difference(expected.rows, &found.rows) else {
        return Ok(());
    };
    let mut parts = Vec::new();
    if let Some(first) = difference.missing.first() {
        let (missing, of) = (difference.missing.len(), expected.rows.len());
        let which = expected.names.get(*first).map_or("", String::as_str);
        parts.push(format!(
            "of {of} rows {missing} did not come, first of all {which}"
        ));
    }
    if let Some(first) = difference.extra.first() {
        let (extra, of) = (difference.extra.len(), found.rows.len());
        let which = first + 1;
        parts.push(format!("of the {of} rows that came {extra} came twice or should not have, the first as number {which}"));
    }
    Err(broken(format!("{}: {}", parts.join("; "), expected.advice)))
}

/// What should come, how its rows are called, and what to do where it does not.
pub struct Expected<'a> {
    pub rows: &'a [Row],
    pub names: &'a [String],
    pub advice: &'a str,
}
