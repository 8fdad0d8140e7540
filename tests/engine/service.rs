//! Who may do what, and what is refused.

use std::sync::Arc;

use milepost::{
    engine::{
        Caller, EngineOptions, ListFilter, ServiceError, clock::SystemClock,
        store::sqlite::SqliteStore,
    },
    task::{GoneReason, PollRequest, Problem, StartTask, Status, TaskId, Watch},
};
use serde_json::json;
use sqlx::{Connection as _, SqliteConnection, sqlite::SqliteConnectOptions};
use uuid::Uuid;

use crate::{
    faulty::Faulty,
    fixture::{
        Fixture, Gates, Step, engine_at, engine_over, folder, gate, kind, quick, reach, scripted,
    },
};

fn idle() -> EngineOptions {
    quick().with(|o| o.worker = false)
}

async fn refused(f: &Fixture, start: StartTask) -> Problem {
    f.service.start(&f.ada, start, None).await.expect_err("it was started").into()
}

#[tokio::test]
async fn another_owner_sees_nothing_of_a_task() {
    let (_folder, path) = folder();
    let f = engine_at(&path, quick(), kind()).await;
    let id = f.start(&[reach("a"), gate("b")]).await;
    f.gates.pass("a").await;
    // While it runs, and after.
    for _ in 0..2 {
        for stranger in [Caller::owner("bob"), Caller::nobody()] {
            assert!(f.service.get(&stranger, id).await.unwrap().is_none());
            assert!(f.service.cancel(&stranger, id).await.unwrap().is_none());
            assert!(f.service.result(&stranger, id).await.unwrap().is_none());
            assert!(f.service.log(&stranger, id, 0).await.unwrap().is_none());
            let list = f.service.list(&stranger, &ListFilter::default()).await.unwrap();
            assert!(list.tasks.is_empty());
            let answer = f.service.poll(&stranger, &watching(id, 0)).await.unwrap();
            assert_eq!((answer.tasks.len(), answer.gone[0].reason), (0, GoneReason::NotFound));
        }
        f.gates.open("b");
        assert_eq!(f.ended(id).await.status, Status::Completed);
    }
}

fn watching(id: TaskId, version: i64) -> PollRequest {
    let watch = Watch::at_version(id, version);
    PollRequest::new(vec![watch], 0)
}

#[tokio::test]
async fn a_task_of_nobody_is_for_whoever_has_its_id() {
    let (_folder, path) = folder();
    let f = engine_at(&path, idle(), kind()).await;
    let nobody = Caller::nobody();
    let id = f.service.start(&nobody, scripted(&[]), None).await.unwrap().receipt.id;
    assert!(f.service.list(&nobody, &ListFilter::default()).await.unwrap().tasks.is_empty());
    assert!(f.service.get(&Caller::owner("bob"), id).await.unwrap().is_some());
    let cancelled = f.service.cancel(&nobody, id).await.unwrap().expect("the task is there");
    assert_eq!(cancelled.snapshot.status, Status::Cancelled);
}

#[tokio::test]
async fn an_operator_can_switch_anonymous_tasks_off() {
    let (_folder, path) = folder();
    let closed = idle().with(|o| o.allow_anonymous = false);
    let f = engine_at(&path, closed, kind()).await;
    let error = f.service.start(&Caller::nobody(), scripted(&[]), None).await.unwrap_err();
    assert_eq!(Problem::from(error).status, 401);
    f.start(&[]).await;
}

#[tokio::test]
async fn a_poll_tells_what_changed_and_nothing_else() {
    let (_folder, path) = folder();
    let f = engine_at(&path, idle(), kind()).await;
    let id = f.start(&[]).await;
    let first = f.service.poll(&f.ada, &watching(id, 0)).await.unwrap();
    assert_eq!(first.tasks.len(), 1);
    assert!(first.poll_after_ms >= 500.0);
    let version = first.tasks[0].version;
    let second = f.service.poll(&f.ada, &watching(id, version)).await.unwrap();
    assert!(second.tasks.is_empty() && second.gone.is_empty());
    f.service.cancel(&f.ada, id).await.unwrap();
    let third = f.service.poll(&f.ada, &watching(id, version)).await.unwrap();
    assert_eq!(third.tasks[0].status, Status::Cancelled);
    assert_eq!(third.tasks[0].poll_after_ms, 0);
}

#[tokio::test]
async fn a_poll_of_too_many_is_refused() {
    let (_folder, path) = folder();
    let f = engine_at(&path, idle(), kind()).await;
    let mut request = watching(TaskId::from_uuid(Uuid::new_v4()), 0);
    request.watch = vec![request.watch[0].clone(); 101];
    let error = f.service.poll(&f.ada, &request).await.unwrap_err();
    assert_eq!(Problem::from(error).status, 400);
}

