//! One socket to a server, and its end. Whoever drops a link in the middle of a statement ends its server session: what
//! runs is cancelled, the socket is closed, and only then is the place under `max_sessions` free again. After its last
//! statement the session rests a moment (see `resting`).

use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite};
use tokio::runtime::Handle;
use tokio::sync::OwnedSemaphorePermit;
use tokio::task::JoinHandle;
use tokio::time::Instant;
use tokio_postgres::tls::TlsStream;
use tokio_postgres::{CancelToken, Client, Connection, SimpleQueryStream, Socket};
use tokio_postgres_rustls::MakeRustlsConnect;

use super::dsn::Dsn;
use super::resting::Resting;

/// A cancel request that comes before the statement began is lost: it is sent again after this time.
const CANCEL_EVERY: Duration = Duration::from_millis(500);
/// Then the socket is closed without the server's consent.
const CANCEL_TIMES: u32 = 8;

/// A session that is lent.
pub struct Link {
    /// `None` only while it is dropped.
    session: Option<(Open, OwnedSemaphorePermit)>,
    /// Where it goes afterwards. None: it was not even set up.
    home: Option<Arc<Resting>>,
    /// A statement may be running: true from before it is sent until its transaction has ended.
    pub running: bool,
    /// What the server will say to the end of that transaction, once it was told to end it.
    pub ending: Option<Pin<Box<SimpleQueryStream>>>,
}

/// A connected client.
pub struct Open {
    pub client: Client,
    pub dsn: Arc<Dsn>,
    pub server_version: String,
    pub since: Instant,
    cancel: CancelToken,
    tls: MakeRustlsConnect,
    /// Reads and writes the socket until the client is gone.
    socket: JoinHandle<()>,
}

impl Link {
    pub fn new(open: Open, place: OwnedSemaphorePermit) -> Self {
        Self {
            session: Some((open, place)),
            home: None,
            running: false,
            ending: None,
        }
    }

    /// From now on it can be used by another job after this one.
    pub fn is_set_up(&mut self, home: &Arc<Resting>) {
        self.home = Some(Arc::clone(home));
    }

    /// Ends a session that does not answer as it should; its place is free for another one.
    pub fn give_up(mut self) -> OwnedSemaphorePermit {
        let (open, place) = self.session.take().expect("only drop takes it");
        open.abort();
        place
    }

    pub fn open(&self) -> &Open {
        &self.session.as_ref().expect("only drop takes it").0
    }

    pub fn client(&self) -> &Client {
        &self.open().client
    }
}

impl Drop for Link {
    fn drop(&mut self) {
        let Some((open, place)) = self.session.take() else {
            return;
        };
        let Ok(runtime) = Handle::try_current() else {
            return open.abort();
        };
        match &self.home {
            Some(home) if !self.running => home.keep(&runtime, open, place),
            _ => drop(runtime.spawn(open.end(self.running, place))),
        }
    }
}

impl Open {
    pub fn new<T>(
        client: Client,
        connection: Connection<Socket, T>,
        tls: MakeRustlsConnect,
        dsn: Arc<Dsn>,
    ) -> Self
    where
        T: TlsStream + AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        let cancel = client.cancel_token();
        let server_version = connection.parameter("server_version").unwrap_or_default();
        let server_version = server_version.to_owned();
        let socket = tokio::spawn(async move {
            // The statement at hand sees the same error and says so.
            if let Err(error) = connection.await {
                tracing::debug!(
                    code = error.code().map(|code| code.code()),
                    "a source session broke"
                );
            }
        });
        Self {
            client,
            dsn,
            server_version,
            since: Instant::now(),
            cancel,
            tls,
            socket,
        }
    }

    pub fn is_connected(&self) -> bool {
        !self.client.is_closed() && !self.socket.is_finished()
    }

    /// The place is free when the session is gone.
    pub async fn end(self, is_running: bool, _place: OwnedSemaphorePermit) {
        match is_running {
            true => self.cancel_and_close().await,
            false => self.close().await,
        }
    }

    /// Says goodbye; the socket's task ends with that.
    pub async fn close(self) {
        let Self {
            client, mut socket, ..
        } = self;
        drop(client);
        if tokio::time::timeout(CANCEL_EVERY, &mut socket)
            .await
            .is_err()
        {
            socket.abort();
        }
    }

    pub fn abort(self) {
        self.socket.abort();
    }

    async fn cancel_and_close(self) {
        let Self {
            client,
            cancel,
            tls,
            mut socket,
            ..
        } = self;
        // The task reads on to the end of the statement, which the cancel brings about, and then ends.
        drop(client);
        for _ in 0..CANCEL_TIMES {
            if socket.is_finished() {
                return;
            }
            // A refused cancel shows in the socket staying open.
            let _ = tokio::time::timeout(CANCEL_EVERY, cancel.cancel_query(tls.clone())).await;
            if tokio::time::timeout(CANCEL_EVERY, &mut socket)
                .await
                .is_ok()
            {
                return;
            }
        }
        socket.abort();
    }
}
