//! The store in memory: the suite.

use std::sync::Arc;

use milepost::engine::{clock::ManualClock, store::sqlite::SqliteStore};

use crate::fixture::{Fixture, START, Time};

async fn open() -> Fixture {
    let clock = Arc::new(ManualClock::new(START));
    let store = SqliteStore::in_memory(clock.clone()).await.unwrap();
    let folder = tempfile::tempdir().unwrap();
    Fixture { store: Arc::new(store), time: Time::Manual(clock), _folder: folder }
}

crate::conformance::conformance!(open);
