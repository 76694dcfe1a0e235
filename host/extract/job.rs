//! The life of one run: recover, open a reader at the checkpoint, write pages, commit, finish.

use std::time::Duration;

use tokio::time::Instant;

use super::commit::{CommitEnd, Committer};
use super::destination::Destination;
use super::late::LateRows;
use super::read::{Read, ReadAhead};
use super::{Ends, Extractor, Outcome};
use crate::kb::Target;
use crate::model::cursor::Cursor;
use crate::model::failure::{Failure, FailureKind};
use crate::model::job::{Job, Mode, Progress};
use crate::model::pacing::{Isolation, Pacing};
use crate::plugin::{InUse, Page, ReadRequest, Reader};
use crate::store::jobs::{self, Lease};

/// A commit gathers pages until one of these is reached, or their time has come: a file of that many rows or bytes is
/// well read by queries.
const COMMIT_ROWS: u64 = 1_000_000;
const COMMIT_BYTES: u64 = 64 << 20;

/// By how much pages shrink that are too large: few tries find a size, and it is not far too small.
const SMALLER_PAGES: u32 = 8;
/// Of a cursor in a sentence: enough to find it.
const PLACE_CHARS: usize = 100;

pub async fn run(with: &Extractor, lease: &Lease, job: &Job, ends: &Ends) -> Outcome {
    let mut rows = batch_rows(job);
    // Once begun, a job keeps its plugin: another version might read the rest otherwise.
    let mut plugin = None;
    loop {
        match attempt(with, lease, job, rows, ends, &mut plugin).await {
            Ok(outcome) => return outcome,
            // Nothing has to recover before the next try, as a source has to.
            Err(CommitEnd::Failed(failure))
                if failure.kind == FailureKind::Plugin
                    && failure.is_eased_by_smaller_pages()
                    && rows > 1 =>
            {
                rows = (rows / SMALLER_PAGES).max(1);
                tracing::info!(job = %job.id, rows, failure = %failure, "goes on with smaller pages");
            }
            Err(CommitEnd::Failed(failure)) => return Outcome::Failed(failure),
            Err(CommitEnd::Reopen) => {
                tracing::info!(job = %job.id, "goes on at another pace")
            }
            Err(CommitEnd::Adopt) => {
                tracing::info!(job = %job.id, "went on from another holder's checkpoint")
            }
        }
    }
}

async fn attempt(
    with: &Extractor,
    lease: &Lease,
    job: &Job,
    rows: u32,
    ends: &Ends,
    plugin: &mut Option<InUse>,
) -> Result<Outcome, CommitEnd> {
    // Nothing is staged yet, so nothing is lost by leaving at once: a source that does not answer keeps nobody waiting.
    let opened = tokio::select! {
        biased;
        () = ends.abandon.cancelled() => return Ok(Outcome::Abandoned),
        () = ends.shutdown.cancelled() => return Ok(Outcome::Interrupted),
        opened = open(with, lease, job, rows, ends, plugin) => opened?,
    };
    let Some((mut run, pages)) = opened else {
        // The swap is the only commit of a replace, and it has landed.
        return Ok(Outcome::Completed {
            warnings: Vec::new(),
        });
    };
    let end = run.copy(pages, ends).await;
    run.destination.discard().await;
    end
}

/// Everything that one attempt works with; none when all has landed already.
async fn open<'a>(
    with: &'a Extractor,
    lease: &'a Lease,
    job: &'a Job,
    rows: u32,
    ends: &Ends,
    plugin: &mut Option<InUse>,
) -> Result<Option<(Run<'a>, ReadAhead)>, CommitEnd> {
    let pacing = *ends.pacing.borrow();
    let committer = Committer::recover(&with.store, &with.lake, lease, job).await?;
    if job.spec.mode == Mode::Replace && committer.has_begun() {
        return Ok(None);
    }
    let resume = resume(&committer);
    let plugin = match plugin {
        Some(plugin) => plugin,
        None => plugin.insert(with.plugins.begin_job(&job.spec.source.kind)?),
    };
    let (reader, isolation) = open_reader(with, plugin, job, resume.clone(), pacing).await?;
    let warnings = reader.warnings().to_vec();
    if !warnings.is_empty() {
        jobs::warn(&with.store, lease, &warnings)
            .await
            .map_err(Failure::from)?;
    }
    let late = LateRows::new(
        &with.lake,
        job,
        reader.columns().to_vec(),
        reader.key().to_vec(),
        resume.as_ref(),
    );
    let target = Target {
        kb: job.kb_uid.clone(),
        table: job.spec.dest_table.clone(),
        stream: job.stream.clone(),
        mode: job.spec.mode,
        columns: reader.columns().to_vec(),
        key_columns: job.spec.key_columns.clone(),
    };
    let mut destination = Destination::new(&with.lake, target);
    // Before the first row is read it is known whether it can land. Where rows have landed a run may find nothing new.
    if committer.last.is_none() || job.spec.mode == Mode::Replace {
        destination.writer().await?;
    }
    let pages = ReadAhead::start(reader, ends, rows);
    let run = Run {
        progress: committer.progress(),
        committer,
        destination,
        late,
        warnings,
        resumable: Some(resume.clone()),
        committed: resume,
        staged_since: None,
        waits: pacing.waits(),
        isolation,
        commit_interval: with.commit_interval,
    };
    Ok(Some((run, pages)))
}

