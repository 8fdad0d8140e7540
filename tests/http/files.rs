//! Files out, and files in.

use std::{sync::Arc, time::Duration};

use async_zip::base::read::mem::ZipFileReader;
use axum::{
    body::Body,
    http::{Method, Request, header},
};
use milepost::{
    engine::{
        Artifacts, Context, EngineOptions, FileOptions, Output, RetentionOptions, Stages, Task,
        TaskError,
    },
    task::UploadId,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use tokio::io::AsyncReadExt as _;

use crate::fixture::{ADA, Answer, BOB, Fixture, fixture_of, options, quick};

/// Keeps each text under its name; says what is in an upload.
#[derive(Serialize, Deserialize, JsonSchema)]
pub(crate) struct Maker {
    #[serde(default)]
    files: Vec<(String, String)>,
    #[serde(default)]
    #[schemars(with = "Option<String>")]
    upload: Option<UploadId>,
}

impl Task for Maker {
    const KIND: &'static str = "maker";
    const TITLE: &'static str = "Maker";
    const DESCRIPTION: &'static str = "Makes files.";
    type Deps = ();

    fn title(&self) -> String {
        "Files".to_owned()
    }

    fn stages(&self) -> Stages {
        Stages::none()
    }

    fn uploads(&self) -> Vec<(String, UploadId)> {
        self.upload.iter().map(|id| ("upload".to_owned(), *id)).collect()
    }

    async fn run(self, ctx: Context, _: Arc<()>) -> Result<Output, TaskError> {
        for (name, text) in &self.files {
            ctx.save_file(name, None, text.as_bytes()).await?;
        }
        let mut text = String::new();
        if let Some(id) = self.upload {
            let mut file = ctx.open_file(id).await?;
            file.read_to_string(&mut text)
                .await
                .map_err(|e| TaskError::fail("io", e.to_string()))?;
        }
        Ok(Output::markdown(text, "made.md"))
    }
}

fn with_files(files: FileOptions) -> EngineOptions {
    quick().with(|o| {
        o.artifacts = Some(Artifacts::in_memory());
        o.files = files;
    })
}

async fn fixture() -> Fixture {
    fixture_of(options(), with_files(FileOptions::default())).await
}

const TEXT: &str = "0123456789";
const HOSTILE: &str = "<script>alert(1) ä\".html";

/// A task with two files; their path.
async fn made(f: &Fixture) -> String {
    let files = json!([["a.txt", TEXT], [HOSTILE, "<script>"]]);
    let id = f.start(ADA, "maker", json!({ "files": files })).await;
    f.until(ADA, &id, "completed").await;
    format!("/api/v1/tasks/{id}/files")
}

async fn upload(
    f: &Fixture,
    path: &str,
    headers: &[(&str, &str)],
    body: impl Into<Body>,
) -> Answer {
    let mut request = Request::post(path).header(header::HOST, "here").header(header::COOKIE, ADA);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    f.send(request.body(body.into()).unwrap()).await
}

#[tokio::test]
async fn a_tasks_files_are_listed_and_each_is_had_at_its_address() {
    let f = fixture().await;
    let path = made(&f).await;
    let list = f.get(&path, ADA).await.json();
    f.fits("FileList", &list);
    let files = list["files"].as_array().unwrap();
    assert_eq!(files.len(), 2);
    let (hostile, plain) = (&files[0], &files[1]);
    assert_eq!((&plain["name"], &plain["size_bytes"]), (&json!("a.txt"), &json!(10)));
    assert_eq!(plain["media_type"], "text/plain");
    assert_eq!(hostile["name"], HOSTILE);
    let answer = f.get(hostile["href"].as_str().unwrap(), ADA).await;
    assert_eq!((answer.status.as_u16(), answer.bytes.as_slice()), (200, b"<script>".as_slice()));
    for (name, value) in [
        ("content-type", "text/plain"),
        ("content-length", "8"),
        ("accept-ranges", "bytes"),
        ("x-content-type-options", "nosniff"),
        ("content-security-policy", "default-src 'none'; sandbox"),
        ("cross-origin-resource-policy", "same-origin"),
        ("cache-control", "private, no-cache"),
        (
            "content-disposition",
            "attachment; filename=\"<script>alert(1) __.html\"; \
             filename*=UTF-8''%3Cscript%3Ealert%281%29%20%C3%A4%22.html",
        ),
    ] {
        assert_eq!(answer.header(name), value, "{name}");
    }
    let sha256 = hostile["sha256"].as_str().unwrap();
    assert_eq!(answer.header("etag"), format!("\"{sha256}\""));
}

#[tokio::test]
async fn all_files_are_had_as_one_archive() {
    let f = fixture().await;
    let path = format!("{}.zip", made(&f).await);
    let answer = f.get(&path, ADA).await;
    assert_eq!((answer.status.as_u16(), answer.header("content-type")), (200, "application/zip"));
    assert_eq!(answer.header("content-disposition"), "attachment; filename=\"Files.zip\"");
    let archive = ZipFileReader::new(answer.bytes).await.unwrap();
    let mut files = Vec::new();
    for (index, entry) in archive.file().entries().iter().enumerate() {
        let mut text = String::new();
        archive
            .reader_with_entry(index)
            .await
            .unwrap()
            .read_to_string_checked(&mut text)
            .await
            .unwrap();
        files.push((entry.filename().as_str().unwrap().to_owned(), text));
        let date = entry.last_modification_date();
        assert!(date.year() > 2024 && date.month() > 0 && date.day() > 0, "{date:?}");
    }
    files.sort();
    let expected = [(HOSTILE, "<script>"), ("a.txt", TEXT)];
    assert_eq!(files, expected.map(|(name, text)| (name.to_owned(), text.to_owned())));

    let head = Request::head(&path).header(header::HOST, "here").header(header::COOKIE, ADA);
    let head = f.send(head.body(Body::empty()).unwrap()).await;
    assert_eq!((head.status.as_u16(), head.bytes.len()), (200, 0));
    assert_eq!(head.header("content-length"), "", "it is of unknown length");
    f.problem(&f.get(&path, BOB).await, 404);
    let none = f.start(ADA, "maker", json!({})).await;
    f.until(ADA, &none, "completed").await;
    f.problem(&f.get(&format!("/api/v1/tasks/{none}/files.zip"), ADA).await, 404);
}

#[tokio::test]
async fn a_range_is_answered_with_206_and_one_that_is_not_there_with_416() {
    let f = fixture().await;
    let path = format!("{}/a.txt", made(&f).await);
    for (range, content_range, bytes) in [
        ("bytes=2-4", "bytes 2-4/10", "234"),
        ("bytes=-2", "bytes 8-9/10", "89"),
        ("bytes=8-99", "bytes 8-9/10", "89"),
    ] {
        let part = f.get_with(&path, ADA, &[("range", range)]).await;
        assert_eq!(part.status, 206, "{range}");
        assert_eq!(part.header("content-range"), content_range);
        assert_eq!(part.header("content-length"), bytes.len().to_string());
        assert_eq!(part.bytes, bytes.as_bytes());
    }
    let none = f.get_with(&path, ADA, &[("range", "bytes=10-")]).await;
    f.problem(&none, 416);
    assert_eq!(none.header("content-range"), "bytes */10");
    for headers in
        [[("range", "bytes=0-1,3-4")].as_slice(), &[("range", "bytes=0-1"), ("if-range", "\"x\"")]]
    {
        let whole = f.get_with(&path, ADA, headers).await;
        assert_eq!((whole.status.as_u16(), whole.bytes.len()), (200, 10), "{headers:?}");
    }
}

#[tokio::test]
async fn a_file_that_is_known_is_a_304_and_a_head_has_no_body() {
    let f = fixture().await;
    let path = format!("{}/a.txt", made(&f).await);
    let etag = f.get(&path, ADA).await.header("etag").to_owned();
    let known = f.get_with(&path, ADA, &[("if-none-match", &etag)]).await;
    assert_eq!((known.status.as_u16(), known.bytes.len()), (304, 0));
    assert_eq!(known.header("etag"), etag);
    let compressed = format!("W/{}-gzip\"", etag.trim_end_matches('"'));
    let known = f.get_with(&path, ADA, &[("if-none-match", &compressed)]).await;
    assert_eq!((known.status.as_u16(), known.header("etag")), (304, &*etag));
    for range in [None, Some("bytes=2-4"), Some("bytes=99-")] {
        let head = Request::head(&path).header(header::HOST, "here").header(header::COOKIE, ADA);
        let head = range.into_iter().fold(head, |head, range| head.header(header::RANGE, range));
        let head = f.send(head.body(Body::empty()).unwrap()).await;
        assert_eq!((head.status.as_u16(), head.bytes.len()), (200, 0), "{range:?}");
        assert_eq!((head.header("content-length"), head.header("etag")), ("10", etag.as_str()));
    }
}

#[tokio::test]
async fn files_that_are_not_there_not_yours_or_over_are_told_as_results_are() {
    let f = fixture().await;
    let path = made(&f).await;
    let nobody = "/api/v1/tasks/00000000-0000-4000-8000-000000000000/files";
    for (path, cookie) in [
        (path.as_str(), BOB),
        (&format!("{path}/a.txt"), BOB),
        (&format!("{path}/a.txt"), ""),
        (nobody, ADA),
        (&format!("{nobody}/a.txt"), ADA),
        (&format!("{path}/none.txt"), ADA),
        (&format!("{path}/..%2Fa.txt"), ADA),
        (&format!("{path}/%00"), ADA),
        (&format!("{path}/%FF"), ADA),
        ("/api/v1/tasks/x/files/a.txt", ADA),
    ] {
        f.problem(&f.get(path, cookie).await, 404);
    }
    let keep = Duration::from_millis(1);
    let f = fixture_of(
        options(),
        with_files(FileOptions::default())
            .with(|o| o.retention = RetentionOptions::default().with(|o| o.keep = keep)),
    )
    .await;
    let id = f.start(ADA, "maker", json!({ "files": [["a.txt", TEXT]] })).await;
    let path = format!("/api/v1/tasks/{id}/files");
    let patience = std::time::Instant::now();
    while f.get(&path, ADA).await.status != 410 {
        assert!(patience.elapsed() < Duration::from_secs(120), "it does not expire");
        tokio::task::yield_now().await;
    }
    f.problem(&f.get(&format!("{path}/a.txt"), ADA).await, 410);
}

fn form(parts: &[(&str, &str)]) -> (String, String) {
    let mut body = String::new();
    for (disposition, text) in parts {
        body.push_str(&format!(
            "--b\r\nContent-Disposition: form-data; {disposition}\r\n\r\n{text}\r\n"
        ));
    }
    body.push_str("--b--\r\n");
    ("multipart/form-data; boundary=b".to_owned(), body)
}

async fn said_by(f: &Fixture, upload: &Value) -> String {
    let id = f.start(ADA, "maker", json!({ "upload": upload["id"] })).await;
    f.until(ADA, &id, "completed").await;
    let result = f.get(&format!("/api/v1/tasks/{id}/result"), ADA).await;
    String::from_utf8(result.bytes).unwrap()
}

#[tokio::test]
async fn a_file_is_given_as_it_is_or_in_a_form_and_read_by_a_task() {
    let f = fixture().await;
    let media = [("content-type", "text/csv")];
    let raw = upload(&f, "/api/v1/uploads?name=..%2Fb%C3%A4r.csv", &media, TEXT).await;
    assert_eq!(raw.status, 201, "{}", raw.json());
    let (content_type, body) = form(&[
        ("name=\"note\"", "x"),
        ("name=\"f\"; filename=\"C:\\x\\b.csv\"", TEXT),
        ("name=\"n\"", "y"),
    ]);
    let sent = upload(&f, "/api/v1/uploads", &[("content-type", &content_type)], body).await;
    assert_eq!(sent.status, 201, "{}", sent.json());
    for (answer, name) in [(raw, "bär.csv"), (sent, "b.csv")] {
        let snapshot = answer.json();
        f.fits("Upload", &snapshot);
        assert_eq!((&snapshot["name"], &snapshot["size_bytes"]), (&json!(name), &json!(10)));
        let location = answer.header("location").to_owned();
        assert_eq!(f.get(&location, ADA).await.json(), snapshot);
        f.problem(&f.get(&location, BOB).await, 404);
        assert_eq!(said_by(&f, &snapshot).await, TEXT);
    }
    f.problem(&f.get("/api/v1/uploads/x", ADA).await, 404);
}

#[tokio::test]
async fn a_form_without_its_boundary_is_no_file() {
    let f = fixture().await;
    let (_, body) = form(&[("name=\"f\"; filename=\"a.csv\"", TEXT)]);
    for media in ["multipart/form-data", "Multipart/Form-Data; charset=utf-8"] {
        let media = [("content-type", media)];
        let answer = upload(&f, "/api/v1/uploads", &media, body.clone()).await;
        f.problem(&answer, 400);
        let detail = answer.json()["detail"].as_str().unwrap().to_owned();
        assert!(detail.contains("boundary"), "{detail}");
    }
}

#[tokio::test]
async fn what_cannot_be_taken_in_is_refused_with_the_reason() {
    let limits = FileOptions::default().with(|o| o.max_upload_bytes = 20);
    let f = fixture_of(options(), with_files(limits)).await;
    let large = "x".repeat(21);
    let announced = upload(&f, "/api/v1/uploads", &[("content-length", "21")], large.clone()).await;
    assert!(f.problem(&announced, 413).contains("20 bytes"));
    let pieces = futures_util::stream::iter([Ok::<_, std::io::Error>(large.clone())]);
    let chunked = upload(&f, "/api/v1/uploads", &[], Body::from_stream(pieces)).await;
    f.problem(&chunked, 413);
    let cut = futures_util::stream::iter([Ok("x"), Err(std::io::Error::other("cut"))]);
    f.problem(&upload(&f, "/api/v1/uploads", &[], Body::from_stream(cut)).await, 400);
    let file = |name: &str| format!("name=\"{name}\"; filename=\"{name}\"");
    for parts in
        [vec![], vec![("name=\"a\"".to_owned(), "x")], vec![(file("a"), "x"), (file("b"), "y")]]
    {
        let parts: Vec<_> = parts.iter().map(|(name, text)| (name.as_str(), *text)).collect();
        let (content_type, body) = form(&parts);
        let answer = upload(&f, "/api/v1/uploads", &[("content-type", &content_type)], body).await;
        f.problem(&answer, 400);
    }
    let (content_type, body) = form(&[(&file("a"), &large)]);
    let answer = upload(&f, "/api/v1/uploads", &[("content-type", &content_type)], body).await;
    f.problem(&answer, 413);
    let headless = format!("--b\r\nX: {}", "x".repeat(2 << 20));
    let answer = upload(&f, "/api/v1/uploads", &[("content-type", &content_type)], headless).await;
    f.problem(&answer, 400);
    for resuming in
        [("content-range", "bytes 0-1/10"), ("upload-offset", "5"), ("tus-resumable", "1.0.0")]
    {
        let answer = upload(&f, "/api/v1/uploads", &[resuming], "x").await;
        assert!(f.problem(&answer, 400).contains("cannot be resumed"));
    }
    let elsewhere = [("origin", "http://evil.example")];
    f.problem(&upload(&f, "/api/v1/uploads", &elsewhere, "x").await, 403);
    let put =
        Request::builder().method(Method::PUT).uri("/api/v1/uploads").header(header::HOST, "here");
    f.problem(&f.send(put.body(Body::empty()).unwrap()).await, 405);
}

#[tokio::test]
async fn without_a_place_for_files_an_upload_is_refused() {
    let f = fixture_of(options(), quick()).await;
    let answer = upload(&f, "/api/v1/uploads", &[], "x").await;
    assert!(f.problem(&answer, 501).contains("storage.artifacts"));
}

#[tokio::test]
async fn somebody_elses_upload_is_no_input() {
    let f = fixture().await;
    let id = upload(&f, "/api/v1/uploads", &[], "x").await.json()["id"].clone();
    let body = json!({ "kind": "maker", "input": { "upload": id } });
    let refused = f.post("/api/v1/tasks", BOB, &body).await;
    f.problem(&refused, 400);
    assert_eq!(refused.json()["errors"][0]["field"], "upload");
}

#[tokio::test]
async fn an_upload_is_gone_with_the_task_that_was_started_with_it() {
    let f = fixture().await;
    let sent = upload(&f, "/api/v1/uploads?name=a.txt", &[], TEXT).await;
    let id = sent.json()["id"].as_str().unwrap().to_owned();
    let task = f.start(ADA, "maker", json!({ "upload": id })).await;
    f.until(ADA, &task, "completed").await;
    let path = format!("/api/v1/uploads/{id}");
    assert_eq!(f.get(&path, ADA).await.status, 200);
    let delete = Request::delete(format!("/api/v1/tasks/{task}")).header(header::COOKIE, ADA);
    assert_eq!(f.send(delete.body(Body::empty()).unwrap()).await.status, 204);
    f.problem(&f.get(&path, ADA).await, 404);
    let start = json!({ "kind": "maker", "input": { "upload": id } });
    f.problem(&f.post("/api/v1/tasks", ADA, &start).await, 400);
}
