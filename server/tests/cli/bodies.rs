//! Who is answered before everything was read sees the answer, whatever it still sends.

use serde_json::Value;

use crate::{
    fixture::{Place, Server},
    raw::{Answer, Raw, ask, get},
};

const MB: usize = 1_000_000;

/// A server that takes in short uploads only.
async fn server(place: &Place, variables: &[(&str, &str)]) -> Server {
    let variables = [&[("MILEPOST_FILES_MAX_UPLOAD_BYTES", "1000")], variables].concat();
    place.serve(&["--no-worker"], &variables).await
}

fn head(line: &str, headers: &str) -> Vec<u8> {
    format!("{line} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n{headers}\r\n").into_bytes()
}

/// The same body with its length, and in chunks.
fn requests(line: &str, headers: &str, bytes: usize) -> [Vec<u8>; 2] {
    let body = vec![b'x'; bytes];
    let mut known = head(line, &format!("{headers}Content-Length: {bytes}\r\n"));
    known.extend_from_slice(&body);
    let mut chunked = head(line, &format!("{headers}Transfer-Encoding: chunked\r\n"));
    for chunk in body.chunks(100_000) {
        chunked.extend_from_slice(format!("{:x}\r\n", chunk.len()).as_bytes());
        chunked.extend_from_slice(chunk);
        chunked.extend_from_slice(b"\r\n");
    }
    chunked.extend_from_slice(b"0\r\n\r\n");
    [known, chunked]
}

const JSON: &str = "Content-Type: application/json\r\n";
const FORM: &str = "Content-Type: application/x-www-form-urlencoded\r\n";
const FILES: &str = "Content-Type: multipart/form-data; boundary=x\r\n";
const EVIL: &str = "Origin: https://evil.example\r\n";

#[tokio::test]
async fn who_sends_everything_before_it_reads_sees_the_answer_on_every_route() {
    let place = Place::new();
    let server = server(&place, &[]).await;
    // The status where the length is known before, and in chunks.
    let cases = [
        ("POST /api/task/start", "", [413, 413]),
        ("POST /api/story/create", JSON, [413, 413]),
        ("POST /api/v1/tasks", JSON, [413, 413]),
        ("POST /api/v1/tasks", "Content-Type: text/plain\r\n", [413, 415]),
        ("POST /api/v1/batches", JSON, [413, 413]),
        ("POST /api/v1/tasks/poll", JSON, [413, 413]),
        ("POST /api/v1/tasks/00000000-0000-4000-8000-000000000000/cancel", "", [413, 404]),
        ("POST /api/v1/uploads?name=x", "", [413, 413]),
        ("POST /api/v1/uploads?name=x", FILES, [400, 400]),
        ("POST /api/v1/uploads?name=x", EVIL, [403, 403]),
        ("POST /api/v1/uploads?unknown=x", "", [400, 400]),
        ("POST /api/v1/nowhere", JSON, [413, 404]),
        ("PUT /api/v1/tasks", JSON, [413, 405]),
        ("POST /api/v1/tasks", EVIL, [403, 403]),
        ("POST /api/fn/nowhere", FORM, [413, 404]),
        ("POST /start/dataset", FORM, [413, 413]),
        ("POST /start-several/dataset", FORM, [413, 413]),
        ("POST /start/dataset", FILES, [400, 400]),
        ("POST /start/dataset", EVIL, [403, 403]),
        ("POST /tasks/x/rerun", FORM, [413, 413]),
        ("POST /tasks/x/cancel", FORM, [413, 404]),
        ("POST /nowhere", FORM, [413, 405]),
        ("POST /healthz", FORM, [405, 405]),
        ("GET /", "", [200, 200]),
        ("HEAD /", "", [200, 200]),
        ("GET /nowhere", "", [404, 404]),
        ("DELETE /api/task/x/cancel", "", [413, 404]),
        ("GET /api/v1/tasks", "", [200, 200]),
    ];
    for (line, headers, statuses) in cases {
        let requests = requests(line, headers, 20 * MB);
        for (request, status) in requests.iter().zip(statuses) {
            let answer = ask(&server, request).await;
            assert_eq!(answer.status, status, "{line} {headers}: {answer:?}");
        }
    }
}

#[tokio::test]
async fn a_body_that_is_too_large_is_told_its_limit_and_the_setting() {
    let place = Place::new();
    let server = server(&place, &[]).await;
    let limit = "The body has more than 2 MiB (http.max_body_bytes)";
    // Just over the limit, and far.
    for bytes in [(2 << 20) + 1, 3 * MB] {
        for request in requests("POST /api/task/start", "", bytes) {
            let answer = ask(&server, &request).await;
            assert_eq!(answer.status, 413, "{answer:?}");
            let body: Value = serde_json::from_str(&answer.body).unwrap();
            assert_eq!(body, serde_json::json!({ "detail": limit }));
        }
        for request in requests("POST /api/v1/tasks", JSON, bytes) {
            let answer = ask(&server, &request).await;
            assert_eq!(answer.header("content-type"), "application/problem+json", "{answer:?}");
            let body: Value = serde_json::from_str(&answer.body).unwrap();
            assert_eq!((&body["status"], &body["detail"]), (&413.into(), &limit.into()));
        }
    }
    for request in requests("POST /api/fn/run_task", JSON, 7 * MB) {
        let answer = ask(&server, &request).await;
        assert_eq!(answer.header("content-type"), "application/problem+json", "{answer:?}");
        let call = "The body has more than 6 MiB (3 times http.max_body_bytes)";
        assert!(answer.status == 413 && answer.body.contains(call), "{answer:?}");
    }
    for request in requests("POST /start/dataset", FORM, 7 * MB) {
        let answer = ask(&server, &request).await;
        let page = "The body has more than 6 MiB (3 times http.max_body_bytes)";
        assert!(answer.status == 413 && answer.body.contains(page), "{answer:?}");
        assert!(answer.header("content-type").starts_with("text/html"), "{answer:?}");
    }
}

