//! Calls that come together become one call of the store, so that they share its statements and its
//! wait for the disk.
//!
//! No call waits for others to come: while one set is at the store, those that come meanwhile become
//! the next one. Of each account a set takes one call after the other, so that an account with many
//! calls is in nobody's way. A set is a task of its own: a caller that goes away loses its answer and
//! nothing else.

use std::{
    collections::{HashMap, VecDeque},
    sync::Arc,
    time::Duration,
};

use parking_lot::{Mutex, MutexGuard};

use futures_util::future::BoxFuture;
use tokio::sync::{Semaphore, oneshot};

/// Calls per set.
const MAX_SET: usize = 64;
/// A set that takes longer than this does not hold up the next: otherwise there is one at a time.
const SLOW: Duration = Duration::from_secs(1);
/// Calls that wait for a set; more wait for room.
const MAX_WAITING: usize = 4_096;

/// Does the calls of a set; returns an answer for each, in their order.
type Work<C, A> = Box<dyn Fn(Vec<C>) -> BoxFuture<'static, Vec<A>> + Send + Sync>;

/// See the module documentation.
pub(super) struct Sets<C, A>(Arc<Inner<C, A>>);

impl<C, A> Clone for Sets<C, A> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

struct Inner<C, A> {
    work: Work<C, A>,
    waiting: Mutex<Waiting<C, A>>,
    room: Semaphore,
    /// Held by the set that is at the store.
    turn: Semaphore,
}

struct Waiting<C, A> {
    calls: VecDeque<Call<C, A>>,
    /// Whether a task will take them.
    is_scheduled: bool,
}

struct Call<C, A> {
    account: String,
    call: C,
    answer: oneshot::Sender<A>,
}

impl<C: Send + 'static, A: Send + 'static> Sets<C, A> {
    pub(super) fn new(
        work: impl Fn(Vec<C>) -> BoxFuture<'static, Vec<A>> + Send + Sync + 'static,
    ) -> Self {
        Self(Arc::new(Inner {
            work: Box::new(work),
            waiting: Mutex::new(Waiting { calls: VecDeque::new(), is_scheduled: false }),
            room: Semaphore::new(MAX_WAITING),
            turn: Semaphore::new(1),
        }))
    }

    /// Does the call with those that come at the same time; `None` if the runtime ends meanwhile.
    pub(super) async fn call(&self, account: &str, call: C) -> Option<A> {
        let _room = self.0.room.acquire().await.ok()?;
        let (answer, answered) = oneshot::channel();
        let call = Call { account: account.to_owned(), call, answer };
        let schedule = {
            let mut waiting = self.0.lock();
            waiting.calls.push_back(call);
            !std::mem::replace(&mut waiting.is_scheduled, true)
        };
        if schedule {
            tokio::spawn(Arc::clone(&self.0).take_turns());
        }
        answered.await.ok()
    }
}

impl<C: Send + 'static, A: Send + 'static> Inner<C, A> {
    // The guarded values are valid even after a panic.
    fn lock(&self) -> MutexGuard<'_, Waiting<C, A>> {
        self.waiting.lock()
    }

    /// Does one set; if calls are left, another task does the next.
    async fn take_turns(self: Arc<Self>) {
        let Ok(turn) = self.turn.acquire().await else { return };
        let (set, more) = {
            let mut waiting = self.lock();
            let set = take_set(&mut waiting.calls);
            waiting.is_scheduled = !waiting.calls.is_empty();
            (set, waiting.is_scheduled)
        };
        if more {
            tokio::spawn(boxed(Arc::clone(&self)));
        }
        let (calls, answers): (Vec<_>, Vec<_>) =
            set.into_iter().map(|call| (call.call, call.answer)).unzip();
        let mut work = (self.work)(calls);
        let results = match tokio::time::timeout(SLOW, &mut work).await {
            Ok(results) => results,
            Err(_) => {
                drop(turn);
                work.await
            }
        };
        for (answer, result) in answers.into_iter().zip(results) {
            // Nobody waits for it any more.
            drop(answer.send(result));
        }
    }
}

/// A future that spawns itself must not be part of its own type.
fn boxed<C: Send + 'static, A: Send + 'static>(inner: Arc<Inner<C, A>>) -> BoxFuture<'static, ()> {
    Box::pin(inner.take_turns())
}

/// Takes at most [`MAX_SET`] calls: the first of each account, then the second of each, and so on.
/// Callers that have gone away are dropped.
fn take_set<C, A>(calls: &mut VecDeque<Call<C, A>>) -> Vec<Call<C, A>> {
    calls.retain(|call| !call.answer.is_closed());
    if calls.len() <= MAX_SET {
        return calls.drain(..).collect();
    }
    let mut of_account: HashMap<String, usize> = HashMap::new();
    let mut ranked: Vec<_> = calls
        .drain(..)
        .map(|call| {
            let turn = of_account.entry(call.account.clone()).or_default();
            *turn += 1;
            (*turn, call)
        })
        .collect();
    ranked.sort_by_key(|(turn, _)| *turn);
    let rest = ranked.split_off(MAX_SET);
    calls.extend(rest.into_iter().map(|(_, call)| call));
    ranked.into_iter().map(|(_, call)| call).collect()
}

#[cfg(test)]
#[path = "sets_tests.rs"]
mod tests;
