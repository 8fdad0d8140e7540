//! Connections: accepting, serving HTTP/1.1, and closing.
//!
//! Replaces `axum::serve`, which costs too much with thousands of long polls: it checks each
//! connection for HTTP/2 first, which doubles the buffer of each.

use std::{
    collections::VecDeque,
    io,
    net::{IpAddr, SocketAddr},
    sync::Arc,
    time::Duration,
};

use axum::Router;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use milepost::{
    engine::{Admission, ClientAddress, Full, MaxPlaces},
    http::{Pace, TrustedProxy},
    task::{Problem, ProblemCode},
};
use tokio::{
    net::{TcpListener, TcpStream},
    sync::{Notify, watch},
    task::AbortHandle,
    time::sleep,
};

use super::{
    front::Front,
    io::{Discard, Io, close},
};

/// Pause before accepting again when the system has run out of resources.
const RECOVER: Duration = Duration::from_secs(1);
/// Limits of a connection beyond the maximum: enough for one request and its refusal.
const REFUSED: Bounds = Bounds {
    idle_timeout: Duration::from_secs(2),
    write_timeout: Duration::from_secs(2),
    min_bytes_per_s: 0,
    discard: Discard { max_bytes: 1 << 20, longest: Duration::from_secs(1), min_bytes_per_s: 0 },
};
/// `Retry-After` of such a refusal, in milliseconds.
const FULL_MS: i64 = 5_000;
/// Time that connections have at shutdown to notice it after their last response.
const LAST_WORDS: Duration = Duration::from_millis(500);

/// Options of serving connections.
#[derive(Clone, Debug)]
pub(super) struct ConnectionOptions {
    pub(super) max_open: MaxPlaces,
    pub(super) bounds: Bounds,
    /// Connections from these addresses carry many clients and have no limit per client.
    pub(super) trusted_proxies: Vec<TrustedProxy>,
}

/// Timeouts and minimum rates of a peer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Bounds {
    /// Time limit for the head of each request.
    pub(super) idle_timeout: Duration,
    /// Maximum time without accepting any part of a response.
    pub(super) write_timeout: Duration,
    /// Minimum rate at which a response must be accepted, enforced after a deficit of
    /// `write_timeout`.
    pub(super) min_bytes_per_s: u32,
    /// Limits for discarding unread data.
    pub(super) discard: Discard,
}

/// Becomes true when the server shuts down.
pub(super) type Stop = watch::Receiver<bool>;

/// Waits for the shutdown; a dropped sender counts as one.
async fn stopped(stop: &mut Stop) {
    let _ = stop.wait_for(|stop| *stop).await;
}

/// Serves until shutdown, then until the last request is answered.
pub(super) async fn serve(
    listener: TcpListener,
    router: Router,
    options: ConnectionOptions,
    mut stop: Stop,
) {
    // Each connection holds a receiver; when all are dropped, no connection is left.
    let (alive, open) = watch::channel(());
    let admission = Admission::new(options.max_open);
    let mut refused = Refused::new(options.max_open);
    loop {
        let (stream, peer) = tokio::select! {
            accepted = listener.accept() => match accepted {
                Ok(accepted) => accepted,
                Err(error) => {
                    recover(&error).await;
                    continue;
                }
            },
            () = stopped(&mut stop) => break,
        };
        let (router, stop, open) = (router.clone(), stop.clone(), open.clone());
        let bounds = options.bounds;
        match admission.enter(client(peer.ip(), &options.trusted_proxies)) {
            Ok(place) => drop(tokio::spawn(async move {
                Conversation { router, peer, bounds, refusal: None }.hold(stream, stop).await;
                drop((place, open));
            })),
            Err(full) => {
                let refusal = Some(refusal(full));
                let conversation = Conversation { router, peer, bounds: REFUSED, refusal };
                let task = tokio::spawn(async move {
                    conversation.hold(stream, stop).await;
                    drop(open);
                });
                refused.push(task.abort_handle());
            }
        }
    }
    // New connections are refused from here on.
    drop(listener);
    drop(open);
    alive.closed().await;
}

