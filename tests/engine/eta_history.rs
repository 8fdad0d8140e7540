//! Estimates from the durations of earlier runs, stored across processes.

use std::{path::Path, sync::Arc};

use milepost::{
    engine::{
        clock::SystemClock,
        store::{Store as _, sqlite::SqliteStore},
    },
    task::{EtaRange, Status, TaskId},
};
use uuid::Uuid;

use crate::fixture::{Fixture, Step, engine_at, folder, gate, is, kind, quick, reach};

/// A run through both stages that stops in the second until the gate opens.
fn both_stages() -> [Step; 4] {
    [Step::Stage(0), Step::Stage(1), reach("second"), gate("on")]
}

async fn store_at(path: &Path) -> SqliteStore {
    SqliteStore::open(path, Arc::new(SystemClock)).await.unwrap()
}

async fn whole_run(f: &Fixture) {
    let id = f.start(&both_stages()).await;
    f.gates.pass("second").await;
    f.gates.open("on");
    assert_eq!(f.ended(id).await.status, Status::Completed);
}

async fn range_of_a_run(f: &Fixture) -> Option<EtaRange> {
    let id = f.start(&[Step::Stage(0), reach("first"), gate("on")]).await;
    f.gates.pass("first").await;
    let range = f.get(id).await.eta_range_ms;
    f.gates.open("on");
    f.ended(id).await;
    range
}

#[tokio::test]
async fn a_kind_that_never_ran_promises_nothing() {
    let (_folder, path) = folder();
    let f = engine_at(&path, quick(), kind()).await;
    let id = f.start(&both_stages()).await;
    f.gates.pass("second").await;
    assert_eq!(f.get(id).await.eta_range_ms, None);
    f.gates.open("on");
    f.ended(id).await;
}

#[tokio::test]
async fn earlier_runs_say_when_a_task_will_end_and_a_restart_does_not_forget_them() {
    let (_folder, path) = folder();
    let store = store_at(&path).await;
    // As three runs of a minute and ten minutes would have left it.
    for wiggle in [0, 500, 1_000] {
        let times =
            [("First".to_owned(), 60_000 + wiggle), ("Second".to_owned(), 600_000 + wiggle)];
        let id = TaskId::from_uuid(Uuid::new_v4());
        store.keep_stage_times(id, "scripted", &times, 100).await.unwrap();
    }
    store.close().await;
    drop(store);
    let f = engine_at(&path, quick(), kind()).await;
    let range = range_of_a_run(&f).await.expect("there is a history");
    assert!((655_000..=662_000).contains(&range.low_ms), "{range:?}");
    assert!((range.low_ms..=665_000).contains(&range.high_ms), "{range:?}");
}

#[tokio::test]
async fn a_whole_run_is_remembered_and_a_failed_one_is_not() {
    let (_folder, path) = folder();
    let f = engine_at(&path, quick(), kind()).await;
    let id = f.start(&[Step::Stage(0), Step::Stage(1), Step::Fail]).await;
    f.until(id, is(Status::Error)).await;
    whole_run(&f).await;
    // What an end leads to is done when the engine has stopped.
    f.engine.shutdown().await;
    drop(f);
    let times = store_at(&path).await.stage_times("scripted").await.unwrap();
    let mut stages: Vec<_> = times.iter().map(|(stage, _)| stage.as_str()).collect();
    stages.sort_unstable();
    assert_eq!(stages, ["First", "Second"]);
}
