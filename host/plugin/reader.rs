//! One read by one instance, every answer checked. Dropping a reader, or the future of its `next`, drops the
//! instance with its session: what runs on the source is cancelled.

use std::sync::Arc;
use std::time::Duration;

use wasmtime::component::ResourceAny;

use super::bindings::exports::sluice::source::source as wit;
use super::fault::Identity;
use super::imports::Connection;
use super::instance::Instance;
use super::limits::{
    MAX_EMPTY_STEPS, MAX_TIE_VALUES, MAX_WAIT_MS, MAX_WARNINGS, MAX_WARNINGS_BYTES,
};
use super::probe::Held;
use super::{Page, ReadRequest, Step, bounds, convert, order};
use crate::model::batch::Batch;
use crate::model::cursor::Cursor;
use crate::model::failure::Failure;
use crate::model::source::Column;
use crate::model::value::Value;

/// One read by one instance. After an error it is spent: open another from the last checkpoint.
pub struct Reader {
    columns: Arc<[Column]>,
    key: Vec<usize>,
    warnings: Vec<String>,
    identity: Arc<Identity>,
    /// None after an error or a dropped call.
    live: Option<Live>,
}

struct Live {
    instance: Instance,
    reader: ResourceAny,
    /// Cursor value of the last position, the resumed one first.
    position: Option<Value>,
    /// Whether pages at the resumed position may come: it was resumed and no other page has come.
    at_boundary: bool,
    /// Steps without a row, one after another.
    empty_steps: u32,
    /// Waits asked for since the last row.
    waited: Duration,
}

impl Reader {
    pub(super) async fn open(
        mut instance: Instance,
        identity: Arc<Identity>,
        connection: Connection,
        request: ReadRequest,
    ) -> Result<Self, Failure> {
        let position = request.resume.as_ref().map(|cursor| cursor.value.clone());
        let opened = instance
            .open_reader(connection, &request_to_guest(request))
            .await?;
        let reader = opened.map_err(convert::error_from_guest)?;
        let columns = convert::columns_from_guest(instance.reader_columns(reader).await?).map_err(
            |error| identity.fault("bad_answer", format!("announced bad columns: {error}")),
        )?;
        let key = check_key(&identity, instance.reader_key(reader).await?, columns.len())?;
        let warnings = warnings(&instance.reader_warnings(reader).await?);
        let live = Live {
            instance,
            reader,
            at_boundary: position.is_some(),
            position,
            empty_steps: 0,
            waited: Duration::ZERO,
        };
        Ok(Self {
            columns: columns.into(),
            key,
            warnings,
            identity,
            live: Some(live),
        })
    }

    /// What every batch has. Checked against each of them.
    pub fn columns(&self) -> &[Column] {
        &self.columns
    }

    /// Columns that together identify a row; empty if nothing does.
    pub fn key(&self) -> &[usize] {
        &self.key
    }

    /// What the plugin says before the first page.
    pub fn warnings(&self) -> &[String] {
        &self.warnings
    }

    /// The next page, a wait, or the end.
    ///
    /// # Errors
    /// Whatever the guest reports or breaks. The reader is spent then, as after a dropped call.
    pub async fn next(&mut self, max_rows: u32) -> Result<Step, Failure> {
        let Some(mut live) = self.live.take() else {
            return Err(Failure::new(
                crate::model::failure::FailureKind::Host,
                "reader_spent",
                format!(
                    "the read by {} has ended: open another from the last checkpoint",
                    self.identity
                ),
            ));
        };
        let answer = live.instance.reader_next(live.reader, max_rows).await?;
        let step = match answer.map_err(convert::error_from_guest)? {
            wit::Step::Rows(page) => Step::Rows(self.page(&mut live, page, max_rows)?),
            wit::Step::Wait((millis, reason)) => Step::Wait {
                millis: millis.min(MAX_WAIT_MS),
                reason: bounds::message(&reason),
            },
            wit::Step::Done(done) => Step::Done {
                warnings: warnings(&done.warnings),
            },
        };
        self.count_empty(&mut live, &step)?;
        self.count_waits(&mut live, &step)?;
        self.live = Some(live);
        Ok(step)
    }

    /// What its instance holds now; none after an error.
    pub fn held(&mut self) -> Option<Held> {
        self.live.as_mut().map(|live| live.instance.held())
    }

    /// Ends the read and answers the instance that did it; none after an error.
    pub(super) async fn close(self) -> Result<Option<Instance>, Failure> {
        let Some(mut live) = self.live else {
            return Ok(None);
        };
        live.instance.drop_reader(live.reader).await?;
        Ok(Some(live.instance))
    }