#[tokio::test]
async fn the_same_start_with_the_same_key_is_one_task() {
    let (_folder, path) = folder();
    let f = engine_at(&path, idle(), kind()).await;
    let start =
        async |steps: &[Step], key| f.service.start(&f.ada, scripted(steps), Some(key)).await;
    let first = start(&[], "k").await.unwrap();
    let second = start(&[], "k").await.unwrap();
    assert_eq!((second.receipt.id, second.receipt.existing), (first.receipt.id, true));
    let reused = start(&[Step::Fail], "k").await.unwrap_err();
    assert!(matches!(reused, ServiceError::KeyReused));
    assert_eq!(Problem::from(reused).status, 422);
    for bad in ["", &"k".repeat(256)] {
        assert_eq!(Problem::from(start(&[], bad).await.unwrap_err()).status, 400);
    }
}

#[tokio::test]
async fn a_repeated_start_needs_no_prerequisite_any_more() {
    let (_folder, path) = folder();
    let f = engine_at(&path, idle(), kind()).await;
    let start = || f.service.start(&f.ada, scripted(&[]), Some("key"));
    let first = start().await.unwrap().receipt;
    f.gates.refuse_everything();
    assert!(f.service.start(&f.ada, scripted(&[]), None).await.is_err());
    let again = start().await.unwrap().receipt;
    assert_eq!((again.id, again.existing), (first.id, true));
}

#[tokio::test]
async fn a_key_alone_leads_nobody_to_a_strangers_task() {
    let (_folder, path) = folder();
    let f = engine_at(&path, idle(), kind()).await;
    let nobody = Caller::nobody();
    let start = async |steps: &[Step]| {
        f.service.start(&nobody, scripted(steps), Some("key")).await.unwrap().receipt
    };
    let first = start(&[]).await;
    assert_ne!(start(&[Step::Fail]).await.id, first.id);
    assert_eq!(start(&[]).await.id, first.id);
}

fn anonymous(address: [u8; 4]) -> Caller {
    Caller::nobody().at(Some(std::net::IpAddr::from(address).into()))
}

#[tokio::test]
async fn an_anonymous_key_counts_within_its_client_address() {
    let (_folder, path) = folder();
    let f = engine_at(&path, idle(), kind()).await;
    let start = async |caller: &Caller, steps: &[Step]| {
        f.service.start(caller, scripted(steps), Some("key")).await.map(|started| started.receipt)
    };
    let (here, elsewhere) = (anonymous([192, 0, 2, 1]), anonymous([192, 0, 2, 2]));
    let first = start(&here, &[]).await.unwrap();
    let repeated = start(&here, &[]).await.unwrap();
    assert_eq!((repeated.id, repeated.existing), (first.id, true));
    let reused = start(&here, &[Step::Fail]).await.unwrap_err();
    assert!(matches!(reused, ServiceError::KeyReused), "{reused:?}");
    let other = start(&elsewhere, &[]).await.unwrap();
    assert!(!other.existing && other.id != first.id);
    // A session of the same address is somebody else.
    let session = Caller::owner("eve").at(here.client());
    assert!(!start(&session, &[Step::Fail]).await.unwrap().existing);
}

#[tokio::test]
async fn no_anonymous_start_leads_to_another() {
    let (_folder, path) = folder();
    let f = engine_at(&path, idle(), kind()).await;
    let mut work = scripted(&[]);
    work.input["key"] = json!("lighthouse");
    let (here, elsewhere) = (anonymous([192, 0, 2, 1]), anonymous([192, 0, 2, 2]));
    let mut ids = Vec::new();
    for caller in [&here, &here, &elsewhere, &Caller::nobody()] {
        let receipt = f.service.start(caller, work.clone(), None).await.unwrap().receipt;
        assert!(!receipt.existing);
        ids.push(receipt.id);
    }
    let newest = async |caller: &Caller| {
        let found = f.service.newest(caller, "scripted", "lighthouse").await.unwrap();
        found.map(|snapshot| snapshot.id)
    };
    // Both may be of the same millisecond.
    assert!(newest(&here).await.is_some_and(|id| ids[..2].contains(&id)));
    assert_eq!(newest(&elsewhere).await, Some(ids[2]));
    // Nothing is known of this one, so nothing is its own.
    assert_eq!(newest(&Caller::nobody()).await, None);
    assert_eq!(newest(&anonymous([192, 0, 2, 3])).await, None);
    assert_eq!(newest(&Caller::owner("eve").at(here.client())).await, None);
    // Whoever has the id may follow it.
    assert!(f.service.get(&elsewhere, ids[0]).await.unwrap().is_some());
}