#[tokio::test]
async fn the_connection_goes_on_where_the_body_was_read_to_its_end() {
    let place = Place::new();
    let server = server(&place, &[]).await;
    for request in requests("POST /api/task/start", "", 12 * MB) {
        let text = String::from_utf8(request).unwrap().replacen("Connection: close\r\n", "", 1);
        let mut raw = Raw::to(&server).await;
        raw.write(&[text.into_bytes(), get("/healthz", "localhost")].concat()).await;
        assert_eq!(raw.answer().await.status, 413);
        let second = raw.answer().await;
        assert_eq!((second.status, &*second.body), (200, "ok\n"), "{second:?}");
    }
}

#[tokio::test]
async fn with_expect_a_body_that_is_refused_is_not_asked_for() {
    let place = Place::new();
    let server = server(&place, &[]).await;
    let expect = |line: &str, bytes: usize| {
        let lines = format!("{JSON}Expect: 100-continue\r\nContent-Length: {bytes}\r\n");
        let text = String::from_utf8(head(line, &lines)).unwrap();
        text.replacen("Connection: close\r\n", "", 1).into_bytes()
    };
    for (line, bytes, status) in [
        ("POST /api/task/start", 12 * MB, 413),
        ("POST /api/v1/tasks", 12 * MB, 413),
        ("POST /api/v1/nowhere", MB, 404),
        ("POST /tasks/x/cancel", MB, 404),
    ] {
        let mut raw = Raw::to(&server).await;
        raw.write(&expect(line, bytes)).await;
        let answer = raw.answer().await;
        assert_eq!(answer.status, status, "{line}: {answer:?}");
        assert_eq!(answer.header("connection"), "close", "{line}: {answer:?}");
        // Who sends nevertheless is listened to.
        raw.write(&vec![b'x'; bytes]).await;
    }
    let mut raw = Raw::to(&server).await;
    let body = br#"{"data": "a,b\n1,2\n"}"#;
    raw.write(&expect("POST /api/task/start", body.len())).await;
    assert_eq!(raw.answer().await.status, 100);
    raw.write(body).await;
    assert_eq!(raw.answer().await.status, 200);
}

#[tokio::test]
async fn a_sender_that_never_ends_is_cut_off_after_the_answer() {
    let place = Place::new();
    let variables = [("MILEPOST_HTTP_CONNECTIONS_MAX_DISCARD_BYTES", "4000000")];
    let server = server(&place, &variables).await;
    let chunk = [b"186a0\r\n".as_slice(), &vec![b'x'; 100_000], b"\r\n"].concat();
    let mut raw = Raw::to(&server).await;
    raw.write(&head("POST /api/v1/nowhere", "Transfer-Encoding: chunked\r\n")).await;
    raw.write(&chunk).await;
    assert_eq!(raw.answer().await.status, 404);
    let bytes = raw.write_until_cut(&chunk).await;
    assert!(bytes > 3_000_000, "{bytes}");
    // Known to be too much: the answer ends the connection.
    let mut raw = Raw::to(&server).await;
    raw.write(&head("POST /api/v1/nowhere", "Content-Length: 1000000000\r\n")).await;
    let answer = raw.answer().await;
    assert_eq!((answer.status, answer.header("connection")), (413, "close"), "{answer:?}");
    assert!(raw.write_until_cut(&chunk).await > 3_000_000);
}

#[tokio::test]
async fn a_sender_that_falls_silent_is_told_so_and_cut_off() {
    let place = Place::new();
    let variables = [
        ("MILEPOST_HTTP_CONNECTIONS_BODY_IDLE_TIMEOUT_S", "1"),
        ("MILEPOST_HTTP_CONNECTIONS_MIN_BODY_BYTES_PER_S", "0"),
        ("MILEPOST_HTTP_CONNECTIONS_MAX_DISCARD_S", "1"),
    ];
    let server = server(&place, &variables).await;
    let text = "Nothing of the body came for 1 s (http.connections.body_idle_timeout_s)";
    for (line, headers) in [
        ("POST /api/task/start", ""),
        ("POST /api/v1/tasks", JSON),
        ("POST /api/v1/uploads?name=x", ""),
        ("POST /start/dataset", FORM),
    ] {
        let mut raw = Raw::to(&server).await;
        raw.write(&head(line, &format!("{headers}Content-Length: 500\r\n"))).await;
        raw.write(b"some").await;
        let answer: Answer = raw.answer().await;
        assert_eq!(answer.status, 408, "{line}: {answer:?}");
        assert!(answer.body.contains(text), "{line}: {answer:?}");
        assert_eq!(raw.end().await, "", "{line}");
    }
}
