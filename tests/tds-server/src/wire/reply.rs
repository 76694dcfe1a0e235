//! Collects tokens and sends packets as they fill, so that rows stream and memory stays flat.

use std::io;
use std::sync::Arc;

use super::packet::{FIRST_SIZE, HEADER, Place, REPLY, header};
use super::stream::Stream;

/// Tokens are sent from this size on.
const SPILL: usize = 64 * 1024;

pub struct Reply {
    stream: Arc<Stream>,
    /// Tokens not sent yet.
    pub tokens: Vec<u8>,
    size: usize,
    number: u8,
}

impl Reply {
    pub fn new(stream: Arc<Stream>) -> Reply {
        let tokens = Vec::with_capacity(2 * SPILL);
        Reply {
            stream,
            tokens,
            size: FIRST_SIZE,
            number: 1,
        }
    }

    /// From the next packet on.
    pub fn resize(&mut self, size: usize) {
        self.size = size;
    }

    pub fn stream(&self) -> &Stream {
        &self.stream
    }

    /// Sends the full packets if there is enough.
    pub fn spill(&mut self) -> io::Result<()> {
        if self.tokens.len() < SPILL {
            Ok(())
        } else {
            self.send_full()
        }
    }

    /// Sends everything, the last packet marked as the end of the message.
    pub fn finish(&mut self) -> io::Result<()> {
        self.send_full()?;
        self.send_rest(Place::Last)?;
        self.number = 1;
        Ok(())
    }

    /// Sends everything and leaves the message open.
    pub fn flush(&mut self) -> io::Result<()> {
        self.send_full()?;
        if self.tokens.is_empty() {
            Ok(())
        } else {
            self.send_rest(Place::Inner)
        }
    }

    /// Half of what is waiting, under a header that promises all of it.
    pub fn truncate(&mut self) -> io::Result<()> {
        self.send_full()?;
        let mut packet = header(REPLY, Place::Inner, self.number, self.tokens.len()).to_vec();
        packet.extend(&self.tokens[..self.tokens.len() / 2]);
        self.stream.write_all(&packet)
    }

    fn send_full(&mut self) -> io::Result<()> {
        let room = self.size - HEADER;
        let packets = self.tokens.len().saturating_sub(1) / room;
        let mut out = Vec::with_capacity(packets * self.size);
        for payload in self.tokens.chunks_exact(room).take(packets) {
            out.extend_from_slice(&header(REPLY, Place::Inner, self.number, payload.len()));
            out.extend_from_slice(payload);
            self.number = self.number.wrapping_add(1);
        }
        self.tokens.drain(..packets * room);
        self.stream.write_all(&out)
    }

    fn send_rest(&mut self, place: Place) -> io::Result<()> {
        let mut out = header(REPLY, place, self.number, self.tokens.len()).to_vec();
        out.extend_from_slice(&self.tokens);
        self.number = self.number.wrapping_add(1);
        self.tokens.clear();
        self.stream.write_all(&out)
    }
}
