//! Sessions against the stand-in for SQL Server, each test with a server of its own.

mod cuts;
mod errors;
mod hostile;
mod lifetime;
mod proxy;
mod tls;
mod types;

use std::sync::Arc;
use std::time::Duration;

use tds_server::{Options, Server};
use tiberius::{AuthMethod, Client, Config, EncryptionLevel};
use tokio::net::TcpStream;
use tokio::sync::Semaphore;
use tokio_util::compat::{Compat, TokioAsyncWriteCompatExt};

use super::{Dsn, connect};
use crate::connection::Session;
use crate::model::pacing::Isolation;
use crate::model::source::SourceError;
use crate::model::value::Value;

fn server() -> Server {
    Server::start(Options::default()).expect("a free port")
}

/// The DSN of the stand-in's account, and more keys.
fn dsn(server: &Server, more: &str) -> String {
    let Options { user, password, .. } = Options::default();
    let port = server.addr().port();
    format!("Server=127.0.0.1,{port};Database=demo;User ID={user};Password='{password}';{more}")
}

async fn session(server: &Server) -> Session {
    with_timeout(server, Duration::from_secs(60)).await
}

async fn with_timeout(server: &Server, statement_timeout: Duration) -> Session {
    let dsn = dsn(server, "TrustServerCertificate=true");
    let places = Arc::new(Semaphore::new(1));
    connect_to(&dsn, statement_timeout, &places).await.unwrap()
}

async fn connect_to(
    dsn: &str,
    statement_timeout: Duration,
    places: &Arc<Semaphore>,
) -> Result<Session, SourceError> {
    let place = Arc::clone(places).acquire_owned().await.unwrap();
    let dsn = Dsn::parse(dsn).unwrap_or_else(|problem| panic!("{problem}"));
    let isolation = Isolation::ReadCommitted;
    connect(dsn, statement_timeout, isolation, "sluice/tests", place).await
}

/// Why no session comes about.
async fn no_session(dsn: &str) -> SourceError {
    let places = Arc::new(Semaphore::new(1));
    let connected = connect_to(dsn, Duration::from_secs(60), &places).await;
    connected.err().expect("it should not connect")
}

/// A client that may write.
async fn run(server: &Server, sql: &str) {
    let mut config = Config::new();
    config.host("127.0.0.1");
    config.port(server.addr().port());
    let Options { user, password, .. } = Options::default();
    config.authentication(AuthMethod::sql_server(user, password));
    config.database("demo");
    config.encryption(EncryptionLevel::Off);
    config.trust_cert();
    let socket = TcpStream::connect(config.get_addr()).await.unwrap();
    let mut client: Client<Compat<TcpStream>> = Client::connect(config, socket.compat_write())
        .await
        .unwrap();
    for statement in sql.split(";\n") {
        let ran = async { client.simple_query(statement).await?.into_results().await };
        ran.await
            .unwrap_or_else(|error| panic!("{statement}: {error}"));
    }
}

/// `dbo.numbers` with a column `n` from 1 on.
async fn with_numbers(server: &Server, count: usize) {
    run(
        server,
        "create table dbo.numbers (n bigint not null primary key)",
    )
    .await;
    let numbers: Vec<usize> = (1..=count).collect();
    for some in numbers.chunks(500) {
        let values: Vec<_> = some.iter().map(|n| format!("({n})")).collect();
        run(
            server,
            &format!("insert into dbo.numbers values {}", values.join(", ")),
        )
        .await;
    }
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
