//! Files that tasks make and are given: whole, or not there at all.

use std::{
    io,
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use bytes::Bytes;
use futures_util::StreamExt as _;
use milepost::{
    engine::{
        Artifacts, Caller, Context, Engine, EngineOptions, FileOptions, Full, Output, Registry,
        RetentionOptions, Service, ServiceError, Stages, Task, TaskError,
        clock::SystemClock,
        store::{ArtifactId, ArtifactRows as _, NewArtifact, Source, Store, sqlite::SqliteStore},
    },
    task::{Problem, Snapshot, StartTask, Status, TaskId, UploadId},
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;
use tokio::io::{AsyncRead, AsyncReadExt as _};

use crate::{
    faulty::{Fault, Faulty},
    fixture::{Gates, folder, kind, quick},
};

/// Saves files, reads an upload, and does what else its input says.
#[derive(Serialize, Deserialize, JsonSchema)]
struct Filer {
    /// Names to save, each with as many bytes as `size`.
    #[serde(default)]
    save: Vec<String>,
    #[serde(default)]
    size: u64,
    /// The reader fails after its bytes, or never ends.
    #[serde(default)]
    end: Option<String>,
    #[schemars(with = "Option<String>")]
    #[serde(default)]
    read: Option<UploadId>,
}

impl Task for Filer {
    const KIND: &'static str = "filer";
    const TITLE: &'static str = "Filer";
    const DESCRIPTION: &'static str = "Saves and reads files.";
    type Deps = Gates;

    fn title(&self) -> String {
        "files".to_owned()
    }

    fn stages(&self) -> Stages {
        Stages::none()
    }

    fn uploads(&self) -> Vec<(String, UploadId)> {
        self.read.iter().map(|id| ("read".to_owned(), *id)).collect()
    }

    async fn run(self, ctx: Context, gates: Arc<Gates>) -> Result<Output, TaskError> {
        for name in &self.save {
            let bytes: Box<dyn AsyncRead + Send + Unpin> = match self.end.as_deref() {
                Some("fails") => Box::new(stream(self.size).chain(Broken)),
                Some("never") => {
                    gates.open("saving");
                    Box::new(stream(self.size).chain(Endless))
                }
                _ => Box::new(stream(self.size)),
            };
            ctx.save_file(name, None, bytes).await?;
        }
        let mut text = String::new();
        if let Some(id) = self.read {
            let mut file = ctx.open_file(id).await?;
            text = format!("{}: ", file.info().name);
            file.read_to_string(&mut text)
                .await
                .map_err(|e| TaskError::fail("io", e.to_string()))?;
        }
        Ok(Output::markdown(text, "read.md"))
    }
}

fn stream(size: u64) -> impl AsyncRead + Send + Unpin {
    tokio::io::repeat(b'x').take(size)
}

/// A reader that fails.
struct Broken;

impl AsyncRead for Broken {
    fn poll_read(
        self: std::pin::Pin<&mut Self>,
        _: &mut std::task::Context<'_>,
        _: &mut tokio::io::ReadBuf<'_>,
    ) -> std::task::Poll<io::Result<()>> {
        std::task::Poll::Ready(Err(io::Error::other("the disk is gone")))
    }
}

/// A reader that gives nothing and never ends.
struct Endless;

impl AsyncRead for Endless {
    fn poll_read(
        self: std::pin::Pin<&mut Self>,
        _: &mut std::task::Context<'_>,
        _: &mut tokio::io::ReadBuf<'_>,
    ) -> std::task::Poll<io::Result<()>> {
        std::task::Poll::Pending
    }
}

struct Fixture {
    service: Service,
    store: Arc<Faulty>,
    gates: Gates,
    ada: Caller,
    bytes: PathBuf,
    _engine: Engine,
    _folder: tempfile::TempDir,
}

async fn fixture(options: EngineOptions) -> Fixture {
    let (folder, path) = folder();
    let bytes = folder.path().join("artifacts");
    let store = SqliteStore::open(&path, Arc::new(SystemClock)).await.unwrap();
    let store = Arc::new(Faulty::new(Arc::new(store)));
    let gates = Gates::default();
    let artifacts = Some(Artifacts::in_folder(&bytes).unwrap());
    let options = options.with(|o| o.artifacts = artifacts);
    let registry = Registry::new().with::<Filer>(gates.clone(), kind());
    let shared: Arc<dyn Store> = Arc::clone(&store) as _;
    let engine = Engine::start(shared, Arc::new(SystemClock), registry, options).await.unwrap();
    let service = engine.service();
    let ada = Caller::owner("ada");
    Fixture { service, store, gates, ada, bytes, _engine: engine, _folder: folder }
}

/// Everything in a folder, however deep.
fn files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap().flatten() {
        if entry.file_type().unwrap().is_dir() {
            found.extend(files(&entry.path()));
        } else {
            found.push(entry.path());
        }
    }
    found
}

impl Fixture {
    async fn start(&self, input: serde_json::Value) -> Result<TaskId, ServiceError> {
        let start = StartTask::new("filer", input);
        Ok(self.service.start(&self.ada, start, None).await?.receipt.id)
    }

    async fn ended(&self, id: TaskId) -> Snapshot {
        let patience = std::time::Instant::now();
        loop {
            let snapshot = self.service.get(&self.ada, id).await.unwrap().unwrap();
            if snapshot.status.is_terminal() {
                return snapshot;
            }
            assert!(patience.elapsed() < Duration::from_secs(120), "still {snapshot:#?}");
            tokio::task::yield_now().await;
        }
    }

    async fn code(&self, input: serde_json::Value) -> String {
        let id = self.start(input).await.unwrap();
        self.ended(id).await.error.expect("it failed").code
    }

    async fn upload(&self, text: &str) -> UploadId {
        let bytes = Bytes::from(text.to_owned());
        let pieces = futures_util::stream::iter([Ok(bytes)]);
        self.service.upload(&self.ada, "a/u.csv", None, None, pieces).await.unwrap().id
    }

    /// Waits until nothing of any file is left, neither bytes nor a row.
    async fn nothing_is_left(&self) {
        let patience = std::time::Instant::now();
        while !files(&self.bytes).is_empty() {
            let left = files(&self.bytes);
            assert!(patience.elapsed() < Duration::from_secs(120), "still there: {left:?}");
            tokio::task::yield_now().await;
        }
    }
}

#[tokio::test]
async fn a_saved_file_is_read_back_whole_and_in_parts() {
    let f = fixture(quick()).await;
    // More than one part, and a part that is not full.
    let size = 700_001;
    let id = f.start(json!({ "save": ["b.csv", "<a>.txt"], "size": size })).await.unwrap();
    assert_eq!(f.ended(id).await.status, Status::Completed);
    let list = f.service.files(&f.ada, id).await.unwrap().unwrap();
    let listed: Vec<_> = list.iter().map(|it| (it.name.as_str(), it.media_type.as_str())).collect();
    assert_eq!(listed, [("<a>.txt", "text/plain"), ("b.csv", "text/csv")]);
    assert_eq!(list[0].href, None, "the engine knows no URL");
    assert_eq!(list[0].size_bytes, size);
    let file = f.service.file(&f.ada, id, "b.csv").await.unwrap().unwrap();
    for (range, length) in [(0..u64::MAX, 700_001), (699_990..700_001, 11), (5..6, 1), (9..9, 0)] {
        let mut bytes = file.read(range).await.unwrap();
        let mut read = Vec::new();
        while let Some(piece) = bytes.next().await {
            read.extend_from_slice(&piece.unwrap());
        }
        assert_eq!(read, vec![b'x'; length]);
    }
    assert_eq!(file.sha256(), list[1].sha256);
    assert_eq!(file.sha256().len(), 64);
    assert_eq!(files(&f.bytes).len(), 2, "no part is left over");
    for stranger in [Caller::owner("bob"), Caller::nobody()] {
        assert!(f.service.files(&stranger, id).await.unwrap().is_none());
        assert!(f.service.file(&stranger, id, "b.csv").await.unwrap().is_none());
    }
}

#[tokio::test]
async fn what_cannot_be_saved_is_told_and_leaves_nothing() {
    let limits = FileOptions::default().with(|o| {
        o.max_file_bytes = 600_000;
        o.max_files_per_task = 2;
        o.max_bytes_per_owner = 900_000;
    });
    let f = fixture(quick().with(|o| o.files = limits)).await;
    let large = 600_001;
    for (input, code) in [
        (json!({ "save": ["../a"] }), "file_name"),
        (json!({ "save": [".."] }), "file_name"),
        (json!({ "save": ["a\nb"] }), "file_name"),
        (json!({ "save": ["a"], "size": large }), "file_too_large"),
        (json!({ "save": ["a"], "size": 600_000, "end": "fails" }), "file_unreadable"),
    ] {
        assert_eq!(f.code(input).await, code);
        assert!(files(&f.bytes).is_empty());
    }
    assert_eq!(f.code(json!({ "save": ["a", "a"], "size": 1 })).await, "file_exists");
    assert_eq!(f.code(json!({ "save": ["a", "b", "c"], "size": 1 })).await, "too_many_files");
    assert_eq!(f.code(json!({ "save": ["a", "b"], "size": 500_000 })).await, "files_full");
    assert_eq!(files(&f.bytes).len(), 4, "what was whole before stays");
    assert!(f.store.mark_artifacts_deleted(10, 0).await.unwrap().is_empty());
}

#[tokio::test]
async fn a_cancelled_task_leaves_no_half_file() {
    let f = fixture(quick()).await;
    let input = json!({ "save": ["a"], "size": 600_000, "end": "never" });
    let id = f.start(input).await.unwrap();
    f.gates.pass("saving").await;
    f.service.cancel(&f.ada, id).await.unwrap();
    assert_eq!(f.ended(id).await.status, Status::Cancelled);
    f.nothing_is_left().await;
    assert!(f.service.files(&f.ada, id).await.unwrap().unwrap().is_empty());
}

#[tokio::test]
async fn a_store_that_fails_at_any_call_costs_an_attempt_and_no_bytes() {
    for call in ["begin_artifact", "renew_artifact", "finish_artifact"] {
        let f = fixture(quick()).await;
        f.store.set(call, Fault::Fail(1));
        let id = f.start(json!({ "save": ["a"], "size": 300_000 })).await.unwrap();
        let ended = f.ended(id).await;
        assert_eq!((ended.status, ended.attempt), (Status::Completed, 2), "{call}");
        assert_eq!(files(&f.bytes).len(), 1, "{call}");
        assert_eq!(f.service.files(&f.ada, id).await.unwrap().unwrap().len(), 1);
        assert!(f.store.mark_artifacts_deleted(10, 0).await.unwrap().is_empty(), "{call}");
    }
}

#[tokio::test]
async fn a_task_reads_the_upload_that_it_was_started_with() {
    let f = fixture(quick()).await;
    let upload = f.upload("a,b\n1,2\n").await;
    let info = f.service.uploaded(&f.ada, upload).await.unwrap().unwrap();
    assert_eq!((info.name.as_str(), info.media_type.as_str()), ("u.csv", "text/csv"));
    let id = f.start(json!({ "read": upload })).await.unwrap();
    assert_eq!(f.ended(id).await.status, Status::Completed);
    let result = f.service.result(&f.ada, id).await.unwrap();
    let milepost::engine::ResultState::Ready(result) = result.unwrap() else { panic!("no result") };
    assert_eq!(result.bytes, b"u.csv: a,b\n1,2\n");
}

#[tokio::test]
async fn an_upload_that_is_not_the_callers_is_refused_at_its_field() {
    let f = fixture(quick()).await;
    let upload = f.upload("a").await;
    let bob = Caller::owner("bob");
    assert!(f.service.uploaded(&bob, upload).await.unwrap().is_none());
    let unknown = *ArtifactId::random().as_upload().as_uuid();
    for (caller, id) in [(&bob, *upload.as_uuid()), (&f.ada, unknown)] {
        let start = StartTask::new("filer", json!({ "read": id }));
        let refused = f.service.start(caller, start, None).await.expect_err("it was started");
        let problem = Problem::from(refused);
        assert_eq!((problem.status, problem.errors[0].field.as_str()), (400, "read"));
    }
}

#[tokio::test]
async fn an_upload_that_is_cut_leaves_nothing() {
    let f = fixture(quick()).await;
    let piece = || Ok(Bytes::from(vec![b'x'; 300_000]));
    let cut = futures_util::stream::iter([piece(), Err(io::Error::other("cut"))]);
    let refused = f.service.upload(&f.ada, "u", None, None, cut).await;
    assert!(matches!(refused, Err(ServiceError::Cut(_))), "{refused:?}");
    assert!(files(&f.bytes).is_empty());
    // Whoever sends it goes away.
    let stalled = futures_util::stream::iter([piece()]).chain(futures_util::stream::pending());
    let upload = f.service.upload(&f.ada, "u", None, None, stalled);
    let mut upload = Box::pin(upload);
    while files(&f.bytes).is_empty() {
        assert!(futures_util::poll!(&mut upload).is_pending());
        tokio::task::yield_now().await;
    }
    drop(upload);
    f.nothing_is_left().await;
}

#[tokio::test]
async fn uploads_have_limits() {
    let files = FileOptions::default().with(|o| {
        o.max_upload_bytes = 10;
        o.max_concurrent_uploads = 1;
        o.upload_idle_timeout = Duration::from_millis(1);
    });
    let f = fixture(quick().with(|o| o.files = files)).await;
    let none = || futures_util::stream::empty();
    let upload = async |length, bytes: &str| {
        let pieces = futures_util::stream::iter([Ok(Bytes::from(bytes.to_owned()))]);
        f.service.upload(&f.ada, "u", None, length, pieces).await
    };
    assert!(matches!(upload(Some(11), "").await, Err(ServiceError::TooLarge { max: 10 })));
    assert!(matches!(upload(None, "01234567890").await, Err(ServiceError::TooLarge { .. })));
    upload(Some(10), "0123456789").await.unwrap();
    let some = Ok(Bytes::from_static(b"0"));
    let falls_silent = futures_util::stream::iter([some]).chain(futures_util::stream::pending());
    // The first is asked first, and both are asked until they end: a refusal writes a row too.
    let silent = f.service.upload(&f.ada, "u", None, None, falls_silent);
    let (cut, second) = tokio::join!(silent, f.service.upload(&f.ada, "u", None, None, none()));
    let full = matches!(second, Err(ServiceError::UploadsFull(Full::All { max: 1 })));
    assert!(full, "{second:?}");
    assert!(matches!(cut, Err(ServiceError::Cut(_))), "{cut:?}");
    assert!(f.service.upload(&Caller::nobody(), "u", None, None, none()).await.is_ok());
}

#[tokio::test]
async fn what_is_over_and_what_a_dead_writer_left_is_cleaned_away() {
    let files_options = FileOptions::default().with(|o| o.keep_uploads = Duration::from_millis(1));
    let options = quick().with(|o| {
        o.files = files_options;
        o.retention = RetentionOptions::default().with(|o| {
            o.keep = Duration::from_millis(1);
            o.prune_interval = Duration::from_millis(10);
        });
    });
    let f = fixture(options).await;
    f.start(json!({ "save": ["a", "b"], "size": 300_000 })).await.unwrap();
    f.upload("a").await;
    // As a process leaves it that is killed in the middle of a large file.
    let source = Source::Upload { owner: None, client: None, keep_ms: 1 };
    let new = NewArtifact::new(source, "u", "text/csv").with(|new| new.silence_ms = 1);
    f.store.begin_artifact(&new).await.unwrap().unwrap();
    let id = new.id.to_string();
    std::fs::create_dir_all(f.bytes.join(&id[..2])).unwrap();
    std::fs::write(f.bytes.join(&id[..2]).join(format!("{id}#1")), "half").unwrap();
    f.nothing_is_left().await;
}
