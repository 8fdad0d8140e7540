//! The embedded store: the suite, and what only a file can get wrong.

use std::{path::Path, sync::Arc};

use milepost::engine::{
    clock::ManualClock,
    store::{Store, sqlite::SqliteStore},
};

use crate::fixture::{Fixture, START, task};

async fn open() -> Fixture {
    let folder = tempfile::tempdir().unwrap();
    Fixture::sqlite(&folder.path().join("m.db")).await.unwrap().keep(folder)
}

milepost::testing::conformance!(open);
// Only where there is one process is whatever is leased known to be a dead one's.
milepost::testing::conformance!(open; a_new_process_takes_back_at_once);

async fn refusal(path: &Path) -> String {
    match SqliteStore::open(path, Arc::new(ManualClock::new(START))).await {
        Ok(_) => panic!("{} was opened", path.display()),
        Err(error) => error.to_string(),
    }
}

#[tokio::test]
async fn a_second_process_is_told_that_the_file_is_in_use() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("m.db");
    let first = SqliteStore::open(&path, Arc::new(ManualClock::new(START))).await.unwrap();
    let line = refusal(&path).await;
    assert!(line.contains("in use by another milepost"), "{line}");
    first.close().await;
    drop(first);
    SqliteStore::open(&path, Arc::new(ManualClock::new(START))).await.unwrap();
}

#[tokio::test]
async fn a_file_that_is_no_database_is_told_and_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("m.db");
    let text = "this is not a database, however long it is. ".repeat(100);
    std::fs::write(&path, &text).unwrap();
    let line = refusal(&path).await;
    assert!(line.contains("cannot be opened"), "{line}");
    assert_eq!(std::fs::read_to_string(&path).unwrap(), text);
}

#[tokio::test]
async fn a_folder_that_is_missing_is_told() {
    let line = refusal(Path::new("/nowhere/at/all/m.db")).await;
    assert!(line.contains("cannot be written"), "{line}");
}

#[tokio::test]
async fn what_was_queued_is_there_after_reopening() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("m.db");
    let clock = Arc::new(ManualClock::new(START));
    let store = SqliteStore::open(&path, clock.clone()).await.unwrap();
    let new = task();
    store.insert(&new).await.unwrap();
    store.close().await;
    drop(store);
    let store = SqliteStore::open(&path, clock).await.unwrap();
    assert!(store.get(new.id).await.unwrap().is_some());
}
