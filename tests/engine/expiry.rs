//! What becomes of a task after its end, by a clock in the test's hands.

use std::{path::Path, sync::Arc, time::Duration};

use async_trait::async_trait;
use milepost::{
    engine::{
        Caller, Context, DynamicKind, DynamicTask, Engine, EngineOptions, ListFilter, Output,
        Prepared, Registry, RetentionOptions, ServiceError, Stages, TaskError, ValidationError,
        clock::ManualClock,
        store::{Store, StoredInput, sqlite::SqliteStore},
    },
    task::{GoneReason, KindInfo, PollRequest, Problem, StartTask, Status, TaskId, Watch},
};
use serde_json::{Value, json};

use crate::fixture::{Fixture, Gates, Scripted, Step, folder, gate, kind, quick, reach};

const START: i64 = 1_800_000_000_000;
const DAY: Duration = Duration::from_secs(86_400);

struct Dated {
    f: Fixture,
    store: Arc<SqliteStore>,
    clock: Arc<ManualClock>,
}

impl Dated {
    fn pass(&self, days: u32) {
        self.clock.advance(i64::from(days) * DAY.as_millis() as i64);
    }
}

async fn dated(path: &Path, options: EngineOptions) -> Dated {
    let clock = Arc::new(ManualClock::new(START));
    let store = Arc::new(SqliteStore::open(path, clock.clone()).await.unwrap());
    let gates = Gates::default();
    let registry = Registry::new().with::<Scripted>(gates.clone(), kind());
    let engine = Engine::start(store.clone(), clock.clone(), registry, options).await.unwrap();
    let f = Fixture { service: engine.service(), engine, gates, ada: Caller::owner("ada") };
    Dated { f, store, clock }
}

fn retaining(retention: RetentionOptions) -> EngineOptions {
    quick().with(|o| o.retention = retention)
}

/// Prunes only when the test says so.
fn slow() -> RetentionOptions {
    RetentionOptions::default().with(|o| o.prune_interval = 1_000 * DAY)
}

async fn gone(f: &Fixture, caller: &Caller, id: TaskId) -> GoneReason {
    let request = PollRequest::new(vec![Watch::at_version(id, 0)], 0);
    f.service.poll(caller, &request).await.unwrap().gone[0].reason
}

fn problem<T>(answer: Result<Option<T>, ServiceError>) -> Problem {
    answer.err().expect("it is over").into()
}

#[tokio::test]
async fn an_expired_task_says_what_it_was_to_its_owner_and_nothing_to_others() {
    let (_folder, path) = folder();
    let Dated { f, store, clock } = dated(&path, retaining(slow())).await;
    let id = f.start(&[]).await;
    assert_eq!(f.ended(id).await.expires_at.as_deref(), Some("2027-02-14T08:00:00Z"));
    clock.advance(30 * DAY.as_millis() as i64);
    let bob = Caller::owner("bob");
    // Before it is removed, and after.
    for _ in 0..2 {
        let said = problem(f.service.get(&f.ada, id).await);
        assert_eq!(said, problem(f.service.result(&f.ada, id).await));
        assert_eq!(said, problem(f.service.log(&f.ada, id, 0).await));
        assert_eq!(said, problem(f.service.log_since(&f.ada, id, 0, 1).await));
        assert_eq!(said, problem(f.service.cancel(&f.ada, id).await));
        assert_eq!(said, problem(f.service.keep(&f.ada, id).await));
        assert_eq!(said.status, 410);
        let was = said.task.expect("what it was");
        assert_eq!((was.kind.as_str(), was.title.as_str()), ("scripted", "0 steps"));
        assert_eq!(was.status, Status::Completed);
        assert_eq!(was.finished_at, "2027-01-15T08:00:00Z");
        assert_eq!(was.expired_at, "2027-02-14T08:00:00Z");
        assert_eq!(gone(&f, &f.ada, id).await, GoneReason::Expired);
        assert!(f.service.get(&bob, id).await.unwrap().is_none());
        assert!(f.service.keep(&bob, id).await.unwrap().is_none());
        assert_eq!(gone(&f, &bob, id).await, GoneReason::NotFound);
        let list = f.service.list(&f.ada, &ListFilter::default()).await.unwrap();
        assert!(list.tasks.is_empty());
        store.clean(10, 90 * DAY.as_millis() as i64).await.unwrap();
    }
    clock.advance(90 * DAY.as_millis() as i64);
    assert!(f.service.get(&f.ada, id).await.unwrap().is_none());
    assert_eq!(gone(&f, &f.ada, id).await, GoneReason::NotFound);
}

#[tokio::test]
async fn a_task_is_kept_longer_by_who_may_see_it_once_it_has_ended() {
    let (_folder, path) = folder();
    let d = dated(&path, retaining(slow())).await;
    let f = &d.f;
    let id = f.start(&[reach("a"), gate("b")]).await;
    f.gates.pass("a").await;
    assert!(!f.service.keep(&f.ada, id).await.unwrap().expect("it is there").ended);
    f.gates.open("b");
    f.ended(id).await;
    d.pass(10);
    assert!(f.service.keep(&Caller::owner("bob"), id).await.unwrap().is_none());
    for _ in 0..2 {
        let kept = f.service.keep(&f.ada, id).await.unwrap().expect("it is there");
        assert!(kept.ended);
        assert_eq!(kept.snapshot.expires_at.as_deref(), Some("2027-04-25T08:00:00Z"));
    }
    d.pass(89);
    assert_eq!(f.result_text(id).await.as_deref(), Some("done"));
    d.pass(1);
    assert_eq!(problem(f.service.get(&f.ada, id).await).status, 410);
}

