//! `sslmode` as libpq means it, against a server with certificates made for the test.

use std::path::Path;
use std::process::Command;
use std::sync::OnceLock;
use std::time::Duration;

use super::{admin, assert_gone, cluster, connect_to};
use crate::cluster::Cluster;
use crate::connection::Session;
use crate::model::source::{ErrorKind, SourceError};
use crate::model::value::Value;

/// A server with a certificate for `localhost`. Its database `secure` takes TLS sessions only.
struct TlsServer {
    cluster: Cluster,
    files: tempfile::TempDir,
}

fn openssl(folder: &Path, arguments: &str) {
    let mut command = Command::new("openssl");
    let output = command
        .args(arguments.split(' '))
        .current_dir(folder)
        .output()
        .unwrap();
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
}

fn server() -> &'static TlsServer {
    static SERVER: OnceLock<TlsServer> = OnceLock::new();
    SERVER.get_or_init(|| {
        let files = tempfile::tempdir().unwrap();
        let folder = files.path();
        let key = "-newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2";
        for authority in ["ca", "other"] {
            openssl(folder, &format!("req -x509 {key} -subj /CN={authority} -keyout {authority}.key -out {authority}.crt"));
        }
        std::fs::write(folder.join("names"), "subjectAltName=DNS:localhost").unwrap();
        let request = key.replace(" -days 2", "");
        openssl(folder, &format!("req {request} -subj /CN=localhost -keyout server.key -out server.csr"));
        let sign = "x509 -req -in server.csr -CA ca.crt -CAkey ca.key -CAcreateserial -days 2 -extfile names";
        openssl(folder, &format!("{sign} -out server.crt"));
        let read = |name: &str| std::fs::read(folder.join(name)).unwrap();
        let hba = b"hostssl secure all all scram-sha-256\nhost postgres all all scram-sha-256\n";
        let cluster = Cluster::start_with(
            &["ssl=on"],
            &[("server.crt", &read("server.crt")), ("server.key", &read("server.key")), ("pg_hba.conf", hba)],
        );
        TlsServer { cluster: cluster.unwrap(), files }
    })
}

impl TlsServer {
    fn dsn(&self, host: &str, database: &str, options: &str) -> String {
        let base = self.cluster.dsn(database).replace("127.0.0.1", host);
        let folder = self.files.path().display();
        format!("{base}?{}", options.replace("@", &format!("{folder}/")))
    }

    async fn connect(
        &self,
        host: &str,
        database: &str,
        options: &str,
    ) -> Result<Session, SourceError> {
        connect_to(
            &self.dsn(host, database, options),
            "tls",
            Duration::from_secs(60),
        )
        .await
    }

    async fn database_secure(&self) {
        // Another test may have made it.
        let _ = self.cluster.create_database("secure").await;
    }
}

async fn is_tls(mut session: Session) -> bool {
    let sql = "select ssl from pg_stat_ssl where pid = pg_backend_pid()";
    session.query(sql, &[]).await.unwrap() == [[Value::Boolean(true)]]
}

#[tokio::test]
async fn every_mode_that_may_connect_does_with_or_without_tls() {
    let server = server();
    server.database_secure().await;
    let cases = [
        ("127.0.0.1", "postgres", "sslmode=disable", false),
        ("127.0.0.1", "postgres", "sslmode=allow", false),
        ("127.0.0.1", "secure", "sslmode=allow", true),
        ("127.0.0.1", "postgres", "", true),
        ("127.0.0.1", "postgres", "sslmode=prefer", true),
        ("127.0.0.1", "secure", "sslmode=require", true),
        (
            "127.0.0.1",
            "postgres",
            "sslmode=require&sslrootcert=@ca.crt",
            true,
        ),
        (
            "127.0.0.1",
            "postgres",
            "sslmode=verify-ca&sslrootcert=@ca.crt",
            true,
        ),
        (
            "127.0.0.1",
            "postgres",
            "sslmode=verify-ca&sslrootcert=@server.crt",
            true,
        ),
        (
            "localhost",
            "secure",
            "sslmode=verify-full&sslrootcert=@ca.crt",
            true,
        ),
        (
            "localhost",
            "secure",
            "sslmode=verify-full&sslrootcert=@ca.crt&channel_binding=require",
            true,
        ),
    ];
    for (host, database, options, tls) in cases {
        let session = server.connect(host, database, options).await;
        let session =
            session.unwrap_or_else(|error| panic!("{host} {database} {options}: {error}"));
        assert_eq!(is_tls(session).await, tls, "{host} {database} {options}");
    }
}

#[tokio::test]
async fn a_certificate_that_is_not_trusted_is_refused() {
    let server = server();
    server.database_secure().await;
    let cases = [
        (
            "127.0.0.1",
            "secure",
            "sslmode=disable",
            ErrorKind::PermissionDenied,
            "pg_hba.conf",
        ),
        (
            "127.0.0.1",
            "postgres",
            "sslmode=require&sslrootcert=@other.crt",
            ErrorKind::Unavailable,
            "trusted authority",
        ),
        (
            "127.0.0.1",
            "postgres",
            "sslmode=verify-ca&sslrootcert=@other.crt",
            ErrorKind::Unavailable,
            "trusted authority",
        ),
        (
            "127.0.0.1",
            "postgres",
            "sslmode=verify-full&sslrootcert=@ca.crt",
            ErrorKind::Unavailable,
            "host name",
        ),
        (
            "127.0.0.1",
            "postgres",
            "sslmode=verify-full&sslrootcert=@server.crt",
            ErrorKind::Unavailable,
            "host name",
        ),
        (
            "127.0.0.1",
            "postgres",
            "sslmode=verify-ca&sslrootcert=@none.crt",
            ErrorKind::InvalidRequest,
            "cannot be read",
        ),
        (
            "127.0.0.1",
            "postgres",
            "sslmode=verify-ca&sslrootcert=@names",
            ErrorKind::InvalidRequest,
            "no certificate",
        ),
    ];
    for (host, database, options, kind, words) in cases {
        let error = server.connect(host, database, options).await.err();
        let error = error.unwrap_or_else(|| panic!("{host} {database} {options} connected"));
        assert_eq!(error.kind, kind, "{options}: {error}");
        assert!(error.message.contains(words), "{options}: {error}");
    }
}

#[tokio::test]
async fn a_server_without_tls_is_used_in_the_clear_only_where_allowed() {
    let dsn = cluster().dsn("postgres");
    for (mode, connects) in [
        ("allow", true),
        ("prefer", true),
        ("require", false),
        ("verify-ca", false),
    ] {
        let options = format!(
            "{dsn}?sslmode={mode}&sslrootcert={}/ca.crt",
            server().files.path().display()
        );
        let connected = connect_to(&options, "tls", Duration::from_secs(60)).await;
        assert_eq!(connected.is_ok(), connects, "{mode}");
    }
}

#[tokio::test]
async fn a_cancel_goes_through_tls_too() {
    let server = server();
    server.database_secure().await;
    let watcher = admin(&server.cluster.dsn("postgres")).await;
    let dsn = server.dsn(
        "localhost",
        "secure",
        "sslmode=verify-full&sslrootcert=@ca.crt",
    );
    let mut session = connect_to(&dsn, "tls-cancel", Duration::from_secs(60))
        .await
        .unwrap();
    let open = session.open("select pg_sleep(100)::text", &[]);
    assert!(
        tokio::time::timeout(Duration::from_millis(200), open)
            .await
            .is_err()
    );
    assert_gone(&watcher, "tls-cancel").await;
}