#[tokio::test]
async fn an_anonymous_client_with_a_full_queue_is_in_nobodys_way() {
    let (_folder, path) = folder();
    let f = engine_at(&path, idle().with(|o| o.max_queued_per_owner = 2), kind()).await;
    let start = async |caller: &Caller| f.service.start(caller, scripted(&[]), None).await;
    let (here, elsewhere) = (anonymous([192, 0, 2, 1]), anonymous([192, 0, 2, 2]));
    for _ in 0..2 {
        start(&here).await.unwrap();
    }
    assert!(matches!(start(&here).await.unwrap_err(), ServiceError::QueueFull { queued: 2 }));
    for other in [elsewhere, Caller::nobody(), f.ada.clone(), Caller::owner("b").at(here.client())]
    {
        start(&other).await.unwrap();
    }
}

#[tokio::test]
async fn what_a_key_was_used_for_is_kept_as_a_hash_that_each_database_makes_in_its_own_way() {
    let mut hashes = Vec::new();
    for _ in 0..2 {
        let (_folder, path) = folder();
        for existing in [false, true] {
            // The second process has the same key.
            let f = engine_at(&path, quick(), kind()).await;
            let started = f.service.start(&f.ada, scripted(&[]), Some("key")).await.unwrap();
            assert_eq!(started.receipt.existing, existing);
            f.engine.shutdown().await;
        }
        let file = SqliteConnectOptions::new().filename(&path);
        let mut other = SqliteConnection::connect_with(&file).await.unwrap();
        let kept = sqlx::query_scalar::<_, String>("SELECT request_hash FROM starts");
        hashes.extend(kept.fetch_all(&mut other).await.unwrap());
        other.close().await.unwrap();
    }
    let [one, other] = &hashes[..] else { panic!("{hashes:?}") };
    assert!(one != other && one.len() == 64, "{hashes:?}");
}

#[tokio::test]
async fn limits_are_the_operators() {
    let (_folder, path) = folder();
    let options = quick().with(|o| {
        o.max_idempotency_key_bytes = 3;
        o.max_search_chars = 2;
        o.list_rows = 1;
        o.max_list_rows = 2;
        o.max_log_lines_per_response = 1;
    });
    let f = engine_at(&path, options, kind()).await;
    let problem: Problem =
        f.service.start(&f.ada, scripted(&[]), Some("four")).await.unwrap_err().into();
    assert_eq!(problem.detail, "an Idempotency-Key has 1 to 3 bytes; this one has 4");
    let log = [Step::Log("a".to_owned()), Step::Log("b".to_owned())];
    let mut last = f.start(&log).await;
    f.ended(last).await;
    for _ in 0..2 {
        last = f.start(&log).await;
        f.ended(last).await;
    }
    let list = async |limit, q: Option<&str>| {
        let filter = ListFilter::default().with(|o| {
            o.limit = limit;
            o.q = q.map(str::to_owned);
        });
        f.service.list(&f.ada, &filter).await.map(|list| list.tasks.len())
    };
    assert_eq!(list(None, None).await.unwrap(), 1);
    assert_eq!(list(Some(100), None).await.unwrap(), 2);
    assert_eq!(list(Some(100), Some("st")).await.unwrap(), 2);
    let problem: Problem = list(None, Some("ste")).await.unwrap_err().into();
    assert_eq!(problem.errors[0].detail, "at most 2 characters are searched for");
    assert_eq!(f.service.log(&f.ada, last, 0).await.unwrap().unwrap().len(), 1);
    assert_eq!(f.service.log_since(&f.ada, last, 0, 10).await.unwrap().unwrap().len(), 1);
}

#[tokio::test]
async fn the_same_work_leads_to_the_running_task() {
    let (_folder, path) = folder();
    let f = engine_at(&path, idle(), kind()).await;
    let mut start = scripted(&[]);
    start.input["key"] = json!("lighthouse");
    let first = f.service.start(&f.ada, start.clone(), None).await.unwrap();
    let second = f.service.start(&f.ada, start.clone(), None).await.unwrap();
    assert_eq!((second.receipt.id, second.receipt.existing), (first.receipt.id, true));
    let bobs = f.service.start(&Caller::owner("bob"), start, None).await.unwrap();
    assert!(!bobs.receipt.existing);
    let newest = f.service.newest(&f.ada, "scripted", "lighthouse").await.unwrap();
    assert_eq!(newest.expect("there is one").id, first.receipt.id);
    let nobodys = f.service.newest(&Caller::nobody(), "scripted", "lighthouse").await.unwrap();
    assert!(nobodys.is_none());
}