/// Address under which a peer's connections are counted; `None` for trusted proxies.
fn client(peer: IpAddr, proxies: &[TrustedProxy]) -> Option<ClientAddress> {
    let trusted = proxies.iter().any(|proxy| proxy.contains(peer));
    (!trusted).then(|| peer.into())
}

fn refusal(full: Full) -> Problem {
    let setting = match full {
        Full::Client { .. } => "max_open_per_client",
        Full::All { .. } => "max_open",
    };
    let detail = format!("Of the server's connections {full} (http.connections.{setting})");
    tracing::debug!("a connection is refused: {detail}");
    let mut problem =
        Problem::new(503, "Service Unavailable", detail).with_code(ProblemCode::ServerFull);
    problem.retry_after_ms = Some(FULL_MS);
    problem
}

/// Connections that are being refused. The oldest is dropped when too many wait, so that silent
/// peers cannot prevent others from getting their refusal.
struct Refused {
    tasks: VecDeque<AbortHandle>,
    max: usize,
}

impl Refused {
    fn new(max_open: MaxPlaces) -> Self {
        Self { tasks: VecDeque::new(), max: (max_open.in_all / 8).clamp(8, 256) }
    }

    fn push(&mut self, task: AbortHandle) {
        if self.tasks.len() >= self.max
            && let Some(oldest) = self.tasks.pop_front()
        {
            oldest.abort();
        }
        self.tasks.push_back(task);
    }
}

/// One connection.
struct Conversation {
    router: Router,
    peer: SocketAddr,
    bounds: Bounds,
    /// Response to all requests, if the connection is refused.
    refusal: Option<Problem>,
}

impl Conversation {
    /// Serves the connection to its end; at shutdown, to the end of the current request.
    async fn hold(self, stream: TcpStream, mut stop: Stop) {
        // Send responses without delay. Fails only if the connection is already closed.
        let _ = stream.set_nodelay(true);
        let Self { router, peer, bounds, refusal } = self;
        let Bounds { write_timeout, min_bytes_per_s, .. } = bounds;
        let pace = Pace::new(write_timeout, write_timeout, min_bytes_per_s);
        let (stream, done) = Io::new(stream, pace);
        let rest = Arc::new(Notify::new());
        let keep_alive = refusal.is_none();
        let front = Front::new(router, peer, bounds.discard, Arc::clone(&rest), refusal);
        speak(stream, front, keep_alive, bounds.idle_timeout, &rest, &mut stop).await;
        let Ok(stream) = done.await else { return };
        let patience = async {
            stopped(&mut stop).await;
            sleep(LAST_WORDS).await;
        };
        // Boxed, so that thousands of connections do not reserve memory for it.
        tokio::select! {
            () = Box::pin(close(stream, bounds.discard)) => {}
            () = patience => {}
        }
    }
}

async fn speak(
    stream: Io,
    front: Front,
    keep_alive: bool,
    idle_timeout: Duration,
    rest: &Notify,
    stop: &mut Stop,
) {
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(idle_timeout)
        .keep_alive(keep_alive)
        .serve_connection(TokioIo::new(stream), front);
    tokio::pin!(connection);
    let mut stopping = false;
    loop {
        tokio::select! {
            // A broken connection concerns only its client.
            _ = connection.as_mut() => return,
            // Poll the connection again: nothing else tells it that a body is no longer read.
            () = rest.notified() => {}
            () = stopped(stop), if !stopping => {
                stopping = true;
                connection.as_mut().graceful_shutdown();
            }
        }
    }
}

async fn recover(error: &io::Error) {
    use io::ErrorKind::{ConnectionAborted, ConnectionRefused, ConnectionReset};
    // The client disconnected before it was accepted.
    if matches!(error.kind(), ConnectionAborted | ConnectionRefused | ConnectionReset) {
        return;
    }
    tracing::error!(%error, "no connection can be accepted for now");
    sleep(RECOVER).await;
}
