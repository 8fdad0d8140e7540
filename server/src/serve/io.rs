//! The bytes of a connection: a peer that takes nothing in is given up, and the stream comes back at the end,
//! so that it can be closed without losing the last answer.

use std::{
    io,
    pin::Pin,
    task::{Context, Poll, ready},
    time::Duration,
};

use tokio::{
    io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _, ReadBuf},
    net::TcpStream,
    sync::oneshot,
    time::{Instant, Sleep, sleep_until, timeout},
};

/// A peer that was told everything and is silent for so long has nothing more to say.
pub(super) const SILENCE: Duration = Duration::from_secs(5);

/// How much is read and dropped of what nobody asked for, and for how long.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Discard {
    pub(super) max_bytes: u64,
    pub(super) longest: Duration,
}

/// A stream whose peer must go on reading.
pub(super) struct Io {
    /// There until the drop.
    stream: Option<TcpStream>,
    back: Option<oneshot::Sender<TcpStream>>,
    write_timeout: Duration,
    stalled: bool,
    timer: Option<Pin<Box<Sleep>>>,
}

impl Io {
    /// The stream for the server, and the same once the server has done with it.
    pub(super) fn new(
        stream: TcpStream,
        write_timeout: Duration,
    ) -> (Self, oneshot::Receiver<TcpStream>) {
        let (back, done) = oneshot::channel();
        let (stream, back) = (Some(stream), Some(back));
        (Self { stream, back, write_timeout, stalled: false, timer: None }, done)
    }

    fn poll<T>(
        &mut self,
        cx: &mut Context<'_>,
        write: impl FnOnce(Pin<&mut TcpStream>, &mut Context<'_>) -> Poll<io::Result<T>>,
    ) -> Poll<io::Result<T>> {
        let Some(stream) = &mut self.stream else {
            return Poll::Ready(Err(io::ErrorKind::NotConnected.into()));
        };
        let written = write(Pin::new(stream), cx);
        if written.is_ready() {
            self.stalled = false;
            return written;
        }
        ready!(self.poll_stalled(cx));
        Poll::Ready(Err(io::ErrorKind::TimedOut.into()))
    }

    /// Ready once the peer has taken nothing in for too long.
    fn poll_stalled(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        let end = Instant::now() + self.write_timeout;
        let timer = match &mut self.timer {
            Some(timer) => {
                if !self.stalled {
                    timer.as_mut().reset(end);
                }
                timer
            }
            None => self.timer.insert(Box::pin(sleep_until(end))),
        };
        self.stalled = true;
        timer.as_mut().poll(cx)
    }
}

impl Drop for Io {
    fn drop(&mut self) {
        if let (Some(stream), Some(back)) = (self.stream.take(), self.back.take()) {
            // Nobody waits for it where the connection was given up.
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

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.poll(cx, AsyncWrite::poll_flush)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.poll(cx, AsyncWrite::poll_shutdown)
    }
}

/// Ends a connection. A system that still has bytes for a closed socket resets the connection, and the
/// peer may lose the answer that it has not read: so what still comes is read first, within bounds.
pub(super) async fn close(mut stream: TcpStream, discard: Discard) {
    let rest = async {
        stream.shutdown().await?;
        let (mut left, mut buffer) = (discard.max_bytes, vec![0_u8; 16 << 10]);
        while left > 0 {
            match timeout(SILENCE, stream.read(&mut buffer)).await {
                Ok(Ok(read)) if read > 0 => left = left.saturating_sub(read as u64),
                _ => break,
            }
        }
        io::Result::Ok(())
    };
    // What goes wrong now is the peer's business.
    let _ = timeout(discard.longest, rest).await;
}
