//! One socket to a server, and its end. Whoever drops a link ends its server session: what runs is cancelled,
//! the socket is closed, and only then is the place under `max_sessions` free again.

use std::pin::Pin;
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite};
use tokio::runtime::Handle;
use tokio::sync::OwnedSemaphorePermit;
use tokio::task::JoinHandle;
use tokio_postgres::tls::TlsStream;
use tokio_postgres::{CancelToken, Client, Connection, SimpleQueryStream, Socket};
use tokio_postgres_rustls::MakeRustlsConnect;

/// A cancel request that comes before the statement began is lost: it is sent again after this time.
const CANCEL_EVERY: Duration = Duration::from_millis(500);
/// Then the socket is closed without the server's consent.
const CANCEL_TIMES: u32 = 8;

/// A connected client. `None` only while it is dropped.
pub struct Link {
    open: Option<Open>,
    /// A statement may be running: true from before it is sent until its transaction has ended.
    pub running: bool,
    /// What the server will say to the end of that transaction, once it was told to end it.
    pub ending: Option<Pin<Box<SimpleQueryStream>>>,
}

struct Open {
    client: Client,
    cancel: CancelToken,
    tls: MakeRustlsConnect,
    /// Reads and writes the socket until the client is gone; holds the place under `max_sessions`.
    socket: JoinHandle<()>,
}

impl Link {
    pub fn new<T>(
        client: Client,
        connection: Connection<Socket, T>,
        tls: MakeRustlsConnect,
        permit: OwnedSemaphorePermit,
    ) -> Self
    where
        T: TlsStream + AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        let cancel = client.cancel_token();
        let socket = tokio::spawn(async move {
            let _place = permit;
            // The statement at hand sees the same error and says so.
            if let Err(error) = connection.await {
                tracing::debug!(
                    code = error.code().map(|code| code.code()),
                    "a source session broke"
                );
            }
        });
        Self {
            open: Some(Open {
                client,
                cancel,
                tls,
                socket,
            }),
            running: false,
            ending: None,
        }
    }

    pub fn client(&self) -> &Client {
        &self.open.as_ref().expect("only drop takes it").client
    }
}

impl Drop for Link {
    fn drop(&mut self) {
        let Some(open) = self.open.take() else { return };
        match Handle::try_current() {
            Ok(runtime) if self.running => drop(runtime.spawn(open.cancel_and_close())),
            Ok(runtime) => drop(runtime.spawn(open.close())),
            Err(_) => open.socket.abort(),
        }
    }
}

impl Open {
    /// Says goodbye; the socket's task ends with that.
    async fn close(self) {
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

    async fn cancel_and_close(self) {
        let Self {
            client,
            cancel,
            tls,
            mut socket,
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
