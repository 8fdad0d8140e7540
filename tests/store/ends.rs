//! Every call of a store ends: on a connection that falls silent at whatever moment, on one that is
//! accepted and never answered, and while another program has the write lock of a file.

use std::{sync::Arc, time::Duration};

use futures_util::{StreamExt as _, stream};
use milepost::{
    engine::{
        clock::ManualClock,
        store::{
            ArtifactId, Claim, Ending, ListQuery, LogEntry, NewArtifact, NewTask, ProgressWrite,
            Row, RunEnd, Source, Spend, Store, StoreError, UsageOf,
            postgres::{PostgresOptions, PostgresStore},
            sqlite::{SqliteOptions, SqliteStore},
        },
    },
    task::{BatchId, LogStream, TaskId},
};
use sqlx::{Connection as _, SqliteConnection};
use uuid::Uuid;

use crate::{
    conformance::report,
    fixture::{LEASE, START, result, task},
    postgres_server::schema,
    silent::Way,
};

/// After this a call hangs: many times longer than it may take.
const HANGS: Duration = Duration::from_secs(20);

/// The asynchronous methods of both traits, by their source: a new one is found here, and has to be
/// called below.
fn methods() -> Vec<&'static str> {
    let sources = [
        (include_str!("../../src/engine/store.rs"), "pub trait Store: "),
        (include_str!("../../src/engine/store/artifacts.rs"), "pub trait ArtifactRows: "),
    ];
    let mut names = Vec::new();
    for (source, heading) in sources {
        let (_, body) = source.split_once(heading).unwrap();
        let (body, _) = body.split_once("\n}\n").unwrap();
        let functions = body.lines().filter_map(|line| line.trim().strip_prefix("async fn "));
        names.extend(functions.map(|rest| rest.split_once('(').unwrap().0));
    }
    assert!(names.len() > 40, "{names:?}");
    names
}

/// What a call finds: a task that waits, one that runs, and a file on its way.
struct Given {
    new: NewTask,
    waits: TaskId,
    runs: Row,
    upload: NewArtifact,
}

async fn given(store: &dyn Store) -> Given {
    let runs = NewTask { kind: "story".to_owned(), ..task() };
    store.insert(&runs).await.unwrap();
    let runs = store.claim(&claim("story")).await.unwrap().remove(0);
    let waits = NewTask { kind: "dataset".to_owned(), ..task() };
    store.insert(&waits).await.unwrap();
    let upload = NewArtifact {
        id: ArtifactId::random(),
        source: Source::Upload { owner: Some("ada".to_owned()), client: None, keep_ms: 1_000 },
        name: "a.csv".to_owned(),
        media_type: "text/csv".to_owned(),
        silence_ms: 60_000,
        max_files: 1_000,
        max_owner_bytes: 1_000,
    };
    store.begin_artifact(&upload).await.unwrap().unwrap();
    Given { new: task(), waits: waits.id, runs, upload }
}

fn claim(kind: &str) -> Claim {
    Claim {
        lease_owner: "w".to_owned(),
        lease_ms: LEASE,
        slots: vec![(kind.to_owned(), 1)],
        total: 1,
    }
}

fn progress(row: &Row) -> ProgressWrite {
    let text = "a line".to_owned();
    let line = LogEntry { seq: 1, at: START, stream: LogStream::Task, text };
    ProgressWrite { log: vec![line], ..report(row, row.version + 1, 0.5) }
}

fn end(row: &Row) -> RunEnd {
    RunEnd {
        id: row.id,
        run_seq: row.run_seq,
        ending: Ending::Completed(result()),
        kind: row.kind.clone(),
        stage_times: vec![("Writing".to_owned(), 5)],
        stage_history: 5,
    }
}

fn spend(task: TaskId) -> Spend {
    let name = "tokens".to_owned();
    Spend { name, task, least: 1, most: 5, limit: 100, limit_per_owner: 100 }
}

