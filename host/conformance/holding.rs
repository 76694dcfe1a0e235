//! What a guest holds while it reads: statements, handles, memory.

use super::bench::{Bench, Table};
use super::outcome::{Outcome, Stop, Verdict, broken, skipped};
use super::read::{Plan, read_all, request};
use crate::model::failure::Failure;
use crate::plugin::{Held, Probe, Step};

/// Pages after which memory is flat.
const PAGES: usize = 1_000;
/// What is set up in the first ones is no leak.
const SETTLED: usize = 100;
/// Reads in one instance, at most, until there were so many pages.
const READS: usize = 900;
/// Two steps of a WebAssembly memory: a leak of 150 bytes a page is seen.
const GROWTH_BYTES: usize = 128 * 1024;
/// Guests with a garbage collector grow for a while, and stop.
const LONGER: usize = 30;
/// Batches that wait inside a guest come and go.
const HANDLES: usize = 4;

pub async fn paced(bench: &Bench) -> Outcome {
    let mut verdict = Verdict::default();
    for table in &bench.tables {
        verdict.add(&table.label(), nothing_open(bench, table).await);
    }
    verdict.outcome("no table was read")
}

async fn nothing_open(bench: &Bench, table: &Table) -> Result<(), Stop> {
    if table.pass.key.is_empty() {
        return Err(skipped(
            "no table has a key: without one a statement may stay open inside a tie",
        ));
    }
    if table.rows.len() < 2 {
        return Err(skipped("no table has a key and two rows"));
    }
    let page_rows = u32::try_from(table.rows.len().div_ceil(20)).unwrap_or(1);
    let plan = Plan {
        page_rows,
        paced: true,
        at_most: table.at_most(),
        ..Plan::default()
    };
    let pass = read_all(&bench.subject, &table.source, &plan).await?;
    match pass.held.iter().position(|held| held.streams > 0) {
        None => Ok(()),
        Some(page) => Err(broken(format!(
            "after page {} a statement is open: where `hints.paced` is set use `connection.fetch`, or read the stream to its end",
            page + 1
        ))),
    }
}

/// A long read in one instance, or many of a small table.
pub struct Watched {
    /// After each page.
    pages: Vec<Held>,
    /// After a read that came to its end was dropped, the most that was left. One that did not ends with its instance.
    left: Option<Held>,
    ended: Result<(), Stop>,
}

pub async fn watch(bench: &Bench) -> Watched {
    let mut watched = Watched {
        pages: Vec::new(),
        left: None,
        ended: Ok(()),
    };
    let enough = match bench.largest() {
        Some(table) if !table.rows.is_empty() => watched
            .run(bench, table)
            .await
            .map_err(Stop::from)
            .and_then(|()| {
                let (pages, name) = (watched.pages.len(), table.label());
                (pages >= PAGES).then_some(()).ok_or_else(|| {
                    skipped(format!(
                        "the largest table, {name}, gave only {pages} pages in {READS} reads"
                    ))
                })
            }),
        _ => Err(skipped("no table has rows")),
    };
    watched.ended = enough;
    watched
}

impl Watched {
    async fn run(&mut self, bench: &Bench, table: &Table) -> Result<(), Failure> {
        let plugin = &bench.subject.plugin;
        let page_rows = u32::try_from((table.rows.len() / PAGES).max(1)).unwrap_or(1);
        let plan = Plan {
            page_rows,
            ..Plan::default()
        };
        let mut probe = Probe::new(plugin).await?;
        for _ in 0..READS {
            let session = bench.subject.connect().await?;
            let mut reader = probe
                .open_reader(session, request(&table.source, &plan))
                .await?;
            while let Step::Rows(page) = reader.next(page_rows).await? {
                drop(page);
                self.pages.extend(reader.held());
            }
            let Some(closed) = Probe::close(plugin, reader).await? else {
                return Ok(());
            };
            probe = closed;
            let left = probe.held();
            self.left = self
                .left
                .filter(|most| most.handles >= left.handles)
                .or(Some(left));
            // What was left may hold the very session that the next read would need.
            if self.is_enough() || left.handles > 0 {
                return Ok(());
            }
        }
        Ok(())
    }

    /// Where memory has grown it is given time to stop.
    fn is_enough(&self) -> bool {
        let pages = self.pages.len();
        pages >= PAGES * LONGER || pages >= PAGES && self.growth() <= GROWTH_BYTES
    }

    /// Over all pages but the first, or over the last ones if there are many.
    fn growth(&self) -> usize {
        let from = SETTLED.max(self.pages.len().saturating_sub(PAGES));
        let Some((first, last)) = self.pages.get(from).zip(self.pages.last()) else {
            return 0;
        };
        last.memory_bytes - first.memory_bytes
    }
}

pub fn memory(watched: &Watched) -> Result<(), Stop> {
    let (grown, pages) = (watched.growth(), watched.pages.len());
    if grown > GROWTH_BYTES {
        return Err(broken(format!(
            "after {pages} pages it still grows, by {} KiB in the last thousand: keep nothing of a page that was answered",
            grown / 1024
        )));
    }
    watched.ended.clone()
}

pub fn handles(watched: &Watched) -> Result<(), Stop> {
    if let Some(left) = watched.left.filter(|left| left.handles > 0) {
        return Err(broken(format!(
            "when a read was dropped its instance still held {} of its handles: drop batches, streams and the connection with \
             the reader",
            left.handles
        )));
    }
    let most = |pages: &[Held]| pages.iter().map(|held| held.handles).max().unwrap_or(0);
    let pages = &watched.pages;
    let early = most(&pages[..SETTLED.min(pages.len())]);
    let late = most(&pages[pages.len().saturating_sub(SETTLED)..]);
    if late > early + HANDLES {
        return Err(broken(format!(
            "{early} handles were held in the first {SETTLED} pages, and {late} in the last: drop a batch when its page was \
             answered"
        )));
    }
    watched.ended.clone()
}
