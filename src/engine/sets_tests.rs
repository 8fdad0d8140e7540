use std::sync::atomic::{AtomicUsize, Ordering};

use futures_util::{FutureExt as _, future::join_all};
use tokio::sync::mpsc;

use super::*;

/// Answers each call with its double; every set waits for the test.
struct Scene {
    sets: Arc<Sets<usize, usize>>,
    /// The sets as they come to work.
    seen: mpsc::UnboundedReceiver<Vec<usize>>,
    go: Arc<Semaphore>,
}

fn scene() -> Scene {
    let (see, seen) = mpsc::unbounded_channel();
    let go = Arc::new(Semaphore::new(0));
    let gate = Arc::clone(&go);
    let sets = Sets::new(move |calls: Vec<usize>| {
        let (see, gate) = (see.clone(), Arc::clone(&gate));
        async move {
            see.send(calls.clone()).expect("the test listens");
            gate.acquire().await.expect("open").forget();
            calls.into_iter().map(|call| call * 2).collect()
        }
        .boxed()
    });
    Scene { sets: Arc::new(sets), seen, go }
}

impl Scene {
    /// Makes a call in the background, and waits until it waits for its set.
    async fn call(
        &self,
        account: &'static str,
        call: usize,
    ) -> tokio::task::JoinHandle<Option<usize>> {
        let sets = Arc::clone(&self.sets);
        let calling = tokio::spawn(async move { sets.call(account, call).await });
        tokio::task::yield_now().await;
        calling
    }
}

#[tokio::test]
async fn what_comes_while_sets_are_at_work_is_one_set_and_each_gets_its_own_answer() {
    let mut s = scene();
    let mut calls = Vec::new();
    calls.push(s.call("ada", 1).await);
    assert_eq!(s.seen.recv().await, Some(vec![1]));
    for call in 10..15 {
        calls.push(s.call("ada", call).await);
    }
    s.go.add_permits(10);
    assert_eq!(s.seen.recv().await, Some((10..15).collect()));
    let answers: Vec<_> = join_all(calls).await.into_iter().map(Result::unwrap).collect();
    assert_eq!(answers, [1, 10, 11, 12, 13, 14].map(|call| Some(call * 2)));
}

#[tokio::test]
async fn a_caller_that_goes_away_takes_nobody_along() {
    let mut s = scene();
    let _busy = s.call("ada", 1).await;
    s.seen.recv().await;
    // One goes before its set is at work, one meanwhile.
    let (early, late, stays) =
        (s.call("ada", 3).await, s.call("ada", 4).await, s.call("ada", 5).await);
    early.abort();
    assert!(early.await.is_err());
    s.go.add_permits(1);
    assert_eq!(s.seen.recv().await, Some(vec![4, 5]));
    late.abort();
    s.go.add_permits(1);
    assert_eq!(stays.await.unwrap(), Some(10));
    // And the next finds everything as before.
    s.go.add_permits(1);
    assert_eq!(s.sets.call("ada", 6).await, Some(12));
}

#[tokio::test]
async fn an_account_with_many_calls_is_in_nobodys_way() {
    let mut s = scene();
    let mut calls = Vec::new();
    calls.push(s.call("ada", 1).await);
    s.seen.recv().await;
    for call in 100..100 + 2 * MAX_SET {
        calls.push(s.call("ada", call).await);
    }
    calls.push(s.call("bob", 7).await);
    s.go.add_permits(10);
    let first = s.seen.recv().await.expect("a set");
    assert_eq!(first.len(), MAX_SET);
    assert_eq!(first[..3], [100, 7, 101], "bob's first stands before ada's second");
    let answered = AtomicUsize::new(0);
    for call in calls {
        answered.fetch_add(usize::from(call.await.unwrap().is_some()), Ordering::Relaxed);
    }
    assert_eq!(answered.into_inner(), 1 + 2 * MAX_SET + 1);
}

#[tokio::test(start_paused = true)]
async fn a_set_that_hangs_does_not_hold_up_the_next() {
    let mut s = scene();
    let _hangs = s.call("ada", 1).await;
    assert_eq!(s.seen.recv().await, Some(vec![1]));
    let next = s.call("bob", 2).await;
    // Virtual time passes while nothing else can.
    assert_eq!(s.seen.recv().await, Some(vec![2]));
    s.go.add_permits(2);
    assert_eq!(next.await.unwrap(), Some(4));
}
