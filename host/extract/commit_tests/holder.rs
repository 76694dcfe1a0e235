//! One that runs a job, a step at a time, by the committer's own steps.

use std::sync::Arc;

use arrow::array::Int64Array;
use arrow::record_batch::RecordBatch;
use chrono::TimeDelta;

use super::world::World;
use super::*;
use crate::kb::Target;
use crate::model::batch::Batch;
use crate::model::ids::KbUid;
use crate::model::source::{Column, DataType, arrow_schema};
use crate::model::value::Value;

#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Step {
    Claim,
    Recover,
    Open,
    Prepare,
    Land,
    Note,
    Finish,
    Over,
}

/// One that runs the job, a step at a time. Dropped, it has crashed.
pub(super) struct Holder {
    pub(super) owner: &'static str,
    pub(super) id: JobId,
    pub(super) at: Step,
    pub(super) claim: Option<(Lease, Job)>,
    pub(super) last: Option<Checkpoint>,
    pub(super) writer: Option<TableWriter>,
    pub(super) prepared: Option<Checkpoint>,
}

impl Holder {
    pub(super) fn new(owner: &'static str, id: JobId) -> Self {
        Self {
            owner,
            id,
            at: Step::Claim,
            claim: None,
            last: None,
            writer: None,
            prepared: None,
        }
    }

    pub(super) async fn step(&mut self, world: &World) {
        if self.at == Step::Claim {
            self.claim(world).await;
        }
        let Some((lease, job)) = self.claim.clone() else {
            return;
        };
        match self.work(world, &lease, &job).await {
            Ok(next) => self.at = next,
            // Both as in `job::attempt`: what is staged goes, and either all begins again or another one goes on.
            Err(end) => {
                if let Some(writer) = self.writer.take() {
                    writer.discard().await;
                }
                self.at = match end {
                    CommitEnd::Adopt | CommitEnd::Reopen => Step::Recover,
                    CommitEnd::Failed(failure) => {
                        assert_eq!(failure.kind, FailureKind::LeaseLost, "{failure:?}");
                        let held = jobs::is_held(&world.store, &lease).await.unwrap();
                        assert!(!held, "a rightful holder gave up at {:?}", self.at);
                        Step::Over
                    }
                };
            }
        }
    }

    async fn claim(&mut self, world: &World) {
        for owner in ["one", "two", "three"] {
            if owner != self.owner {
                jobs::expire_leases(&world.store, owner).await.unwrap();
            }
        }
        let minute = TimeDelta::minutes(1);
        let claimed = jobs::claim(&world.store, &self.id, self.owner, minute).await;
        let claimed = claimed.unwrap();
        self.claim = claimed.map(|claimed| (claimed.lease, claimed.job));
        self.at = self.claim.as_ref().map_or(Step::Over, |_| Step::Recover);
    }

    async fn work(&mut self, world: &World, lease: &Lease, job: &Job) -> Result<Step, CommitEnd> {
        if self.at == Step::Recover {
            self.last = Committer::recover(&world.store, &world.lake, lease, job)
                .await?
                .last;
            return Ok(Step::Open);
        }
        let mut committer = Committer {
            store: &world.store,
            lease,
            job,
            last: self.last.clone(),
        };
        let from = committer.progress().rows as i64;
        match self.at {
            Step::Open if from == ROWS => Ok(Step::Finish),
            Step::Open => {
                let target = target(&world.kb.uid, job);
                self.writer = Some(world.lake.writer(target).await.map_err(Failure::from)?);
                Ok(Step::Prepare)
            }
            Step::Prepare => {
                let to = if job.spec.mode == Mode::Replace {
                    ROWS
                } else {
                    from + PAGE
                };
                let writer = self.writer.as_mut().unwrap();
                writer
                    .write(&batch(from..to))
                    .await
                    .map_err(Failure::from)?;
                let progress = Progress {
                    rows: to as u64,
                    ..Progress::default()
                };
                self.prepared = Some(committer.prepare(writer, cursor(to), progress).await?);
                Ok(Step::Land)
            }
            Step::Land => {
                let checkpoint = self.prepared.as_ref().unwrap();
                committer
                    .land(self.writer.as_mut().unwrap(), checkpoint)
                    .await?;
                Ok(Step::Note)
            }
            Step::Note => {
                committer.note(self.prepared.take().unwrap()).await?;
                self.last = committer.last;
                let rows = self
                    .last
                    .as_ref()
                    .map_or(0, |last| last.progress.rows as i64);
                Ok(if rows == ROWS {
                    Step::Finish
                } else {
                    Step::Prepare
                })
            }
            Step::Finish => {
                let state = JobState::Completed;
                let finished = jobs::finish(&world.store, lease, state, None, &[]).await;
                finished.map_err(Failure::from)?;
                Ok(Step::Over)
            }
            Step::Claim | Step::Recover | Step::Over => Ok(self.at),
        }
    }
}

pub(super) fn cursor(id: i64) -> Option<Cursor> {
    Some(Cursor {
        value: Value::Int(id),
        tie: Vec::new(),
        landed: None,
        digest: None,
    })
}

pub(super) fn columns() -> Vec<Column> {
    vec![Column {
        name: "id".into(),
        data_type: DataType::Int64,
        nullable: false,
        native_type: "bigint".into(),
    }]
}

pub(super) fn batch(ids: std::ops::Range<i64>) -> Batch {
    let ids = Arc::new(Int64Array::from_iter_values(ids));
    let rows = RecordBatch::try_new(arrow_schema(&columns()), vec![ids]).unwrap();
    Batch::exact(columns().into(), rows)
}

pub(super) fn target(kb: &KbUid, job: &Job) -> Target {
    Target {
        kb: kb.clone(),
        table: job.spec.dest_table.clone(),
        stream: job.stream.clone(),
        mode: job.spec.mode,
        columns: columns(),
        key_columns: job.spec.key_columns.clone(),
    }
}