/// Makes the call of this name.
async fn call(store: &dyn Store, name: &str, given: &Given) -> Result<(), StoreError> {
    let Given { new, waits, runs, upload } = given;
    let (id, seq) = (runs.id, runs.run_seq);
    match name {
        "now_ms" => store.now_ms().await.map(drop),
        "insert" => store.insert(new).await.map(drop),
        "insert_each" => {
            let second = NewTask { id: TaskId::from_uuid(Uuid::new_v4()), ..new.clone() };
            let inserted = store.insert_each(&[new, &second]).await;
            inserted.into_iter().flatten().try_for_each(|one| one.map(drop))
        }
        "insert_all" => store.insert_all(std::slice::from_ref(new)).await.map(drop),
        "batch" => store.batch(BatchId::from_uuid(Uuid::new_v4())).await.map(drop),
        "batches" => store.batches("ada", None, 9).await.map(drop),
        "started" => store.started("ada", "key", "hash").await.map(drop),
        "get" => store.get(id).await.map(drop),
        "get_all" => store.get_all(&[id, *waits]).await.map(drop),
        "inputs" => store.inputs(&[id, *waits]).await.map(drop),
        "input" => store.input(id).await.map(drop),
        "list" => store.list(&ListQuery { limit: 5, ..ListQuery::default() }).await.map(drop),
        "queue" => store.queue("dataset", 5).await.map(drop),
        "has_waiting" => store.has_waiting("dataset").await.map(drop),
        "newest" => store.newest("ada", "story", "key").await.map(drop),
        "claim" => store.claim(&claim("dataset")).await.map(drop),
        "claim_with_inputs" => store.claim_with_inputs(&claim("dataset")).await.map(drop),
        "renew_leases" => store.renew_leases("w", LEASE, &[id]).await.map(drop),
        "cancels" => store.cancels("w", &[id]).await.map(drop),
        "rescue_expired" => store.rescue_expired(i64::MAX).await.map(drop),
        "clamp_future_times" => store.clamp_future_times().await,
        "reclaim_after_restart" => store.reclaim_after_restart("x").await.map(drop),
        "save_progress" => store.save_progress(&[progress(runs)]).await,
        "save_checkpoint" => store.save_checkpoint(id, seq, "key", "1").await.map(drop),
        "checkpoint" => store.checkpoint(id, "key").await.map(drop),
        "finish" => store.finish(id, seq, &Ending::Completed(result())).await.map(drop),
        "finish_each" => {
            let ended = store.finish_each(&[&end(runs), &end(runs)]).await;
            ended.into_iter().flatten().try_for_each(|one| one.map(drop))
        }
        "request_cancel" => store.request_cancel(*waits, "ada").await.map(drop),
        "result" => store.result(id).await.map(drop),
        "log" => store.log(id, 0, 5).await.map(drop),
        "log_end" => store.log_end(id, 5).await.map(drop),
        "keep_stage_times" => {
            store.keep_stage_times(id, "story", &[("Writing".to_owned(), 5)], 5).await
        }
        "stage_times" => store.stage_times("story").await.map(drop),
        "keep" => store.keep(id, 1_000).await.map(drop),
        "clean" => store.clean(5, 1_000).await.map(drop),
        "tombstones" => store.tombstones(&[id, *waits]).await.map(drop),
        "tombstone" => store.tombstone(id).await.map(drop),
        "secret" => store.secret("session").await.map(drop),
        "spend" => store.spend(&spend(id)).await.map(drop),
        "correct_spending" => store.correct_spending(id, "tokens", 0, 1).await,
        "spending" => store.spending("tokens", Some("ada"), None).await.map(drop),
        "usage" => store.usage(&UsageOf::All).await.map(drop),
        "waiting_kinds" => store.waiting_kinds().await.map(drop),
        "counts" => store.counts().await.map(drop),
        "close" => {
            // While another call is under way.
            let (_, ()) = tokio::join!(store.get(id), store.close());
            Ok(())
        }
        other => call_for_files(store, other, id, upload).await,
    }
}

async fn call_for_files(
    store: &dyn Store,
    name: &str,
    id: TaskId,
    upload: &NewArtifact,
) -> Result<(), StoreError> {
    let named = upload.id.as_upload();
    match name {
        "begin_artifact" => {
            let another = NewArtifact { id: ArtifactId::random(), ..upload.clone() };
            store.begin_artifact(&another).await.map(drop)
        }
        "renew_artifact" => store.renew_artifact(upload, 5).await.map(drop),
        "finish_artifact" => store.finish_artifact(upload, 5, "00ff").await.map(drop),
        "artifacts_of" => store.artifacts_of(id).await.map(drop),
        "artifact_of" => store.artifact_of(id, "a.csv").await.map(drop),
        "upload" => store.upload(named).await.map(drop),
        "upload_of" => store.upload_of(id, named).await.map(drop),
        "mark_artifacts_deleted" => store.mark_artifacts_deleted(5, 1_000).await.map(drop),
        "delete_artifact" => store.delete_artifact(upload.id).await,
        other => panic!("`{other}` is new: call it here, so that it is known to end"),
    }
}

