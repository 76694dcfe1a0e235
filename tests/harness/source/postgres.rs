//! PostgreSQL: a cluster that all tests of this process share, with a database for each test.

use std::sync::OnceLock;

use sluice::cluster::Cluster;
use tokio_postgres::{Client, NoTls};

/// Ends with this process: a watchdog of the cluster sees to it.
fn shared() -> &'static Cluster {
    static CLUSTER: OnceLock<Cluster> = OnceLock::new();
    CLUSTER.get_or_init(|| Cluster::start().expect("PostgreSQL's server programs are installed"))
}

/// A database of its own, with a session in it.
pub struct Database {
    dsn: String,
    client: Client,
}

impl Database {
    /// A new database in the shared cluster.
    pub async fn create() -> Self {
        let name = format!("test_{}", uuid::Uuid::now_v7().simple());
        shared()
            .create_database(&name)
            .await
            .expect("a superuser may");
        Self::connect(shared().dsn(&name)).await
    }

    /// A database of a cluster of the test's own.
    pub async fn connect(dsn: String) -> Self {
        let (client, connection) = tokio_postgres::connect(&dsn, NoTls)
            .await
            .expect("the cluster runs");
        tokio::spawn(connection);
        Self { dsn, client }
    }

    pub fn dsn(&self) -> &str {
        &self.dsn
    }

    pub fn port(&self) -> u16 {
        let url = url::Url::parse(&self.dsn).expect("a URL");
        url.port().expect("a port")
    }

    pub fn client(&self) -> &Client {
        &self.client
    }

    /// Runs statements, separated by semicolons.
    pub async fn sql(&self, sql: &str) {
        self.client
            .batch_execute(sql)
            .await
            .unwrap_or_else(|error| panic!("{sql}: {error:?}"));
    }

    /// The texts of the first column.
    pub async fn texts(&self, sql: &str) -> Vec<String> {
        let rows = self.client.query(sql, &[]).await;
        let rows = rows.unwrap_or_else(|error| panic!("{sql}: {error:?}"));
        rows.iter().map(|row| row.get(0)).collect()
    }
}
