//! Sessions against real servers. One cluster serves all tests that do not stop or configure it.

mod errors;
mod hostile;
mod lifetime;
mod resting;
mod tls;
mod types;

use std::sync::{Arc, OnceLock};
use std::time::Duration;

use tokio::sync::Semaphore;
use tokio_postgres::NoTls;

use super::{Dsn, Resting, connect};
use crate::cluster::Cluster;
use crate::connection::Session;
use crate::model::source::SourceError;
use crate::model::value::Value;

/// Never dropped: its watchdog stops it when this process ends.
fn cluster() -> &'static Cluster {
    static CLUSTER: OnceLock<Cluster> = OnceLock::new();
    CLUSTER.get_or_init(|| Cluster::start().unwrap_or_else(|error| panic!("{error}")))
}

/// A session whose `application_name` tells it from those of other tests.
async fn session(name: &str) -> Session {
    connect_to(&cluster().dsn("postgres"), name, Duration::from_secs(60))
        .await
        .unwrap()
}

async fn connect_to(
    dsn: &str,
    name: &str,
    statement_timeout: Duration,
) -> Result<Session, SourceError> {
    let places = Places::new(1);
    places.connect(dsn, name, statement_timeout).await
}

/// Of one connection.
struct Places {
    free: Arc<Semaphore>,
    resting: Arc<Resting>,
}

impl Places {
    fn new(bound: usize) -> Self {
        let free = Arc::new(Semaphore::new(bound));
        let resting = Arc::new(Resting::new(Arc::clone(&free)));
        Self { free, resting }
    }

    async fn connect(
        &self,
        dsn: &str,
        name: &str,
        statement_timeout: Duration,
    ) -> Result<Session, SourceError> {
        let place = Arc::clone(&self.free).acquire_owned().await.unwrap();
        let dsn = Dsn::parse(dsn).unwrap();
        connect(dsn, statement_timeout, name, place, &self.resting).await
    }
}

/// A session that may write.
async fn admin(dsn: &str) -> tokio_postgres::Client {
    let (client, connection) = tokio_postgres::connect(dsn, NoTls).await.unwrap();
    tokio::spawn(connection);
    client
}

async fn admin_of_shared() -> tokio_postgres::Client {
    admin(&cluster().dsn("postgres")).await
}

/// How many sessions of that name the server has.
async fn sessions_named(admin: &tokio_postgres::Client, name: &str) -> i64 {
    let sql = "select count(*) from pg_stat_activity where application_name = $1";
    admin.query_one(sql, &[&name]).await.unwrap().get(0)
}

/// Asks until the server has no session of that name, for 5 s at most.
async fn assert_gone(admin: &tokio_postgres::Client, name: &str) {
    let gone = async { while sessions_named(admin, name).await > 0 {} };
    tokio::time::timeout(Duration::from_secs(5), gone)
        .await
        .expect("a session was left on the server");
}

async fn one_text(session: &mut Session, sql: &str) -> String {
    let rows = session.query(sql, &[]).await.unwrap();
    rows[0][0].to_text().unwrap()
}

async fn refusal(session: &mut Session, sql: &str) -> SourceError {
    match session.fetch(sql, &[], 0).await {
        Err(error) => error,
        Ok(batch) => panic!("{sql} answered {} rows", batch.num_rows()),
    }
}

fn int(value: i64) -> Value {
    Value::Int(value)
}
