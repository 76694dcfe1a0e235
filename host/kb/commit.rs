//! Puts one log entry a commit: files, the stream's transaction and its checkpoint become visible together or not at all.
//!
//! An entry goes to the next free version. When the version is taken, the winners are read first: an entry of our own
//! stream means that another holder of the lease wrote, and nothing of ours may land; one that changed the table means
//! that our files may not fit any more; any other is none of our business. The snapshot is never rebuilt for an append:
//! a commit costs the same whatever the length of the log.

use std::path::PathBuf;
use std::sync::Arc;

use deltalake_core::DeltaTable;
use deltalake_core::kernel::Action;
use futures::TryStreamExt;
use serde_json::{Value, json};

use super::encoder::StagedFile;
use super::entry::{Lines, number};
use super::log::{Log, Put};
use super::schema::{Fit, Layout};
use super::table::Tables;
use super::{CommitError, KbError, Target, maintenance};
use crate::model::checkpoint::Checkpoint;
use crate::model::job::Mode;

/// What the next commit does to the table.
enum Act {
    /// Writes version 0.
    Create(Layout),
    /// Takes out all files that the table has then.
    Replace(Layout),
    Append,
}

/// The commits of one writer, in order.
pub(super) struct Committer {
    tables: Arc<Tables>,
    target: Target,
    log: Log,
    act: Act,
    /// Newest version of the log that we have looked at. None: there is no log.
    seen: Option<u64>,
    /// The stream's newest number in the log up to `seen`.
    own_seq: Option<i64>,
}

/// What a failed commit leaves behind.
pub(super) struct Failed {
    pub(super) error: CommitError,
    /// Files that are certainly not in the log.
    pub(super) files: Vec<StagedFile>,
}

impl Committer {
    /// Looks at the table as it is now, and how the target's columns fit into its files.
    pub(super) async fn open(tables: Arc<Tables>, target: Target) -> Result<(Self, Fit), KbError> {
        let name = target.table.as_str();
        let log = tables.log(&target.kb, name)?;
        let existing = tables.current(&target.kb, name).await?;
        let own_seq = match &existing {
            Some(table) => transaction(table, &target).await?,
            None => None,
        };
        let (act, fit) = match (target.mode, &existing) {
            (Mode::Append, None) => return Err(KbError::TableNotFound(name.to_owned())),
            (Mode::Create, Some(_)) if own_seq.is_none() => {
                return Err(KbError::TableExists(name.to_owned()));
            }
            (Mode::Append | Mode::Create, Some(table)) => {
                let layout = layout_of(name, table)?;
                layout.check_writable(name)?;
                (Act::Append, layout.fit(name, &target.columns)?)
            }
            (Mode::Create, None) => {
                let layout = Layout::new(name, &target.columns, false).await?;
                let fit = layout.fit(name, &target.columns)?;
                (Act::Create(layout), fit)
            }
            (Mode::Replace, existing) => {
                let (layout, fit) = replacement(&target, existing.as_ref()).await?;
                (Act::Replace(layout), fit)
            }
        };
        let seen = existing.and_then(|table| table.version());
        Ok((
            Self {
                tables,
                target,
                log,
                act,
                seen,
                own_seq,
            },
            fit,
        ))
    }

    pub(super) fn folder(&self) -> Result<PathBuf, KbError> {
        self.tables.folder(&self.target.kb, &self.target.table)
    }

    /// Makes files visible with their checkpoint; the version of the log.
    ///
    /// When the future is dropped the entry may land all the same: the log says whether it did.
    pub(super) async fn commit(
        &mut self,
        files: Vec<StagedFile>,
        checkpoint: &Checkpoint,
    ) -> Result<u64, Failed> {
        match self.try_commit(&files, checkpoint).await {
            Ok((version, durable)) => {
                self.seen = Some(version);
                self.own_seq = Some(number(checkpoint.seq));
                self.act = Act::Append;
                maintenance::after_commit(&self.tables, &self.target, version);
                // Visible is visible: its files are no longer ours to remove, even if we cannot vouch for the disk.
                durable.map(|()| version).map_err(|error| Failed {
                    error: error.into(),
                    files: Vec::new(),
                })
            }
            Err(error) => Err(Failed { error, files }),
        }
    }

