//! A small TDS 7.4 server over SQLite, for tests of SQL Server clients.
pub mod sql;
pub mod types;
pub mod wire;

use rusqlite::types::{Value, ValueRef};
use rusqlite::{Connection, functions::FunctionFlags};
use std::collections::HashMap;
use std::io;
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};
use std::sync::{Arc, Mutex, mpsc};
use std::time::{Duration, Instant};
use types::{COLL, Cur, Ty, bv, us};
use wire::*;

#[derive(Clone)]
pub struct Options {
    /// How the server answers a client that asks for encryption.
    pub tls: Tls,
    pub user: String,
    pub password: String,
    /// The first is where a login without a database lands.
    pub databases: Vec<String>,
}
/// What the server offers in PRELOGIN.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tls {
    /// No certificate: encryption is not supported.
    Off,
    /// Encrypts the login, and the rest if the client asks for it.
    Login,
    /// Refuses a client that does not encrypt.
    Required,
}
/// One SQL text, as a batch or through an RPC.
#[derive(Clone, Debug)]
pub struct Text {
    pub session: u16,
    /// `batch`, or the name of the procedure.
    pub procedure: String,
    pub sql: String,
}
impl Default for Options {
    fn default() -> Self {
        Options {
            user: "sa".into(),
            password: "Test!Passw0rd".into(),
            databases: vec!["demo".into()],
            tls: Tls::Login,
        }
    }
}

/// What clients did, for assertions.
#[derive(Default, Debug, Clone)]
struct Log {
    logins: Vec<Login>,
    texts: Vec<Text>,
    attentions: usize,
    settings: Vec<String>,
    live: Vec<(u16, String, String, String, i64)>,
}
#[derive(Default, Debug, Clone)]
pub struct Login {
    pub user: String,
    pub host: String,
    pub app: String,
    pub server: String,
    pub database: String,
    pub packet_size: u32,
    pub read_only: bool,
    pub tls: bool,
}

pub struct Server {
    addr: SocketAddr,
    cert_pem: String,
    log: Arc<Mutex<Log>>,
    _dir: tempfile::TempDir,
    stop: Arc<AtomicBool>,
}
struct Shared {
    dir: PathBuf,
    opt: Options,
    tls: Option<Arc<rustls::ServerConfig>>,
    log: Arc<Mutex<Log>>,
    rv: AtomicI64,
}

impl Server {
    pub fn addr(&self) -> SocketAddr {
        self.addr
    }
    pub fn ca_pem(&self) -> &str {
        &self.cert_pem
    }
    pub fn logins(&self) -> Vec<Login> {
        self.log.lock().unwrap().logins.clone()
    }
    pub fn texts(&self) -> Vec<Text> {
        self.log.lock().unwrap().texts.clone()
    }
    pub fn settings(&self) -> Vec<String> {
        self.log.lock().unwrap().settings.clone()
    }
    pub fn cancels(&self) -> usize {
        self.log.lock().unwrap().attentions
    }
    pub fn start(opt: Options) -> io::Result<Server> {
        let l = TcpListener::bind("127.0.0.1:0")?;
        let tmp = tempfile::tempdir()?;
        let dir = tmp.path();
        let (mut tls, mut cert_pem) = (None, String::new());
        if opt.tls != Tls::Off {
            let ck =
                rcgen::generate_simple_self_signed(vec!["localhost".into(), "127.0.0.1".into()])
                    .map_err(io::Error::other)?;
            cert_pem = ck.cert.pem();
            let key = rustls::pki_types::PrivatePkcs8KeyDer::from(ck.signing_key.serialize_der());
            let mut c = rustls::ServerConfig::builder_with_provider(Arc::new(
                rustls::crypto::ring::default_provider(),
            ))
            .with_safe_default_protocol_versions()
            .map_err(io::Error::other)?
            .with_no_client_auth()
            .with_single_cert(vec![ck.cert.der().clone()], key.into())
            .map_err(io::Error::other)?;
            c.send_tls13_tickets = 0; // a ticket would be the one flight the client no longer unwraps
            tls = Some(Arc::new(c));
        }
        std::fs::create_dir_all(dir)?;
        let (log, stop) = (
            Arc::new(Mutex::new(Log::default())),
            Arc::new(AtomicBool::new(false)),
        );
        let sh = Arc::new(Shared {
            dir: dir.into(),
            opt,
            tls,
            log: log.clone(),
            rv: AtomicI64::new(2000),
        });
        open(&sh).map_err(io::Error::other)?;
        let addr = l.local_addr()?;
        let st = stop.clone();
        std::thread::spawn(move || {
            for s in l.incoming() {
                if st.load(Ordering::Relaxed) {
                    break;
                }
                let (Ok(s), sh) = (s, sh.clone()) else {
                    continue;
                };
                std::thread::spawn(move || {
                    let _ = Session::run(s, sh);
                });
            }
        });
        Ok(Server {
            addr,
            cert_pem,
            log,
            _dir: tmp,
            stop,
        })
    }
}
impl Drop for Server {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        let _ = TcpStream::connect(self.addr);
    }
}

