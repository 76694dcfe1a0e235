//! A store in memory with one knowledge base, and a clock to move.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use chrono::{DateTime, TimeDelta, Utc};

use crate::clock::Clock;
use crate::model::due::SchedulePolicy;
use crate::model::failure::{Failure, FailureKind};
use crate::model::ids::{ConnectorId, JobId, OrgId, SyncId};
use crate::model::job::{JobState, Placement};
use crate::model::pacing::Pacing;
use crate::model::source::Source;
use crate::model::sync::{FirstRun, Schedule, SyncMode, SyncOrder, SyncSpec};
use crate::schedule::Scheduler;
use crate::store::jobs::{self, Lease};
use crate::store::syncs::{self, NewSync};
use crate::store::{Store, connectors, kbs, orgs};

pub const POLICY: SchedulePolicy = SchedulePolicy {
    tick: TimeDelta::seconds(30),
    longest_backoff: TimeDelta::hours(1),
    disable_after: 10,
};

pub struct World {
    pub store: Store,
    pub org: OrgId,
    pub connector: ConnectorId,
    kb: kbs::Kb,
    time: Arc<AtomicI64>,
}

impl World {
    pub async fn at(start: DateTime<Utc>) -> Self {
        let time = Arc::new(AtomicI64::new(start.timestamp_micros()));
        let store = Store::in_memory(Clock::Moved(time.clone())).await.unwrap();
        let org = orgs::create(&store, "o").await.unwrap();
        let connector = connectors::enrol(&store, &org, "c").await.unwrap();
        let kb = kbs::create(&store, &org, "kb", None).await.unwrap();
        Self {
            kb: kb.unwrap(),
            store,
            org,
            connector,
            time,
        }
    }

    pub fn now(&self) -> DateTime<Utc> {
        self.store.now()
    }

    pub fn move_to(&self, now: DateTime<Utc>) {
        self.time.store(now.timestamp_micros(), Ordering::SeqCst);
    }

    pub fn scheduler(&self) -> Scheduler {
        Scheduler::new(self.store.clone(), POLICY, TimeDelta::days(30))
    }

    pub async fn sync(&self, number: usize, schedule: Schedule, interval_secs: u32) -> SyncId {
        let source = Source {
            kind: "k".into(),
            connection_ref: "r".into(),
            schema: None,
            table: "t".into(),
            query: None,
            cursor_column: "id".into(),
            columns: vec![],
        };
        let new = NewSync {
            org: self.org.clone(),
            connector: self.connector.clone(),
            kb: self.kb.id,
            kb_uid: self.kb.uid.clone(),
            name: None,
            dest_table: format!("t{number}"),
            spec: SyncSpec {
                source,
                mode: SyncMode::Append,
                placement: Placement::Hosted,
                key_columns: vec![],
                start: None,
            },
            pacing: Pacing::default(),
            batch_rows: 5_000,
            schedule,
            interval_secs,
            first_run: FirstRun::Create,
            enabled: true,
            form: None,
        };
        syncs::create(&self.store, new).await.unwrap()
    }

    pub async fn get(&self, id: &SyncId) -> SyncOrder {
        let sync = syncs::get(&self.store, &self.org, &self.connector, id).await;
        sync.unwrap().unwrap()
    }

    /// Claims what has been queued since the last time, as a dispatcher does.
    pub async fn claimed(&self) -> Vec<(SyncId, Lease)> {
        let mut all = Vec::new();
        let long = TimeDelta::days(100);
        loop {
            let look = jobs::look(&self.store, &self.connector, None).await;
            let Some(id) = look.unwrap().claimable else {
                return all;
            };
            let claimed = jobs::claim(&self.store, &id, "me", long).await;
            let claimed = claimed.unwrap().expect("nobody else claims");
            all.push((claimed.job.sync.expect("a run"), claimed.lease));
        }
    }

    pub async fn end(&self, lease: &Lease, fails: Fails) {
        let failure = Failure::new(FailureKind::Source, "unavailable", "the source is down");
        let (state, failure) = match fails {
            Fails::No => (JobState::Completed, None),
            Fails::Yes => (JobState::Failed, Some(&failure)),
        };
        let ended = jobs::finish(&self.store, lease, state, failure, &[]).await;
        ended.unwrap();
    }

    pub async fn stop(&self, job: &JobId) {
        let stopped = jobs::stop(&self.store, &self.org, &self.connector, job).await;
        assert_eq!(stopped.unwrap(), Some(JobState::Stopped));
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fails {
    No,
    Yes,
}
