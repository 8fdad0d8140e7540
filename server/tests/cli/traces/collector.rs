//! A collector of traces, for the tests of the crate and those of the program.

use std::net::SocketAddr;

use axum::{Router, body::Bytes, extract::State, http::StatusCode, routing::post};
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use prost::Message as _;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};

/// What a collector receives.
pub(crate) type Received = UnboundedReceiver<ExportTraceServiceRequest>;

/// Starts a collector on this machine.
pub(crate) async fn start() -> (SocketAddr, Received) {
    type Sender = UnboundedSender<ExportTraceServiceRequest>;
    async fn take(State(sender): State<Sender>, body: Bytes) -> StatusCode {
        let Ok(request) = ExportTraceServiceRequest::decode(body) else {
            return StatusCode::BAD_REQUEST;
        };
        // The test may be over.
        let _ = sender.send(request);
        StatusCode::OK
    }
    let (sender, received) = unbounded_channel();
    let router = Router::new().route("/v1/traces", post(take)).with_state(sender);
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let addr = listener.local_addr().unwrap();
    tokio::spawn(async move { axum::serve(listener, router).await });
    (addr, received)
}
