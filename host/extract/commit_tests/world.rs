//! A real store and a real lake with one knowledge base, in a folder of their own.

use arrow::array::AsArray;
use arrow::datatypes::Int64Type;
use tempfile::TempDir;

use super::holder::Holder;
use super::*;
use crate::kb::{Query, QueryLimits};
use crate::model::ids::{ConnectorId, OrgId};
use crate::model::job::{JobSpec, Placement};
use crate::model::pacing::Pacing;
use crate::model::source::Source;
use crate::store::jobs::NewJob;
use crate::store::{connectors, kbs, orgs};

pub(super) struct World {
    pub(super) store: Store,
    pub(super) lake: Lake,
    pub(super) org: OrgId,
    pub(super) connector: ConnectorId,
    pub(super) kb: kbs::Kb,
    pub(super) folder: TempDir,
}

impl World {
    pub(super) async fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(&folder.path().join("store.db")).await.unwrap();
        let org = orgs::create(&store, "o").await.unwrap();
        let connector = connectors::enrol(&store, &org, "c").await.unwrap();
        let kb = kbs::create(&store, &org, "kb", None).await.unwrap();
        Self {
            lake: Lake::open(&folder.path().join("kb")).unwrap(),
            kb: kb.unwrap(),
            store,
            org,
            connector,
            folder,
        }
    }

    pub(super) async fn enqueue(&self, table: &str, mode: Mode) -> JobId {
        let source = Source {
            kind: "k".into(),
            connection_ref: "r".into(),
            schema: None,
            table: "t".into(),
            query: None,
            cursor_column: "id".into(),
            columns: Vec::new(),
        };
        let spec = JobSpec {
            source,
            dest_table: table.into(),
            mode,
            batch_rows: 1,
            cursor: None,
            pacing: Pacing::default(),
            placement: Placement::Hosted,
            key_columns: vec!["id".into()],
            continued: false,
        };
        let new = NewJob {
            org: self.org.clone(),
            connector: self.connector.clone(),
            kb: self.kb.id,
            kb_uid: self.kb.uid.clone(),
            spec,
        };
        jobs::enqueue(&self.store, new).await.unwrap()
    }

    /// A job and its first holder, which has claimed it and knows where it stands.
    pub(super) async fn claimed(&self, table: &str, mode: Mode) -> Holder {
        let mut holder = Holder::new("one", self.enqueue(table, mode).await);
        holder.step(self).await;
        holder
    }

    pub(super) async fn job(&self, id: &JobId) -> Job {
        let job = jobs::get(&self.store, &self.org, &self.connector, id).await;
        job.unwrap().unwrap()
    }

    /// Count, distinct count and sum of the ids that landed.
    pub(super) async fn landed(&self, table: &str) -> [i64; 3] {
        let limits = QueryLimits {
            rows: 1,
            time: std::time::Duration::from_secs(60),
            memory_bytes: 64 << 20,
        };
        let sql = format!("select count(*), count(distinct id), sum(id) from \"{table}\"");
        let query = Query {
            sql,
            params: Vec::new(),
            explain: false,
            limits,
        };
        let answer = self.lake.query(&self.kb.uid, query).await.unwrap();
        let number = |column| {
            answer.batches[0]
                .column(column)
                .as_primitive::<Int64Type>()
                .value(0)
        };
        [number(0), number(1), number(2)]
    }

    pub(super) async fn assert_landed_once(&self, id: &JobId, table: &str, what: &str) {
        assert_eq!(
            self.landed(table).await,
            [ROWS, ROWS, (0..ROWS).sum()],
            "{what}"
        );
        let stream = StreamId(id.0.clone());
        let in_log = self
            .lake
            .last_checkpoint(&self.kb.uid, table, &stream)
            .await;
        let in_store = checkpoints::last_committed(&self.store, &stream).await;
        assert_eq!(in_store.unwrap(), in_log.unwrap(), "{what}");
        let job = self.job(id).await;
        assert_eq!(
            (job.state, job.progress.rows),
            (JobState::Completed, ROWS as u64),
            "{what}"
        );
    }
}
