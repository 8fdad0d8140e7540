//! Files in a bucket of a real S3 server: s3s-fs, which `scripts/tools test` installs.

use std::{
    net::TcpListener,
    path::PathBuf,
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use reqwest::{StatusCode, header};
use serde_json::Value;

use crate::fixture::{Place, Server, arg, signal};

const KEY: &str = "key-of-the-test";
const SECRET: &str = "secret-of-the-test";
/// More than one part of an upload in parts, which have 8 MiB.
const ROWS: usize = 1_400_000;

/// An S3 server over a folder, ended when it is dropped.
struct S3 {
    process: Child,
    addr: String,
    bucket: PathBuf,
}

impl S3 {
    /// Starts one with an empty bucket `jobs` and waits until it answers.
    async fn start(place: &Place) -> Self {
        let root = place.path("s3");
        let bucket = root.join("jobs");
        std::fs::create_dir_all(&bucket).unwrap();
        let addr = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
        let program = std::env::var("MILEPOST_S3_SERVER").unwrap_or_else(|_| "s3s-fs".to_owned());
        let process = Command::new(&program)
            .args(["--access-key", KEY, "--secret-key", SECRET, "--host", "127.0.0.1"])
            .args(["--port", &addr.port().to_string(), arg(&root)])
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap_or_else(|error| panic!("{program}: {error}; `make tools` installs it"));
        let s3 = Self { process, addr: addr.to_string(), bucket };
        let begin = Instant::now();
        while tokio::net::TcpStream::connect(&s3.addr).await.is_err() {
            assert!(begin.elapsed() < Duration::from_secs(60), "the S3 server does not answer");
            tokio::task::yield_now().await;
        }
        s3
    }

    fn settings(&self) -> [(&'static str, String); 5] {
        [
            ("MILEPOST_STORAGE_ARTIFACTS", "s3://jobs/files".to_owned()),
            ("AWS_ENDPOINT_URL", format!("http://{}", self.addr)),
            ("AWS_REGION", "us-east-1".to_owned()),
            ("AWS_ACCESS_KEY_ID", KEY.to_owned()),
            ("AWS_SECRET_ACCESS_KEY", SECRET.to_owned()),
        ]
    }

    /// The objects of the bucket.
    fn objects(&self) -> Vec<PathBuf> {
        crate::files::files(&self.bucket)
            .into_iter()
            .filter(|path| !path.file_name().unwrap().to_str().unwrap().starts_with('.'))
            .collect()
    }
}

impl Drop for S3 {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

async fn serve(place: &Place, s3: &S3, more: &[(&str, &str)]) -> Server {
    let settings = s3.settings();
    let settings: Vec<_> = settings.iter().map(|(name, value)| (*name, value.as_str())).collect();
    place.serve(&[], &[&settings, more].concat()).await
}

/// Starts a profile of an uploaded file of some 11 MB and follows it to its end; its id.
async fn profile(place: &Place, server: &Server) -> String {
    let rows: String = (0..ROWS).map(|row| format!("{row}\n")).collect();
    let path = place.write("numbers.csv", &format!("number\n{rows}"));
    let file = format!("file=@{}", arg(&path));
    let ended = server.run(place, &["run", "dataset", "-i", &file, "--follow"]).await;
    assert_eq!(ended.code, Some(0), "{ended:?}");
    ended.stdout.trim().to_owned()
}

#[tokio::test]
async fn files_are_written_to_a_bucket_and_read_by_another_server() {
    let place = Place::new();
    place.write(
        "milepost.toml",
        "[commands.write]\nargv = ['sh', '-c', 'printf abcdefghij > letters.txt']\nresults = ['*.txt']\n",
    );
    let s3 = S3::start(&place).await;
    let mut server = serve(&place, &s3, &[]).await;
    let id = profile(&place, &server).await;
    let write = server.run(&place, &["run", "write", "--follow"]).await;
    assert_eq!(write.code, Some(0), "{write:?}");
    assert!(!s3.objects().is_empty(), "the bucket is empty");
    signal(server.child(), "KILL").await;
    server.child().wait().await.unwrap();

    let server = serve(&place, &s3, &[]).await;
    let result = server.run(&place, &["result", &id]).await;
    let profile: Value = serde_json::from_str(&result.stdout).unwrap();
    assert_eq!(profile["rows"], ROWS);
    let id = write.stdout.trim();
    let whole = server.run(&place, &["result", id, "--file", "letters.txt"]).await;
    assert_eq!(whole.stdout, "abcdefghij", "{whole:?}");

    let url = format!("{}/api/v1/tasks/{id}/files/letters.txt", server.url);
    let part = reqwest::Client::new().get(&url).header(header::RANGE, "bytes=2-4").send();
    let part = part.await.unwrap();
    assert_eq!(part.status(), StatusCode::PARTIAL_CONTENT, "{url}");
    assert_eq!(part.text().await.unwrap(), "cde");
}

#[tokio::test]
async fn a_refused_upload_leaves_nothing_in_the_bucket() {
    let place = Place::new();
    let s3 = S3::start(&place).await;
    let server = serve(&place, &s3, &[("MILEPOST_FILES_MAX_UPLOAD_BYTES", "9000000")]).await;
    let url = format!("{}/api/v1/uploads?name=x", server.url);
    let send = async |bytes: usize| {
        let pieces = (0..bytes >> 20).map(|_| Ok::<_, std::io::Error>(vec![b'x'; 1 << 20]));
        let body = reqwest::Body::wrap_stream(futures_util::stream::iter(pieces));
        reqwest::Client::new().post(&url).body(body).send().await.unwrap().status()
    };
    assert_eq!(send(12 << 20).await, StatusCode::PAYLOAD_TOO_LARGE);
    assert!(s3.objects().is_empty(), "{}", place.log());
    assert_eq!(send(8 << 20).await, StatusCode::CREATED);
    assert_eq!(s3.objects().len(), 1);
}

#[tokio::test]
async fn a_wrong_secret_is_one_line_without_the_secret() {
    let place = Place::new();
    let s3 = S3::start(&place).await;
    let mut command = place.milepost(&["serve", "--addr", "127.0.0.1:0"]);
    command.envs(s3.settings()).env("AWS_SECRET_ACCESS_KEY", "not-the-secret");
    let refused = crate::fixture::Said::of(command).await;
    refused.is_refused_with("files cannot be stored in s3://jobs/files");
    assert!(!refused.stderr.contains("not-the-secret"), "{refused:?}");
}
