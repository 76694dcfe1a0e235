//! Puts the parts together: opens the data folder, loads the plugins, serves. No logic of its own beyond first start and last stop.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use chrono::TimeDelta;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;
use tokio_util::task::AbortOnDropHandle;

use crate::api::{self, Api};
use crate::config::Config;
use crate::connection::Connections;
use crate::dispatch::{Dispatcher, Instance};
use crate::extract::Extractor;
use crate::kb::{Lake, QueryLimits};
use crate::model::ids::{ConnectorId, JobId, OrgId};
use crate::plugin::{Limits, Registry};
use crate::schedule::Scheduler;
use crate::store::{Store, connectors, orgs, tokens};

/// The organisation that a first start creates.
pub const FIRST_ORG: &str = "default";

/// Requests that run when the host stops have this long to end.
const LAST_REQUESTS: Duration = Duration::from_secs(5);

/// A host on its data folder.
pub struct App {
    pub config: Config,
    pub org: OrgId,
    pub connector: ConnectorId,
    /// The secret of the first API key; some only at the first start, and nowhere stored.
    pub first_key: Option<String>,
    pub extractor: Extractor,
    instance: Arc<Instance>,
}

/// Why a host cannot start. A sentence for the operator.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct StartError(String);

impl App {
    /// Opens the data folder, making it at the first start, and loads the plugins.
    ///
    /// # Errors
    /// The folder cannot be written, or the store is damaged or newer. Broken plugins and connections are no error: they
    /// are said where they are used.
    pub async fn open(config: Config) -> Result<Self, StartError> {
        make_private(&config.data_dir)?;
        let failed = |what: &str, error: &dyn std::fmt::Display| {
            StartError(format!(
                "cannot use the data folder {}: {what}: {error}",
                config.data_dir.display()
            ))
        };
        let instance = Instance::register(&config.data_dir.join("instances"))
            .map_err(|error| failed("no lock file", &error))?;
        let store = Store::open(&config.data_dir.join("sluice.db"))
            .await
            .map_err(|error| failed("state", &error))?;
        let lake = Lake::open_keeping(&config.data_dir.join("kb"), config.keep_removed())
            .map_err(|error| failed("knowledge bases", &error))?;
        let plugins = Registry::load(
            &config.plugins_dir(),
            &config.data_dir.join("compiled"),
            guest_limits(&config),
        )
        .await
        .map_err(|error| failed("plugins", &error))?;
        let connections = Connections::open(&config.connections_file());
        let (org, connector, first_key) = first_start(&store)
            .await
            .map_err(|error| failed("state", &error))?;
        let hostname = std::fs::read_to_string("/proc/sys/kernel/hostname").ok();
        connectors::seen(&store, &connector, hostname.as_deref().map(str::trim))
            .await
            .map_err(|error| failed("state", &error))?;
        Ok(Self {
            org,
            connector,
            first_key,
            extractor: Extractor {
                store,
                lake: Arc::new(lake),
                plugins: Arc::new(plugins),
                connections: Arc::new(connections),
                commit_interval: Duration::from_millis(config.jobs.commit_ms),
            },
            instance: Arc::new(instance),
            config,
        })
    }

