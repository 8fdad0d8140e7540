//! The connection over which notifications come, fallen silent: no error, and nothing heard.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use milepost::engine::store::{
    Change, Changes, Store,
    postgres::{PostgresOptions, PostgresStore},
};

use crate::{
    fixture::{Gates, engine_over, kind, quick},
    postgres_server::schema,
    silent::Way,
};

/// As in production, but asked sooner whether it is alive.
const SILENCE: Duration = Duration::from_millis(500);
/// The answer that does not come, and the pause before the next connection.
const NOTICED: Duration = Duration::from_secs(2 + 1);
/// For a machine that is busy.
const SLACK: Duration = Duration::from_secs(30);

async fn open(url: &str) -> Arc<PostgresStore> {
    let options = PostgresOptions::default().with(|o| o.silence = SILENCE);
    Arc::new(PostgresStore::open(url, options).await.unwrap())
}

async fn next(changes: &mut Changes) -> Change {
    let change = tokio::time::timeout(SILENCE + NOTICED + SLACK, changes.recv()).await;
    change.expect("something is heard in time").expect("it goes on listening")
}

async fn hears(changes: &mut Changes, wanted: Change) {
    while next(changes).await != wanted {}
}

async fn until_silenced(way: &Way, times: u32) {
    let patience = Instant::now();
    while way.silenced() < times {
        assert!(patience.elapsed() < Duration::from_secs(120), "nothing was said");
        tokio::task::yield_now().await;
    }
}

/// That nothing comes late meanwhile is shown where no notification comes at all (`engines`).
#[tokio::test(flavor = "multi_thread")]
async fn a_listener_that_falls_silent_is_noticed_and_what_was_missed_is_asked_for() {
    let url = schema().await;
    let way = Way::to(&url);
    let listening = open(&way.url).await;
    let idle = quick().with(|o| o.worker = false);
    let front = engine_over(open(&url).await, Gates::default(), idle, kind()).await;

    // As it begins to listen.
    way.silence_at("LISTEN");
    let mut changes = listening.changes().unwrap();
    until_silenced(&way, 1).await;
    let task = front.start(&[]).await;
    assert_eq!(next(&mut changes).await, Change::Anything, "look at everything");

    // As it is asked whether it is alive.
    way.silence_at("SELECT 1");
    until_silenced(&way, 2).await;
    let other = front.start(&[]).await;
    assert_eq!(next(&mut changes).await, Change::Anything, "look at everything");

    // And the next connection hears.
    front.service.cancel(&front.ada, task).await.unwrap();
    hears(&mut changes, Change::Cancel(task)).await;
    front.service.cancel(&front.ada, other).await.unwrap();
    hears(&mut changes, Change::Cancel(other)).await;
    assert_eq!(way.silenced(), 2);
    listening.close().await;
    assert_eq!(changes.recv().await, None);
}
