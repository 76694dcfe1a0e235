//! Looks at the first answer of a server: one without TLS, asked to encrypt the login only, would be sent a TLS
//! handshake that it never answers. MS-TDS 2.2.6.5 has the layout.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;

use super::classify::NO_TLS;

const HEADER_BYTES: usize = 8;
const ENCRYPTION: u8 = 1;
const TERMINATOR: u8 = 0xff;
const NOT_SUPPORTED: u8 = 2;
/// An answer that is longer is none.
const MOST_BYTES: usize = 4096;

/// A socket whose first answer may be looked at.
pub struct Watched {
    socket: TcpStream,
    /// The start of the first answer, until it is complete.
    answer: Option<Vec<u8>>,
}

impl Watched {
    /// Breaks if the server has no TLS.
    pub fn for_tls(socket: TcpStream) -> Self {
        Self {
            socket,
            answer: Some(Vec::new()),
        }
    }

    pub fn not(socket: TcpStream) -> Self {
        Self {
            socket,
            answer: None,
        }
    }
}

/// What the server says of TLS, as far as its answer is known.
#[derive(Debug, PartialEq, Eq)]
enum Verdict {
    Unknown,
    NoTls,
    NothingAgainst,
}

fn verdict(answer: &[u8]) -> Verdict {
    let Some((header, options)) = answer.split_at_checked(HEADER_BYTES) else {
        return Verdict::Unknown;
    };
    let length = usize::from(u16::from_be_bytes([header[2], header[3]]));
    if answer.len() < length && answer.len() < MOST_BYTES {
        return Verdict::Unknown;
    }
    let entries = options.chunks_exact(5);
    let encryption = entries
        .take_while(|entry| entry[0] != TERMINATOR)
        .find(|entry| entry[0] == ENCRYPTION)
        .map(|entry| usize::from(u16::from_be_bytes([entry[1], entry[2]])));
    match encryption.and_then(|at| options.get(at)) {
        Some(&NOT_SUPPORTED) => Verdict::NoTls,
        _ => Verdict::NothingAgainst,
    }
}

impl AsyncRead for Watched {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        ready!(Pin::new(&mut self.socket).poll_read(context, buffer))?;
        if let Some(answer) = &mut self.answer {
            answer.extend_from_slice(&buffer.filled()[before..]);
            match verdict(answer) {
                Verdict::Unknown => {}
                Verdict::NoTls => return Poll::Ready(Err(io::Error::other(NO_TLS))),
                Verdict::NothingAgainst => self.answer = None,
            }
        }
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Watched {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.socket).poll_write(context, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.socket).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.socket).poll_shutdown(context)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Version, encryption, end.
    fn answer(encryption: u8) -> Vec<u8> {
        let mut options = vec![0, 0, 11, 0, 6, 1, 0, 17, 0, 1, 0xff];
        options.extend([16, 0, 0, 0, 0, 0, encryption]);
        let mut answer = vec![4, 1, 0, 0, 0, 0, 1, 0];
        answer.extend(options);
        answer[3] = u8::try_from(answer.len()).unwrap();
        answer
    }

    #[test]
    fn only_a_whole_answer_is_judged() {
        let none = answer(NOT_SUPPORTED);
        for end in 0..none.len() {
            assert_eq!(verdict(&none[..end]), Verdict::Unknown);
        }
        assert_eq!(verdict(&none), Verdict::NoTls);
        assert_eq!(verdict(&answer(0)), Verdict::NothingAgainst);
        assert_eq!(verdict(&[0xff; MOST_BYTES]), Verdict::NothingAgainst);
    }
}
