//! The status read under load, beside a bare axum handler that sends as many bytes, and that of a task that has ended
//! beside that of a running one, in one run.
//! `cargo bench -p milepost --features sqlite,http --bench load`
//!
//! Slices of load on the one and on the other take turns, so that a machine whose speed drifts
//! treats both alike; the figure is the median of the ratios of neighbours. Server, handler and load
//! share the machine.

#![expect(clippy::unwrap_used, reason = "a benchmark that cannot go on fails")]
#![expect(clippy::print_stdout, reason = "the report is what a benchmark is for")]

#[path = "support/bench_task.rs"]
mod bench_task;

use std::{
    net::SocketAddr,
    time::{Duration, Instant},
};

use axum::{
    Router,
    http::{HeaderValue, StatusCode, header},
    routing::get,
};
use bench_task::Bench;
use milepost::{
    engine::Caller,
    http::{Guard, HttpOptions, router},
    task::{StartTask, TaskId},
};
use serde_json::json;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
};

const CONNECTIONS: usize = 16;
const PAIRS: usize = 21;
const SLICE: Duration = Duration::from_millis(500);
/// The least share of the bare handler's speed that is aimed at.
const AIM_UNCHANGED: f64 = 0.9;
const AIM_FULL: f64 = 0.8;
/// The least share of the speed for a running task.
const AIM_ENDED: f64 = 0.6;

fn main() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.block_on(async {
        // The task belongs to nobody, so that its id is all that a request needs; a browser's cookie
        // is sent, read and its seal checked all the same.
        let bench = Bench::start(Caller::nobody()).await;
        let options = HttpOptions::default();
        let page = Router::new().route("/", get(|| async {}));
        let pages = serve(page.layer(Guard::making_sessions(&options))).await;
        let cookie = ask(pages, b"GET / HTTP/1.1\r\nHost: here\r\n\r\n").await.cookie.unwrap();
        let ours = serve(router(bench.engine.service(), &options)).await;
        let path = format!("/api/v1/tasks/{}", bench.id);
        let first = ask(ours, &request(&path, &cookie, None)).await;
        let etag = first.etag.clone().unwrap();
        let bare = serve(bare(first.body, &etag)).await;
        println!("{CONNECTIONS} connections, {PAIRS} pairs of {} ms each", SLICE.as_millis());
        let unchanged = [(ours, path.as_str()), (bare, "/304")]
            .map(|(address, path)| (address, request(path, &cookie, Some(&etag))));
        let full = [(ours, path.as_str()), (bare, "/200")]
            .map(|(address, path)| (address, request(path, &cookie, None)));
        compare("unchanged (304)", "a bare handler", &unchanged, AIM_UNCHANGED).await;
        compare("full (200)", "a bare handler", &full, AIM_FULL).await;
        let ended = format!("/api/v1/tasks/{}", ended(&bench).await);
        let ended = [&ended, &path].map(|path| (ours, request(path, &cookie, None)));
        compare("ended (200)", "a running task", &ended, AIM_ENDED).await;
    });
}

/// Another task, which ends at once because there is a first one.
async fn ended(bench: &Bench) -> TaskId {
    let (service, start) = (bench.engine.service(), StartTask::new("reporter", json!({})));
    let id = service.start(&bench.owner, start, None).await.unwrap().receipt.id;
    while !service.get(&bench.owner, id).await.unwrap().unwrap().status.is_terminal() {
        tokio::task::yield_now().await;
    }
    id
}

/// What axum does at best: constant answers of the same size.
fn bare(body: Vec<u8>, etag: &str) -> Router {
    let etag = HeaderValue::from_str(etag).unwrap();
    let known = etag.clone();
    let full = move || {
        let (body, etag) = (body.clone(), etag.clone());
        async move {
            let json = HeaderValue::from_static("application/json");
            ([(header::CONTENT_TYPE, json), (header::ETAG, etag)], body)
        }
    };
    let unchanged = move || {
        let etag = known.clone();
        async move { (StatusCode::NOT_MODIFIED, [(header::ETAG, etag)]) }
    };
    Router::new().route("/200", get(full)).route("/304", get(unchanged))
}