/// Where to go on. A replacement reads what it was asked for from the start, whatever runs before it read.
fn resume(committer: &Committer) -> Option<Cursor> {
    let last = committer.last.as_ref();
    let landed = last.filter(|_| committer.job.spec.mode != Mode::Replace);
    let landed = landed.and_then(|checkpoint| checkpoint.cursor.clone());
    landed.or_else(|| committer.job.spec.cursor.clone())
}

async fn open_reader(
    with: &Extractor,
    plugin: &InUse,
    job: &Job,
    resume: Option<Cursor>,
    pacing: Pacing,
) -> Result<(Reader, Option<Isolation>), Failure> {
    let source = &job.spec.source;
    let session = with
        .connections
        .connect(
            &source.connection_ref,
            &format!("sluice/{}", job.id),
            pacing.isolation(),
        )
        .await?;
    let request = ReadRequest {
        source: job.spec.source_with_key(),
        resume,
        pacing,
        continued: job.spec.continued,
    };
    let isolation = session.isolation();
    Ok((plugin.open_reader(session, request).await?, isolation))
}

/// After a timeout or a conflict the same page may fail again, a smaller one need not.
fn batch_rows(job: &Job) -> u32 {
    let too_slow = job
        .failure
        .as_ref()
        .is_some_and(|failure| failure.is_eased_by_smaller_pages());
    if too_slow {
        (job.spec.batch_rows >> job.attempt.min(10)).max(1)
    } else {
        job.spec.batch_rows
    }
}

struct Run<'a> {
    committer: Committer<'a>,
    destination: Destination<'a>,
    late: LateRows<'a>,
    /// What is known before the first page.
    warnings: Vec<String>,
    progress: Progress,
    /// The position after everything written, if a commit here could be resumed.
    resumable: Option<Option<Cursor>>,
    /// The position of the last commit, or the one that was resumed from.
    committed: Option<Cursor>,
    /// When the oldest uncommitted page was written.
    staged_since: Option<Instant>,
    /// Whether the guest was told that the job waits between pages, so that it keeps no statement open.
    waits: bool,
    /// Which rows the session sees, where that is a choice.
    isolation: Option<Isolation>,
    commit_interval: Duration,
}

