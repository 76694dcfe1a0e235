//! What clients did, for tests to assert on.

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Login {
    pub session: i16,
    pub user: String,
    pub host: String,
    pub program: String,
    /// The name by which the client called the server.
    pub server: String,
    pub database: String,
    pub packet_size: usize,
    /// ApplicationIntent=ReadOnly.
    pub read_only: bool,
    /// Whether the login was encrypted.
    pub encrypted_login: bool,
    /// Whether the rest is.
    pub encrypted: bool,
}

/// A SQL text, as a batch or through a procedure.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Text {
    pub session: i16,
    /// None for a batch.
    pub procedure: Option<String>,
    pub sql: String,
}

/// A SET statement.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Setting {
    pub session: i16,
    pub sql: String,
    /// Inside a procedure: it ends with it.
    pub in_procedure: bool,
}

#[derive(Default)]
pub(crate) struct Log {
    pub logins: Vec<Login>,
    pub texts: Vec<Text>,
    pub settings: Vec<Setting>,
    /// Sessions of the attentions.
    pub cancels: Vec<i16>,
}
