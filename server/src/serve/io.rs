//! Bytes of a connection. Gives up peers that accept no data, and returns the stream at the end, so
//! that it can be closed without losing the last response.

use std::{
    future::poll_fn,
    io,
    pin::Pin,
    task::{Context, Poll, ready},
    time::Duration,
};

use milepost::http::Pace;
use tokio::{
    io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _, ReadBuf},
    net::TcpStream,
    sync::oneshot,
    time::{Instant, sleep_until},
};

/// Maximum time without data from a peer while discarding.
const SILENCE: Duration = Duration::from_secs(5);

/// Limits for reading and discarding unwanted data.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Discard {
    pub(super) max_bytes: u64,
    pub(super) max_duration: Duration,
    /// Minimum rate of the sender.
    pub(super) min_bytes_per_s: u32,
}

impl Discard {
    pub(super) fn begin(self) -> Discarding {
        let pace = Pace::new(SILENCE, SILENCE, self.min_bytes_per_s);
        Discarding { left: self.max_bytes, pace, end: Instant::now() + self.max_duration }
    }
}

/// State of discarding.
pub(super) struct Discarding {
    left: u64,
    pace: Pace,
    end: Instant,
}

impl Discarding {
    /// Awaits a read, which returns the number of bytes; returns whether to read again.
    pub(super) async fn goes_on(&mut self, read: impl Future<Output = Option<usize>>) -> bool {
        if self.left == 0 {
            return false;
        }
        let Self { pace, end, .. } = self;
        let bytes = tokio::select! {
            bytes = read => bytes,
            _ = poll_fn(|cx| pace.poll_too_slow(cx)) => None,
            () = sleep_until(*end) => None,
        };
        let Some(bytes) = bytes else { return false };
        self.pace.moved(bytes);
        self.left = self.left.saturating_sub(bytes as u64);
        true
    }
}

/// Stream whose peer must keep reading.
pub(super) struct Io {
    /// Present until the drop.
    stream: Option<TcpStream>,
    back: Option<oneshot::Sender<TcpStream>>,
    /// Time allowance of the reading peer.
    pace: Pace,
}

impl Io {
    /// Returns the stream for the server, and a receiver that yields it when the server is done.
    pub(super) fn new(stream: TcpStream, pace: Pace) -> (Self, oneshot::Receiver<TcpStream>) {
        let (back, done) = oneshot::channel();
        (Self { stream: Some(stream), back: Some(back), pace }, done)
    }

    fn poll(
        &mut self,
        cx: &mut Context<'_>,
        write: impl FnOnce(Pin<&mut TcpStream>, &mut Context<'_>) -> Poll<io::Result<usize>>,
    ) -> Poll<io::Result<usize>> {
        let Some(stream) = &mut self.stream else {
            return Poll::Ready(Err(io::ErrorKind::NotConnected.into()));
        };
        let written = write(Pin::new(stream), cx);
        if written.is_pending() {
            ready!(self.pace.poll_too_slow(cx));
            return Poll::Ready(Err(io::ErrorKind::TimedOut.into()));
        }
        if let Poll::Ready(Ok(bytes)) = written {
            self.pace.moved(bytes);
        }
        written
    }
}

impl Drop for Io {
    fn drop(&mut self) {
        if let (Some(stream), Some(back)) = (self.stream.take(), self.back.take()) {
            // The connection may have been given up.
            let _ = back.send(stream);
        }
    }
}

impl AsyncRead for Io {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        match &mut self.stream {
            Some(stream) => Pin::new(stream).poll_read(cx, buffer),
            None => Poll::Ready(Err(io::ErrorKind::NotConnected.into())),
        }
    }
}

impl AsyncWrite for Io {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.poll(cx, |stream, cx| stream.poll_write(cx, bytes))
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        pieces: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        self.poll(cx, |stream, cx| stream.poll_write_vectored(cx, pieces))
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.as_ref().is_some_and(AsyncWrite::is_write_vectored)
    }

    // Neither waits for the peer: the system has accepted what was written.
    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match &mut self.stream {
            Some(stream) => Pin::new(stream).poll_flush(cx),
            None => Poll::Ready(Err(io::ErrorKind::NotConnected.into())),
        }
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match &mut self.stream {
            Some(stream) => Pin::new(stream).poll_shutdown(cx),
            None => Poll::Ready(Err(io::ErrorKind::NotConnected.into())),
        }
    }
}

/// Closes a connection. A socket closed with unread data is reset, and the peer may lose the
/// response. Therefore incoming data is read first, within limits.
pub(super) async fn close(mut stream: TcpStream, discard: Discard) {
    // Errors now concern only the peer.
    if stream.shutdown().await.is_ok() {
        let mut buffer = vec![0_u8; 16 << 10];
        let mut discarding = discard.begin();
        let mut read = async || stream.read(&mut buffer).await.ok().filter(|bytes| *bytes > 0);
        while discarding.goes_on(read()).await {}
    }
}
