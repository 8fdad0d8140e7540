//! What an engine meets only where others work at the same rows.

use std::{sync::Arc, time::Duration};

use milepost::{
    engine::{
        EngineOptions,
        store::postgres::{PostgresOptions, PostgresStore},
    },
    task::Status,
};
use sqlx::{Connection as _, PgConnection};

use crate::{
    faulty::Faulty,
    fixture::{Gates, Step, engine_over, kind, quick},
    postgres_server::schema,
};

/// Nothing here comes from a poll of the queue.
fn without_poll() -> EngineOptions {
    quick().with(|o| o.queue_poll = Duration::from_secs(3600))
}

#[tokio::test]
async fn a_claim_that_found_its_rows_taken_is_soon_repeated() {
    let url = schema().await;
    let open = async || {
        let store = PostgresStore::open(&url, PostgresOptions::default()).await.unwrap();
        Arc::new(Faulty::new(Arc::new(store)))
    };
    let idle = quick().with(|o| o.worker = false);
    let front = engine_over(open().await, Gates::default(), idle, kind()).await;
    let id = front.start(&[Step::Stage(0)]).await;
    // As another worker that is just taking it.
    let mut other = PgConnection::connect(&url).await.unwrap();
    for statement in ["BEGIN", "SELECT id FROM tasks FOR UPDATE"] {
        sqlx::query(statement).execute(&mut other).await.unwrap();
    }
    let store = open().await;
    let _worker = engine_over(store.clone(), Gates::default(), without_poll(), kind()).await;
    // More often than its start and its listener's first word can explain.
    let patience = std::time::Instant::now();
    while store.made("claim") < 5 {
        assert!(patience.elapsed() < Duration::from_secs(120), "{} claims", store.made("claim"));
        tokio::task::yield_now().await;
    }
    assert_eq!(front.get(id).await.status, Status::Queued);
    sqlx::query("ROLLBACK").execute(&mut other).await.unwrap();
    assert_eq!(front.ended(id).await.status, Status::Completed);
}
