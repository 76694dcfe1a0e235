//! A table of SQL Server's stand-in, which gives away rows that it has encoded before. The floor is what the client
//! library can take: it decodes every row, and they are dropped. Both share this machine with the server.

use std::time::{Duration, Instant};

use futures::TryStreamExt;
use serde_json::json;
use sluice::model::source::Source as TableSource;
use tds_server::{Options, Server};
use tiberius::{Client, Config};
use tokio::net::TcpStream;
use tokio_util::compat::{Compat, TokioAsyncWriteCompatExt};

use super::Outcome;
use super::job::Host;
use super::process::{data_folder, peak_of};
use super::report::{median, rounded, write_figures};
use super::table::CONNECTION;

const ROWS: u64 = 1_000_000;
const ROUNDS: usize = 5;
const OWED: f64 = 0.75;
const OWED_MIB: f64 = 200.0;
/// The stand-in's own table of eight columns.
const TABLE: [&str; 8] = [
    "--connection",
    CONNECTION,
    "--schema",
    "bench",
    "--table",
    "rows",
    "--cursor-column",
    "id",
];

pub async fn measure() -> Outcome<()> {
    let (_server, dsn) = start(ROWS)?;
    let host = Host::start_on(&connections(&dsn)).await?;
    let mut client = connect(&dsn).await?;
    let (mut floors, mut jobs, mut ratios) = (Vec::new(), Vec::new(), Vec::new());
    for round in 0..=ROUNDS {
        let floor = per_sec(floor(&mut client).await?);
        let job = per_sec(host.copy(table(), ROWS).await?);
        if round > 0 {
            println!(
                "round {round}: thousand rows/s: floor {:.0}, extract {:.0}",
                floor / 1e3,
                job / 1e3
            );
            floors.push(floor);
            jobs.push(job);
            ratios.push(job / floor);
        }
    }
    host.end().await?;
    let (floor, job, ratio) = (median(floors), median(jobs), median(ratios));
    println!(
        "\nfrom SQL Server's stand-in, {ROWS} rows of 8 columns: floor {floor:.0} rows/s, extract {job:.0}, {ratio:.3} of it   owed {OWED}"
    );
    let peaks = peaks(&dsn).await?;
    println!(
        "peak memory of sluice extract: {:.0} MiB for a tenth of it, {:.0} MiB for all   owed at most {OWED_MIB:.0}, flat",
        peaks.0, peaks.1
    );
    write_figures(&json!({
        "name": "sql_server", "rows_per_sec": job.round(), "floor_rows_per_sec": floor.round(),
        "ratio": rounded(ratio), "peak_rss_mb": rounded(peaks.1),
    }))
}

/// A stand-in with so many rows, and the way to it.
fn start(rows: u64) -> Outcome<(Server, String)> {
    let options = Options {
        bench_rows: i64::try_from(rows)?,
        ..Options::default()
    };
    let server = Server::start(options)?;
    let dsn = format!("{};Encrypt=false", server.dsn());
    Ok((server, dsn))
}

fn connections(dsn: &str) -> String {
    json!({ CONNECTION: { "kind": "sql_server", "dsn": dsn } }).to_string()
}

/// Of a tenth of the rows, and of all. The compiler of plugins takes more than any job, once.
async fn peaks(all: &str) -> Outcome<(f64, f64)> {
    let (_server, tenth) = start(ROWS / 10)?;
    let (tenth, all) = (
        data_folder(&connections(&tenth))?,
        data_folder(&connections(all))?,
    );
    for folder in [&tenth, &all] {
        peak_of(folder.path(), &TABLE, "first").await?;
    }
    Ok((
        peak_of(tenth.path(), &TABLE, "tenth").await?,
        peak_of(all.path(), &TABLE, "all").await?,
    ))
}

fn per_sec(took: Duration) -> f64 {
    ROWS as f64 / took.as_secs_f64()
}

async fn connect(dsn: &str) -> Outcome<Client<Compat<TcpStream>>> {
    let config = Config::from_ado_string(dsn)?;
    let socket = TcpStream::connect(config.get_addr()).await?;
    socket.set_nodelay(true)?;
    Ok(Client::connect(config, socket.compat_write()).await?)
}

/// Every row is decoded and dropped.
async fn floor(client: &mut Client<Compat<TcpStream>>) -> Outcome<Duration> {
    let started = Instant::now();
    let stream = client
        .simple_query("select * from bench.rows order by id")
        .await?;
    let mut rows = stream.into_row_stream();
    let mut count = 0;
    while rows.try_next().await?.is_some() {
        count += 1;
    }
    match count {
        ROWS => Ok(started.elapsed()),
        other => Err(format!("the client read {other} rows of {ROWS}").into()),
    }
}

fn table() -> TableSource {
    TableSource {
        kind: "sql_server".into(),
        connection_ref: CONNECTION.into(),
        schema: Some("bench".into()),
        table: "rows".into(),
        query: None,
        cursor_column: "id".into(),
        columns: Vec::new(),
    }
}