fn open(sh: &Arc<Shared>) -> rusqlite::Result<Connection> {
    let c = Connection::open_in_memory()?;
    c.busy_timeout(Duration::from_secs(10))?;
    for s in ["dbo", "sys", "INFORMATION_SCHEMA"] {
        c.execute(
            &format!("ATTACH ?1 AS {s}"),
            [sh.dir
                .join(format!("{s}.db"))
                .to_string_lossy()
                .into_owned()],
        )?;
        c.execute_batch(&format!(
            "PRAGMA {s}.journal_mode=WAL; PRAGMA {s}.synchronous=OFF;"
        ))?;
    }
    c.create_collation("MSGUID", types::guid_cmp)?;
    c.create_collation("MSDEC", types::dec_cmp)?;
    let now = |_: &rusqlite::functions::Context| {
        let d = std::time::SystemTime::now()
            .duration_since(std::time::UNIX_EPOCH)
            .unwrap();
        Ok(types::Stamp::text(
            719_162 + (d.as_secs() / 86400) as i64,
            (d.as_secs() % 86400) * 1_000_000_000 + d.subsec_nanos() as u64,
            7,
        ))
    };
    c.create_scalar_function("ms_now", 0, FunctionFlags::SQLITE_UTF8, now)?;
    let s2 = sh.clone();
    c.create_scalar_function("ms_next_rv", 0, FunctionFlags::SQLITE_UTF8, move |_| {
        Ok(s2.rv.fetch_add(1, Ordering::SeqCst).to_be_bytes().to_vec())
    })?;
    let s3 = sh.clone();
    c.create_scalar_function(
        "MIN_ACTIVE_ROWVERSION",
        0,
        FunctionFlags::SQLITE_UTF8,
        move |_| Ok(s3.rv.load(Ordering::SeqCst).to_be_bytes().to_vec()),
    )?;
    let db = sh.opt.databases[0].clone();
    c.create_scalar_function("DB_NAME", 0, FunctionFlags::SQLITE_UTF8, move |_| {
        Ok(db.clone())
    })?;
    c.create_scalar_function("SERVERPROPERTY", 1, FunctionFlags::SQLITE_UTF8, |x| {
        let p: String = x.get(0)?;
        Ok(match p.to_ascii_lowercase().as_str() {
            "productversion" => Some("15.0.2000.5"),
            "edition" => Some("Stand-in"),
            _ => None,
        })
    })?;
    c.create_scalar_function("OBJECT_ID", 1, FunctionFlags::SQLITE_UTF8, |x| {
        let s: String = x.get(0)?;
        Ok(object_id(
            s.replace(['[', ']'], "").rsplit('.').next().unwrap_or(""),
        ))
    })?;
    let q = |t: &str, n: bool| sql::decl(t, n);
    c.execute_batch(&format!(r#"
      CREATE TABLE IF NOT EXISTS sys.schemas(name "{sn}", schema_id "{i}");
      CREATE TABLE IF NOT EXISTS sys.tables(name "{sn}", object_id "{i}", schema_id "{i}", type "{c2}");
      CREATE TABLE IF NOT EXISTS sys.columns(object_id "{i}", name "{sn}", column_id "{i}", system_type_id "{t}", user_type_id "{i}", max_length "{s}", precision "{t}", scale "{t}", collation_name "{sn}", is_nullable "{b}", is_identity "{b}", is_computed "{b}");
      CREATE TABLE IF NOT EXISTS sys.types(name "{sn}", system_type_id "{t}", user_type_id "{i}", is_user_defined "{b}");
      CREATE TABLE IF NOT EXISTS sys.indexes(object_id "{i}", name "{sn}", index_id "{i}", type "{t}", is_unique "{b}", is_primary_key "{b}", has_filter "{b}");
      CREATE TABLE IF NOT EXISTS sys.index_columns(object_id "{i}", index_id "{i}", index_column_id "{i}", column_id "{i}", key_ordinal "{t}", is_included_column "{b}", is_descending_key "{b}");
      CREATE TABLE IF NOT EXISTS INFORMATION_SCHEMA.TABLES(TABLE_CATALOG "{sn}", TABLE_SCHEMA "{sn}", TABLE_NAME "{sn}", TABLE_TYPE "{sn}");
      CREATE TABLE IF NOT EXISTS INFORMATION_SCHEMA.COLUMNS(TABLE_CATALOG "{sn}", TABLE_SCHEMA "{sn}", TABLE_NAME "{sn}", COLUMN_NAME "{sn}", ORDINAL_POSITION "{i}", IS_NULLABLE "{sn}", DATA_TYPE "{sn}", CHARACTER_MAXIMUM_LENGTH "{i}", NUMERIC_PRECISION "{t}", NUMERIC_SCALE "{i}", DATETIME_PRECISION "{s}", COLLATION_NAME "{sn}");
      CREATE TEMP TABLE dm_exec_sessions(session_id "{s}", program_name "{sn}", host_name "{sn}", login_name "{sn}", transaction_isolation_level "{s}", status "{sn}");
      INSERT INTO sys.schemas SELECT 'dbo', 1 WHERE NOT EXISTS (SELECT 1 FROM sys.schemas);
    "#, sn = q("sysname", true), i = q("int", true), t = q("tinyint", true), s = q("smallint", true), b = q("bit", true), c2 = q("char(2)", true)))?;
    Ok(c)
}
fn object_id(name: &str) -> i64 {
    name.to_ascii_lowercase()
        .bytes()
        .fold(7u32, |h, b| h.wrapping_mul(31).wrapping_add(b as u32)) as i64
        & 0x7fff_ffff
}

struct Session {
    r: Reply,
    db: Connection,
    sh: Arc<Shared>,
    rx: mpsc::Receiver<(u8, Vec<u8>)>,
    cancel: Arc<AtomicBool>,
    prepared: HashMap<i32, String>,
    in_rpc: bool,
    id: u16,
}
enum Stop {
    Io(io::Error),
    Sql(i32, u8, String),
    Cancelled,
}
impl From<io::Error> for Stop {
    fn from(e: io::Error) -> Stop {
        Stop::Io(e)
    }
}
impl From<String> for Stop {
    fn from(m: String) -> Stop {
        Stop::Sql(8114, 16, m)
    }
}
impl From<rusqlite::Error> for Stop {
    fn from(e: rusqlite::Error) -> Stop {
        use rusqlite::ErrorCode::*;
        let m = e.to_string();
        match e.sqlite_error_code() {
            Some(OperationInterrupted) => Stop::Cancelled,
            Some(ConstraintViolation) => Stop::Sql(if m.contains("NOT NULL") { 515 } else { 2627 }, 14, m),
            Some(DatabaseBusy | DatabaseLocked) => Stop::Sql(1205, 13, "Transaction was deadlocked on lock resources with another process and has been chosen as the deadlock victim. Rerun the transaction.".into()),
            _ if m.contains("no such table") => { let t = m.rsplit("no such table: ").next().unwrap_or("").split(' ').next().unwrap_or("").to_string(); Stop::Sql(208, 16, format!("Invalid object name '{t}'.")) }
            _ if m.contains("no such column") => { let t = m.rsplit("no such column: ").next().unwrap_or("").split(' ').next().unwrap_or("").to_string(); Stop::Sql(207, 16, format!("Invalid column name '{t}'.")) }
            _ => Stop::Sql(102, 15, m),
        }
    }
}

impl Session {
    fn run(s: TcpStream, sh: Arc<Shared>) -> io::Result<()> {
        let io_ = Io::new(s)?;
        // PRELOGIN
        let (ty, p) = io_.message()?;
        if ty != PRELOGIN {
            return Ok(());
        }
        let want = prelogin_encryption(&p);
        let answer = match (want, sh.tls.is_some(), sh.opt.tls == Tls::Required) {
            (2, _, false) | (_, false, _) => 2,
            (0, true, false) => 0,
            (_, true, true) => 3,
            _ => 1,
        };
        let mut b = vec![0, 0, 16, 0, 6, 1, 0, 22, 0, 1, 4, 0, 23, 0, 1, 0xff];
        b.extend([15, 0, 0x07, 0xd0, 0, 0]); // version 15.0.2000
        b.extend([answer, 0]); // encryption, MARS off
        io_.write_all(&frame(REPLY, true, 1, &b))?;
        if want == 3 && answer == 2 {
            return Ok(());
        }
        if answer != 2 {
            io_.handshake(sh.tls.clone().unwrap())?;
        }
        // LOGIN7
        let (ty, p) = io_.message()?;
        if ty != LOGIN7 {
            return Ok(());
        }
        let tls = io_.is_tls();
        if answer == 0 {
            io_.drop_tls()
        } // login-only encryption
        let mut r = Reply::new(io_.clone());
        let (mut login, password) = login7(&p).map_err(io::Error::other)?;
        login.tls = tls;
        if login.user != sh.opt.user || password != sh.opt.password {
            r.buf.extend(error(
                18456,
                14,
                &format!("Login failed for user '{}'.", login.user),
            ));
            r.buf.extend(done(0xfd, 2, 0));
            return r.finish();
        }
        if !login.database.is_empty()
            && !login.database.eq_ignore_ascii_case(&sh.opt.databases[0])
            && login.database != "master"
        {
            r.buf.extend(error(
                4060,
                11,
                &format!(
                    "Cannot open database \"{}\" requested by the login. The login failed.",
                    login.database
                ),
            ));
            r.buf.extend(done(0xfd, 2, 0));
            return r.finish();
        }
        let size = if login.packet_size == 0 {
            4096
        } else {
            login.packet_size.clamp(512, 32767)
        } as usize;
        r.buf.extend(env_str(1, &sh.opt.databases[0], "master"));
        let mut e = vec![7u8, 5];
        e.extend(COLL);
        e.push(0);
        r.buf.push(0xe3);
        r.buf.extend((e.len() as u16).to_le_bytes());
        r.buf.extend(e);
        r.buf.extend(message(
            0xab,
            5701,
            2,
            0,
            &format!("Changed database context to '{}'.", sh.opt.databases[0]),
        ));
        let mut a = vec![1u8, 0x74, 0, 0, 4];
        bv(&mut a, "Microsoft SQL Server");
        a.extend([15, 0, 0x07, 0xd0]);
        r.buf.push(0xad);
        r.buf.extend((a.len() as u16).to_le_bytes());
        r.buf.extend(a);
        r.buf.extend(env_str(4, &size.to_string(), "4096"));
        r.buf.extend(done(0xfd, 0, 0));
        r.finish()?;
        r.size = size;
        let id = 51 + sh.log.lock().unwrap().logins.len() as u16;
        sh.log.lock().unwrap().live.push((
            id,
            login.app.clone(),
            login.host.clone(),
            login.user.clone(),
            2,
        ));
        sh.log.lock().unwrap().logins.push(login);
        // From here a reader thread feeds messages, so an Attention is seen while a query runs.
        let (tx, rx) = mpsc::channel();
        let cancel = Arc::new(AtomicBool::new(false));
        let (c2, i2) = (cancel.clone(), io_.clone());
        std::thread::spawn(move || {
            while let Ok(m) = i2.message() {
                if m.0 == ATTENTION {
                    c2.store(true, Ordering::SeqCst)
                }
                if tx.send(m).is_err() {
                    break;
                }
            }
            c2.store(true, Ordering::SeqCst)
        });
        let db = open(&sh).map_err(io::Error::other)?;
        let c3 = cancel.clone();
        let _ = db.progress_handler(1000, Some(move || c3.load(Ordering::Relaxed)));
        let mut s = Session {
            r,
            db,
            sh,
            rx,
            cancel,
            prepared: HashMap::new(),
            in_rpc: false,
            id,
        };
        let mut end = Ok(());
        while let Ok((ty, p)) = s.rx.recv() {
            end = s.message(ty, &p);
            if end.is_err() {
                break;
            }
        }
        s.sh.log.lock().unwrap().live.retain(|l| l.0 != id);
        end
    }

    fn message(&mut self, ty: u8, p: &[u8]) -> io::Result<()> {
        self.in_rpc = ty == RPC;
        let res = match ty {
            BATCH => headers(p).map_err(Stop::from).and_then(|b| {
                let q = types::utf16(b);
                self.batch(&q, &[])
            }),
            RPC => self.rpc(p),
            TMREQ => self.transaction(p),
            ATTENTION => {
                self.sh.log.lock().unwrap().attentions += 1;
                self.cancel.store(false, Ordering::SeqCst);
                self.r.buf.extend(done(0xfd, 0x20, 0));
                return self.r.finish();
            }
            _ => Err(Stop::Sql(
                40000,
                16,
                format!("message type {ty} is not supported by the test server"),
            )),
        };
        match res {
            Ok(()) => {}
            Err(Stop::Io(e)) => return Err(e),
            Err(Stop::Sql(n, sev, m)) => {
                self.r.buf.extend(error(n, sev, &m));
                let t = if self.in_rpc { 0xfe } else { 0xfd };
                self.r.buf.extend(done(t, 2, 0))
            }
            Err(Stop::Cancelled) => {
                while let Ok((t, _)) = self.rx.recv() {
                    if t == ATTENTION {
                        break;
                    }
                }
                self.sh.log.lock().unwrap().attentions += 1;
                self.cancel.store(false, Ordering::SeqCst);
                self.r.buf.extend(done(0xfd, 0x20, 0));
            }
        }
        self.r.finish()
    }

    fn rpc(&mut self, p: &[u8]) -> Result<(), Stop> {
        let mut c = Cur(headers(p)?);
        let n = c.u16()?;
        let proc = if n == 0xffff {
            match c.u16()? {
                10 => "sp_executesql".into(),
                11 => "sp_prepare".into(),
                12 => "sp_execute".into(),
                13 => "sp_prepexec".into(),
                15 => "sp_unprepare".into(),
                i => format!("proc {i}"),
            }
        } else {
            c.utf16(n as usize)?
        };
        c.u16()?; // option flags
        let mut params = vec![];
        while !c.0.is_empty() && c.0[0] != 0xff && c.0[0] != 0x80 {
            let n = c.u8()? as usize;
            let name = c.utf16(n)?;
            c.u8()?; // status
            params.push((name, c.param()?));
        }
        let text = |v: &Value| match v {
            Value::Text(s) => s.clone(),
            _ => String::new(),
        };
        let num = |v: Option<&(String, Value)>| match v {
            Some((_, Value::Integer(i))) => *i as i32,
            _ => 0,
        };
        // Values are bound by the names declared in @params ("@P1 int,@P2 nvarchar(4000)").
        let bind = |decls: &str, vals: &[(String, Value)]| -> Vec<(String, Value)> {
            let names: Vec<&str> = decls
                .split('@')
                .skip(1)
                .map(|x| x.split_whitespace().next().unwrap_or(""))
                .collect();
            vals.iter()
                .enumerate()
                .map(|(i, (n, v))| {
                    (
                        if n.is_empty() {
                            format!("@{}", names.get(i).unwrap_or(&""))
                        } else if n.starts_with('@') {
                            n.clone()
                        } else {
                            format!("@{n}")
                        },
                        v.clone(),
                    )
                })
                .collect()
        };
        match proc.to_ascii_lowercase().as_str() {
            "sp_executesql" => {
                let q = text(&params[0].1);
                let d = params.get(1).map(|x| text(&x.1)).unwrap_or_default();
                let v = bind(&d, params.get(2..).unwrap_or(&[]));
                self.batch(&q, &v)?
            }
            "sp_prepexec" | "sp_prepare" => {
                let q = text(&params[2].1);
                let d = text(&params[1].1);
                let h = self.prepared.len() as i32 + 1;
                self.prepared.insert(h, format!("{d}\u{0}{q}"));
                if proc.eq_ignore_ascii_case("sp_prepexec") {
                    let v = bind(&d, &params[3..]);
                    self.batch(&q, &v)?
                }
                self.r.buf.extend([0x79, 0, 0, 0, 0]);
                let mut v = vec![0u8, 0];
                v.push(0);
                v.push(1);
                v.extend([0; 6]);
                Ty::Int.type_info(true, false, &mut v);
                v.push(4);
                v.extend(h.to_le_bytes());
                self.r.buf.push(0xac);
                self.r.buf.extend(v);
                self.r.buf.extend(done(0xfe, 0, 0));
                return Ok(());
            }
            "sp_execute" => {
                let h = num(params.first());
                let s = self.prepared.get(&h).cloned().ok_or_else(|| {
                    Stop::Sql(
                        8179,
                        16,
                        format!("Could not find prepared statement with handle {h}."),
                    )
                })?;
                let (d, q) = s.split_once('\u{0}').unwrap();
                let v = bind(d, &params[1..]);
                self.batch(q, &v)?
            }
            "sp_unprepare" => {
                self.prepared.remove(&num(params.first()));
            }
            o => {
                return Err(Stop::Sql(
                    2812,
                    16,
                    format!("Could not find stored procedure '{o}'."),
                ));
            }
        }
        self.r.buf.extend([0x79, 0, 0, 0, 0]);
        self.r.buf.extend(done(0xfe, 0, 0));
        Ok(())
    }

    fn transaction(&mut self, p: &[u8]) -> Result<(), Stop> {
        let b = headers(p)?;
        let (sql, env, id): (_, u8, [u8; 8]) = match b.first().copied().unwrap_or(0) {
            5 => ("BEGIN", 8, [1, 0, 0, 0, 0, 0, 0, 1]),
            7 => ("COMMIT", 9, [0; 8]),
            8 => ("ROLLBACK", 10, [0; 8]),
            n => return Err(Stop::Sql(40001, 16, format!("transaction request {n}"))),
        };
        self.db.execute_batch(sql)?;
        let mut e = vec![env];
        if env == 8 {
            e.push(8);
            e.extend(id);
            e.push(0)
        } else {
            e.extend([0, 8]);
            e.extend([1, 0, 0, 0, 0, 0, 0, 1])
        }
        self.r.buf.push(0xe3);
        self.r.buf.extend((e.len() as u16).to_le_bytes());
        self.r.buf.extend(e);
        self.r.buf.extend(done(0xfd, 0, 0));
        Ok(())
    }

    fn batch(&mut self, q: &str, params: &[(String, Value)]) -> Result<(), Stop> {
        self.sh.log.lock().unwrap().texts.push(Text {
            session: self.id,
            procedure: if self.in_rpc {
                "sp_executesql"
            } else {
                "batch"
            }
            .into(),
            sql: q.to_string(),
        });
        let toks = sql::lex(q).map_err(|m| Stop::Sql(105, 15, m))?;
        let st = sql::statements(&toks);
        let n = st.len();
        for (i, s) in st.iter().enumerate() {
            let more = (i + 1 < n) as u16;
            let d = if self.in_rpc { 0xff } else { 0xfd };
            let m = if self.in_rpc { 1 } else { more };
            self.statement(s, params, d, m)?;
        }
        if n == 0 && !self.in_rpc {
            self.r.buf.extend(done(0xfd, 0, 0))
        }
        Ok(())
    }

    fn statement(
        &mut self,
        s: &[sql::Tok],
        params: &[(String, Value)],
        d: u8,
        more: u16,
    ) -> Result<(), Stop> {
        let spid = self.id.to_string();
        let s: Vec<sql::Tok> = s
            .iter()
            .map(|t| match t {
                sql::Tok::Var(v) if v.eq_ignore_ascii_case("@@spid") => sql::Tok::Num(spid.clone()),
                t => t.clone(),
            })
            .collect();
        let s = &s[..];
        let text = sql::render(s);
        if text.contains("dm_exec_describe_first_result_set") {
            return self.describe(params, d, more);
        }
        if text.contains("dm_exec_sessions") {
            let live = self.sh.log.lock().unwrap().live.clone();
            self.db.execute("DELETE FROM temp.dm_exec_sessions", [])?;
            for (id, app, host, user, level) in live {
                self.db.execute(
                    "INSERT INTO temp.dm_exec_sessions VALUES (?1,?2,?3,?4,?5,?6)",
                    (
                        id,
                        app,
                        host,
                        user,
                        level,
                        if id == self.id { "running" } else { "sleeping" },
                    ),
                )?;
            }
        }
        let w = |k: &str| s[0].is(k);
        let second = |k: &str| {
            s.iter()
                .skip(1)
                .find(|x| **x != sql::Tok::Ws)
                .is_some_and(|x| x.is(k))
        };
        if w("SET") || w("USE") {
            let upper = text.to_ascii_uppercase();
            if let Some((_, level)) = upper.split_once("ISOLATION LEVEL ")
                && !self.in_rpc
            {
                let level = match level.trim() {
                    "READ UNCOMMITTED" => 1,
                    "READ COMMITTED" => 2,
                    "REPEATABLE READ" => 3,
                    "SERIALIZABLE" => 4,
                    _ => 5,
                };
                for l in &mut self.sh.log.lock().unwrap().live {
                    if l.0 == self.id {
                        l.4 = level
                    }
                }
            }
            self.sh.log.lock().unwrap().settings.push(text);
            self.r.buf.extend(done(d, more, 0));
            return Ok(());
        }
        if w("WAITFOR") {
            let hms = s
                .iter()
                .find_map(|x| {
                    if let sql::Tok::Str(v) = x {
                        Some(v.clone())
                    } else {
                        None
                    }
                })
                .unwrap_or_default();
            let end = Instant::now() + Duration::from_nanos(types::Stamp::parse(&hms)?.nanos);
            while Instant::now() < end {
                if self.cancel.load(Ordering::Relaxed) {
                    return Err(Stop::Cancelled);
                }
                std::thread::sleep(Duration::from_millis(2))
            }
            self.r.buf.extend(done(d, more, 0));
            return Ok(());
        }
        if w("PRINT") || w("RAISERROR") || w("THROW") {
            let m = s
                .iter()
                .find_map(|x| {
                    if let sql::Tok::Str(v) = x {
                        Some(v.clone())
                    } else {
                        None
                    }
                })
                .unwrap_or_default();
            if w("PRINT") {
                self.r.buf.extend(message(0xab, 0, 0, 0, &m));
                self.r.buf.extend(done(d, more, 0));
                return Ok(());
            }
            let n = s.iter().find_map(|x| {
                if let sql::Tok::Num(v) = x {
                    v.parse().ok()
                } else {
                    None
                }
            });
            return Err(Stop::Sql(
                if w("THROW") {
                    n.unwrap_or(50000)
                } else {
                    50000
                },
                16,
                m,
            ));
        }
        if w("BEGIN") || w("COMMIT") || w("ROLLBACK") {
            self.db.execute_batch(if w("BEGIN") {
                "BEGIN"
            } else if w("COMMIT") {
                "COMMIT"
            } else {
                "ROLLBACK"
            })?;
            self.r.buf.extend(done(d, more, 0));
            return Ok(());
        }
        if w("CREATE") && second("TABLE") {
            let t = sql::create_table(s).map_err(|m| Stop::Sql(2715, 16, m))?;
            self.create(&t)?;
            self.r.buf.extend(done(d, more, 0));
            return Ok(());
        }
        if w("BENCH") {
            // BENCH n: n rows from a block encoded once, to time clients and not SQLite
            let n: u64 = s
                .iter()
                .find_map(|x| {
                    if let sql::Tok::Num(v) = x {
                        v.parse().ok()
                    } else {
                        None
                    }
                })
                .unwrap_or(1000);
            let cols = [
                ("id", Ty::BigInt, false),
                ("a", Ty::Int, true),
                ("amount", Ty::Decimal(18, 4), true),
                ("ts", Ty::DateTime2(7), true),
                ("name", Ty::NVarChar(50), true),
                ("code", Ty::VarChar(20), true),
                ("price", Ty::Float, true),
                ("g", Ty::Guid, true),
            ];
            let b = &mut self.r.buf;
            b.push(0x81);
            b.extend((cols.len() as u16).to_le_bytes());
            for (name, ty, nl) in &cols {
                b.extend(0u32.to_le_bytes());
                b.extend((*nl as u16 | 8).to_le_bytes());
                ty.type_info(*nl, false, b);
                bv(b, name)
            }
            let mut blk = vec![];
            for i in 0..100i64 {
                blk.push(0xd1);
                let vals = [
                    Value::Integer(i),
                    Value::Integer(i * 7),
                    Value::Text(format!("{}.{:04}", i * 1001, i)),
                    Value::Text(format!("2024-03-{:02} 12:34:56.1234567", i % 28 + 1)),
                    Value::Text(format!("customer name {i} żółw")),
                    Value::Text(format!("CODE-{i:08}")),
                    Value::Real(i as f64 * 1.25),
                    Value::Text(format!("6F9619FF-8B86-D011-B42D-00C04FC9{i:04}")),
                ];
                for ((_, ty, nl), v) in cols.iter().zip(&vals) {
                    ty.value(*nl, false, v.into(), &mut blk)?
                }
            }
            for _ in 0..n / 100 {
                if self.cancel.load(Ordering::Relaxed) {
                    return Err(Stop::Cancelled);
                }
                self.r.buf.extend(&blk);
                if self.r.buf.len() > 65536 {
                    self.r.spill()?
                }
            }
            self.r.buf.extend(done(d, 0x10 | more, n / 100 * 100));
            return Ok(());
        }
        let plan = sql::plan(s)?;
        let mut st = self.db.prepare(&plan.sql)?;
        for (n, v) in params {
            if let Some(i) = st.parameter_index(n)? {
                st.raw_bind_parameter(i, v)?
            }
        }
        let ncol = st.column_count() - plan.hide_last as usize;
        if st.column_count() == 0 {
            let n = st.raw_execute()?;
            drop(st);
            if w("DROP") {
                let (id, name) = {
                    let v = text.replace(['"', '[', ']'], "");
                    let name = v.trim().rsplit(['.', ' ']).next().unwrap_or("").to_string();
                    (object_id(&name), name)
                };
                for q in [
                    "DELETE FROM sys.tables WHERE object_id=?1",
                    "DELETE FROM sys.columns WHERE object_id=?1",
                    "DELETE FROM sys.indexes WHERE object_id=?1",
                    "DELETE FROM sys.index_columns WHERE object_id=?1",
                ] {
                    self.db.execute(q, [id])?;
                }
                for q in [
                    "DELETE FROM INFORMATION_SCHEMA.TABLES WHERE TABLE_NAME=?1",
                    "DELETE FROM INFORMATION_SCHEMA.COLUMNS WHERE TABLE_NAME=?1",
                ] {
                    self.db.execute(q, [&name])?;
                }
            }
            self.r.buf.extend(done(d, 0x10 | more, n as u64));
            return Ok(());
        }
        let meta: Vec<(String, Option<(Ty, bool)>, bool)> = st
            .columns()
            .iter()
            .take(ncol)
            .enumerate()
            .map(|(i, c)| {
                let dt = c.decl_type().unwrap_or("");
                let t = sql::parse_decl(dt)
                    .or_else(|| plan.cast.get(i).cloned().flatten().map(|t| (t, true)));
                (
                    c.name().to_string(),
                    t,
                    dt.trim_matches('"').ends_with("|u"),
                )
            })
            .collect();
        let cancel = self.cancel.clone();
        let mut rows = st.raw_query();
        let mut cols: Vec<(Ty, bool, bool)> = vec![];
        let mut count = 0u64;
        loop {
            let row = rows.next()?;
            if count == 0 {
                // untyped expressions take their type from the first row
                for (i, (_, t, u)) in meta.iter().enumerate() {
                    let (ty, nl) = t
                        .clone()
                        .unwrap_or_else(|| match row.map(|r| r.get_ref(i)) {
                            Some(Ok(ValueRef::Integer(v))) => (
                                if i32::try_from(v).is_ok() {
                                    Ty::Int
                                } else {
                                    Ty::BigInt
                                },
                                true,
                            ),
                            Some(Ok(ValueRef::Real(_))) => (Ty::Float, true),
                            Some(Ok(ValueRef::Blob(b))) => {
                                (Ty::VarBinary(b.len().clamp(1, 8000) as u16), true)
                            }
                            _ => (Ty::NVarChar(4000), true),
                        });
                    cols.push((ty, nl, *u));
                }
                let b = &mut self.r.buf;
                b.push(0x81);
                b.extend((ncol as u16).to_le_bytes());
                for ((ty, nl, u), (name, _, _)) in cols.iter().zip(&meta) {
                    b.extend((if *ty == Ty::RowVersion { 0x50u32 } else { 0 }).to_le_bytes());
                    b.extend((*nl as u16 | 8).to_le_bytes());
                    ty.type_info(*nl, *u, b);
                    bv(b, name);
                }
            }
            let Some(row) = row else { break };
            if cancel.load(Ordering::Relaxed) {
                return Err(Stop::Cancelled);
            }
            // A quarter or more NULLs: NBCROW, as SQL Server does.
            let nulls = (0..ncol)
                .filter(|i| matches!(row.get_ref(*i), Ok(ValueRef::Null)))
                .count();
            let nbc = nulls > 0 && nulls * 4 >= ncol;
            let b = &mut self.r.buf;
            b.push(if nbc { 0xd2 } else { 0xd1 });
            if nbc {
                let mut m = vec![0u8; ncol.div_ceil(8)];
                for i in 0..ncol {
                    if matches!(row.get_ref(i)?, ValueRef::Null) {
                        m[i / 8] |= 1 << (i % 8)
                    }
                }
                b.extend(m)
            }
            for (i, (ty, nl, u)) in cols.iter().enumerate() {
                let v = row.get_ref(i)?;
                if nbc && matches!(v, ValueRef::Null) {
                    continue;
                }
                ty.value(*nl, *u, v, b)?;
            }
            count += 1;
            if self.r.buf.len() > 65536 {
                self.r.spill()?
            }
        }
        self.r.buf.extend(done(d, 0x10 | more, count));
        Ok(())
    }

    fn describe(&mut self, params: &[(String, Value)], d: u8, more: u16) -> Result<(), Stop> {
        let q = match params.first() {
            Some((_, Value::Text(q))) => q.clone(),
            _ => String::new(),
        };
        let toks = sql::lex(&q).map_err(|m| Stop::Sql(105, 15, m))?;
        let mut rows: Vec<[Option<String>; 7]> = vec![];
        let plan = sql::plan(&toks)?;
        match self.db.prepare(&plan.sql) {
            Err(e) => {
                let Stop::Sql(n, _, m) = Stop::from(e) else {
                    return Err(Stop::Cancelled);
                };
                rows.push([
                    None,
                    Some("1".into()),
                    None,
                    None,
                    None,
                    Some(n.to_string()),
                    Some(m),
                ]);
            }
            Ok(st) => {
                for (i, c) in st
                    .columns()
                    .iter()
                    .enumerate()
                    .take(st.column_count() - plan.hide_last as usize)
                {
                    let dt = c.decl_type().unwrap_or("").trim_matches('"').to_string();
                    let cast = plan.cast.get(i).cloned().flatten();
                    let (name, nullable) = match dt.split_once('|') {
                        Some((t, r)) => (t.to_string(), !r.starts_with('n')),
                        None => (
                            cast.as_ref()
                                .map(|t| t.name())
                                .unwrap_or("nvarchar(4000)".into()),
                            true,
                        ),
                    };
                    let ty = Ty::parse(&name).unwrap_or(Ty::NVarChar(4000));
                    let udt = matches!(ty, Ty::Udt(_));
                    let coll = (ty.sqlite_collation() == Some("NOCASE")).then(|| {
                        if dt.ends_with("|u") {
                            "Latin1_General_100_CI_AS_SC_UTF8"
                        } else {
                            "SQL_Latin1_General_CP1_CI_AS"
                        }
                        .to_string()
                    });
                    rows.push([
                        Some(c.name().to_string()),
                        Some((nullable as u8).to_string()),
                        (!udt).then(|| ty.name()),
                        coll,
                        udt.then_some(name),
                        None,
                        None,
                    ]);
                }
            }
        }
        let cols = [
            ("name", Ty::NVarChar(128)),
            ("is_nullable", Ty::Bit),
            ("system_type_name", Ty::NVarChar(256)),
            ("collation_name", Ty::NVarChar(128)),
            ("user_type_name", Ty::NVarChar(128)),
            ("error_number", Ty::Int),
            ("error_message", Ty::NVarChar(4000)),
        ];
        let b = &mut self.r.buf;
        b.push(0x81);
        b.extend((cols.len() as u16).to_le_bytes());
        for (name, ty) in &cols {
            b.extend(0u32.to_le_bytes());
            b.extend(9u16.to_le_bytes());
            ty.type_info(true, false, b);
            bv(b, name);
        }
        for r in &rows {
            b.push(0xd1);
            for ((_, ty), v) in cols.iter().zip(r) {
                let v = match v {
                    Some(t) => ValueRef::Text(t.as_bytes()),
                    None => ValueRef::Null,
                };
                ty.value(true, false, v, b)?;
            }
        }
        let n = rows.len() as u64;
        self.r.buf.extend(done(d, 0x10 | more, n));
        Ok(())
    }
    fn create(&mut self, t: &sql::Table) -> Result<(), Stop> {
        self.db.execute_batch(&t.sql)?;
        for c in t.cols.iter().filter(|c| c.ty == Ty::RowVersion) {
            for ev in ["INSERT", "UPDATE"] {
                self.db.execute_batch(&format!("CREATE TRIGGER {s}.\"trg_{n}_{ev}\" AFTER {ev} ON \"{n}\" BEGIN UPDATE \"{n}\" SET \"{c}\" = ms_next_rv() WHERE rowid = NEW.rowid; END", s = t.schema, n = t.name, c = c.name))?
            }
        }
        let id = object_id(&t.name);
        self.db.execute(
            "INSERT INTO sys.tables VALUES (?1,?2,1,'U ')",
            (&t.name, id),
        )?;
        self.db.execute(
            "INSERT INTO INFORMATION_SCHEMA.TABLES VALUES (?1,?2,?3,'BASE TABLE')",
            (&self.sh.opt.databases[0], &t.schema, &t.name),
        )?;
        for (i, c) in t.cols.iter().enumerate() {
            let d = c.decl.to_ascii_lowercase();
            let base = d.split(['(', ' ']).next().unwrap_or("").to_string();
            let (p, s) = match c.ty {
                Ty::Decimal(p, s) | Ty::Numeric(p, s) => (p as i64, s as i64),
                Ty::DateTime2(s) | Ty::Time(s) | Ty::DateTimeOffset(s) => (0, s as i64),
                Ty::Int => (10, 0),
                Ty::BigInt => (19, 0),
                _ => (0, 0),
            };
            let len: i64 = match c.ty {
                Ty::VarChar(n) | Ty::Char(n) | Ty::VarBinary(n) | Ty::Binary(n) => {
                    if n == types::MAX { -1 } else { n as i64 }
                }
                Ty::NVarChar(n) | Ty::NChar(n) => {
                    if n == types::MAX {
                        -1
                    } else {
                        n as i64 * 2
                    }
                }
                Ty::BigInt | Ty::DateTime | Ty::Money | Ty::Float | Ty::RowVersion => 8,
                Ty::Int | Ty::Real => 4,
                Ty::Guid => 16,
                Ty::SmallInt => 2,
                Ty::TinyInt | Ty::Bit => 1,
                _ => 0,
            };
            let coll = if c.ty.sqlite_collation() == Some("NOCASE") {
                Some(if c.utf8 {
                    "Latin1_General_100_CI_AS_SC_UTF8"
                } else {
                    "SQL_Latin1_General_CP1_CI_AS"
                })
            } else {
                None
            };
            let tid = object_id(&base) % 200 + 30;
            self.db.execute(
                "INSERT INTO sys.columns VALUES (?1,?2,?3,?4,?4,?5,?6,?7,?8,?9,0,0)",
                (id, &c.name, i as i64 + 1, tid, len, p, s, coll, c.nullable),
            )?;
            self.db.execute("INSERT INTO sys.types SELECT ?1,?2,?2,0 WHERE NOT EXISTS (SELECT 1 FROM sys.types WHERE name=?1)", (&base, tid))?;
            self.db.execute("INSERT INTO INFORMATION_SCHEMA.COLUMNS VALUES (?1,?2,?3,?4,?5,?6,?7,?8,?9,?10,NULL,?11)", rusqlite::params![self.sh.opt.databases[0], t.schema, t.name, c.name, i as i64 + 1, if c.nullable { "YES" } else { "NO" }, base, if coll.is_some() { Some(len) } else { None }, if p > 0 { Some(p) } else { None }, if p > 0 { Some(s) } else { None }, coll])?;
        }
        if !t.pk.is_empty() {
            self.db.execute(
                "INSERT INTO sys.indexes VALUES (?1,?2,1,1,1,1,0)",
                (id, format!("PK_{}", t.name)),
            )?;
            for (k, c) in t.pk.iter().enumerate() {
                let cid = t
                    .cols
                    .iter()
                    .position(|x| x.name.eq_ignore_ascii_case(c))
                    .unwrap_or(0) as i64
                    + 1;
                self.db.execute(
                    "INSERT INTO sys.index_columns VALUES (?1,1,?2,?3,?2,0,0)",
                    (id, k as i64 + 1, cid),
                )?;
            }
        }
        Ok(())
    }
}

fn headers(p: &[u8]) -> Result<&[u8], String> {
    let mut c = Cur(p);
    let n = c.u32()? as usize;
    if n < 4 || n > p.len() {
        return Err("ALL_HEADERS".into());
    }
    Ok(&p[n..])
}
fn prelogin_encryption(p: &[u8]) -> u8 {
    let mut i = 0;
    while i + 5 <= p.len() && p[i] != 0xff {
        if p[i] == 1 {
            return p
                .get(u16::from_be_bytes([p[i + 1], p[i + 2]]) as usize)
                .copied()
                .unwrap_or(2);
        }
        i += 5
    }
    2
}
fn login7(p: &[u8]) -> Result<(Login, String), String> {
    if p.len() < 94 {
        return Err("LOGIN7".into());
    }
    let u16at = |o: usize| u16::from_le_bytes([p[o], p[o + 1]]) as usize;
    let s = |o: usize| -> Result<Vec<u8>, String> {
        let (a, n) = (u16at(o), u16at(o + 2) * 2);
        Ok(p.get(a..a + n).ok_or("LOGIN7 offset")?.to_vec())
    };
    let pw: Vec<u8> = s(44)?.iter().map(|b| (b ^ 0xa5).rotate_right(4)).collect();
    let t = |o| s(o).map(|b| types::utf16(&b));
    Ok((
        Login {
            packet_size: u32::from_le_bytes(p[8..12].try_into().unwrap()),
            read_only: p[26] & 0x20 != 0,
            host: t(36)?,
            user: t(40)?,
            app: t(48)?,
            server: t(52)?,
            database: t(68)?,
            tls: false,
        },
        types::utf16(&pw),
    ))
}
fn env_str(ty: u8, new: &str, old: &str) -> Vec<u8> {
    let mut e = vec![ty];
    bv(&mut e, new);
    bv(&mut e, old);
    let mut v = vec![0xe3];
    v.extend((e.len() as u16).to_le_bytes());
    v.extend(e);
    v
}
fn message(tok: u8, n: i32, state: u8, class: u8, m: &str) -> Vec<u8> {
    let mut e = n.to_le_bytes().to_vec();
    e.extend([state, class]);
    us(&mut e, m);
    bv(&mut e, "tdsd");
    bv(&mut e, "");
    e.extend(1u32.to_le_bytes());
    let mut v = vec![tok];
    v.extend((e.len() as u16).to_le_bytes());
    v.extend(e);
    v
}
fn error(n: i32, class: u8, m: &str) -> Vec<u8> {
    message(0xaa, n, 1, class, m)
}
fn done(tok: u8, status: u16, rows: u64) -> Vec<u8> {
    let mut v = vec![tok];
    v.extend(status.to_le_bytes());
    v.extend(0xc1u16.to_le_bytes());
    v.extend(rows.to_le_bytes());
    v
}
