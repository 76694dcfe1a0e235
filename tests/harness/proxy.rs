//! A TCP proxy between the host and its source that breaks connections as it is told: each fault hits one connection, when
//! so many bytes of the server's answers have passed. When all faults are used up it only forwards.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio_util::task::AbortOnDropHandle;

/// What happens to a connection after so many bytes from the server.
#[derive(Debug, Clone, Copy)]
pub enum Fault {
    /// Both sides are closed in the middle of whatever was on its way.
    Cut(usize),
    /// The host sees the end of the stream, as if the server had said all.
    Truncate(usize),
    /// Nothing comes any more, and nobody is told.
    Silence(usize),
    /// The rest comes after [`LATE`].
    Late(usize),
}

/// Longer than an interval of a sync, shorter than a statement may take.
const LATE: Duration = Duration::from_millis(1_500);

impl Fault {
    fn after(self) -> usize {
        match self {
            Self::Cut(bytes) | Self::Truncate(bytes) | Self::Silence(bytes) | Self::Late(bytes) => {
                bytes
            }
        }
    }
}

type Faults = Arc<Mutex<VecDeque<Fault>>>;

/// A running proxy. Ends when it is dropped.
pub struct Proxy {
    pub port: u16,
    faults: Faults,
    _task: AbortOnDropHandle<()>,
}

impl Proxy {
    /// Forwards to a port on this machine. `delay` holds back every piece of an answer.
    pub async fn start(to: u16, faults: &[Fault], delay: Duration) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let port = listener.local_addr().expect("bound").port();
        let faults: Faults = Arc::new(Mutex::new(faults.iter().copied().collect()));
        let task = tokio::spawn(accept(listener, to, Arc::clone(&faults), delay));
        Self {
            port,
            faults,
            _task: AbortOnDropHandle::new(task),
        }
    }

    /// Forgets the faults that no connection has met yet, and has others met instead.
    pub fn set(&self, faults: &[Fault]) {
        *self.faults.lock().expect("no panic while held") = faults.iter().copied().collect();
    }

    /// Faults that no connection has met yet.
    pub fn left(&self) -> usize {
        self.faults.lock().expect("no panic while held").len()
    }
}

async fn accept(listener: TcpListener, to: u16, faults: Faults, delay: Duration) {
    let mut connections = tokio::task::JoinSet::new();
    while let Ok((client, _)) = listener.accept().await {
        connections.spawn(forward(client, to, Arc::clone(&faults), delay));
    }
}

async fn forward(client: TcpStream, to: u16, faults: Faults, delay: Duration) {
    let Ok(server) = TcpStream::connect(("127.0.0.1", to)).await else {
        return;
    };
    let (mut from_client, mut to_client) = client.into_split();
    let (mut from_server, mut to_server) = server.into_split();
    // The host's own end is passed on, so that no session is kept alive by the proxy.
    let up = async {
        let _ = tokio::io::copy(&mut from_client, &mut to_server).await;
        let _ = to_server.shutdown().await;
    };
    let down = async {
        let (mut buffer, mut passed) = (vec![0; 4096], 0);
        while let Ok(read @ 1..) = from_server.read(&mut buffer).await {
            tokio::time::sleep(delay).await;
            let fault = due(&faults, passed + read);
            let pass = fault.map_or(read, |fault| fault.after().saturating_sub(passed));
            if to_client.write_all(&buffer[..pass]).await.is_err() {
                break;
            }
            passed += pass;
            match fault {
                None => {}
                Some(Fault::Cut(_)) => return,
                Some(Fault::Truncate(_)) => break,
                Some(Fault::Silence(_)) => std::future::pending().await,
                Some(Fault::Late(_)) => {
                    tokio::time::sleep(LATE).await;
                    if to_client.write_all(&buffer[pass..read]).await.is_err() {
                        break;
                    }
                    passed += read - pass;
                }
            }
        }
        let _ = to_client.shutdown().await;
        std::future::pending().await
    };
    // The one that ends first takes the sockets of both with it.
    tokio::select! {
        () = up => {}
        () = down => {}
    }
}

/// The next fault, taken, if its place is within what has come so far.
fn due(faults: &Faults, bytes: usize) -> Option<Fault> {
    let mut faults = faults.lock().expect("no panic while held");
    faults.pop_front_if(|fault| fault.after() <= bytes)
}