    /// Serves the API, keeps the schedules and runs jobs until `shutdown`; then stops taking requests, lets running jobs take a checkpoint, and ends.
    ///
    /// # Errors
    /// The listener broke.
    pub async fn serve(
        &self,
        listener: TcpListener,
        shutdown: CancellationToken,
    ) -> std::io::Result<()> {
        let dispatcher = tokio::spawn(self.dispatcher(None).run(shutdown.clone()));
        let scheduler = tokio::spawn(self.scheduler().run(shutdown.clone()));
        // What it is about when the host ends is begun again at the next start.
        let upkeep = self.extractor.lake.upkeep(shutdown.clone());
        let _upkeep = AbortOnDropHandle::new(tokio::spawn(upkeep));
        let plugins = Arc::clone(&self.extractor.plugins).follow(self.config.plugins_poll());
        let _plugins = AbortOnDropHandle::new(tokio::spawn(plugins));
        let serving = axum::serve(listener, api::router(self.api(shutdown.clone())))
            .with_graceful_shutdown(shutdown.clone().cancelled_owned());
        let served = tokio::select! {
            served = serving => served,
            // A client that does not finish its request, or a long query, must not keep the host from ending.
            () = patience(&shutdown) => Ok(()),
        };
        shutdown.cancel();
        if let Err(error) = scheduler.await {
            tracing::error!(%error, "the scheduler panicked");
        }
        if let Err(error) = dispatcher.await {
            tracing::error!(%error, "the dispatcher panicked");
        }
        served
    }

    fn scheduler(&self) -> Scheduler {
        Scheduler::new(
            self.extractor.store.clone(),
            self.config.schedule_policy(),
            TimeDelta::days(self.config.jobs.keep_days.into()),
        )
    }

    /// Runs jobs; `only` one of them, or whatever is queued.
    pub fn dispatcher(&self, only: Option<JobId>) -> Arc<Dispatcher> {
        Arc::new(Dispatcher {
            extractor: self.extractor.clone(),
            connector: self.connector.clone(),
            only,
            instance: Arc::clone(&self.instance),
            max_running: self.config.jobs.max_running,
            max_attempts: self.config.jobs.max_attempts,
            lease_time: self.config.lease_time(),
        })
    }

    pub fn query_limits(&self) -> QueryLimits {
        QueryLimits {
            rows: self.config.query.max_rows,
            time: Duration::from_secs(self.config.query.timeout_secs),
            memory_bytes: self.config.query.memory_mib << 20,
        }
    }

    fn api(&self, shutdown: CancellationToken) -> Api {
        Api {
            store: self.extractor.store.clone(),
            lake: Arc::clone(&self.extractor.lake),
            plugins: Arc::clone(&self.extractor.plugins),
            connections: Arc::clone(&self.extractor.connections),
            connector: self.connector.clone(),
            limits: self.query_limits(),
            policy: self.config.schedule_policy(),
            shutdown,
        }
    }
}

/// What requests have left once the host stops.
async fn patience(shutdown: &CancellationToken) {
    shutdown.cancelled().await;
    tokio::time::sleep(LAST_REQUESTS).await;
}

fn guest_limits(config: &Config) -> Limits {
    Limits {
        guest_memory_bytes: config.guest.memory_mib << 20,
        cpu_per_call: Duration::from_secs(config.guest.cpu_secs),
        call_timeout: Duration::from_secs(config.guest.call_timeout_secs),
        longest_wait: Duration::from_secs(config.guest.wait_secs),
        ..Limits::default()
    }
}

/// The folder holds secrets of others: compiled code that is trusted, and copies of their tables.
fn make_private(folder: &Path) -> Result<(), StartError> {
    use std::os::unix::fs::DirBuilderExt;
    std::fs::DirBuilder::new().recursive(true).mode(0o700).create(folder).map_err(|error| {
        StartError(format!("cannot create the data folder {}: {error}; set `data_dir` to a folder that can be written", folder.display()))
    })
}

/// Creates the organisation, this host's connector and a key, if there are none.
async fn first_start(
    store: &Store,
) -> Result<(OrgId, ConnectorId, Option<String>), crate::store::StoreError> {
    let org = match orgs::find(store, FIRST_ORG).await? {
        Some(org) => org,
        None => orgs::create(store, FIRST_ORG).await?,
    };
    if let Some(own) = connectors::list(store, &org).await?.pop() {
        return Ok((org, own.id, None));
    }
    let (_, secret) = tokens::issue(store, &org, "first key").await?;
    let connector = connectors::enrol(store, &org, "this host").await?;
    Ok((org, connector, Some(secret)))
}
