//! SQL Server: a stand-in of each test's own, or a database of its own on the server that `SLUICE_TEST_SQL_SERVER` names.

use tds_server::{Options, Server};
use tiberius::{Client, Config};
use tokio::net::TcpStream;
use tokio::sync::Mutex;
use tokio_util::compat::{Compat, TokioAsyncWriteCompatExt};

use super::t_sql;

/// A connection string, in ADO's style and without a database, of a login that may create databases.
const REAL: &str = "SLUICE_TEST_SQL_SERVER";

pub struct Database {
    dsn: String,
    client: Mutex<Client<Compat<TcpStream>>>,
    stand_in: Option<Server>,
}

impl Database {
    /// On a real server it stays there: that server is thrown away after the tests.
    pub async fn create() -> Self {
        if let Ok(server) = std::env::var(REAL) {
            let name = format!("test_{}", uuid::Uuid::now_v7().simple());
            let mut admin = connect(&server).await;
            run(&mut admin, &format!("create database {name}")).await;
            let dsn = format!("{};database={name}", server.trim_end_matches(';'));
            return Self::open(dsn, None).await;
        }
        let server = Server::start(Options::default()).expect("a free port");
        let dsn = server.dsn();
        Self::open(dsn, Some(server)).await
    }

    /// Another session on a database that is there.
    pub async fn connect(dsn: String) -> Self {
        Self::open(dsn, None).await
    }

    async fn open(dsn: String, stand_in: Option<Server>) -> Self {
        let client = Mutex::new(connect(&dsn).await);
        Self {
            dsn,
            client,
            stand_in,
        }
    }

    pub fn dsn(&self) -> &str {
        &self.dsn
    }

    pub fn port(&self) -> u16 {
        let config = Config::from_ado_string(&self.dsn).expect("it was connected by");
        let address = config.get_addr();
        let (_, port) = address.rsplit_once(':').expect("a port");
        port.parse().expect("a number")
    }

    pub fn stand_in(&self) -> Option<&Server> {
        self.stand_in.as_ref()
    }

    pub async fn sql(&self, sql: &str) {
        let mut client = self.client.lock().await;
        for statement in t_sql::statements(sql) {
            run(&mut client, &statement).await;
        }
    }

    pub async fn texts(&self, sql: &str) -> Vec<String> {
        let mut client = self.client.lock().await;
        let sql = t_sql::statements(sql).remove(0);
        let answer = client.simple_query(&sql).await;
        let answer = answer.unwrap_or_else(|error| panic!("{sql}: {error}"));
        let rows = answer.into_first_result().await;
        let rows = rows.unwrap_or_else(|error| panic!("{sql}: {error}"));
        rows.iter()
            .map(|row| row.get::<&str, _>(0).expect("a text").to_owned())
            .collect()
    }
}

async fn connect(dsn: &str) -> Client<Compat<TcpStream>> {
    let config = Config::from_ado_string(dsn).expect("a connection string in ADO's style");
    let socket = TcpStream::connect(config.get_addr())
        .await
        .expect("the server listens");
    Client::connect(config, socket.compat_write())
        .await
        .expect("the login is right")
}

async fn run(client: &mut Client<Compat<TcpStream>>, sql: &str) {
    let answer = client.simple_query(sql).await;
    let answer = answer.unwrap_or_else(|error| panic!("{sql}: {error}"));
    let done = answer.into_results().await;
    done.unwrap_or_else(|error| panic!("{sql}: {error}"));
}
