//! A network between a session and a server, which can be slow and can break.

use std::net::SocketAddr;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;

/// What becomes of what the server sends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Flow {
    Open,
    Held,
    Cut,
}

/// Ends with the runtime of its test.
pub struct Proxy {
    pub port: u16,
    flow: watch::Sender<Flow>,
}

impl Proxy {
    pub async fn to(server: SocketAddr) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let (flow, watched) = watch::channel(Flow::Open);
        tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                let upstream = TcpStream::connect(server).await.unwrap();
                tokio::spawn(forward(client, upstream, watched.clone()));
            }
        });
        Self { port, flow }
    }

    pub fn set(&self, flow: Flow) {
        self.flow.send_replace(flow);
    }
}

async fn forward(client: TcpStream, server: TcpStream, mut flow: watch::Receiver<Flow>) {
    let (mut from_client, mut to_client) = client.into_split();
    let (mut from_server, mut to_server) = server.into_split();
    let asked = async {
        let _closed = tokio::io::copy(&mut from_client, &mut to_server).await;
    };
    let mut cut = flow.clone();
    let answered = async {
        let mut buffer = vec![0; 16 << 10];
        while let Ok(length @ 1..) = from_server.read(&mut buffer).await {
            let flows = flow.wait_for(|flow| *flow != Flow::Held).await;
            let is_open = flows.is_ok_and(|flow| *flow == Flow::Open);
            if !is_open || to_client.write_all(&buffer[..length]).await.is_err() {
                break;
            }
        }
        // A client that has gone may have said something before.
        std::future::pending::<()>().await;
    };
    tokio::select! {
        () = asked => {}
        () = answered => {}
        _ = cut.wait_for(|flow| *flow == Flow::Cut) => {}
    }
}
