//! How a server is started.

/// What the server offers in PRELOGIN.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tls {
    /// It has no certificate. A client that insists is hung up on.
    Off,
    /// The login is encrypted, and the rest if the client asks for it.
    Login,
    /// All is encrypted. A client that cannot is hung up on.
    Required,
}

#[derive(Clone, Debug)]
pub struct Options {
    pub tls: Tls,
    /// The one SQL login.
    pub user: String,
    pub password: String,
    /// A login that names none lands in the first.
    pub databases: Vec<String>,
    /// Rows of the table `bench.rows`, which each database then has; 0 for no such table.
    pub bench_rows: i64,
}

impl Default for Options {
    fn default() -> Options {
        Options {
            tls: Tls::Login,
            user: "sa".into(),
            password: "Test!Passw0rd".into(),
            databases: vec!["demo".into()],
            bench_rows: 0,
        }
    }
}
