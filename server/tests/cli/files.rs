//! Files of any size through the real binary, and one that is killed in the middle.

use std::path::Path;

use serde_json::Value;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
};

use crate::fixture::{Place, arg, signal};

/// Everything in a folder, however deep.
pub(crate) fn files(folder: &Path) -> Vec<std::path::PathBuf> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
        match entry.file_type().unwrap().is_dir() {
            true => found.extend(files(&entry.path())),
            false => found.push(entry.path()),
        }
    }
    found
}

/// The most memory that a process has had, in KiB.
fn peak(pid: u32) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap();
    let line = status.lines().find(|line| line.starts_with("VmHWM")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse().unwrap()
}

#[tokio::test]
async fn a_file_that_is_too_long_for_a_text_is_uploaded_and_profiled() {
    let place = Place::new();
    let server = place.serve(&[], &[]).await;
    let rows: String = (0..200_000).map(|row| format!("{row},{}\n", row % 7)).collect();
    let path = place.write("numbers.csv", &format!("id,seventh\n{rows}"));
    let file = format!("file=@{}", arg(&path));
    let printed = server.run(&place, &["run", "dataset", "-i", &file, "--follow"]).await;
    assert_eq!(printed.code, Some(0), "{printed:?}");
    let id = printed.stdout.trim();
    let result = server.run(&place, &["result", id]).await;
    let profile: Value = serde_json::from_str(&result.stdout).unwrap();
    assert_eq!((&profile["rows"], &profile["name"]), (&200_000.into(), &"numbers.csv".into()));
    let none = server.run(&place, &["files", id]).await;
    assert_eq!((none.code, none.stdout.as_str()), (Some(0), ""), "{none:?}");
    let missing = server.run(&place, &["result", id, "--file", "../x"]).await;
    missing.is_refused_with("File not found");
    let folder = format!("file=@{}", arg(&place.path("data")));
    let printed = server.run(&place, &["run", "dataset", "-i", &folder]).await;
    printed.is_refused_with("not a regular file");
    let strange = ["run", "dataset", "-i", "file=4bf9e1a2-6a4e-4d0e-9b1f-0c7f6f3f1d55"];
    server.run(&place, &strange).await.is_refused_with("no such upload");
}

#[tokio::test]
async fn a_large_upload_costs_the_server_no_memory() {
    const MEBIBYTES: usize = 96;
    let place = Place::new();
    let mut server = place.serve(&[], &[]).await;
    let pid = server.child().id().unwrap();
    let url = format!("{}/api/v1/uploads?name=zeros", server.url);
    // What the first request costs is not this upload's.
    reqwest::Client::new().post(&url).body("x").send().await.unwrap();
    let before = peak(pid);
    let pieces = (0..MEBIBYTES).map(|_| Ok::<_, std::io::Error>(vec![0_u8; 1 << 20]));
    let body = reqwest::Body::wrap_stream(futures_util::stream::iter(pieces));
    let answer = reqwest::Client::new().post(&url).body(body).send().await.unwrap();
    assert_eq!(answer.status(), 201);
    let shown: Value = answer.json().await.unwrap();
    assert_eq!(shown["size_bytes"], MEBIBYTES << 20);
    let grown = peak(pid) - before;
    assert!(grown < 32 << 10, "{grown} KiB for an upload of {MEBIBYTES} MiB");
    // The same in a form, as browsers without a script send it.
    let ends = [
        "--b\r\nContent-Disposition: form-data; name=\"f\"; filename=\"z\"\r\n\r\n",
        "\r\n--b--\r\n",
    ];
    let [start, end] = ends.map(|text| Ok::<_, std::io::Error>(text.as_bytes().to_vec()));
    let zeros = (0..MEBIBYTES).map(|_| Ok(vec![0_u8; 1 << 20]));
    let pieces = std::iter::once(start).chain(zeros).chain(std::iter::once(end));
    let form = reqwest::Client::new()
        .post(format!("{}/api/v1/uploads", server.url))
        .header("content-type", "multipart/form-data; boundary=b")
        .body(reqwest::Body::wrap_stream(futures_util::stream::iter(pieces)));
    let answer = form.send().await.unwrap();
    assert_eq!(answer.status(), 201, "{}", answer.text().await.unwrap());
    let grown = peak(pid) - before;
    assert!(grown < 32 << 10, "{grown} KiB for an upload of {MEBIBYTES} MiB");
}