impl Run<'_> {
    async fn copy(&mut self, mut pages: ReadAhead, ends: &Ends) -> Result<Outcome, CommitEnd> {
        let mut pacing = ends.pacing.clone();
        loop {
            let wish = *pacing.borrow();
            let other_rows = self.isolation.is_some_and(|sees| sees != wish.isolation());
            let changes = wish.waits() != self.waits || other_rows;
            if changes && self.may_commit() {
                self.commit_if_possible().await?;
                return Err(CommitEnd::Reopen);
            }
            // It has committed nothing, and would keep its statement open while it waits, or read on as it should not:
            // it begins again.
            let begins_again = other_rows || changes && !self.waits;
            if begins_again && self.job_mode() == Mode::Replace {
                return Err(CommitEnd::Reopen);
            }
            let commit_at = self.commit_at();
            tokio::select! {
                biased;
                () = ends.abandon.cancelled() => return Ok(Outcome::Abandoned),
                () = ends.shutdown.cancelled() => {
                    self.commit_if_possible().await?;
                    return Ok(Outcome::Interrupted);
                }
                () = sleep_until(commit_at) => self.commit_if_possible().await?,
                Ok(()) = pacing.changed() => {}
                read = pages.next() => match read.map_err(|failure| self.placed(failure))? {
                    Read::Page { page, waited } => {
                        self.progress.waited += waited;
                        self.write(page).await?;
                    }
                    Read::Done { mut warnings, waited } => {
                        self.progress.waited += waited;
                        self.finish().await?;
                        self.committer.note_waits(self.progress.waited).await?;
                        warnings.splice(0..0, self.warnings.drain(..));
                        warnings.extend_from_slice(self.destination.notes());
                        return Ok(Outcome::Completed { warnings });
                    }
                },
            }
        }
    }

    /// A value that its column cannot hold has to be found by somebody: says behind which position it is.
    fn placed(&self, failure: Failure) -> Failure {
        let place = match &self.resumable {
            Some(cursor) if failure.code == "conversion" => cursor,
            _ => return failure,
        };
        let column = &self.committer.job.spec.source.cursor_column;
        let value = place.as_ref().and_then(|cursor| cursor.value.to_text());
        let place = match value {
            Some(value) => {
                let value = value.chars().take(PLACE_CHARS).collect::<String>();
                format!("in the rows behind \"{column}\" = {value}")
            }
            None => format!("in the first rows by \"{column}\""),
        };
        let detail = format!("{}; it is {place}", failure.detail);
        Failure { detail, ..failure }
    }

    async fn write(&mut self, page: Page) -> Result<(), CommitEnd> {
        let batch = match page.boundary {
            true => self.late.keep(page.batch).await?,
            false => page.batch,
        };
        if batch.num_rows() > 0 {
            let writer = self.destination.writer().await?;
            writer.write(&batch).await.map_err(Failure::from)?;
            self.progress.rows += batch.num_rows() as u64;
            self.progress.batches += 1;
            self.staged_since.get_or_insert_with(Instant::now);
        }
        self.resumable = page.cursor.map(Some);
        let staged = self.destination.staged();
        if staged.rows >= COMMIT_ROWS || staged.bytes >= COMMIT_BYTES {
            self.commit_if_possible().await?;
        }
        Ok(())
    }

    /// When the staged rows should be visible at the latest; none while nothing waits or a commit could not be resumed.
    fn commit_at(&self) -> Option<Instant> {
        self.staged_since
            .filter(|_| self.may_commit())
            .map(|since| since + self.commit_interval)
    }

    /// A replace is seen at its end or not at all.
    fn may_commit(&self) -> bool {
        self.resumable.is_some() && self.committer.job.spec.mode != Mode::Replace
    }

    async fn commit_if_possible(&mut self) -> Result<(), CommitEnd> {
        match (&self.resumable, self.staged_since) {
            (Some(cursor), Some(_)) if self.may_commit() => self.commit(cursor.clone()).await,
            _ => Ok(()),
        }
    }

    /// The source has no more rows: commits what is staged. A run that landed nothing leaves the cursor as it is, but
    /// every mode but `append` owes a table even for no rows.
    async fn finish(&mut self) -> Result<(), CommitEnd> {
        let owes_a_table = match self.job_mode() {
            Mode::Append => false,
            Mode::Create | Mode::Upsert => self.committer.last.is_none(),
            Mode::Replace => !self.committer.has_begun(),
        };
        // Without a row only what the cursor says of its tie group can be another.
        let has_moved = self
            .resumable
            .as_ref()
            .is_some_and(|cursor| *cursor != self.committed);
        if self.staged_since.is_none() && !owes_a_table && !has_moved {
            return Ok(());
        }
        let cursor = self.resumable.clone().ok_or_else(|| {
            let detail = "the plugin's last page has no cursor, so the next run could not go on after it; report this to its author";
            Failure::new(FailureKind::Plugin, "no_last_cursor", detail)
        })?;
        self.commit(cursor).await
    }

    async fn commit(&mut self, cursor: Option<Cursor>) -> Result<(), CommitEnd> {
        let writer = self.destination.writer().await?;
        self.committer
            .commit(writer, cursor.clone(), self.progress)
            .await?;
        self.committed = cursor;
        self.staged_since = None;
        Ok(())
    }

    fn job_mode(&self) -> Mode {
        self.committer.job.spec.mode
    }
}

async fn sleep_until(at: Option<Instant>) {
    match at {
        Some(at) => tokio::time::sleep_until(at).await,
        None => std::future::pending().await,
    }
}
