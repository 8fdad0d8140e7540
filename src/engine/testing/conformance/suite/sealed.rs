//! Sealed secrets are there for every attempt, and gone with the last.

use crate::{
    engine::store::{Ending, NewTask},
    task::Status,
};

use super::super::fixture::{Fixture, LEASE, result, task};

pub async fn no_end_leaves_a_sealed_secret(f: &Fixture) {
    let sealed = async |id| f.store.input(id).await.unwrap().unwrap().sealed;
    let running = async |max_attempts| {
        let new = NewTask { sealed: Some("c2VhbGVk".to_owned()), max_attempts, ..task() };
        f.queue(&new).await;
        f.claim("w", 1).await.remove(0)
    };
    let failed = || Ending::Failed { code: "x".into(), message: "x".to_owned(), retryable: false };
    for ending in [Ending::Completed(result()), failed(), Ending::Cancelled, Ending::Forced] {
        let row = running(3).await;
        // Another attempt, in whatever way, has it still.
        let again = Ending::Again { after_ms: 0, message: "again".to_owned() };
        f.store.finish(row.id, row.run_seq, &again).await.unwrap().unwrap();
        let row = f.claim("w", 1).await.remove(0);
        f.store.finish(row.id, row.run_seq, &Ending::Released).await.unwrap().unwrap();
        let row = f.claim("w", 1).await.remove(0);
        assert_eq!(sealed(row.id).await.as_deref(), Some("c2VhbGVk"), "{ending:?}");
        assert!(f.store.finish(row.id, row.run_seq, &ending).await.unwrap().is_some());
        assert_eq!(sealed(row.id).await, None, "{ending:?}");
    }
    let (exhausted, lost, again) = (running(1).await, running(3).await, running(3).await);
    f.store.request_cancel(lost.id, "ada", None).await.unwrap();
    f.advance(LEASE + 1).await;
    assert_eq!(f.rescue_expired().await.unwrap().len(), 3);
    assert_eq!((sealed(exhausted.id).await, sealed(lost.id).await), (None, None));
    assert!(sealed(again.id).await.is_some(), "its next attempt needs it");
    // Cancelled while it waits for that.
    f.store.request_cancel(again.id, "ada", None).await.unwrap();
    assert_eq!((f.get(again.id).await.status, sealed(again.id).await), (Status::Cancelled, None));
}
