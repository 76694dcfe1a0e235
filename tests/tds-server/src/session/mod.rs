//! One connection: its login, and its requests one after the other. A thread of its own reads them, so that an
//! attention is seen while a statement runs ([MS-TDS] 3.3.5).

mod bench;
mod cancel;
mod change;
mod describe;
mod login;
mod procedure;
mod rows;
mod run;

use std::collections::HashMap;
use std::io;
use std::rc::Rc;
use std::sync::{Arc, mpsc};
use std::time::Duration;

use rusqlite::Connection;

use self::cancel::Cancel;
use crate::catalog::Catalog;
use crate::database::Database;
use crate::error::SqlError;
use crate::server::Shared;
use crate::sql::parse;
use crate::sql::runtime::{self, Clock};
use crate::types::ticks;
use crate::wire::packet::{ATTENTION, BATCH, RPC, TRANSACTION};
use crate::wire::read::{Cursor, Malformed};
use crate::wire::reply::Reply;
use crate::wire::rpc::Parameter;
use crate::wire::stream::Stream;
use crate::wire::tokens::{self, Done};

/// What `sys.dm_exec_sessions` tells of a session.
#[derive(Clone)]
pub struct Live {
    pub host: String,
    pub program: String,
    pub login: String,
    pub running: bool,
    /// When its last request began and ended, in ticks.
    pub request: (i64, i64),
    pub in_transaction: bool,
    pub settings: Settings,
    /// For KILL.
    pub stream: Arc<Stream>,
}

/// What SET has set.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Settings {
    /// 1 is READ UNCOMMITTED, 2 READ COMMITTED, and so on.
    pub isolation: i64,
    /// Milliseconds; -1 waits for ever.
    pub lock_timeout: i64,
    pub deadlock_priority: i64,
}

impl Default for Settings {
    fn default() -> Settings {
        Settings {
            isolation: 2,
            lock_timeout: -1,
            deadlock_priority: 0,
        }
    }
}

/// Why a request ended early.
enum Stop {
    Io(io::Error),
    Error(SqlError),
    Cancelled,
}

impl From<io::Error> for Stop {
    fn from(error: io::Error) -> Stop {
        Stop::Io(error)
    }
}

impl From<SqlError> for Stop {
    fn from(error: SqlError) -> Stop {
        Stop::Error(error)
    }
}

impl From<Malformed> for Stop {
    fn from(error: Malformed) -> Stop {
        Stop::Io(io::Error::other(error))
    }
}

/// BEGIN TRAN has been said; SQLite's own transaction begins with the first change, so that reads before it see
/// what others commit, as under READ COMMITTED.
struct Transaction {
    /// To come back to.
    catalog: Arc<Catalog>,
}

struct Session {
    shared: Arc<Shared>,
    database: Arc<Database>,
    /// Shared with the rows that are being read from it.
    db: Rc<Connection>,
    reply: Reply,
    requests: mpsc::Receiver<(u8, Vec<u8>)>,
    cancel: Arc<Cancel>,
    id: i16,
    transaction: Option<Transaction>,
    /// Declarations and text of `sp_prepare`.
    prepared: HashMap<i32, (String, String)>,
    in_procedure: bool,
    clock: Clock,
}

/// Opens a database's file, with the functions of a session.
fn open(
    database: &Arc<Database>,
    session: i16,
    login: &str,
    clock: &Clock,
) -> rusqlite::Result<Connection> {
    let db = Connection::open(&database.path)?;
    // Tests lose nothing in a crash; a write that meets another is tried again by the session itself.
    db.execute_batch(
        "PRAGMA journal_mode = WAL; PRAGMA synchronous = OFF; PRAGMA temp_store = MEMORY; PRAGMA legacy_alter_table = ON;",
    )?;
    db.busy_timeout(Duration::from_millis(20))?;
    runtime::register(&db, database, session, login, clock)?;
    Ok(db)
}

/// Makes the file of a new database.
pub fn prepare(database: &Arc<Database>) -> rusqlite::Result<Connection> {
    open(database, 0, "", &Clock::default())
}