#[tokio::test]
async fn an_upload_whose_server_is_killed_leaves_nothing_for_long() {
    let place = Place::new();
    let settings = [
        ("MILEPOST_FILES_WRITER_IDLE_TIMEOUT_S", "5"),
        ("MILEPOST_RETENTION_PRUNE_INTERVAL_S", "1"),
    ];
    let mut server = place.serve(&[], &settings).await;
    let addr = server.url.trim_start_matches("http://").to_owned();
    let mut line = TcpStream::connect(&addr).await.unwrap();
    let head = format!(
        "POST /api/v1/uploads?name=x HTTP/1.1\r\nHost: {addr}\r\nContent-Length: 9999999\r\n\r\n"
    );
    line.write_all(head.as_bytes()).await.unwrap();
    line.write_all(&vec![b'x'; 1 << 20]).await.unwrap();
    let folder = place.path("data/artifacts");
    let patience = std::time::Instant::now();
    while files(&folder).is_empty() {
        assert!(patience.elapsed().as_secs() < 120, "{}", place.log());
    }
    signal(server.child(), "KILL").await;
    server.child().wait().await.unwrap();
    assert_eq!(files(&folder).len(), 1, "half a file");
    let _server = place.serve(&[], &settings).await;
    let patience = std::time::Instant::now();
    while !files(&folder).is_empty() {
        assert!(patience.elapsed().as_secs() < 120, "{}", place.log());
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn a_disk_that_is_full_refuses_the_upload_and_keeps_no_part() {
    let place = Place::new();
    let shown = place.wrapped(&["sh", "-c", r#"trap "" XFSZ; exec "$@""#, "sh"], &["serve"]);
    let mut server = place.serve_by(shown, &[("MILEPOST_HTTP_ADDR", "127.0.0.1:0")]).await;
    let url = format!("{}/api/v1/uploads?name=x", server.url);
    let pid = server.child().id().unwrap().to_string();
    let limit = ["--pid", &pid, "--fsize=3000000:unlimited"];
    assert!(tokio::process::Command::new("prlimit").args(limit).status().await.unwrap().success());
    let body = vec![0_u8; 4 << 20];
    let answer = reqwest::Client::new().post(&url).body(body).send().await.unwrap();
    assert_eq!(answer.status(), 503);
    assert_eq!(answer.headers()["content-type"], "application/problem+json");
    assert!(files(&place.path("data/artifacts")).is_empty());
    let answer = reqwest::Client::new().post(&url).body(vec![0_u8; 1 << 20]).send().await.unwrap();
    assert_eq!(answer.status(), 201, "what there is room for is taken");
}

#[tokio::test]
async fn a_place_for_files_that_cannot_be_used_is_told_in_one_line() {
    let place = Place::new();
    let file = place.write("file", "");
    let serve = |value: String| {
        let mut command = place.milepost(&["serve", "--addr", "127.0.0.1:0"]);
        command.env("MILEPOST_STORAGE_ARTIFACTS", value);
        crate::fixture::Said::of(command)
    };
    let printed = serve(format!("{}/x", arg(&file))).await;
    printed.is_refused_with("files cannot be stored in");
    serve("gs://bucket".to_owned()).await.is_refused_with("a folder, or s3://bucket");
    let mut command = place.milepost(&["serve", "--addr", "127.0.0.1:0"]);
    command.env("MILEPOST_STORAGE_ARTIFACTS", "s3://bucket/prefix");
    command.env("AWS_ENDPOINT_URL", "http://127.0.0.1:9").env("AWS_REGION", "x");
    command.env("AWS_ACCESS_KEY_ID", "x").env("AWS_SECRET_ACCESS_KEY", "topsecret");
    let printed = crate::fixture::Said::of(command).await;
    printed.is_refused_with("files cannot be stored in s3://bucket/prefix");
    assert!(!printed.stderr.contains("topsecret"), "{printed:?}");
    let mut body = String::new();
    tokio::fs::File::open(file).await.unwrap().read_to_string(&mut body).await.unwrap();
    assert_eq!(body, "", "and the file that was in the way is as it was");
}
