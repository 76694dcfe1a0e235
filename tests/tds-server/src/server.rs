//! The server: its socket, its sessions' threads, and what tests turn and read. All of it ends with the handle.

use std::collections::BTreeMap;
use std::io;
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicI16, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use rustls::pki_types::PrivatePkcs8KeyDer;
use tempfile::TempDir;

use crate::bench;
use crate::database::Database;
use crate::faults::Faults;
use crate::log::{Log, Login, Setting, Text};
use crate::options::{Options, Tls};
use crate::session::{self, Live};
use crate::wire::stream::Stream;

pub struct Server {
    addr: SocketAddr,
    ca_pem: String,
    shared: Arc<Shared>,
    listener: Option<JoinHandle<()>>,
    _folder: TempDir,
}

/// What the sessions have in common.
pub(crate) struct Shared {
    pub options: Options,
    pub tls: Option<Arc<rustls::ServerConfig>>,
    pub databases: Vec<Arc<Database>>,
    pub faults: Faults,
    log: Mutex<Log>,
    live: Mutex<BTreeMap<i16, Live>>,
    streams: Mutex<Vec<Weak<Stream>>>,
    workers: Mutex<Vec<JoinHandle<()>>>,
    next_session: AtomicI16,
    stopping: AtomicBool,
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Shared {
    pub fn log(&self) -> MutexGuard<'_, Log> {
        lock(&self.log)
    }

    pub fn live(&self) -> MutexGuard<'_, BTreeMap<i16, Live>> {
        lock(&self.live)
    }

    pub fn database(&self, name: &str) -> Option<&Arc<Database>> {
        self.databases
            .iter()
            .find(|database| database.name.eq_ignore_ascii_case(name))
    }

    /// Waits so long, unless the server ends before.
    pub fn pause(&self, pause: Duration) {
        let end = Instant::now() + pause;
        while Instant::now() < end && !self.stopping.load(Ordering::Relaxed) {
            std::thread::sleep(Duration::from_millis(5).min(pause));
        }
    }

    /// User sessions begin at 51 on a server, too.
    pub fn next_session(&self) -> i16 {
        self.next_session.fetch_add(1, Ordering::Relaxed)
    }
}

impl Server {
    /// On a free port of the loopback, with empty databases in a folder of its own.
    ///
    /// # Errors
    /// If the socket or the folder cannot be had.
    pub fn start(options: Options) -> io::Result<Server> {
        let listener = TcpListener::bind("127.0.0.1:0")?;
        let addr = listener.local_addr()?;
        let folder = tempfile::tempdir()?;
        let (tls, ca_pem) = match options.tls {
            Tls::Off => (None, String::new()),
            Tls::Login | Tls::Required => {
                let (config, pem) = certificate()?;
                (Some(config), pem)
            }
        };
        let databases = options.databases.iter().enumerate().map(|(at, name)| {
            let path = folder.path().join(format!("{at}.sqlite"));
            let database = Arc::new(Database::new(name, path));
            session::prepare(&database).map_err(io::Error::other)?;
            if options.bench_rows > 0 {
                bench::create(&database, options.bench_rows).map_err(io::Error::other)?;
            }
            Ok(database)
        });
        let databases = databases.collect::<io::Result<Vec<_>>>()?;
        let shared = Arc::new(Shared {
            options,
            tls,
            databases,
            faults: Faults::default(),
            log: Mutex::default(),
            live: Mutex::default(),
            streams: Mutex::default(),
            workers: Mutex::default(),
            next_session: AtomicI16::new(51),
            stopping: AtomicBool::new(false),
        });
        let accepting = shared.clone();
        let listener = std::thread::spawn(move || accept(&listener, &accepting));
        Ok(Server {
            addr,
            ca_pem,
            shared,
            listener: Some(listener),
            _folder: folder,
        })
    }

    pub fn addr(&self) -> SocketAddr {
        self.addr
    }

    /// A login as an ADO string, which more may be added to. It takes the server's certificate as it is.
    pub fn dsn(&self) -> String {
        let (port, options) = (self.addr.port(), &self.shared.options);
        let (user, password) = (&options.user, &options.password);
        format!(
            "Server=tcp:127.0.0.1,{port};User ID={user};Password={password};TrustServerCertificate=true"
        )
    }