/// Serves a connection until either side ends it.
pub fn serve(shared: &Arc<Shared>, stream: &Arc<Stream>) -> io::Result<()> {
    let mut reply = Reply::new(stream.clone());
    let Some(accepted) = login::accept(shared, &mut reply)? else {
        return Ok(());
    };
    let id = accepted.log.session;
    let live = Live {
        host: accepted.log.host.clone(),
        program: accepted.log.program.clone(),
        login: accepted.log.user.clone(),
        running: false,
        request: (ticks::now(), ticks::now()),
        in_transaction: false,
        settings: Settings::default(),
        stream: stream.clone(),
    };
    let login = live.login.clone();
    shared.live().insert(id, live);
    shared.log().logins.push(accepted.log);
    // The client may ask at once for what the log shows, so it is written before the answer goes out.
    reply.finish()?;
    reply.resize(accepted.packet_size);

    let cancel = Arc::new(Cancel::default());
    let (sender, requests) = mpsc::channel();
    let (reading, seen) = (stream.clone(), cancel.clone());
    let reader = std::thread::spawn(move || {
        while let Ok(message) = reading.message() {
            if message.0 == ATTENTION {
                seen.set();
            }
            if sender.send(message).is_err() {
                return;
            }
        }
        // Nobody waits for the answer any more.
        seen.set();
    });
    let database = accepted.database;
    let clock = Clock::default();
    let served = open(&database, id, &login, &clock)
        .map_err(io::Error::other)
        .and_then(|db| {
            let interrupted = cancel.clone();
            // So often that a cancel is seen within a millisecond.
            let _ = db.progress_handler(1000, Some(move || interrupted.is_set()));
            let mut session = Session {
                shared: shared.clone(),
                database: database.clone(),
                db: Rc::new(db),
                reply,
                requests,
                cancel,
                id,
                transaction: None,
                prepared: HashMap::new(),
                in_procedure: false,
                clock,
            };
            session.serve()
        });
    shared.live().remove(&id);
    database.end_transaction(id);
    stream.close();
    let _ = reader.join();
    served
}

impl Session {
    fn serve(&mut self) -> io::Result<()> {
        while let Ok((kind, payload)) = self.requests.recv() {
            self.set_running(true);
            let answered = self.request(kind, &payload);
            self.set_running(false);
            if !answered? {
                return Ok(());
            }
        }
        Ok(())
    }

    fn set_running(&self, running: bool) {
        if let Some(live) = self.shared.live().get_mut(&self.id) {
            live.running = running;
            let (began, ended) = &mut live.request;
            *(if running { began } else { ended }) = ticks::now();
        }
    }

    /// Whether the session goes on.
    fn request(&mut self, kind: u8, payload: &[u8]) -> io::Result<bool> {
        self.in_procedure = kind == RPC;
        let result = match kind {
            BATCH => self.batch_request(payload),
            RPC => self.procedure(payload),
            TRANSACTION => self.transaction_request(payload),
            ATTENTION => {
                self.attention();
                Ok(())
            }
            kind => Err(SqlError::unsupported(format!("messages of type {kind}")).into()),
        };
        let mut goes_on = true;
        match result {
            Ok(()) => {}
            Err(Stop::Io(error)) => return Err(error),
            Err(Stop::Error(error)) => {
                /// From this class on an error ends the session.
                const FATAL: u8 = 20;
                goes_on = error.class < FATAL;
                if error.number == 1205 || !goes_on {
                    self.roll_back();
                }
                tokens::error(&mut self.reply.tokens, &error);
                let done = if self.in_procedure {
                    Done::Procedure
                } else {
                    Done::Statement
                };
                tokens::done(&mut self.reply.tokens, done, tokens::ERROR, 0);
            }
            Err(Stop::Cancelled) => {
                let attention = |(kind, _): &(u8, Vec<u8>)| *kind == ATTENTION;
                if !self.requests.iter().any(|message| attention(&message)) {
                    return Ok(false);
                }
                self.attention();
            }
        }
        self.reply.finish()?;
        Ok(goes_on)
    }

    fn attention(&mut self) {
        self.shared.log().cancels.push(self.id);
        self.cancel.clear();
        tokens::done(
            &mut self.reply.tokens,
            Done::Statement,
            tokens::ATTENTION,
            0,
        );
    }

    fn batch_request(&mut self, payload: &[u8]) -> Result<(), Stop> {
        let text = crate::types::code_page::from_utf16(Cursor::behind_headers(payload)?.rest());
        self.batch(&text, None, &[])
    }

    /// Every statement of a text, each with its own DONE.
    fn batch(
        &mut self,
        text: &str,
        procedure: Option<&str>,
        parameters: &[Parameter],
    ) -> Result<(), Stop> {
        self.shared.log().texts.push(crate::log::Text {
            session: self.id,
            procedure: procedure.map(str::to_string),
            sql: text.to_string(),
        });
        let statements = parse::batch(text)?;
        let last = statements.len().saturating_sub(1);
        for (at, statement) in statements.iter().enumerate() {
            let rows = self.run(statement, text, parameters)?;
            let (done, more) = match self.in_procedure {
                true => (Done::Inner, true),
                false => (Done::Statement, at < last),
            };
            let status = if more { tokens::MORE } else { 0 };
            let (counted, rows) = rows.map_or((0, 0), |rows| (tokens::COUNT, rows));
            tokens::done(&mut self.reply.tokens, done, status | counted, rows);
        }
        if statements.is_empty() && !self.in_procedure {
            tokens::done(&mut self.reply.tokens, Done::Statement, 0, 0);
        }
        Ok(())
    }
}
