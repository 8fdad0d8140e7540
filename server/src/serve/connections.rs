//! Connections: accepted, served by HTTP/1.1, and brought to their end.
//!
//! `axum::serve` would do, but for what thousands of held requests cost: it asks of each connection
//! first whether it speaks HTTP/2, which doubles the buffer that every one keeps.

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
    task::Problem,
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

/// How long to wait before connections are accepted again, where the system has no more to give.
const RECOVER: Duration = Duration::from_secs(1);
/// What a connection gets for which there is no place: time for one request and its refusal.
const REFUSED: Bounds = Bounds {
    idle_timeout: Duration::from_secs(2),
    write_timeout: Duration::from_secs(2),
    min_bytes_per_s: 0,
    discard: Discard { max_bytes: 1 << 20, longest: Duration::from_secs(1), min_bytes_per_s: 0 },
};
/// When somebody may try again for whom there was no place.
const FULL_MS: i64 = 5_000;
/// Once the server stops, connections that are answered have so long to notice.
const LAST_WORDS: Duration = Duration::from_millis(500);

/// How connections are served.
#[derive(Clone, Debug)]
pub(super) struct ConnectionOptions {
    pub(super) max_open: MaxPlaces,
    pub(super) bounds: Bounds,
    /// Connections from these are those of many clients.
    pub(super) trusted_proxies: Vec<TrustedProxy>,
}

/// What a peer may take its time for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Bounds {
    /// For the head of a request, the first and each further one.
    pub(super) idle_timeout: Duration,
    /// For taking in some of an answer.
    pub(super) write_timeout: Duration,
    /// As much of an answer is taken in at least, once it has fallen behind by `write_timeout`.
    pub(super) min_bytes_per_s: u32,
    /// For what was sent and is not wanted.
    pub(super) discard: Discard,
}

/// Turns true when the server is to stop.
pub(super) type Stop = watch::Receiver<bool>;

/// Returns once the server is to stop; where nobody is left to say so, that is the end as well.
async fn stopped(stop: &mut Stop) {
    let _ = stop.wait_for(|stop| *stop).await;
}

/// Serves until told to stop, and then until the last request is answered.
pub(super) async fn serve(
    listener: TcpListener,
    router: Router,
    options: ConnectionOptions,
    mut stop: Stop,
) {
    // Each connection has one of these; when all are dropped there is none any more.
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
    // Who comes from here on is refused at once.
    drop(listener);
    drop(open);
    alive.closed().await;
}

/// The address that the connections of a peer count for.
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
    let mut problem = Problem::new(503, "Service Unavailable", detail);
    problem.retry_after_ms = Some(FULL_MS);
    problem
}

/// The connections that are being told that there is no place. Whoever is not done goes when others come:
/// a flood of silent ones keeps nobody from an answer.
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
    /// What is answered, whatever is asked.
    refusal: Option<Problem>,
}

impl Conversation {
    /// To its end; once it is to stop, to the end of the request under way.
    async fn hold(self, stream: TcpStream, mut stop: Stop) {
        // An answer is not kept back to wait for more. Fails only where the connection is gone already.
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
        // On the heap: thousands of connections do not keep room for their end.
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
            // A connection that breaks is its client's business.
            _ = connection.as_mut() => return,
            // Looked at again: it hears from nobody else that a body is not read any more.
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
    // The client was gone before it was accepted.
    if matches!(error.kind(), ConnectionAborted | ConnectionRefused | ConnectionReset) {
        return;
    }
    tracing::error!(%error, "no connection can be accepted for now");
    sleep(RECOVER).await;
}
