//! Why a throw-away cluster is not there, in words for whoever runs the demo or the tests.

use std::io;

/// Why there is no cluster.
#[derive(Debug, thiserror::Error)]
pub enum ClusterError {
    #[error(
        "no PostgreSQL server programs were found; install them, e.g. apt-get install postgresql"
    )]
    NotFound,
    #[error(
        "PostgreSQL does not run as root, and there is no user \"postgres\" or \"nobody\" to run it as"
    )]
    NoUser,
    #[error("cannot {step} for a throw-away PostgreSQL cluster: {source}")]
    Io {
        step: &'static str,
        source: io::Error,
    },
    #[error("{tool} failed: {output}")]
    Tool { tool: &'static str, output: String },
    #[error("the throw-away PostgreSQL server did not start: {log}")]
    NotReady { log: String },
    #[error("cannot create a database in the throw-away cluster")]
    Database { source: tokio_postgres::Error },
}

/// For `map_err`: what was being done.
pub fn cannot(step: &'static str) -> impl FnOnce(io::Error) -> ClusterError {
    move |source| ClusterError::Io { step, source }
}