async fn serve(router: Router) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
    address
}

fn request(path: &str, cookie: &str, etag: Option<&str>) -> Vec<u8> {
    let condition = etag.map(|etag| format!("If-None-Match: {etag}\r\n")).unwrap_or_default();
    format!("GET {path} HTTP/1.1\r\nHost: here\r\nCookie: {cookie}\r\n{condition}\r\n").into_bytes()
}

struct Answer {
    etag: Option<String>,
    cookie: Option<String>,
    body: Vec<u8>,
}

async fn ask(address: SocketAddr, request: &[u8]) -> Answer {
    let mut stream = TcpStream::connect(address).await.unwrap();
    stream.write_all(request).await.unwrap();
    let mut buffer = Vec::new();
    let (head, length) = read_answer(&mut stream, &mut buffer).await;
    let text = String::from_utf8_lossy(&buffer[..head]).into_owned();
    let header = |name| text.lines().find_map(|line| line.strip_prefix(name).map(str::to_owned));
    let cookie =
        header("set-cookie: ").and_then(|cookie| Some(cookie.split_once(';')?.0.to_owned()));
    Answer { etag: header("etag: "), cookie, body: buffer[head..head + length].to_vec() }
}

/// Reads one whole answer into the buffer; returns where its body begins and how long it is.
async fn read_answer(stream: &mut TcpStream, buffer: &mut Vec<u8>) -> (usize, usize) {
    buffer.clear();
    loop {
        assert!(stream.read_buf(buffer).await.unwrap() > 0, "the server hung up");
        let Some(end) = buffer.windows(4).position(|four| four == b"\r\n\r\n") else { continue };
        let head = end + 4;
        let text = std::str::from_utf8(&buffer[..end]).unwrap();
        let length = text
            .lines()
            .find_map(|line| line.strip_prefix("content-length: "))
            .map_or(0, |length| length.parse().unwrap());
        while buffer.len() < head + length {
            assert!(stream.read_buf(buffer).await.unwrap() > 0, "the server hung up");
        }
        return (head, length);
    }
}

/// Requests per second over one slice.
async fn load(address: SocketAddr, request: &[u8]) -> f64 {
    let begun = Instant::now();
    let mut clients = tokio::task::JoinSet::new();
    for _ in 0..CONNECTIONS {
        let request = request.to_vec();
        clients.spawn(async move {
            let mut stream = TcpStream::connect(address).await.unwrap();
            stream.set_nodelay(true).unwrap();
            let (mut buffer, mut answers) = (Vec::with_capacity(4_096), 0u32);
            while begun.elapsed() < SLICE {
                stream.write_all(&request).await.unwrap();
                read_answer(&mut stream, &mut buffer).await;
                answers += 1;
            }
            answers
        });
    }
    let answers: u32 = clients.join_all().await.iter().sum();
    f64::from(answers) / begun.elapsed().as_secs_f64()
}

/// The one first, then the other that it is compared with.
async fn compare(what: &str, other: &str, sides: &[(SocketAddr, Vec<u8>); 2], aim: f64) {
    let [(ours, our_request), (bare, bare_request)] = sides;
    // Both warm up.
    load(*ours, our_request).await;
    load(*bare, bare_request).await;
    let (mut speeds, mut ratios) = (Vec::new(), Vec::new());
    for _ in 0..PAIRS {
        let (a, b) = (load(*ours, our_request).await, load(*bare, bare_request).await);
        speeds.push(a);
        ratios.push(a / b);
    }
    let verdict = if median(&mut ratios) >= aim { "reached" } else { "MISSED" };
    println!(
        "{what}: {:.0} requests/s, {:.2} of {other} ({:.2} to {:.2}); aim {aim}: {verdict}",
        median(&mut speeds),
        median(&mut ratios),
        ratios[0],
        ratios[ratios.len() - 1],
    );
}

/// Sorts, then takes the middle.
fn median(values: &mut [f64]) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}
