//! The demo's second source: a stand-in for SQL Server, which speaks its protocol over SQLite, with a table of stock.
//! A real server cannot be started here.

use tds_server::{Options, Server};
use tiberius::{Client, Config};
use tokio::net::TcpStream;
use tokio_util::compat::TokioAsyncWriteCompatExt;

use super::super::CommandError;
use super::tour::Table;

const ROWS: i64 = 20_000;

const SOURCE_TABLE: &str = "create table stock (
    article int primary key, name nvarchar(40) not null, quantity int not null, price money not null, counted_at datetime2(7) null)";

/// More rows than these are more than one insert takes.
const ROWS_PER_INSERT: i64 = 1_000;

/// A running stand-in. Ends with this value.
pub struct Warehouse(Server);

impl Warehouse {
    pub fn start() -> Result<Self, CommandError> {
        let server = Server::start(Options::default()).map_err(CommandError::from_display)?;
        Ok(Self(server))
    }

    pub fn dsn(&self) -> String {
        self.0.dsn()
    }

    /// Makes the table.
    pub async fn fill(&self) -> Result<Table, CommandError> {
        let config = Config::from_ado_string(&self.dsn()).map_err(CommandError::from_display)?;
        let socket = TcpStream::connect(self.0.addr())
            .await
            .map_err(CommandError::from_display)?;
        let mut client = Client::connect(config, socket.compat_write())
            .await
            .map_err(CommandError::from_display)?;
        let mut statements = vec![SOURCE_TABLE.to_owned()];
        statements.extend((0..ROWS / ROWS_PER_INSERT).map(insert));
        for statement in statements {
            let done = client.simple_query(statement).await;
            let done = done.map_err(CommandError::from_display)?;
            done.into_results()
                .await
                .map_err(CommandError::from_display)?;
        }
        Ok(Table {
            kind: "sql_server",
            connection: "warehouse",
            name: "stock",
            cursor_column: "article",
            summed: "quantity",
            rows: ROWS,
            total: (1..=ROWS).map(quantity).sum::<i64>().to_string(),
        })
    }
}

fn insert(number: i64) -> String {
    let first = number * ROWS_PER_INSERT + 1;
    let rows = (first..first + ROWS_PER_INSERT).map(|article| {
        let (quantity, price) = (quantity(article), article % 977);
        let second = article % 60;
        format!("({article}, N'article № {article}', {quantity}, {price}.25, '2026-01-31 12:00:{second:02}.1234567')")
    });
    let rows = rows.collect::<Vec<_>>().join(", ");
    format!("insert into stock (article, name, quantity, price, counted_at) values {rows}")
}

fn quantity(article: i64) -> i64 {
    article * 31 % 500
}
