//! Test endpoint of the chat completions protocol that follows a script, one step per request.

use std::{
    collections::VecDeque,
    convert::Infallible,
    io,
    sync::{Arc, Mutex},
};

use axum::{
    Json, Router,
    body::{Body, Bytes},
    extract::State,
    http::{HeaderMap, Response, StatusCode, Uri},
    routing::{get, post},
};
use futures_util::{StreamExt, stream};
use tokio::{net::TcpListener, sync::oneshot, task::JoinHandle};

/// Response of the server to one request.
pub(super) enum Step {
    Status { status: u16, headers: Vec<(String, String)>, body: String },
    Stream { chunks: Vec<Bytes>, end: End },
}

/// How a stream ends.
pub(super) enum End {
    Whole,
    /// The connection is closed in the middle, when the test says so.
    Cut(oneshot::Receiver<()>),
    /// Nothing more arrives; the sender is dropped with the stream.
    Hang(oneshot::Sender<Infallible>),
}

/// A received request.
#[derive(Clone)]
pub(super) struct Seen {
    pub(super) key: Option<String>,
    pub(super) headers: HeaderMap,
    pub(super) query: Option<String>,
    pub(super) body: serde_json::Value,
}

/// Part of a reply as an event.
pub(super) fn event(content: &str) -> String {
    let chunk = serde_json::json!({"choices": [{"delta": {"content": content}}]});
    format!("data: {chunk}\n\n")
}

/// A complete reply, word by word, with its cost.
pub(super) fn reply(text: &str, tokens: u64) -> Vec<String> {
    let mut events: Vec<String> = text.split_inclusive(' ').map(event).collect();
    events.push("data: {\"choices\":[{\"delta\":{},\"finish_reason\":\"stop\"}]}\n\n".to_owned());
    let usage = serde_json::json!({"choices": [], "usage": {"total_tokens": tokens}});
    events.push(format!(": a comment\n\ndata: {usage}\n\n"));
    events.push("data: [DONE]\n\n".to_owned());
    events
}

fn bytes(chunks: &[String]) -> Vec<Bytes> {
    chunks.iter().map(|chunk| Bytes::from(chunk.clone())).collect()
}

impl Step {
    pub(super) fn status(status: u16, headers: &[(&str, &str)], body: &str) -> Self {
        let headers = headers.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect();
        Self::Status { status, headers, body: body.to_owned() }
    }

    pub(super) fn stream(chunks: &[String]) -> Self {
        Self::Stream { chunks: bytes(chunks), end: End::Whole }
    }

    /// Every byte in its own chunk, so that characters and lines are split.
    pub(super) fn bytewise(chunks: &[String]) -> Self {
        let whole = chunks.concat().into_bytes();
        let chunks = whole.chunks(1).map(Bytes::copy_from_slice).collect();
        Self::Stream { chunks, end: End::Whole }
    }

    /// The sender closes the connection; dropping it does, too.
    pub(super) fn cut(chunks: &[String]) -> (Self, oneshot::Sender<()>) {
        let (cut, when) = oneshot::channel();
        (Self::Stream { chunks: bytes(chunks), end: End::Cut(when) }, cut)
    }

    /// The receiver resolves when the server's side is dropped.
    pub(super) fn hang(chunks: &[String]) -> (Self, Dropped) {
        let (guard, dropped) = oneshot::channel();
        (Self::Stream { chunks: bytes(chunks), end: End::Hang(guard) }, Dropped(dropped))
    }

    fn answer(self) -> Response<Body> {
        match self {
            Self::Status { status, headers, body } => {
                let mut response = Response::builder().status(status);
                if status == 200 {
                    response = response.header("content-type", "application/json");
                }
                for (name, value) in headers {
                    response = response.header(name, value);
                }
                response.body(Body::from(body)).unwrap()
            }
            Self::Stream { chunks, end } => {
                let chunks = stream::iter(chunks.into_iter().map(Ok));
                let body = match end {
                    End::Whole => Body::from_stream(chunks),
                    End::Cut(when) => {
                        let lost = stream::once(async move {
                            let _ = when.await;
                            Err(io::Error::from(io::ErrorKind::ConnectionReset))
                        });
                        Body::from_stream(chunks.chain(lost))
                    }
                    End::Hang(guard) => {
                        let hang = stream::once(async move {
                            let _guard = guard;
                            std::future::pending::<io::Result<Bytes>>().await
                        });
                        Body::from_stream(chunks.chain(hang))
                    }
                };
                Response::builder().header("content-type", "text/event-stream").body(body).unwrap()
            }
        }
    }
}

/// Resolves once the server has dropped a hanging stream.
pub(super) struct Dropped(oneshot::Receiver<Infallible>);

impl Dropped {
    pub(super) async fn expect(self, what: &str) {
        let limit = std::time::Duration::from_secs(10);
        let dropped = tokio::time::timeout(limit, self.0).await.expect(what);
        assert!(dropped.is_err());
    }
}

#[derive(Clone)]
struct Script {
    steps: Arc<Mutex<VecDeque<Step>>>,
    seen: Arc<Mutex<Vec<Seen>>>,
}

/// The running endpoint; stops on drop.
pub(super) struct Server {
    address: std::net::SocketAddr,
    script: Script,
    task: JoinHandle<()>,
}

impl Server {
    pub(super) async fn start(steps: Vec<Step>) -> Self {
        let script = Script { steps: Arc::new(Mutex::new(steps.into())), seen: Arc::default() };
        let app = Router::new()
            .route("/v1/chat/completions", post(complete))
            .route("/v1/models", get(models))
            .with_state(script.clone());
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let task = tokio::spawn(async move { axum::serve(listener, app).await.unwrap() });
        Self { address, script, task }
    }

    pub(super) fn url(&self) -> String {
        format!("http://{}/v1/", self.address)
    }

    pub(super) fn seen(&self) -> Vec<Seen> {
        self.script.seen.lock().unwrap().clone()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn complete(
    State(script): State<Script>,
    uri: Uri,
    headers: HeaderMap,
    Json(body): Json<serde_json::Value>,
) -> Response<Body> {
    let key = headers.get("authorization").map(|key| key.to_str().unwrap().to_owned());
    script.seen.lock().unwrap().push(Seen {
        key,
        headers,
        query: uri.query().map(str::to_owned),
        body,
    });
    match script.steps.lock().unwrap().pop_front() {
        Some(step) => step.answer(),
        None => Response::builder()
            .status(StatusCode::IM_A_TEAPOT)
            .body(Body::from("the script is over"))
            .unwrap(),
    }
}

async fn models(State(script): State<Script>) -> Response<Body> {
    let step = script.steps.lock().unwrap().pop_front();
    step.map_or_else(|| Response::new(Body::empty()), Step::answer)
}
