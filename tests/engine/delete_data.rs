//! Deletion of all data of an owner over a store that fails or is slow.

use std::sync::Arc;

use milepost::{
    engine::{
        Caller, DataCall, ServiceError, TokenRequest,
        clock::SystemClock,
        store::{
            Store, TokenRows as _,
            postgres::{PostgresOptions, PostgresStore},
            sqlite::SqliteStore,
        },
    },
    task::Status,
};

use crate::{
    faulty::{Fault, Faulty},
    fixture::{Fixture, Gates, Step, engine_over, gate, is, kind, quick, reach, scripted},
    postgres_server::schema,
};

async fn fixture() -> (Arc<Faulty>, Fixture) {
    let store = SqliteStore::in_memory(Arc::new(SystemClock)).await.unwrap();
    let store = Arc::new(Faulty::new(Arc::new(store)));
    let shared: Arc<dyn Store> = Arc::clone(&store) as _;
    let options = quick().with(|o| o.max_queued_per_owner = 100);
    (store, engine_over(shared, Gates::default(), options, kind()).await)
}

#[tokio::test]
async fn a_deletion_that_fails_anywhere_is_completed_by_the_same_call() {
    let (store, f) = fixture().await;
    let ada = Caller::user("ada");
    for call in [
        "end_user_sessions",
        "remove_tokens_of",
        "uploads_of",
        "list",
        "request_cancel",
        "delete",
        "delete_uploads_of",
        "clear_tombstones_of",
    ] {
        f.service.make_token(&ada, TokenRequest::new("CI")).await.unwrap();
        let mut ids = Vec::new();
        for _ in 0..3 {
            let start = scripted(&[gate("never")]);
            ids.push(f.service.start(&ada, start, None).await.unwrap().receipt.id);
        }
        store.set(call, Fault::Fail(1));
        let failed = f.service.delete_data(&ada, None).await;
        assert!(matches!(failed, Err(ServiceError::Store(_))), "{call}: {failed:?}");
        let deleted = f.service.delete_data(&ada, None).await.unwrap();
        assert!(deleted.complete, "{call}: {deleted:?}");
        for id in ids {
            let gone = f.service.get(&ada, id).await;
            assert!(matches!(gone, Err(ServiceError::Deleted(_))), "{call}: {gone:?}");
        }
        assert!(store.tokens(Some("user:ada")).await.unwrap().is_empty(), "{call}");
    }
}

#[tokio::test]
async fn one_deletion_of_an_owner_and_four_in_all_are_under_way_and_a_cut_one_ends() {
    let (store, f) = fixture().await;
    store.set("list", Fault::Wait);
    let delete = |name: &str| {
        let (service, caller) = (f.service.clone(), Caller::user(name));
        async move { service.delete_data(&caller, None).await }
    };
    let mut under_way = Vec::new();
    for (number, name) in (1..).zip(["ada", "bob", "eve", "joe"]) {
        under_way.push(tokio::spawn(delete(name)));
        while store.met("list") < number {
            tokio::task::yield_now().await;
        }
    }
    let again = delete("ada").await;
    assert!(matches!(again, Err(ServiceError::DataUnderWay(DataCall::Delete))), "{again:?}");
    let fifth = delete("zoe").await;
    assert!(matches!(fifth, Err(ServiceError::DataCallsFull(DataCall::Delete, 4))), "{fifth:?}");
    // As if its client went away.
    let cut = under_way.remove(0);
    cut.abort();
    assert!(cut.await.unwrap_err().is_cancelled());
    let next = tokio::spawn(delete("ada"));
    while store.met("list") < 5 {
        tokio::task::yield_now().await;
    }
    store.heal();
    for deletion in under_way.into_iter().chain([next]) {
        assert!(deletion.await.unwrap().unwrap().complete);
    }
}

#[tokio::test]
async fn tasks_that_are_started_during_a_deletion_do_not_prolong_it() {
    let (store, f) = fixture().await;
    let start = async || {
        let start = scripted(&[gate("never")]);
        f.service.start(&f.ada, start, None).await.unwrap().receipt.id
    };
    let before = start().await;
    f.until(before, is(Status::Running)).await;
    store.set("delete", Fault::Wait);
    let (service, ada) = (f.service.clone(), f.ada.clone());
    let deletion = tokio::spawn(async move { service.delete_data(&ada, None).await });
    while store.met("delete") < 1 {
        tokio::task::yield_now().await;
    }
    let meanwhile = start().await;
    store.heal();
    let deleted = deletion.await.unwrap().unwrap();
    assert_eq!((deleted.tasks, deleted.complete), (1, true));
    assert!(f.service.get(&f.ada, meanwhile).await.unwrap().is_some(), "the next call has it");
    assert_eq!(f.service.delete_data(&f.ada, None).await.unwrap().tasks, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_task_that_runs_on_another_server_is_stopped_and_its_slot_is_free() {
    let url = schema().await;
    let server = async |options| {
        let store = PostgresStore::open(&url, PostgresOptions::default()).await.unwrap();
        let one = kind().with(|o| o.concurrency = 1);
        engine_over(Arc::new(store), Gates::default(), options, one).await
    };
    let front = server(quick().with(|o| o.worker = false)).await;
    let worker = server(quick()).await;
    let id = front.start(&[reach("at work"), gate("never")]).await;
    worker.gates.pass("at work").await;
    front.start(&[gate("never")]).await;
    let deleted = front.service.delete_data(&front.ada, None).await.unwrap();
    assert_eq!((deleted.tasks, deleted.complete), (2, true));
    let gone = front.service.get(&front.ada, id).await;
    assert!(matches!(gone, Err(ServiceError::Deleted(_))), "{gone:?}");
    let next = front.start(&[Step::Stage(0)]).await;
    assert_eq!(front.ended(next).await.status, Status::Completed);
}
