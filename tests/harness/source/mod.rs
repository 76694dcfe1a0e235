//! The source side: a database of a test's own, of either kind, with a session in it.

mod postgres;
mod sql_server;
mod t_sql;

use std::time::Duration;

use tokio_postgres::Client;

/// What a source is. Tests that hold for each kind take one and are named in [`on_each_kind`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    Postgres,
    SqlServer,
}

impl Kind {
    /// As requests and `connections.json` name it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Postgres => "postgres",
            Self::SqlServer => "sql_server",
        }
    }
}

/// Makes a test of each function for each kind of source: `late::a_late_row_lands::sql_server`.
macro_rules! on_each_kind {
    ($($test:ident),+ $(,)?) => {$(
        mod $test {
            #[tokio::test(flavor = "multi_thread")]
            async fn postgres() {
                super::$test($crate::harness::Kind::Postgres).await;
            }

            #[tokio::test(flavor = "multi_thread")]
            async fn sql_server() {
                super::$test($crate::harness::Kind::SqlServer).await;
            }
        }
    )+};
}
pub(crate) use on_each_kind;

/// What a job has open on its source.
#[derive(Debug)]
pub struct Open {
    pub sessions: u32,
    /// For how long the oldest statement or transaction in them has been, if there is any.
    pub oldest: Option<Duration>,
}

/// A database of its own, with a session in it.
pub enum Source {
    Postgres(postgres::Database),
    SqlServer(Box<sql_server::Database>),
}

impl Source {
    /// A new database on a server that all tests share, or on one of its own.
    pub async fn create(kind: Kind) -> Self {
        match kind {
            Kind::Postgres => Self::Postgres(postgres::Database::create().await),
            Kind::SqlServer => Self::SqlServer(Box::new(sql_server::Database::create().await)),
        }
    }

    /// Another session on the same database.
    pub async fn same(other: &Self) -> Self {
        match other {
            Self::Postgres(database) => Self::connect(database.dsn().to_owned()).await,
            Self::SqlServer(database) => {
                let other = sql_server::Database::connect(database.dsn().to_owned());
                Self::SqlServer(Box::new(other.await))
            }
        }
    }

    /// A Postgres database of a cluster of the test's own.
    pub async fn connect(dsn: String) -> Self {
        Self::Postgres(postgres::Database::connect(dsn).await)
    }

    pub fn kind(&self) -> Kind {
        match self {
            Self::Postgres(_) => Kind::Postgres,
            Self::SqlServer(_) => Kind::SqlServer,
        }
    }

    pub fn dsn(&self) -> &str {
        match self {
            Self::Postgres(database) => database.dsn(),
            Self::SqlServer(database) => database.dsn(),
        }
    }

    /// Where the server listens on this machine.
    pub fn port(&self) -> u16 {
        match self {
            Self::Postgres(database) => database.port(),
            Self::SqlServer(database) => database.port(),
        }
    }

    /// The same login by another port, such as that of a proxy.
    pub fn dsn_at(&self, port: u16) -> String {
        let (from, to) = (format!("{}", self.port()), format!("{port}"));
        self.dsn().replacen(&from, &to, 1)
    }

    /// A session of a Postgres source.
    pub fn client(&self) -> &Client {
        match self {
            Self::Postgres(database) => database.client(),
            Self::SqlServer(_) => panic!("not a Postgres source"),
        }
    }

    /// The stand-in behind a SQL Server source, for its faults and its log; none on a real server.
    pub fn stand_in(&self) -> Option<&tds_server::Server> {
        match self {
            Self::Postgres(_) => None,
            Self::SqlServer(database) => database.stand_in(),
        }
    }

    /// Runs statements, separated by semicolons. What both kinds write alike is written as Postgres has it; see
    /// [`sql_server`] for what is put in T-SQL's words.
    pub async fn sql(&self, sql: &str) {
        match self {
            Self::Postgres(database) => database.sql(sql).await,
            Self::SqlServer(database) => database.sql(sql).await,
        }
    }

    /// The one text that a query answers.
    pub async fn text(&self, sql: &str) -> String {
        let mut texts = self.texts(sql).await;
        assert_eq!(texts.len(), 1, "{sql}: one row");
        texts.remove(0)
    }

    /// The texts of the first column, sorted as texts.
    pub async fn texts(&self, sql: &str) -> Vec<String> {
        let mut texts = match self {
            Self::Postgres(database) => database.texts(sql).await,
            Self::SqlServer(database) => database.texts(sql).await,
        };
        texts.sort();
        texts
    }

    /// How many sessions of jobs are on the source.
    pub async fn job_sessions(&self) -> String {
        self.text(match self.kind() {
            Kind::Postgres => "select count(*)::text from pg_stat_activity where application_name like 'sluice/%' and datname = current_database()",
            Kind::SqlServer => "select cast(count(*) as varchar(20)) from sys.dm_exec_sessions where program_name like 'sluice/%' and database_id = db_id()",
        })
        .await
    }

    /// How many of them run a statement this moment.
    pub async fn busy_sessions(&self) -> String {
        self.text(match self.kind() {
            Kind::Postgres => "select count(*)::text from pg_stat_activity where application_name like 'sluice/%' and datname = current_database() and state = 'active'",
            Kind::SqlServer => "select cast(count(*) as varchar(20)) from sys.dm_exec_sessions where program_name like 'sluice/%' and database_id = db_id() and status = 'running'",
        })
        .await
    }

    /// Ends the sessions of jobs, as an operator does, and says how many there were.
    pub async fn end_job_sessions(&self) -> usize {
        match self.kind() {
            Kind::Postgres => {
                let end = "select pg_terminate_backend(pid)::text from pg_stat_activity where application_name like 'sluice/%' and datname = current_database()";
                self.texts(end).await.len()
            }
            Kind::SqlServer => {
                let find = "select cast(session_id as varchar(9)) from sys.dm_exec_sessions where program_name like 'sluice/%' and database_id = db_id()";
                let sessions = self.texts(find).await;
                for session in &sessions {
                    self.sql(&format!("kill {session}")).await;
                }
                sessions.len()
            }
        }
    }

    /// What a job has open now.
    pub async fn open_of(&self, job: &str) -> Open {
        let open = self
            .text(&match self.kind() {
                Kind::Postgres => format!(
                    "select concat_ws(' ', count(*), max(extract(epoch from clock_timestamp() - xact_start) * 1000)::bigint)
                     from pg_stat_activity where application_name = 'sluice/{job}'"
                ),
                // A transaction that a request has left open is at least as old as the request.
                Kind::SqlServer => format!(
                    "select concat_ws(' ', count(*), max(case when status = 'running' or open_transaction_count > 0
                         then datediff_big(millisecond, last_request_start_time, getdate()) end))
                     from sys.dm_exec_sessions where program_name = 'sluice/{job}'"
                ),
            })
            .await;
        let mut numbers = open.split(' ').map(|text| text.parse::<i64>());
        let sessions = numbers.next().expect("a count").expect("a number");
        let oldest_ms = numbers.next().map(|ms| ms.expect("a number"));
        Open {
            sessions: sessions.try_into().expect("a few"),
            // A clock of 300ths of a second may be a little behind.
            oldest: oldest_ms.map(|ms| Duration::from_millis(ms.try_into().unwrap_or(0))),
        }
    }
}
