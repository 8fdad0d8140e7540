//! Every call of a store ends: on a connection that falls silent at whatever moment, on one that is
//! accepted and never answered, and while another program has the write lock of a file.

mod users;

use std::{sync::Arc, time::Duration};

use futures_util::{StreamExt as _, stream};
use milepost::{
    engine::{
        clock::ManualClock,
        store::{
            AllTasksQuery, ArtifactId, AuditQuery, Claim, CommitGroup, CommittedGroup, Ending,
            HourCount, HourEvent, LabelChange, ListQuery, LogEntry, NewArtifact, NewAudit,
            NewShare, NewTask, NewToken, PauseScope, ProgressWrite, Row, RunEnd, ShareSubject,
            SharedLimits, Source, Spend, Store, StoreError, UsageOf, Worker,
            postgres::{PostgresOptions, PostgresStore},
            sqlite::{SqliteOptions, SqliteStore},
        },
    },
    task::{BatchId, TaskId},
};
use sqlx::{Connection as _, SqliteConnection};
use uuid::Uuid;

use crate::{
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
        (include_str!("../../src/engine/store.rs"), "pub trait Store:"),
        (include_str!("../../src/engine/store/artifacts.rs"), "pub trait ArtifactRows: "),
        (include_str!("../../src/engine/store/tokens.rs"), "pub trait TokenRows: "),
        (include_str!("../../src/engine/store/shares.rs"), "pub trait ShareRows: "),
        (include_str!("../../src/engine/store/operate.rs"), "pub trait OperatorRows: "),
        (include_str!("../../src/engine/store/users.rs"), "pub trait UserRows: "),
        (include_str!("../../src/engine/store/owner_data.rs"), "pub trait OwnerDataRows: "),
        (include_str!("../../src/engine/store/audit.rs"), "pub trait AuditRows: "),
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
    let runs = task();
    store.insert(&runs).await.unwrap();
    let runs = store.claim(&claim("story")).await.unwrap().remove(0);
    let waits = task().with(|new| new.kind = "dataset".to_owned());
    store.insert(&waits).await.unwrap();
    let source = Source::Upload { owner: Some("ada".to_owned()), client: None, keep_ms: 1_000 };
    let upload = NewArtifact::new(source, "a.csv", "text/csv");
    store.begin_artifact(&upload).await.unwrap().unwrap();
    Given { new: task(), waits: waits.id, runs, upload }
}

fn claim(kind: &str) -> Claim {
    Claim::new("w", LEASE, vec![(kind.to_owned(), 1)], 1)
}

fn progress(row: &Row) -> ProgressWrite {
    ProgressWrite::new(row).with(|write| write.log = vec![LogEntry::new(1, START, "a line")])
}

fn end(row: &Row) -> RunEnd {
    RunEnd::new(row, Ending::Completed(result())).with(|end| {
        end.stage_times = vec![("Writing".to_owned(), 5)];
        end.stage_history = 5;
    })
}

fn spend(task: TaskId) -> Spend {
    Spend::new("tokens", task, 1, 5).with(|spend| {
        spend.limit = 100;
        spend.limit_per_owner = 100;
    })
}

