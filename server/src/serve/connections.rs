//! Connections: accepted, served by HTTP/1.1, and brought to their end.
//!
//! `axum::serve` would do, but for what thousands of held requests cost: it asks of each connection
//! first whether it speaks HTTP/2, which doubles the buffer that every one keeps.

use std::{io, net::SocketAddr, time::Duration};

use axum::{Router, extract::ConnectInfo, http::Request};
use hyper::{body::Incoming, server::conn::http1};
use hyper_util::{
    rt::{TokioIo, TokioTimer},
    service::TowerToHyperService,
};
use tokio::{
    net::{TcpListener, TcpStream},
    sync::watch,
    time::sleep,
};
use tower::ServiceExt as _;

/// How long to wait before connections are accepted again, where the system has no more to give.
const RECOVER: Duration = Duration::from_secs(1);

/// Serves until `stop` says so, and then until the last request is answered.
pub(super) async fn serve(listener: TcpListener, router: Router, mut stop: watch::Receiver<()>) {
    // Each connection has one of these; when all are dropped there is none any more.
    let (alive, open) = watch::channel(());
    loop {
        let (stream, peer) = tokio::select! {
            accepted = listener.accept() => match accepted {
                Ok(accepted) => accepted,
                Err(error) => {
                    recover(&error).await;
                    continue;
                }
            },
            // An error means that the sender is gone, which is the end as well.
            _ = stop.changed() => break,
        };
        let (router, stop, open) = (router.clone(), stop.clone(), open.clone());
        tokio::spawn(async move {
            converse(stream, peer, router, stop).await;
            drop(open);
        });
    }
    // Who comes from here on is refused at once.
    drop(listener);
    drop(open);
    alive.closed().await;
}

/// One connection, to its end; once it is to stop, to the end of the request under way.
async fn converse(
    stream: TcpStream,
    peer: SocketAddr,
    router: Router,
    mut stop: watch::Receiver<()>,
) {
    // An answer is not kept back to wait for more. Fails only where the connection is gone already.
    let _ = stream.set_nodelay(true);
    let router = router.map_request(move |mut request: Request<Incoming>| {
        request.extensions_mut().insert(ConnectInfo(peer));
        request
    });
    let service = TowerToHyperService::new(router);
    // The timer ends connections whose request does not get beyond its head.
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .serve_connection(TokioIo::new(stream), service);
    tokio::pin!(connection);
    tokio::select! {
        // A connection that breaks is its client's business.
        _ = connection.as_mut() => return,
        _ = stop.changed() => {}
    }
    connection.as_mut().graceful_shutdown();
    let _ = connection.await;
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