#[tokio::test]
async fn a_bad_start_is_refused_at_its_field_and_nothing_is_queued() {
    let (_folder, path) = folder();
    let f = engine_at(&path, idle(), kind()).await;
    let start = |kind: &str, input| StartTask::new(kind, input);
    for (start, field) in [
        (start("nothing", json!({})), "kind"),
        (start("scripted", json!({})), "steps"),
        (start("scripted", json!({ "steps": [{ "stage": "x" }] })), "steps[0].stage"),
        (start("scripted", json!({ "steps": [], "refuse": true })), "refuse"),
    ] {
        let problem = refused(&f, start).await;
        assert_eq!((problem.status, problem.errors.len()), (400, 1), "{problem:?}");
        assert!(problem.errors[0].field.starts_with(field), "{problem:?}");
    }
    let problem = refused(&f, start("scripted", json!("x".repeat(2 << 20)))).await;
    assert!(problem.detail.contains("at most"), "{problem:?}");
    assert_eq!(f.service.counts().await.unwrap(), (0, 0));
}

#[tokio::test]
async fn a_full_queue_says_when_to_come_back() {
    let (_folder, path) = folder();
    let f = engine_at(&path, idle(), kind()).await;
    for _ in 0..3 {
        f.start(&[]).await;
    }
    let problem = refused(&f, scripted(&[])).await;
    assert_eq!((problem.status, problem.retry_after_ms), (429, Some(5_000)));
}

#[tokio::test]
async fn a_list_is_paged_by_its_cursor() {
    let (_folder, path) = folder();
    let f = engine_at(&path, idle(), kind()).await;
    for _ in 0..3 {
        f.start(&[]).await;
    }
    let mut filter = ListFilter::default().with(|o| o.limit = Some(2));
    let first = f.service.list(&f.ada, &filter).await.unwrap();
    assert_eq!(first.tasks.len(), 2);
    filter.cursor = first.next_cursor;
    let second = f.service.list(&f.ada, &filter).await.unwrap();
    assert_eq!((second.tasks.len(), second.next_cursor), (1, None));
    filter.cursor = Some("nonsense".to_owned());
    let error = f.service.list(&f.ada, &filter).await.unwrap_err();
    assert_eq!(Problem::from(error).errors[0].field, "cursor");
}

#[tokio::test]
async fn kinds_are_listed_with_their_schema() {
    let (_folder, path) = folder();
    let f = engine_at(&path, idle(), kind()).await;
    let kinds = f.service.kinds();
    assert_eq!(kinds.len(), 1);
    assert_eq!(f.service.kind("scripted"), Some(kinds[0].clone()));
    assert_eq!(f.service.kind("nothing"), None);
    assert_eq!(kinds[0].input_schema["required"], json!(["steps"]));
}

#[tokio::test]
async fn the_calls_of_a_page_read_the_row_once_and_unknown_ids_are_read_together() {
    let (_folder, path) = folder();
    let store = SqliteStore::open(&path, Arc::new(SystemClock)).await.unwrap();
    let store = Arc::new(Faulty::new(Arc::new(store)));
    let f = engine_over(store.clone(), Gates::default(), idle(), kind()).await;
    let id = f.start(&[]).await;
    let before = store.made("get");
    f.get(id).await;
    assert_eq!(f.service.files(&f.ada, id).await.unwrap(), Some(Vec::new()));
    assert_eq!(f.service.log_since(&f.ada, id, 0, 9).await.unwrap(), Some(Vec::new()));
    assert_eq!(f.service.batch_of(&f.ada, id).await.unwrap(), None);
    assert_eq!(store.made("get") - before, 1);
    // Who must not see the task does not see it in memory either.
    assert_eq!(f.service.files(&Caller::owner("bob"), id).await.unwrap(), None);

    let made = |store: &Faulty| ["get", "tombstones", "batch_counts"].map(|call| store.made(call));
    let before = made(&store);
    let watch = (0..100).map(|_| Watch::at_version(TaskId::from_uuid(Uuid::new_v4()), 0));
    let answer = f.service.poll(&f.ada, &PollRequest::new(watch.collect(), 0)).await.unwrap();
    assert_eq!(answer.gone.len(), 100);
    let after = made(&store);
    let calls: Vec<_> = after.iter().zip(before).map(|(after, before)| after - before).collect();
    // All rows, all tombstones, and whether the first is a batch.
    assert_eq!(calls, [1, 1, 1]);
}