#[tokio::test]
async fn a_worker_removes_what_has_expired_by_itself() {
    let (_folder, path) = folder();
    let retention = RetentionOptions::default().with(|o| {
        o.prune_interval = Duration::from_millis(5);
        o.prune_batch = 1;
    });
    let options = retaining(retention);
    let d = dated(&path, options).await;
    let ids = [d.f.start(&[]).await, d.f.start(&[Step::Fail]).await];
    for id in ids {
        d.f.ended(id).await;
    }
    d.pass(30);
    let patience = std::time::Instant::now();
    for id in ids {
        while d.store.get(id).await.unwrap().is_some() {
            assert!(patience.elapsed() < Duration::from_secs(120), "it is still there");
            tokio::task::yield_now().await;
        }
        assert!(d.store.tombstone(id).await.unwrap().is_some());
    }
}

#[tokio::test]
async fn without_an_expiry_everything_is_kept() {
    let (_folder, path) = folder();
    let d = dated(&path, retaining(slow().with(|o| o.keep = Duration::ZERO))).await;
    let id = d.f.start(&[]).await;
    assert_eq!(d.f.ended(id).await.expires_at, None);
    assert!(!d.f.service.expires("scripted"));
    d.pass(10_000);
    assert_eq!(d.f.result_text(id).await.as_deref(), Some("done"));
    let kept = d.f.service.keep(&d.f.ada, id).await.unwrap().expect("it is there");
    assert_eq!((kept.ended, kept.snapshot.expires_at), (true, None));
}

/// A kind that is done at once.
struct AtOnce;

#[async_trait]
impl DynamicTask for AtOnce {
    async fn prepare(&self, input: Value) -> Result<Prepared, ValidationError> {
        Ok(Prepared::new(input.to_string(), "At once", Stages::none()))
    }

    async fn run(&self, _: &StoredInput, _: Context) -> Result<Output, TaskError> {
        Ok(Output::markdown("done".to_owned(), "done.md"))
    }
}

/// Registers kinds with a retention of their own beside the one that has that of all kinds.
async fn with_kinds(d: &Dated, kinds: &[(&str, Duration)]) {
    let kinds = kinds.iter().map(|(name, keep)| {
        let info = KindInfo::new(*name, "At once", "", json!({"type": "object"}));
        DynamicKind::new(info, kind().with(|o| o.keep = Some(*keep)), Arc::new(AtOnce))
    });
    d.f.engine.replace_dynamic_kinds(kinds.collect()).await.unwrap();
}

async fn ended_at_once(f: &Fixture, kind: &str) -> TaskId {
    let start = StartTask::new(kind, json!({}));
    let id = f.service.start(&f.ada, start, None).await.unwrap().receipt.id;
    f.ended(id).await;
    id
}

#[tokio::test]
async fn a_kind_is_kept_as_long_as_it_says_itself_and_otherwise_as_all_are() {
    let (_folder, path) = folder();
    let d = dated(&path, retaining(slow())).await;
    let f = &d.f;
    with_kinds(&d, &[("brief", DAY), ("lasting", Duration::ZERO)]).await;
    let usual = f.start(&[]).await;
    f.ended(usual).await;
    let (brief, lasting) = (ended_at_once(f, "brief").await, ended_at_once(f, "lasting").await);
    let expires_at = async |id| f.get(id).await.expires_at;
    assert_eq!(expires_at(brief).await.as_deref(), Some("2027-01-16T08:00:00Z"));
    assert_eq!(expires_at(usual).await.as_deref(), Some("2027-02-14T08:00:00Z"));
    assert_eq!(expires_at(lasting).await, None);
    let kinds = ["scripted", "brief", "lasting", "unknown"];
    assert_eq!(kinds.map(|kind| f.service.expires(kind)), [true, true, false, true]);
    d.pass(1);
    d.store.clean(10, 90 * DAY.as_millis() as i64).await.unwrap();
    assert_eq!(problem(f.service.get(&f.ada, brief).await).status, 410);
    assert_eq!(f.result_text(usual).await.as_deref(), Some("done"));
    d.pass(29);
    d.store.clean(10, 90 * DAY.as_millis() as i64).await.unwrap();
    assert_eq!(problem(f.service.get(&f.ada, usual).await).status, 410);
    assert_eq!(f.result_text(lasting).await.as_deref(), Some("done"));
}

#[tokio::test]
async fn a_task_keeps_the_retention_with_which_it_was_started() {
    let (_folder, path) = folder();
    let d = dated(&path, retaining(slow().with(|o| o.keep = Duration::ZERO))).await;
    let f = &d.f;
    with_kinds(&d, &[("brief", DAY)]).await;
    let before = ended_at_once(f, "brief").await;
    // Longer than any number of milliseconds: the task ends nevertheless.
    with_kinds(&d, &[("brief", Duration::MAX)]).await;
    let after = ended_at_once(f, "brief").await;
    let expires_at = async |id| f.get(id).await.expires_at;
    assert_eq!(expires_at(before).await.as_deref(), Some("2027-01-16T08:00:00Z"));
    assert_eq!(expires_at(after).await.as_deref(), Some("2126-12-22T08:00:00Z"));
    assert_eq!(["scripted", "brief"].map(|kind| f.service.expires(kind)), [false, true]);
}