    async fn try_commit(
        &mut self,
        files: &[StagedFile],
        checkpoint: &Checkpoint,
    ) -> Result<(u64, Result<(), KbError>), CommitError> {
        if let (Some(seq), Some(seen)) = (self.own_seq, self.seen)
            && seq >= number(checkpoint.seq)
        {
            return Err(self.taken(seen).await?);
        }
        loop {
            let (version, entry) = self.next_entry(files, checkpoint).await?;
            match self.log.put(version, entry).await? {
                Put::Landed => return Ok((version, Ok(()))),
                Put::InDoubt(error) => return Ok((version, Err(error))),
                Put::Taken => self.look_at_winners(version).await?,
            }
        }
    }

    async fn next_entry(
        &mut self,
        files: &[StagedFile],
        checkpoint: &Checkpoint,
    ) -> Result<(u64, Vec<u8>), CommitError> {
        let lines = Lines { checkpoint, files };
        let created = |layout: &Layout| {
            vec![
                json!({ "protocol": layout.protocol }),
                json!({ "metaData": layout.metadata }),
            ]
        };
        match &self.act {
            Act::Create(layout) => Ok((0, lines.entry("CREATE TABLE", created(layout)))),
            Act::Append => Ok((
                self.seen.map_or(0, |seen| seen + 1),
                lines.entry("WRITE", Vec::new()),
            )),
            Act::Replace(layout) => {
                let current = self
                    .tables
                    .current(&self.target.kb, &self.target.table)
                    .await?;
                let Some(table) = current else {
                    return Ok((0, lines.entry("CREATE TABLE", created(layout))));
                };
                let version = table.version().unwrap_or_default();
                if transaction(&table, &self.target).await? > self.own_seq {
                    return Err(self.taken(version).await?);
                }
                let mut changes = layout.change_from(&layout_of(&self.target.table, &table)?);
                changes.extend(removals(&self.target.table, &table).await?);
                Ok((version + 1, lines.entry("REPLACE TABLE", changes)))
            }
        }
    }

    /// Reads what others have written from a version on. Fails when our entry must not follow theirs.
    async fn look_at_winners(&mut self, from: u64) -> Result<(), CommitError> {
        let mut version = from;
        while let Some(entry) = self.log.read(version).await? {
            if entry.seq_of(&self.target.stream).is_some() {
                return Err(self.taken(version).await?);
            }
            match self.act {
                Act::Create(_) => {
                    return Err(KbError::TableExists(self.target.table.clone()).into());
                }
                Act::Append if entry.changes_table => {
                    return Err(KbError::Changed(self.target.table.clone()).into());
                }
                // A replacement takes out whatever is there: it is made anew from the newest state.
                Act::Append | Act::Replace(_) => {}
            }
            self.seen = Some(version);
            version += 1;
        }
        Ok(())
    }

    async fn taken(&self, version: u64) -> Result<CommitError, KbError> {
        let checkpoint = self
            .log
            .newest_checkpoint(&self.target.stream, version)
            .await?;
        Ok(CommitError::SeqTaken(Box::new(checkpoint)))
    }
}

fn layout_of(name: &str, table: &DeltaTable) -> Result<Layout, KbError> {
    Layout::of(table).map_err(|error| KbError::storage("read", name, error))
}

async fn transaction(table: &DeltaTable, target: &Target) -> Result<Option<i64>, KbError> {
    super::transaction(table, &target.table, &target.stream).await
}

/// How the files of a replacement look: like those of the table it replaces when the columns are the same.
async fn replacement(
    target: &Target,
    existing: Option<&DeltaTable>,
) -> Result<(Layout, Fit), KbError> {
    let name = target.table.as_str();
    let layout = match existing {
        None => Layout::new(name, &target.columns, false).await?,
        Some(table) => {
            let old = layout_of(name, table)?;
            old.check_replaceable(name)?;
            match old.fit(name, &target.columns) {
                Ok(fit) if fit.is_exact() => return Ok((old, fit)),
                _ => old.successor(name, &target.columns).await?,
            }
        }
    };
    let fit = layout.fit(name, &target.columns)?;
    Ok((layout, fit))
}

/// The lines that take out every file of a table.
async fn removals(name: &str, table: &DeltaTable) -> Result<Vec<Value>, KbError> {
    let log_store = table.log_store();
    let state = table
        .snapshot()
        .map_err(|error| KbError::storage("read", name, error))?;
    let files: Vec<_> = state
        .snapshot()
        .file_views(log_store.as_ref(), None)
        .try_collect()
        .await
        .map_err(|error| KbError::storage("read", name, error))?;
    let lines = files
        .iter()
        .map(|file| serde_json::to_value(Action::Remove(file.remove_action(true))));
    lines
        .map(|line| line.map_err(|error| KbError::storage("write the log of", name, error)))
        .collect()
}