/// Makes the call of this name.
async fn call(store: &dyn Store, name: &str, given: &Given) -> Result<(), StoreError> {
    let Given { new, waits, runs, upload } = given;
    let (id, seq) = (runs.id, runs.run_seq);
    match name {
        "now_ms" => store.now_ms().await.map(drop),
        "insert" => store.insert(new).await.map(drop),
        "insert_all" => store.insert_all(std::slice::from_ref(new)).await.map(drop),
        "batch" => {
            let id = BatchId::from_uuid(Uuid::new_v4());
            store.batch(id, None, None, 9).await.map(drop)
        }
        "batch_counts" => store.batch_counts(BatchId::from_uuid(Uuid::new_v4())).await.map(drop),
        "cancel_queued_of" => {
            let id = BatchId::from_uuid(Uuid::new_v4());
            store.cancel_queued_of(id, "ada", None).await.map(drop)
        }
        "batches" => store.batches("ada", None, 9).await.map(drop),
        "started" => store.started("ada", "key", "hash").await.map(drop),
        "get" => store.get(id).await.map(drop),
        "get_all" => store.get_all(&[id, *waits]).await.map(drop),
        "inputs" => store.inputs(&[id, *waits]).await.map(drop),
        "input" => store.input(id).await.map(drop),
        "list" => store.list(&ListQuery::default().with(|query| query.limit = 5)).await.map(drop),
        "last_examined" => {
            let query = ListQuery::default().with(|query| {
                query.q = Some("x".to_owned());
                query.examine = Some(5);
            });
            store.last_examined(&query).await.map(drop)
        }
        "queue" => store.queue("dataset", 5).await.map(drop),
        "has_waiting" => store.has_waiting("dataset").await.map(drop),
        "newest" => store.newest("ada", "story", "key").await.map(drop),
        "limit_state" => {
            let limits = SharedLimits::default().with(|limits| limits.concurrency = Some(1));
            store.limit_state("story", &limits, "ada").await.map(drop)
        }
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
        "has_rerun_checkpoints" => store.has_rerun_checkpoints(id).await.map(drop),
        "finish" => store.finish(id, seq, &Ending::Completed(result())).await.map(drop),
        "commit_group" => {
            let second = new.clone().with(|new| new.id = TaskId::from_uuid(Uuid::new_v4()));
            let group = CommitGroup::default().with(|group| {
                group.ends = vec![Arc::new(end(runs)), Arc::new(end(runs))];
                group.starts = vec![Arc::new(new.clone()), Arc::new(second)];
                group.claim = Some(claim("dataset"));
            });
            let CommittedGroup { ends, starts, .. } = store.commit_group(&group).await;
            let starts = starts.into_iter().flatten().map(|one| one.map(drop));
            ends.into_iter().flatten().map(|one| one.map(drop)).chain(starts).collect()
        }
        "request_cancel" => store.request_cancel(*waits, "ada", None).await.map(drop),
        "result" => store.result(id).await.map(drop),
        "log" => store.log(id, 0, 5).await.map(drop),
        "log_end" => store.log_end(id, 5).await.map(drop),
        "keep_stage_times" => {
            store.keep_stage_times(id, "story", &[("Writing".to_owned(), 5)], 5).await
        }
        "stage_times" => store.stage_times("story").await.map(drop),
        "keep" => store.keep(id, 1_000, None).await.map(drop),
        "delete" => store.delete(id, 1_000, None).await.map(drop),
        "clean" => store.clean(5, 1_000).await.map(drop),
        "tombstones" => store.tombstones(&[id, *waits]).await.map(drop),
        "tombstone" => store.tombstone(id).await.map(drop),
        "secret" => store.secret("session").await.map(drop),
        "spend" => store.spend(&spend(id)).await.map(drop),
        "correct_spending" => store.correct_spending(id, "tokens", 0, 1).await,
        "spending" => store.spending("tokens", Some("ada"), None).await.map(drop),
        "usage" => store.usage(&UsageOf::All).await.map(drop),
        "set_labels" => {
            let change = LabelChange::default().with(|change| {
                (change.tags, change.note) = (Some(vec!["x".to_owned()]), Some("y".to_owned()));
            });
            store.set_labels(id, &change, None).await.map(drop)
        }
        "start_now" => store.start_now(*waits, None).await.map(drop),
        "unfinished" => store.unfinished().await.map(drop),
        "waiting_kinds" => store.waiting_kinds().await.map(drop),
        "counts" => store.counts().await.map(drop),
        "check_writable" => store.check_writable().await,
        "close" => {
            // While another call is under way.
            let (_, ()) = tokio::join!(store.get(id), store.close());
            Ok(())
        }
        other => match call_for_operators(store, other).await {
            Some(done) => done,
            None => call_for_files(store, other, id, upload).await,
        },
    }
}

