//! The socket and its TLS. The TLS engine does no input or output of its own, so the thread that reads (and sees an
//! attention) and the one that writes rows share it without waiting for each other on the socket.
//! In TDS 7.x the handshake travels inside PRELOGIN packets ([MS-TDS] 2.2.6.5).

use std::io::{self, Read, Write};
use std::net::{Shutdown, TcpStream};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use rustls::ServerConnection;

use super::packet::{self, HEADER, PRELOGIN, Place};

pub struct Stream {
    socket: TcpStream,
    tls: Mutex<Option<ServerConnection>>,
    /// Packets leave whole and in order.
    writing: Mutex<()>,
}

impl Stream {
    pub fn new(socket: TcpStream) -> io::Result<Stream> {
        socket.set_nodelay(true)?;
        let (tls, writing) = (Mutex::new(None), Mutex::new(()));
        Ok(Stream {
            socket,
            tls,
            writing,
        })
    }

    pub fn is_encrypted(&self) -> bool {
        self.tls().is_some()
    }

    /// Ends the encryption of a login that alone was encrypted.
    pub fn end_encryption(&self) {
        *self.tls() = None;
    }

    /// Both directions, whoever waits on them.
    pub fn close(&self) {
        // The other side may have closed it already.
        let _ = self.socket.shutdown(Shutdown::Both);
    }

    fn tls(&self) -> MutexGuard<'_, Option<ServerConnection>> {
        self.tls.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What the client begins with, left to be read.
    pub fn first_byte(&self) -> io::Result<u8> {
        let mut byte = [0];
        match self.socket.peek(&mut byte)? {
            0 => Err(io::ErrorKind::UnexpectedEof.into()),
            _ => Ok(byte[0]),
        }
    }

    /// One message of all its packets: its kind and payload.
    pub fn message(&self) -> io::Result<(u8, Vec<u8>)> {
        let mut payload = Vec::new();
        loop {
            let mut header = [0; HEADER];
            self.read_exact(&mut header)?;
            let (kind, place, length) = packet::parse(header)?;
            let start = payload.len();
            payload.resize(start + length, 0);
            self.read_exact(&mut payload[start..])?;
            if place == Place::Last {
                return Ok((kind, payload));
            }
        }
    }

    pub fn write_all(&self, bytes: &[u8]) -> io::Result<()> {
        let _whole = self.writing.lock().unwrap_or_else(PoisonError::into_inner);
        let mut encrypted = Vec::new();
        {
            let mut tls = self.tls();
            let Some(tls) = tls.as_mut() else {
                drop(tls);
                return (&self.socket).write_all(bytes);
            };
            tls.writer().write_all(bytes)?;
            while tls.wants_write() {
                tls.write_tls(&mut encrypted)?;
            }
        }
        (&self.socket).write_all(&encrypted)
    }

    pub fn handshake(&self, config: Arc<rustls::ServerConfig>) -> io::Result<()> {
        let mut tls = ServerConnection::new(config).map_err(io::Error::other)?;
        tls.set_buffer_limit(None);
        while tls.is_handshaking() {
            let (_, flight) = self.message()?;
            feed(&mut tls, &flight)?;
            let mut answer = Vec::new();
            while tls.wants_write() {
                tls.write_tls(&mut answer)?;
            }
            (&self.socket).write_all(&packet::message(PRELOGIN, &answer))?;
        }
        *self.tls() = Some(tls);
        Ok(())
    }

    fn read_exact(&self, mut wanted: &mut [u8]) -> io::Result<()> {
        while !wanted.is_empty() {
            match self.read_some(wanted)? {
                0 => return Err(io::ErrorKind::UnexpectedEof.into()),
                count => wanted = &mut wanted[count..],
            }
        }
        Ok(())
    }

    fn read_some(&self, wanted: &mut [u8]) -> io::Result<usize> {
        loop {
            match self.tls().as_mut() {
                None => break,
                Some(tls) => match tls.reader().read(wanted) {
                    Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                    done => return done,
                },
            }
            let mut raw = [0; 16_384];
            let count = (&self.socket).read(&mut raw)?;
            if count == 0 {
                return Ok(0);
            }
            if let Some(tls) = self.tls().as_mut() {
                feed(tls, &raw[..count])?;
            }
        }
        (&self.socket).read(wanted)
    }
}

fn feed(tls: &mut ServerConnection, mut bytes: &[u8]) -> io::Result<()> {
    while !bytes.is_empty() {
        tls.read_tls(&mut bytes)?;
        tls.process_new_packets().map_err(io::Error::other)?;
    }
    Ok(())
}