    fn page(&self, live: &mut Live, page: wit::Page, max_rows: u32) -> Result<Page, Failure> {
        let batch = live.instance.take_batch(page.batch)?;
        self.check_batch(&batch, max_rows)?;
        let boundary = page.boundary;
        if boundary && !live.at_boundary {
            let what = "returned rows of the resumed position where none can be";
            return Err(self.identity.fault("bad_answer", what));
        }
        live.at_boundary = boundary;
        let Some(cursor) = page.cursor else {
            return Ok(Page {
                batch,
                cursor: None,
                boundary,
            });
        };
        let cursor = convert::cursor_from_guest(cursor).map_err(|what| {
            self.identity
                .fault("limit_exceeded", format!("returned {what}"))
        })?;
        self.check_order(live, &cursor)?;
        live.position = Some(cursor.value.clone());
        Ok(Page {
            batch,
            cursor: Some(cursor),
            boundary,
        })
    }

    fn check_batch(&self, batch: &Batch, max_rows: u32) -> Result<(), Failure> {
        if batch.num_rows() > max_rows as usize {
            let what = format!(
                "returned {} rows where at most {max_rows} were asked for",
                batch.num_rows()
            );
            return Err(self.identity.fault("bad_answer", what));
        }
        // Batches of one statement share their columns; comparing pointers first keeps this free.
        if Arc::ptr_eq(&batch.columns, &self.columns) {
            return Ok(());
        }
        if batch.columns.len() != self.columns.len() {
            let what = format!(
                "returned {} columns where {} were announced",
                batch.columns.len(),
                self.columns.len()
            );
            return Err(self.identity.fault("wrong_columns", what));
        }
        for (given, announced) in batch.columns.iter().zip(self.columns.iter()) {
            if given.name != announced.name || given.data_type != announced.data_type {
                let what = format!(
                    "returned the column \"{}\" ({:?}) where \"{}\" ({:?}) was announced",
                    given.name, given.data_type, announced.name, announced.data_type
                );
                return Err(self.identity.fault("wrong_columns", what));
            }
        }
        Ok(())
    }

    /// Rows after a cursor that went back would be read twice.
    fn check_order(&self, live: &Live, cursor: &Cursor) -> Result<(), Failure> {
        match &live.position {
            Some(position) if order::goes_back(position, &cursor.value) => {
                Err(self.identity.fault(
                    "cursor_went_back",
                    "returned a cursor that comes before the last one",
                ))
            }
            _ => Ok(()),
        }
    }

    fn count_empty(&self, live: &mut Live, step: &Step) -> Result<(), Failure> {
        let is_empty = match step {
            Step::Rows(page) => page.batch.num_rows() == 0,
            Step::Wait { .. } => true,
            Step::Done { .. } => false,
        };
        live.empty_steps = if is_empty { live.empty_steps + 1 } else { 0 };
        if live.empty_steps > MAX_EMPTY_STEPS {
            let what = format!(
                "answered {MAX_EMPTY_STEPS} times in a row without a row and without an end"
            );
            return Err(self.identity.fault("bad_answer", what));
        }
        Ok(())
    }

    fn count_waits(&self, live: &mut Live, step: &Step) -> Result<(), Failure> {
        match step {
            Step::Wait { millis, .. } => live.waited += Duration::from_millis((*millis).into()),
            Step::Rows(page) if page.batch.num_rows() > 0 => live.waited = Duration::ZERO,
            Step::Rows(_) | Step::Done { .. } => {}
        }
        let longest = live.instance.longest_wait();
        if live.waited > longest {
            let what = format!(
                "asked to wait more than {} s without a row",
                longest.as_secs_f64()
            );
            return Err(self.identity.fault("endless_wait", what));
        }
        Ok(())
    }
}

fn request_to_guest(request: ReadRequest) -> wit::Request {
    let ReadRequest {
        source,
        resume,
        pacing,
        continued,
    } = request;
    wit::Request {
        schema: source.schema,
        table: source.table,
        query: source.query,
        columns: source.columns,
        cursor_column: source.cursor_column,
        resume: resume.map(convert::cursor_to_guest),
        hints: wit::Hints {
            paced: pacing.waits(),
            continued,
            max_dop: pacing.max_dop,
        },
    }
}

fn check_key(identity: &Identity, key: Vec<u32>, columns: usize) -> Result<Vec<usize>, Failure> {
    let key: Vec<usize> = key.into_iter().map(|position| position as usize).collect();
    if key.len() > MAX_TIE_VALUES + 1 || key.iter().any(|position| *position >= columns) {
        return Err(identity.fault(
            "bad_answer",
            "announced a key of columns that are not there",
        ));
    }
    let mut sorted = key.clone();
    sorted.sort_unstable();
    if sorted.windows(2).any(|pair| pair[0] == pair[1]) {
        let what = "announced a key that has a column twice";
        return Err(identity.fault("bad_answer", what));
    }
    Ok(key)
}

/// As many as are read by a person; the list of jobs has them all.
fn warnings(warnings: &[String]) -> Vec<String> {
    let mut kept = Vec::new();
    let mut bytes = 0;
    for warning in warnings.iter().take(MAX_WARNINGS) {
        let warning = bounds::message(warning);
        bytes += warning.len();
        if bytes > MAX_WARNINGS_BYTES {
            break;
        }
        kept.push(warning);
    }
    kept
}
