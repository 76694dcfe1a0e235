//! Times `bench.rows` into a reader that decodes nothing: what the stand-in can do at best.
//! `cargo run --release -p tds-server --example floor`
use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::Instant;

use tds_server::{Options, Server, Tls};

const ROWS: i64 = 3_000_000;

fn main() -> std::io::Result<()> {
    let options = Options {
        tls: Tls::Off,
        bench_rows: ROWS,
        ..Options::default()
    };
    let server = Server::start(options)?;
    let mut socket = TcpStream::connect(server.addr())?;
    socket.write_all(&message(0x12, &[1, 0, 6, 0, 1, 0xff, 2]))?;
    read_message(&mut socket)?;
    socket.write_all(&message(0x10, &login()))?;
    read_message(&mut socket)?;
    let mut batch = vec![
        22, 0, 0, 0, 18, 0, 0, 0, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0,
    ];
    batch.extend(utf16("select * from bench.rows order by id"));
    let started = Instant::now();
    socket.write_all(&message(1, &batch))?;
    let bytes = read_message(&mut socket)?;
    let seconds = started.elapsed().as_secs_f64();
    println!(
        "{:.2} M rows/s, {:.0} MB/s",
        ROWS as f64 / seconds / 1e6,
        bytes as f64 / seconds / 1e6
    );
    Ok(())
}

fn utf16(text: &str) -> Vec<u8> {
    text.encode_utf16().flat_map(u16::to_le_bytes).collect()
}

fn message(kind: u8, payload: &[u8]) -> Vec<u8> {
    let [high, low] = (payload.len() as u16 + 8).to_be_bytes();
    [&[kind, 1, high, low, 0, 0, 1, 0], payload].concat()
}

/// LOGIN7 with user, password and the largest packets.
fn login() -> Vec<u8> {
    let mut login = vec![0; 94];
    login[8..12].copy_from_slice(&32_767u32.to_le_bytes());
    let password = utf16("Test!Passw0rd")
        .into_iter()
        .map(|byte| byte.rotate_left(4) ^ 0xa5);
    let fields = [
        (40, utf16("sa")),
        (44, password.collect()),
        (68, utf16("demo")),
    ];
    for (at, bytes) in fields {
        let offset = login.len() as u16;
        login[at..at + 2].copy_from_slice(&offset.to_le_bytes());
        login[at + 2..at + 4].copy_from_slice(&(bytes.len() as u16 / 2).to_le_bytes());
        login.extend(bytes);
    }
    login
}

/// The bytes of a message's packets.
fn read_message(socket: &mut TcpStream) -> std::io::Result<usize> {
    let mut reader = std::io::BufReader::with_capacity(1 << 20, socket);
    let mut bytes = 0;
    let mut payload = Vec::new();
    loop {
        let mut header = [0; 8];
        reader.read_exact(&mut header)?;
        let length = usize::from(u16::from_be_bytes([header[2], header[3]]));
        payload.resize(length - 8, 0);
        reader.read_exact(&mut payload)?;
        bytes += length;
        if header[1] & 1 == 1 {
            return Ok(bytes);
        }
    }
}
