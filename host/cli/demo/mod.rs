//! `sluice demo`: the main job on throw-away databases, through the REST API as any client would use it. Succeeds only if
//! the knowledge base has what the sources have.

mod file;
mod shop;
mod tour;
mod warehouse;

use std::io::{IsTerminal, Write};
use std::net::SocketAddr;
use std::path::Path;
use std::process::ExitCode;

use clap::Args;
use indicatif::HumanCount;
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use super::{CommandError, serve};
use crate::app::App;
use crate::cluster::Cluster;
use crate::config::Config;
use crate::telemetry;
use tour::{Table, Tour};
use warehouse::Warehouse;

#[derive(Debug, Args)]
pub struct Demo {
    /// Rows of the source table.
    #[arg(long, default_value_t = 300_000, value_parser = clap::value_parser!(u32).range(1..=50_000_000))]
    rows: u32,
    /// Keep the host running at the end, until Ctrl-C; so does a terminal.
    #[arg(long)]
    stay: bool,
}

impl Demo {
    pub async fn run(self, config: Config) -> Result<ExitCode, CommandError> {
        let folder = tempfile::tempdir().map_err(CommandError::from_display)?;
        say("1. a source: a throw-away PostgreSQL cluster");
        let Shop {
            orders,
            connection,
            _cluster,
        } = Shop::open(folder.path(), self.rows).await?;
        say(&format!(
            "   table orders, {} rows",
            HumanCount(self.rows.into())
        ));
        let warehouse = Warehouse::start()?;
        let stock = warehouse.fill().await?;

        let config = Config {
            data_dir: folder.path().to_owned(),
            plugins_dir: Some(folder.path().join(PLUGINS)),
            listen: SocketAddr::from(([127, 0, 0, 1], 0)),
            log: "warn".into(),
            ..config
        };
        telemetry::start(&config).map_err(CommandError)?;
        let connections = json!({
            "shop": connection,
            "warehouse": {"kind": "sql_server", "dsn": warehouse.dsn()}
        });
        std::fs::write(
            folder.path().join("connections.json"),
            connections.to_string(),
        )
        .map_err(CommandError::from_display)?;
        let listener = TcpListener::bind(config.listen)
            .await
            .map_err(CommandError::from_display)?;
        let url = format!(
            "http://{}",
            listener.local_addr().map_err(CommandError::from_display)?
        );
        let app = App::open(config)
            .await
            .map_err(CommandError::from_display)?;
        say(&format!("2. a host on embedded defaults: {url}"));

        let key = app
            .first_key
            .clone()
            .ok_or_else(|| CommandError("the host made no first key".into()))?;
        let connector = app.connector.clone();
        let shutdown = CancellationToken::new();
        let host = tokio::spawn({
            let shutdown = shutdown.clone();
            async move { app.serve(listener, shutdown).await }
        });
        let tour = Tour {
            http: reqwest::Client::new(),
            url,
            key,
            connector: connector.to_string(),
        };
        let kb = tour.kb().await?;
        say("3. a job over the REST API: copy the table orders into the knowledge base \"demo\"");
        let mut agreed = tour.copy(kb, &orders).await?;
        tour.ask(kb).await?;
        say(
            "5. the same from SQL Server, or rather from a stand-in that speaks its protocol: no SQL Server can be started here",
        );
        agreed &= tour.copy(kb, &stock).await?;
        tour.go_on(kb, &orders);
        if agreed && (self.stay || std::io::stdin().is_terminal()) {
            say("\nthe host runs on until Ctrl-C");
            serve::stop_signal()?.cancelled().await;
        }
        shutdown.cancel();
        host.await
            .map_err(CommandError::from_display)?
            .map_err(CommandError::from_display)?;
        Ok(if agreed {
            ExitCode::SUCCESS
        } else {
            ExitCode::FAILURE
        })
    }
}

/// The folder for plugins, in the demo's own folder.
const PLUGINS: &str = "plugins";

/// Where the orders are.
struct Shop {
    orders: Table,
    /// Its entry in `connections.json`.
    connection: Value,
    /// Ends with the demo.
    _cluster: Option<Cluster>,
}

impl Shop {
    /// In a throw-away cluster, or in a file in this folder where there can be none.
    async fn open(folder: &Path, rows: u32) -> Result<Self, CommandError> {
        let cluster = match Cluster::start() {
            Ok(cluster) => cluster,
            Err(error) => {
                say(&format!(
                    "   {error}\n   instead: an SQLite file, and a plugin for it in the plugins folder"
                ));
                file::add_plugin(&folder.join(PLUGINS)).map_err(CommandError::from_display)?;
                let path = folder.join("shop.db");
                return Ok(Self {
                    orders: file::fill(&path, rows)?,
                    connection: json!({"kind": "sqlite", "dsn": path}),
                    _cluster: None,
                });
            }
        };
        Ok(Self {
            orders: shop::fill(&cluster, rows).await?,
            connection: json!({"kind": "postgres", "dsn": cluster.dsn("postgres")}),
            _cluster: Some(cluster),
        })
    }
}

/// Shown at once, also through a pipe.
fn say(line: &str) {
    println!("{line}");
    let _ = std::io::stdout().flush();
}
