//! A tiberius client of the stand-in.
use futures::TryStreamExt;
use tds_server::{Options, Server};
use tiberius::{AuthMethod, Client, Config, EncryptionLevel, QueryItem, Row};
use tokio::net::TcpStream;
use tokio_util::compat::{Compat, TokioAsyncWriteCompatExt};

pub type Connection = Client<Compat<TcpStream>>;

/// The account of the default options.
pub fn config(server: &Server, encryption: EncryptionLevel) -> Config {
    let mut config = Config::new();
    config.host("127.0.0.1");
    config.port(server.addr().port());
    config.authentication(AuthMethod::sql_server("sa", "Test!Passw0rd"));
    config.database("demo");
    config.application_name("tests");
    config.encryption(encryption);
    config.trust_cert();
    config
}

pub async fn login(config: Config) -> tiberius::Result<Connection> {
    let tcp = TcpStream::connect(config.get_addr()).await?;
    tcp.set_nodelay(true)?;
    Client::connect(config, tcp.compat_write()).await
}

pub async fn connect(server: &Server) -> Connection {
    let config = config(server, EncryptionLevel::Off);
    login(config)
        .await
        .expect("the stand-in lets its own account in")
}

/// A server and a session on it.
pub async fn start() -> (Server, Connection) {
    let server = Server::start(Options::default()).expect("the loopback has a free port");
    let db = connect(&server).await;
    (server, db)
}

/// Runs statements that answer nothing.
pub async fn run(db: &mut Connection, sql: &str) {
    if let Err(error) = try_run(db, sql).await {
        panic!("{sql}: {error}");
    }
}

pub async fn try_run(db: &mut Connection, sql: &str) -> tiberius::Result<()> {
    db.simple_query(sql).await?.into_results().await.map(|_| ())
}

pub async fn rows(db: &mut Connection, sql: &str) -> Vec<Row> {
    let stream = db
        .simple_query(sql)
        .await
        .unwrap_or_else(|error| panic!("{sql}: {error}"));
    stream
        .into_first_result()
        .await
        .unwrap_or_else(|error| panic!("{sql}: {error}"))
}

/// The rows of a parameterized query, all parameters being texts.
pub async fn ask(db: &mut Connection, sql: &str, parameters: &[&str]) -> Vec<Row> {
    let parameters: Vec<&dyn tiberius::ToSql> = parameters
        .iter()
        .map(|text| text as &dyn tiberius::ToSql)
        .collect();
    let stream = db
        .query(sql, &parameters)
        .await
        .unwrap_or_else(|error| panic!("{sql}: {error}"));
    stream
        .into_first_result()
        .await
        .unwrap_or_else(|error| panic!("{sql}: {error}"))
}

/// The first column as text, row by row.
pub async fn texts(db: &mut Connection, sql: &str) -> Vec<String> {
    let rows = rows(db, sql).await;
    rows.iter()
        .map(|row| row.get::<&str, _>(0).unwrap_or("NULL").to_string())
        .collect()
}

/// The first column as int.
pub async fn ints(db: &mut Connection, sql: &str) -> Vec<i32> {
    rows(db, sql)
        .await
        .iter()
        .map(|row| row.get::<i32, _>(0).expect("not NULL"))
        .collect()
}

/// The number of the error that a statement ends with.
pub async fn error_of(db: &mut Connection, sql: &str) -> (u32, String) {
    let error = try_run(db, sql).await.expect_err(sql);
    match error {
        tiberius::error::Error::Server(error) => (error.code(), error.message().to_string()),
        other => panic!("{sql}: {other}"),
    }
}

/// How many rows came before the stream ended, and how it ended.
pub async fn count_rows(db: &mut Connection, sql: &str) -> (u64, tiberius::Result<()>) {
    let mut stream = match db.simple_query(sql).await {
        Ok(stream) => stream,
        Err(error) => return (0, Err(error)),
    };
    let mut count = 0;
    loop {
        match stream.try_next().await {
            Ok(Some(QueryItem::Row(_))) => count += 1,
            Ok(Some(QueryItem::Metadata(_))) => {}
            Ok(None) => return (count, Ok(())),
            Err(error) => return (count, Err(error)),
        }
    }
}