/// Makes the call over connections that fall silent after nothing, after one statement, after two,
/// until it comes through.
async fn hang_at_each_statement(name: &str) {
    let url = schema().await;
    let front = PostgresStore::open(&url, PostgresOptions::default()).await.unwrap();
    let options = PostgresOptions::default().with(|o| {
        o.connections = 3;
        o.acquire_timeout = Duration::from_millis(500);
        o.call_timeout = Duration::from_secs(1);
    });
    for pieces in 0..200 {
        let given = given(&front).await;
        let way = Way::to(&url);
        let store = PostgresStore::open(&way.url, options).await.unwrap();
        way.silence_after(pieces);
        let called = tokio::time::timeout(HANGS, call(&store, name, &given)).await;
        let called = called.unwrap_or_else(|_| panic!("`{name}` hangs after {pieces} pieces"));
        match called {
            // The end of the run, or that of `close`, which never fails.
            Ok(()) => {
                front.close().await;
                return;
            }
            Err(error) => {
                assert!(way.is_silent(), "`{name}` after {pieces}: {error}");
                let snapshot = matches!(error, StoreError::Unavailable(_));
                assert!(snapshot, "`{name}` after {pieces}: {error}");
            }
        }
        // The database learns that the connections are gone, and nothing piles up.
        drop((store, way));
        front.finish(given.runs.id, given.runs.run_seq, &Ending::Cancelled).await.unwrap();
        front.request_cancel(given.waits, "ada").await.unwrap();
    }
    panic!("`{name}` never came through");
}

#[tokio::test(flavor = "multi_thread")]
async fn each_call_ends_on_a_connection_that_falls_silent_at_any_of_its_statements() {
    let calls = stream::iter(methods()).map(hang_at_each_statement);
    calls.buffer_unordered(16).collect::<()>().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_place_of_a_connection_that_hung_is_free_for_the_next() {
    let url = schema().await;
    let way = Way::to(&url);
    let options = PostgresOptions::default().with(|o| {
        o.connections = 3;
        o.call_timeout = Duration::from_secs(1);
    });
    let store = PostgresStore::open(&way.url, options).await.unwrap();
    for n in 0..3 {
        way.silence_at("FROM tasks WHERE id = $1");
        assert!(store.get(task().id).await.is_err());
        way.silence_at("INSERT INTO tasks");
        // The database has not noticed, and keeps the lock of the owner for a while.
        let new = NewTask { owner: Some(format!("owner {n}")), ..task() };
        assert!(store.insert(&new).await.is_err());
    }
    assert_eq!(way.silenced(), 6);
    store.insert(&task()).await.unwrap();
    store.counts().await.unwrap();
}

#[tokio::test]
async fn a_connection_may_fall_silent_at_any_moment_without_a_place_lost() {
    let url = schema().await;
    let way = Way::to(&url);
    let options = PostgresOptions::default().with(|o| {
        o.connections = 3;
        o.call_timeout = Duration::from_millis(150);
    });
    let store = PostgresStore::open(&way.url, options).await.unwrap();
    let owners = std::cell::Cell::new(0);
    // Each for another owner: the database keeps the lock of one whose connection is silent.
    let writes = async || {
        owners.set(owners.get() + 1);
        let new = NewTask { owner: Some(format!("owner {}", owners.get())), ..task() };
        store.insert(&new).await.is_ok()
    };
    // A start, and the test of its connection before and after it, is about ten pieces.
    for pieces in 0..14 {
        way.silence_after(pieces);
        while !way.is_silent() {
            writes().await;
        }
        way.silence_after(i64::MAX);
        let healed = async { while !writes().await {} };
        let healed = tokio::time::timeout(HANGS, healed).await;
        assert!(healed.is_ok(), "nothing can be written since a connection was silent at {pieces}");
    }
}

#[tokio::test]
async fn each_call_ends_while_another_program_has_the_write_lock_of_the_file() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("m.db");
    let options = SqliteOptions::default().with(|o| {
        o.busy_timeout = Duration::from_millis(200);
        o.call_timeout = Duration::from_millis(500);
    });
    let clock = Arc::new(ManualClock::new(START));
    let store = SqliteStore::open_with(&path, clock, options).await.unwrap();
    let given = given(&store).await;
    let mut other = SqliteConnection::connect(path.to_str().unwrap()).await.unwrap();
    sqlx::query("BEGIN IMMEDIATE").execute(&mut other).await.unwrap();
    let mut refused = Vec::new();
    for name in methods().into_iter().filter(|name| *name != "close") {
        let called = tokio::time::timeout(HANGS, call(&store, name, &given)).await;
        if called.unwrap_or_else(|_| panic!("`{name}` hangs")).is_err() {
            refused.push(name);
        }
    }
    // A read-only task is announced as well.
    for (name, waits) in
        [("insert", true), ("finish", true), ("renew_leases", true), ("get", false)]
    {
        assert_eq!(refused.contains(&name), waits, "{name}: {refused:?}");
    }
    sqlx::query("ROLLBACK").execute(&mut other).await.unwrap();
    store.insert(&given.new).await.unwrap();
    tokio::time::timeout(HANGS, store.close()).await.unwrap();
}
