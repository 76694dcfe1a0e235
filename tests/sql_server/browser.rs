//! A named instance: the browser of its host, on UDP 1434, says at which port it listens ([MC-SQLR] 2.2).

use std::net::Ipv4Addr;

use serde_json::json;
use tokio::net::{TcpListener, TcpStream, UdpSocket};
use tokio_util::task::AbortOnDropHandle;

use crate::harness::{Host, Kind};

const PORT: u16 = 1434;
/// CLNT_UCAST_INST and SVR_RESP.
const WHERE_IS: u8 = 4;
const ANSWER: u8 = 5;

#[tokio::test(flavor = "multi_thread")]
async fn an_instance_is_found_by_its_name() {
    let host = Host::of(Kind::SqlServer).await;
    let Some(server) = host.source.stand_in() else {
        return;
    };
    host.sql("create table t (id int primary key); insert into t values (1), (2)")
        .await;
    let (socket, address) = free_browser().await;
    let instance = TcpListener::bind((address, 0)).await.expect("a free port");
    let port = instance.local_addr().expect("bound").port();
    let _tasks = [
        AbortOnDropHandle::new(tokio::spawn(browse(socket, "SALES", port))),
        AbortOnDropHandle::new(tokio::spawn(forward(instance, server.addr().port()))),
    ];
    let kb = host.kb().await;
    for (name, state, code) in [
        ("SALES", "completed", None),
        ("SHOP", "failed", Some("not_found")),
    ] {
        let dsn = format!(
            "Server={address}\\{name};User ID=sa;Password=Test!Passw0rd;TrustServerCertificate=true"
        );
        host.set_connections(&json!({"src": {"kind": "sql_server", "dsn": dsn}}));
        let job = host.job(host.read(kb, name, "t", "id")).await;
        assert_eq!(
            (&job["state"], job["error"]["code"].as_str()),
            (&json!(state), code),
            "{job}"
        );
    }
}

/// The port is fixed, but on Linux each of 127.0.0.0/8 is an address of this machine.
async fn free_browser() -> (UdpSocket, Ipv4Addr) {
    for last in 1..=254 {
        let address = Ipv4Addr::new(127, 14, 34, last);
        if let Ok(socket) = UdpSocket::bind((address, PORT)).await {
            return (socket, address);
        }
    }
    panic!("254 tests at once");
}

/// Answers for one instance, and says nothing of others.
async fn browse(socket: UdpSocket, instance: &str, port: u16) {
    let asked_for = [&[WHERE_IS], instance.as_bytes()].concat();
    let text = format!(
        "ServerName;HOST;InstanceName;{instance};IsClustered;No;Version;16.0.1000.6;tcp;{port};;"
    );
    let length = u16::try_from(text.len()).expect("short").to_le_bytes();
    let answer = [&[ANSWER], &length[..], text.as_bytes()].concat();
    let mut asked = [0; 64];
    while let Ok((length, client)) = socket.recv_from(&mut asked).await {
        if asked[..length] == asked_for {
            let sent = socket.send_to(&answer, client).await;
            sent.expect("the client is on this machine");
        }
    }
}

async fn forward(instance: TcpListener, to: u16) {
    while let Ok((mut client, _)) = instance.accept().await {
        tokio::spawn(async move {
            let mut server = TcpStream::connect(("127.0.0.1", to)).await?;
            tokio::io::copy_bidirectional(&mut client, &mut server).await
        });
    }
}
