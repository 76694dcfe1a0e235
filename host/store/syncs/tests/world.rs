//! A store in memory with one knowledge base, and a clock to move.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use chrono::TimeDelta;

use super::super::*;
use crate::clock::Clock;
use crate::model::checkpoint::Checkpoint;
use crate::model::failure::{Failure, FailureKind};
use crate::model::ids::{ConnectorId, JobId, OrgId, SyncId};
use crate::model::job::{JobState, Placement, Progress};
use crate::model::pacing::Pacing;
use crate::model::source::Source;
use crate::model::sync::{FirstRun, Schedule, SyncMode, SyncOrder, SyncSpec};
use crate::store::jobs::{self, JobFilter, Lease};
use crate::store::{Store, connectors, kbs, orgs};

pub struct World {
    pub store: Store,
    time: Arc<AtomicI64>,
    pub org: OrgId,
    pub connector: ConnectorId,
    pub kb: kbs::Kb,
}

impl World {
    pub async fn new() -> Self {
        let time = Arc::new(AtomicI64::new(0));
        let store = Store::in_memory(Clock::Moved(time.clone())).await.unwrap();
        let org = orgs::create(&store, "o").await.unwrap();
        let connector = connectors::enrol(&store, &org, "c").await.unwrap();
        let kb = kbs::create(&store, &org, "kb", None)
            .await
            .unwrap()
            .unwrap();
        Self {
            store,
            time,
            org,
            connector,
            kb,
        }
    }

    pub fn move_to(&self, seconds: i64) {
        self.time.store(seconds * 1_000_000, Ordering::SeqCst);
    }

    pub fn new_sync(&self, dest_table: &str) -> NewSync {
        let source = Source {
            kind: "k".into(),
            connection_ref: "r".into(),
            schema: None,
            table: "t".into(),
            query: None,
            cursor_column: "id".into(),
            columns: vec![],
        };
        NewSync {
            org: self.org.clone(),
            connector: self.connector.clone(),
            kb: self.kb.id,
            kb_uid: self.kb.uid.clone(),
            name: None,
            dest_table: dest_table.into(),
            spec: SyncSpec {
                source,
                mode: SyncMode::Append,
                placement: Placement::Hosted,
                key_columns: vec![],
                start: None,
            },
            pacing: Pacing::default(),
            batch_rows: 5_000,
            schedule: Schedule::Interval,
            interval_secs: 60,
            first_run: FirstRun::Create,
            enabled: true,
            form: None,
        }
    }

    pub async fn sync(&self, dest_table: &str) -> SyncId {
        create(&self.store, self.new_sync(dest_table))
            .await
            .unwrap()
    }

    pub async fn get(&self, id: &SyncId) -> SyncOrder {
        let found = get(&self.store, &self.org, &self.connector, id).await;
        found.unwrap().expect("a sync")
    }

    pub async fn started(&self, id: &SyncId) -> JobId {
        let sync = self.get(id).await;
        match start(&self.store, &sync, self.store.now()).await.unwrap() {
            Start::Queued(job) => job,
            other => panic!("{other:?}"),
        }
    }

    pub async fn claimed(&self, job: &JobId) -> Lease {
        let minute = TimeDelta::minutes(1);
        let claimed = jobs::claim(&self.store, job, "me", minute).await;
        claimed.unwrap().expect("a queued job").lease
    }

    pub async fn finished(&self, lease: &Lease, failure: Option<&Failure>) {
        let state = failure.map_or(JobState::Completed, |_| JobState::Failed);
        let done = jobs::finish(&self.store, lease, state, failure, &[]).await;
        done.unwrap();
    }

    pub async fn stopped(&self, job: &JobId) {
        let state = jobs::stop(&self.store, &self.org, &self.connector, job).await;
        assert_eq!(state.unwrap(), Some(JobState::Stopped));
    }

    pub async fn job_rows(&self, job: &JobId) -> u64 {
        let job = jobs::get(&self.store, &self.org, &self.connector, job).await;
        job.unwrap().unwrap().progress.rows
    }

    pub async fn runs(&self, sync: &SyncId) -> usize {
        let filter = JobFilter {
            sync: Some(sync.clone()),
            ..JobFilter::default()
        };
        let found = jobs::list(&self.store, &self.org, &filter, 1_000).await;
        found.unwrap().len()
    }
}

pub fn checkpoint(sync: &SyncOrder, seq: u64, lease: &Lease, rows: u64) -> Checkpoint {
    Checkpoint {
        stream: sync.stream.clone(),
        seq,
        epoch: lease.epoch,
        job: lease.job.clone(),
        cursor: None,
        progress: Progress {
            rows,
            ..Progress::default()
        },
    }
}

pub fn broken() -> Failure {
    Failure::new(FailureKind::Source, "unavailable", "the source is down")
}