/// `None`: it is no such call.
async fn call_for_operators(store: &dyn Store, name: &str) -> Option<Result<(), StoreError>> {
    let all = AllTasksQuery::default().with(|query| (query.limit, query.examine) = (5, 5));
    let count = HourCount::new(START / 3_600_000, "story".to_owned(), HourEvent::Started, 1);
    Some(match name {
        "pause" => store.pause(PauseScope::Worker, "x", None).await,
        "resume" => store.resume(PauseScope::Worker, "x", None).await.map(drop),
        "pauses" => store.pauses().await.map(drop),
        "report_worker" => store.report_worker(&Worker::default()).await,
        "forget_worker" => store.forget_worker("x").await,
        "workers" => store.workers().await.map(drop),
        "add_hour_counts" => store.add_hour_counts(&[count]).await,
        "hour_counts" => store.hour_counts(0).await.map(drop),
        "busiest_accounts" => store.busiest_accounts(5).await.map(drop),
        "longest_running" => store.longest_running(5).await.map(drop),
        "list_all" => store.list_all(&all).await.map(drop),
        "add_audit" => store.add_audit(&[NewAudit::new("ada", "token", "start")]).await,
        "audit" => store.audit(&AuditQuery::default()).await.map(drop),
        "clean_audit" => store.clean_audit(1_000, 5).await.map(drop),
        _ => return None,
    })
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
            let another = upload.clone().with(|new| new.id = ArtifactId::random());
            store.begin_artifact(&another).await.map(drop)
        }
        "renew_artifact" => store.renew_artifact(upload, 5).await.map(drop),
        "finish_artifact" => store.finish_artifact(upload, 5, "00ff").await.map(drop),
        "artifacts_of" => store.artifacts_of(id).await.map(drop),
        "artifact_of" => store.artifact_of(id, "a.csv").await.map(drop),
        "upload" => store.upload(named).await.map(drop),
        "uploads_of" => store.uploads_of("user:ada", None, 5).await.map(drop),
        "upload_of" => store.upload_of(id, named).await.map(drop),
        "mark_artifacts_deleted" => store.mark_artifacts_deleted(5, 1_000).await.map(drop),
        "delete_artifact" => store.delete_artifact(upload.id).await,
        "add_token" => {
            let id = Uuid::new_v4().to_string();
            store.add_token(&NewToken::new(&*id, &*id, "user:ada")).await.map(drop)
        }
        "preview" => store.preview(id, 0).await.map(drop),
        "add_share" => {
            let share = Uuid::new_v4().to_string();
            store
                .add_share(&NewShare::new(&*share, &*share, ShareSubject::Task(id)))
                .await
                .map(drop)
        }
        "share" => store.share("hash").await.map(drop),
        "shares" => store.shares(ShareSubject::Task(id)).await.map(drop),
        "remove_share" => store.remove_share(ShareSubject::Task(id), "id", None).await.map(drop),
        "use_token" => store.use_token("hash").await.map(drop),
        "tokens" => store.tokens(None).await.map(drop),
        "remove_token" => store.remove_token(None, "id", None).await.map(drop),
        name => users::call(store, name).await,
    }
}

/// Makes the call over connections that fall silent after nothing, after one statement, after two,
/// until it comes through.
async fn hang_at_each_statement(name: &str) {
    let url = schema().await;
    let front = PostgresStore::open(&url, PostgresOptions::default()).await.unwrap();
    let options = PostgresOptions::default().with(|o| {
        o.connections = 3;
        // The time limit of the call comes first; a busy machine is slow to connect.
        o.acquire_timeout = HANGS;
        o.call_timeout = Duration::from_secs(2);
    });
    for pieces in 0..200 {
        let given = given(&front).await;
        let way = Way::to(&url);
        let store = PostgresStore::open(&way.url, options.clone()).await.unwrap();
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
        front.request_cancel(given.waits, "ada", None).await.unwrap();
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
        let new = task().with(|new| new.owner = Some(format!("owner {n}")));
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
        let new = task().with(|new| new.owner = Some(format!("owner {}", owners.get())));
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
