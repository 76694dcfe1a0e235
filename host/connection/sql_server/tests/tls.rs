//! How far a server is trusted, and what is said where it is not.

use std::sync::Arc;
use std::time::{Duration, Instant};

use tds_server::{Options, Server, Tls};
use tokio::sync::Semaphore;

use super::{connect_to, dsn, no_session, server};
use crate::model::source::ErrorKind;

fn with(tls: Tls) -> Server {
    let options = Options {
        tls,
        ..Options::default()
    };
    Server::start(options).expect("a free port")
}

async fn connects(dsn: &str) {
    let places = Arc::new(Semaphore::new(1));
    let session = connect_to(dsn, Duration::from_secs(60), &places).await;
    session.unwrap_or_else(|error| panic!("{error}"));
}

#[tokio::test]
async fn every_level_of_encryption_connects_where_the_server_has_it() {
    for tls in [Tls::Login, Tls::Required] {
        for encrypt in ["true", "false"] {
            let server = with(tls);
            let more = format!("Encrypt={encrypt};TrustServerCertificate=true");
            connects(&dsn(&server, &more)).await;
        }
    }
    connects(&dsn(&with(Tls::Off), "Encrypt=DANGER_PLAINTEXT")).await;
}

#[tokio::test]
async fn a_server_without_tls_is_told_from_a_slow_one_at_once() {
    let server = with(Tls::Off);
    for encrypt in ["true", "false"] {
        let began = Instant::now();
        let more = format!("Encrypt={encrypt};TrustServerCertificate=true");
        let error = no_session(&dsn(&server, &more)).await;
        assert_eq!(error.kind, ErrorKind::Unavailable);
        assert!(error.message.contains("no TLS"), "{encrypt}: {error}");
        assert!(began.elapsed() < Duration::from_secs(5));
    }
}

#[tokio::test]
async fn a_certificate_is_trusted_only_by_its_authority() {
    let server = server();
    let error = no_session(&dsn(&server, "")).await;
    assert!(error.message.contains("not trusted"), "{error}");
    assert!(
        error.message.contains("TrustServerCertificateCA"),
        "{error}"
    );

    let folder = tempfile::tempdir().unwrap();
    let ca = folder.path().join("ca.pem");
    std::fs::write(&ca, server.ca_pem()).unwrap();
    let trusting = format!("TrustServerCertificateCA={}", ca.display());
    connects(&dsn(&server, &trusting)).await;

    let other_name = format!("{trusting};HostNameInCertificate=other.example");
    let error = no_session(&dsn(&server, &other_name)).await;
    assert!(error.message.contains("another host name"), "{error}");

    let missing = format!("TrustServerCertificateCA={}.missing", ca.display());
    let error = no_session(&dsn(&server, &missing)).await;
    assert_eq!(error.kind, ErrorKind::InvalidRequest);
    assert!(error.message.contains("cannot be read"), "{error}");
    assert!(!error.message.contains("missing"), "{error}");
}
