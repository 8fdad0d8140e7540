//! HEAD, ranges and empty files, as clients of the real server see them.

use reqwest::{Client, Method, header};

use crate::fixture::{Place, Server};

const COMMANDS: &str = "[commands.make]\n\
    argv = [\"sh\", \"-c\", \": > empty.txt; : > empty.csv; printf abc > three.txt; echo done\"]\n\
    results = [\"*.txt\", \"*.csv\"]\n";

async fn made(place: &Place, server: &Server) -> String {
    let run = server.run(place, &["run", "make"]).await;
    assert_eq!(run.code, Some(0), "{run:?}");
    let id = run.stdout.trim().to_owned();
    assert_eq!(server.run(place, &["wait", &id]).await.code, Some(0));
    id
}

/// Status, length, whether a session is made, bytes of the body.
async fn call(method: Method, url: &str, range: Option<&str>) -> (u16, Option<u64>, bool, usize) {
    let request = Client::new().request(method, url);
    let request = range.into_iter().fold(request, |it, range| it.header(header::RANGE, range));
    let response = request.send().await.unwrap();
    let (status, headers) = (response.status().as_u16(), response.headers().clone());
    let length =
        headers.get(header::CONTENT_LENGTH).map(|it| it.to_str().unwrap().parse().unwrap());
    let session = headers.contains_key(header::SET_COOKIE);
    (status, length, session, response.bytes().await.unwrap().len())
}

#[tokio::test]
async fn a_head_has_the_length_of_a_get_and_makes_no_session() {
    let place = Place::with_research();
    place.write("milepost.toml", COMMANDS);
    let server = place.serve(&[], &[]).await;
    let id = made(&place, &server).await;
    let api = format!("/api/v1/tasks/{id}");
    for path in [
        "/".to_owned(),
        "/tasks".to_owned(),
        "/tasks/".to_owned(),
        format!("/tasks/{id}"),
        format!("/tasks/{id}/files"),
        format!("/tasks/{id}/files/empty.txt"),
        format!("/tasks/{id}/nowhere"),
        "/start/story".to_owned(),
        "/favicon.ico".to_owned(),
        "/no/such/page".to_owned(),
        "/pkg/no-such-file.js".to_owned(),
        format!("{api}/result"),
        format!("{api}/files"),
        format!("{api}/files/empty.txt"),
        format!("{api}/files/three.txt"),
        format!("{api}/files/none.txt"),
        format!("{api}/log"),
        "/api/v1/kinds".to_owned(),
        "/api/openapi.json".to_owned(),
        "/api/v1/nowhere".to_owned(),
        "/healthz".to_owned(),
        "/readyz".to_owned(),
    ] {
        let url = format!("{}{path}", server.url);
        let (got, asked) =
            tokio::join!(call(Method::GET, &url, None), call(Method::HEAD, &url, None));
        assert_eq!((asked.0, asked.1), (got.0, got.1), "{path}: status and length");
        assert!(!asked.2, "{path}: no session");
        assert_eq!(asked.3, 0, "{path}: no body");
        assert!(got.1.is_none_or(|length| length == got.3 as u64), "{path}: {got:?}");
    }
}

#[tokio::test]
async fn ranges_of_short_and_empty_files_are_what_there_is_and_a_head_ignores_them() {
    let place = Place::new();
    place.write("milepost.toml", COMMANDS);
    let server = place.serve(&[], &[]).await;
    let id = made(&place, &server).await;
    for (name, range, status, length) in [
        ("empty.txt", "bytes=0-", 200, 0),
        ("empty.txt", "bytes=0-99", 200, 0),
        ("empty.txt", "bytes=-5", 200, 0),
        ("three.txt", "bytes=0-", 206, 3),
        ("three.txt", "bytes=0-99", 206, 3),
        ("three.txt", "bytes=-2", 206, 2),
        ("three.txt", "bytes=-99", 206, 3),
        ("three.txt", "lines=0-1", 200, 3),
    ] {
        let url = format!("{}/api/v1/tasks/{id}/files/{name}", server.url);
        let got = call(Method::GET, &url, Some(range)).await;
        assert_eq!((got.0, got.3), (status, length), "{name} {range}");
        let asked = call(Method::HEAD, &url, Some(range)).await;
        let whole = if name == "empty.txt" { 0 } else { 3 };
        assert_eq!((asked.0, asked.1), (200, Some(whole)), "HEAD {name} {range}");
    }
    for (name, range) in [("empty.txt", "bytes=1-"), ("three.txt", "bytes=3-")] {
        let url = format!("{}/api/v1/tasks/{id}/files/{name}", server.url);
        assert_eq!(call(Method::GET, &url, Some(range)).await.0, 416, "{name} {range}");
    }
    for name in ["empty.txt", "empty.csv"] {
        let url = format!("{}/tasks/{id}/files/{name}", server.url);
        let page = reqwest::get(url).await.unwrap().text().await.unwrap();
        assert!(page.contains("There is nothing in it."), "{name}: {page}");
    }
}