    /// The certificate that the server's own is checked with; empty without TLS.
    pub fn ca_pem(&self) -> &str {
        &self.ca_pem
    }

    pub fn faults(&self) -> &Faults {
        &self.shared.faults
    }

    /// Logins that were let in.
    pub fn logins(&self) -> Vec<Login> {
        self.shared.log().logins.clone()
    }

    /// Every SQL text, in the order in which they came.
    pub fn texts(&self) -> Vec<Text> {
        self.shared.log().texts.clone()
    }

    /// Every SET.
    pub fn settings(&self) -> Vec<Setting> {
        self.shared.log().settings.clone()
    }

    /// The sessions of every attention.
    pub fn cancels(&self) -> Vec<i16> {
        self.shared.log().cancels.clone()
    }

    /// Sessions that are logged in now.
    pub fn sessions(&self) -> Vec<i16> {
        self.shared.live().keys().copied().collect()
    }

    /// Takes the right to read an object of the first database away: `schema.name`, also of a system view.
    pub fn deny(&self, object: &str) {
        self.shared.databases[0].deny(object);
    }

    pub fn grant(&self, object: &str) {
        self.shared.databases[0].grant(object);
    }

    /// As if a transaction that was given this rowversion were in flight in the first database; None ends it.
    pub fn hold_rowversion(&self, value: Option<i64>) {
        self.shared.databases[0].hold_rowversion(value);
    }

    /// What `is_read_committed_snapshot_on` says of the first database. Readers see the last committed rows anyway.
    pub fn say_read_committed_snapshot(&self, on: bool) {
        self.shared.databases[0]
            .set_properties(|properties| properties.read_committed_snapshot = on);
    }

    /// What `Updateability` says of the first database, as on a readable secondary.
    pub fn say_read_only(&self, on: bool) {
        self.shared.databases[0].set_properties(|properties| properties.read_only = on);
    }

    /// Closes every connection, as a failover does; new ones are let in.
    pub fn hang_up(&self) {
        for stream in lock(&self.shared.streams).drain(..) {
            if let Some(stream) = stream.upgrade() {
                stream.close();
            }
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.shared.stopping.store(true, Ordering::SeqCst);
        // Wakes the thread that accepts.
        let _ = TcpStream::connect(self.addr);
        if let Some(listener) = self.listener.take() {
            let _ = listener.join();
        }
        self.hang_up();
        let workers = std::mem::take(&mut *lock(&self.shared.workers));
        for worker in workers {
            let _ = worker.join();
        }
    }
}

fn accept(listener: &TcpListener, shared: &Arc<Shared>) {
    for socket in listener.incoming() {
        if shared.stopping.load(Ordering::SeqCst) {
            return;
        }
        let Ok(stream) = socket.and_then(Stream::new) else {
            continue;
        };
        let stream = Arc::new(stream);
        lock(&shared.streams).push(Arc::downgrade(&stream));
        let serving = shared.clone();
        let worker = std::thread::spawn(move || {
            // What breaks a connection is the client's to see.
            let _ = session::serve(&serving, &stream);
            stream.close();
        });
        let mut workers = lock(&shared.workers);
        workers.retain(|worker| !worker.is_finished());
        workers.push(worker);
    }
}

fn certificate() -> io::Result<(Arc<rustls::ServerConfig>, String)> {
    let names = vec!["localhost".to_string(), "127.0.0.1".to_string()];
    let own = rcgen::generate_simple_self_signed(names).map_err(io::Error::other)?;
    let key = PrivatePkcs8KeyDer::from(own.signing_key.serialize_der());
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let mut config = rustls::ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(io::Error::other)?
        .with_no_client_auth()
        .with_single_cert(vec![own.cert.der().clone()], key.into())
        .map_err(io::Error::other)?;
    // A ticket would follow the handshake, when the client no longer unwraps PRELOGIN packets.
    config.send_tls13_tickets = 0;
    Ok((Arc::new(config), own.cert.pem()))
}
