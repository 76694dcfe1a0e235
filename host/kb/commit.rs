//! Puts one log entry a commit: files, the stream's transaction and its checkpoint become visible together or not at all.
//!
//! An entry goes to the next free version. When the version is taken, the winners are read first: an entry of our own
//! stream means that another holder of the lease wrote, and nothing of ours may land; one that changed the table means
//! that our files may not fit any more; any other is none of our business. The snapshot is never rebuilt for an append:
//! a commit costs the same whatever the length of the log. A replacement, an upsert and a widening take files out: they are
//! made from the newest state, again if it was not the newest any more.

use std::sync::Arc;

use arrow::datatypes::SchemaRef;
use deltalake_core::DeltaTable;
use serde_json::{Value, json};

use super::drift::Growth;
use super::encoder::{Place, StagedFile};
use super::entry::{Lines, MERGE, number};
use super::files::{Rows, live_files};
use super::keys::{Key, KeySet, last_of_each};
use super::log::{Log, Put, run};
use super::rewrite::{Change, Rewrite};
use super::schema::{Fit, Layout};
use super::streams::Wanted;
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
    /// Some: the table grows in the same entry.
    Append(Option<Growth>),
}

/// The commits of one writer, in order.
pub(super) struct Committer {
    tables: Arc<Tables>,
    target: Target,
    log: Log,
    act: Act,
    /// Of the files that are written.
    schema: SchemaRef,
    /// Some: rows of the table with the keys of new rows give way to them.
    key: Option<Key>,
    /// Newest version of the log that we have looked at. None: there is no log.
    seen: Option<u64>,
    /// The stream's newest number in the log up to `seen`.
    own_seq: Option<i64>,
    /// What commits did to the columns.
    pub(super) notes: Vec<String>,
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
            Some(table) => newest_seq(&tables, &target, table).await?,
            None => None,
        };
        let (act, layout) = match (target.mode, &existing) {
            (Mode::Append, None) => return Err(KbError::TableNotFound(name.to_owned())),
            (Mode::Create, Some(_)) if own_seq.is_none() => {
                return Err(KbError::TableExists(name.to_owned()));
            }
            (Mode::Append | Mode::Create | Mode::Upsert, Some(table)) => {
                let layout = layout_of(name, table)?;
                match target.mode {
                    Mode::Upsert => layout.check_replaceable(name)?,
                    _ => layout.check_writable(name)?,
                }
                let growth = layout.grown(name, &target.columns).await?;
                let grown = growth.as_ref().map_or(layout, |g| g.layout.clone());
                (Act::Append(growth), grown)
            }
            (Mode::Create | Mode::Upsert, None) => {
                let layout = new_layout(&tables, &target).await?;
                (Act::Create(layout.clone()), layout)
            }
            (Mode::Replace, existing) => {
                let layout = replacement(&tables, &target, existing.as_ref()).await?;
                (Act::Replace(layout.clone()), layout)
            }
        };
        let fit = layout.fit(name, &target.columns)?;
        let key = match target.mode {
            Mode::Upsert => Some(Key::new(name, &target.key_columns, &layout, &fit)?),
            Mode::Create | Mode::Append | Mode::Replace => None,
        };
        let seen = existing.and_then(|table| table.version());
        Ok((
            Self {
                tables,
                target,
                log,
                act,
                schema: fit.physical.clone(),
                key,
                seen,
                own_seq,
                notes: Vec::new(),
            },
            fit,
        ))
    }

    pub(super) fn place(&self) -> Result<Place, KbError> {
        self.tables.place(&self.target.kb, &self.target.table)
    }

    /// Makes files visible with their checkpoint; the version of the log.
    ///
    /// When the future is dropped the entry may land all the same: the log says whether it did.
    pub(super) async fn commit(
        &mut self,
        files: Vec<StagedFile>,
        checkpoint: &Checkpoint,
    ) -> Result<u64, Failed> {
        let (files, keys) = match self.keyed(files).await {
            Ok(keyed) => keyed,
            Err(failed) => return Err(failed),
        };
        let seen = self.seen;
        match self.try_commit(&files, keys, checkpoint).await {
            Ok((version, durable)) => {
                self.seen = Some(version);
                self.own_seq = Some(number(checkpoint.seq));
                if let Act::Append(Some(growth)) = &mut self.act {
                    self.notes.append(&mut growth.notes);
                }
                self.act = Act::Append(None);
                maintenance::after_commit(&self.tables, &self.target, seen, version);
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
        keys: Option<KeySet>,
        checkpoint: &Checkpoint,
    ) -> Result<(u64, Result<(), KbError>), CommitError> {
        if let (Some(seq), Some(seen)) = (self.own_seq, self.seen)
            && seq >= number(checkpoint.seq)
        {
            return Err(self.taken(seq, seen).await?);
        }
        let mut rewrite = self.rewrite(keys)?;
        loop {
            let (version, changes) = match rewrite.take() {
                Some(begun) => {
                    let (made, version, changes) = self.rewritten(begun).await?;
                    rewrite = Some(made);
                    (version, changes)
                }
                None => self.changes().await?,
            };
            let lines = Lines { checkpoint, files };
            // From here on the entry may land although nobody waits for it any more.
            rewrite.iter_mut().for_each(Rewrite::hand_over);
            let entry = lines.entry(self.operation(version), changes);
            match self.log.put(version, entry).await {
                Ok(Put::Landed) => return Ok((version, Ok(()))),
                Ok(Put::InDoubt(error)) => return Ok((version, Err(error))),
                Ok(Put::Taken) => {
                    rewrite.iter_mut().for_each(Rewrite::take_back);
                    self.look_at_winners(version).await?;
                }
                Err(error) => {
                    rewrite.iter_mut().for_each(Rewrite::take_back);
                    return Err(error.into());
                }
            }
        }
    }

    fn operation(&self, version: u64) -> &'static str {
        match self.act {
            _ if version == 0 => "CREATE TABLE",
            Act::Replace(_) => "REPLACE TABLE",
            Act::Create(_) | Act::Append(_) if self.key.is_some() => MERGE,
            Act::Create(_) | Act::Append(_) => "WRITE",
        }
    }

    /// The files with the last row of each key, and the keys. Nothing changes where rows are only added.
    async fn keyed(
        &self,
        files: Vec<StagedFile>,
    ) -> Result<(Vec<StagedFile>, Option<KeySet>), Failed> {
        let (Some(key), false) = (self.key.clone(), files.is_empty()) else {
            return Ok((files, None));
        };
        let place = match self.place() {
            Ok(place) => place,
            Err(error) => {
                return Err(Failed {
                    error: error.into(),
                    files,
                });
            }
        };
        let fit = Fit::identity(self.schema.clone());
        run(move || match last_of_each(key, &place, &fit, &files) {
            Ok((last, keys)) => Ok((last, Some(keys))),
            Err(error) => Err(Failed {
                error: error.into(),
                files,
            }),
        })
        .await
    }

    /// What the next commit does to the files that are there, if it touches them.
    fn rewrite(&self, keys: Option<KeySet>) -> Result<Option<Rewrite>, KbError> {
        let Act::Append(growth) = &self.act else {
            return Ok(None);
        };
        let change = match (keys, growth.as_ref().is_some_and(|growth| growth.widens)) {
            (None, false) => return Ok(None),
            (None, true) => Change::Types,
            (Some(keys), false) => Change::Keys(keys),
            (Some(keys), true) => Change::Both(keys),
        };
        Ok(Some(Rewrite::new(
            self.place()?,
            self.schema.clone(),
            change,
        )))
    }

    /// The next version and its lines beyond the added files, made from the newest state of the table.
    async fn rewritten(
        &mut self,
        mut rewrite: Rewrite,
    ) -> Result<(Rewrite, u64, Vec<Value>), CommitError> {
        let Target {
            kb, table: name, ..
        } = &self.target;
        let Some(table) = self.tables.current(kb, name).await? else {
            return Err(KbError::Changed(name.clone()).into());
        };
        let version = table.version().unwrap_or_default();
        let files = live_files(name, &table).await?;
        self.look_at_winners(self.seen.map_or(0, |seen| seen + 1))
            .await?;
        let mut changes = self.growth_lines();
        let (rewrite, lines) =
            run(move || rewrite.follow(&files).map(|lines| (rewrite, lines))).await?;
        changes.extend(lines);
        Ok((rewrite, version + 1, changes))
    }

    fn growth_lines(&self) -> Vec<Value> {
        match &self.act {
            Act::Append(Some(growth)) => growth.lines.clone(),
            _ => Vec::new(),
        }
    }

    async fn changes(&self) -> Result<(u64, Vec<Value>), CommitError> {
        let created = |layout: &Layout| {
            vec![
                json!({ "protocol": layout.protocol }),
                json!({ "metaData": layout.metadata }),
            ]
        };
        match &self.act {
            Act::Create(layout) => Ok((0, created(layout))),
            Act::Append(_) => Ok((self.seen.map_or(0, |seen| seen + 1), self.growth_lines())),
            Act::Replace(layout) => {
                let name = self.target.table.as_str();
                let Some(table) = self.tables.current(&self.target.kb, name).await? else {
                    return Ok((0, created(layout)));
                };
                let version = table.version().unwrap_or_default();
                let newest = newest_seq(&self.tables, &self.target, &table).await?;
                if let Some(seq) = newest.filter(|_| newest > self.own_seq) {
                    return Err(self.taken(seq, version).await?);
                }
                let mut changes = layout.change_from(&layout_of(name, &table)?);
                let files = live_files(name, &table).await?;
                changes.extend(files.iter().map(|file| file.removal(Rows::Change)));
                Ok((version + 1, changes))
            }
        }
    }

    /// Reads what others have written from a version on. Fails when our entry must not follow theirs.
    async fn look_at_winners(&mut self, from: u64) -> Result<(), CommitError> {
        let mut version = from;
        while let Some(entry) = self.log.read(version).await? {
            if let Some(seq) = entry.seq_of(&self.target.stream) {
                return Err(self.taken(seq, version).await?);
            }
            match self.act {
                Act::Create(_) if self.target.mode == Mode::Create => {
                    return Err(KbError::TableExists(self.target.table.clone()).into());
                }
                Act::Create(_) => {
                    return Err(KbError::Changed(self.target.table.clone()).into());
                }
                Act::Append(_) if entry.changes_table => {
                    return Err(KbError::Changed(self.target.table.clone()).into());
                }
                // A replacement takes out whatever is there: it is made anew from the newest state.
                Act::Append(_) | Act::Replace(_) => {}
            }
            self.seen = Some(version);
            version += 1;
        }
        Ok(())
    }

    async fn taken(&self, seq: i64, version: u64) -> Result<CommitError, KbError> {
        let wanted = Wanted {
            stream: self.target.stream.clone(),
            seq,
            version,
        };
        let checkpoint = self
            .tables
            .newest_checkpoint(&self.place()?, wanted)
            .await?;
        Ok(CommitError::SeqTaken(Box::new(checkpoint)))
    }
}

fn layout_of(name: &str, table: &DeltaTable) -> Result<Layout, KbError> {
    Layout::of(table).map_err(|error| KbError::storage("read", name, error))
}

async fn newest_seq(
    tables: &Tables,
    target: &Target,
    table: &DeltaTable,
) -> Result<Option<i64>, KbError> {
    let place = tables.place(&target.kb, &target.table)?;
    tables.newest_seq(&place, table, &target.stream).await
}

async fn new_layout(tables: &Tables, target: &Target) -> Result<Layout, KbError> {
    let layout = Layout::new(&target.table, &target.columns, false).await?;
    Ok(layout.keeping_removals(maintenance::keep_removals(tables)))
}

/// How a replacement looks: like the table that it replaces when the columns are the same.
async fn replacement(
    tables: &Tables,
    target: &Target,
    existing: Option<&DeltaTable>,
) -> Result<Layout, KbError> {
    let name = target.table.as_str();
    let Some(table) = existing else {
        return new_layout(tables, target).await;
    };
    let old = layout_of(name, table)?;
    old.check_replaceable(name)?;
    old.replaced(name, &target.columns).await
}
