//! Polling: returns what has changed among the watched tasks, immediately or as soon as something
//! does.

use std::time::{Duration, Instant};

use super::{Caller, Service, ServiceError, expiry::Reading};
use crate::{
    engine::{
        LongPollFigures, ValidationError,
        inner::random,
        long_poll::{self, ClientState},
        snapshot,
        store::{Row, TokenScope},
        subscriptions::Interest,
    },
    task::{
        AnswerReason, BatchId, Gone, GoneReason, OPERATION, PollRequest, PollResponse, Snapshot,
        TaskId, Watch,
    },
};

/// Longest interval that a poll response names, in milliseconds. Part of the contract with clients,
/// hence not an option.
const MAX_GAP_MS: i64 = 5_000;

/// Minimum time before a client sends its next request, whatever the response says, in
/// milliseconds.
const CLIENTS_FLOOR_MS: f64 = 500.0;

/// When to return to another server: spread evenly from the client's minimum on. A smaller value
/// would make many clients return at that minimum together.
fn return_after_ms(spread: Duration, random: f64) -> f64 {
    let most = spread.as_secs_f64() * 1_000.0;
    let least = CLIENTS_FLOOR_MS.min(most);
    least + random * (most - least)
}

/// Time per waiting request over which clients return after they lose a server, in milliseconds:
/// about 670 clients a second.
const SPREAD_MS_EACH: f64 = 1.5;
/// Below this no spread is sent, in milliseconds: clients return at random moments within a second
/// anyway.
const SPREAD_FROM_MS: f64 = 1_000.0;
/// Longest spread, in milliseconds: that of several failures in a row.
const MAX_SPREAD_MS: f64 = 15_000.0;

/// Over what time clients should return if they lose a server with this many waiting requests.
fn spread_ms(held: usize) -> Option<f64> {
    let spread = (held as f64 * SPREAD_MS_EACH).min(MAX_SPREAD_MS);
    (spread > SPREAD_FROM_MS).then_some(spread)
}

/// What a request about one task waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WaitFor {
    /// Anything visible newer than this version; `None`: newer than now.
    News(Option<i64>),
    /// The end of the task.
    End,
}

/// The outcome of a long poll.
struct Held {
    reason: AnswerReason,
    waited_ms: Option<i64>,
    /// The rows read for it; empty if it waited, because they would be old.
    read: Reading,
}

impl Held {
    fn not(reason: AnswerReason, read: Reading) -> Self {
        Self { reason, waited_ms: None, read }
    }
}

impl Service {
    /// Returns what has changed among the watched tasks: immediately if `wait_ms` is 0; otherwise
    /// as soon as the [rule](crate::engine::long_poll) requires an update for one of them, and then
    /// for all.
    ///
    /// # Errors
    /// When too many tasks are watched, and when the store fails.
    pub async fn poll(
        &self,
        caller: &Caller,
        request: &PollRequest,
    ) -> Result<PollResponse, ServiceError> {
        caller.needs(TokenScope::Read)?;
        let inner = self.engine.inner();
        let max = inner.options.max_watched;
        if request.watch.len() > max {
            let detail = format!("{} tasks are watched; at most {max} fit", request.watch.len());
            return Err(ValidationError::field("watch", detail).into());
        }
        self.may_search_logs(request)?;
        let Held { reason, waited_ms, read } = match u64::try_from(request.wait_ms) {
            Ok(wait_ms @ 1..) if !request.watch.is_empty() => {
                let now = inner.subscriptions.now_s();
                let client =
                    |watch: &Watch| (watch.id, Interest::ClientState(ClientState::of(watch, now)));
                let interests = request.watch.iter().map(client).collect();
                self.hold(caller, interests, Duration::from_millis(wait_ms)).await?
            }
            _ => Held::not(AnswerReason::NoWait, Reading::default()),
        };
        // Boxed, so that a waiting request takes little memory.
        let mut answer = match Box::pin(self.changes(caller, &request.watch, read)).await {
            // The store closes at the end of a shutdown; the next server returns the changes.
            Err(ServiceError::Store(_)) if reason == AnswerReason::ShuttingDown => {
                PollResponse::new(Vec::new())
            }
            changes => changes?,
        };
        // After the snapshots: each has the lines that it counts.
        self.add_log(request, &mut answer).await;
        self.add_previews(request, &mut answer).await;
        answer.poll_after_ms = match reason {
            AnswerReason::NoWait => answer.poll_after_ms,
            AnswerReason::ShuttingDown => {
                return_after_ms(inner.options.long_poll.drain_spread, random())
            }
            // The next request is a long poll, too.
            _ => 0.0,
        };
        answer.waited_ms = waited_ms;
        answer.reason = Some(reason);
        answer.spread_ms = spread_ms(inner.subscriptions.limits.held());
        Ok(answer)
    }

    /// Waits until there is news of one task, or until the time is over. Returns the maximum wait
    /// that applied; `None` if the request could not wait: a limit of waiting requests is reached,
    /// the server is shutting down, or nothing more can change. Use [`Service::get`] to check that
    /// the task exists.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn wait(
        &self,
        caller: &Caller,
        id: TaskId,
        wait_for: WaitFor,
        longest: Duration,
    ) -> Result<Option<Duration>, ServiceError> {
        // A token may start something without seeing it.
        if !caller.grants(TokenScope::Read) {
            return Ok(None);
        }
        let want = match wait_for {
            WaitFor::News(known) => Interest::News(known),
            WaitFor::End => Interest::End,
        };
        let held = self.hold(caller, vec![(id, want)], longest).await?;
        let refused = matches!(held.reason, AnswerReason::NoWait | AnswerReason::ShuttingDown);
        Ok((!refused).then(|| longest.min(self.engine.inner().options.long_poll.max_wait)))
    }

    /// Returns figures on waiting requests, for operators.
    pub fn held(&self) -> LongPollFigures {
        self.engine.inner().subscriptions.limits.figures()
    }

    async fn hold(
        &self,
        caller: &Caller,
        interests: Vec<(TaskId, Interest)>,
        wait: Duration,
    ) -> Result<Held, ServiceError> {
        let held = self.hold_uncounted(caller, interests, wait).await?;
        self.engine.inner().subscriptions.limits.count(held.reason);
        Ok(held)
    }

    async fn hold_uncounted(
        &self,
        caller: &Caller,
        interests: Vec<(TaskId, Interest)>,
        wait: Duration,
    ) -> Result<Held, ServiceError> {
        let inner = self.engine.inner();
        let Some(mut place) = inner.subscriptions.limits.take(caller) else {
            return Ok(Held::not(AnswerReason::NoWait, Reading::default()));
        };
        let ids: Vec<_> = interests.iter().map(|(id, _)| *id).collect();
        // Subscribe first, then check: no change is missed in between.
        let subscription = inner.subscriptions.subscribe(interests);
        if inner.subscriptions.is_draining() {
            return Ok(Held::not(AnswerReason::ShuttingDown, Reading::default()));
        }
        let (may_watch, read) = Box::pin(self.may_watch(caller, &ids)).await?;
        if !may_watch {
            // The state of what has many tasks is polled: it changes with any of them.
            let first = ids.first().filter(|id| read.lacks(**id));
            let reason = match first {
                Some(id) if self.watched_many(caller, *id).await?.is_some() => AnswerReason::NoWait,
                _ => AnswerReason::Ended,
            };
            return Ok(Held::not(reason, read));
        }
        let may_come = subscription.check(&inner.running, inner.clock.now_ms());
        if let Some(reason) = subscription.reason() {
            return Ok(Held::not(reason, read));
        }
        if !may_come {
            return Ok(Held::not(AnswerReason::NoWait, read));
        }
        drop(read);
        place.waits();
        let begun = Instant::now();
        let longest = wait.min(inner.options.long_poll.max_wait).as_secs_f64();
        let longest = Duration::from_secs_f64(long_poll::longest_hold_s(longest, random()));
        let reason = match tokio::time::timeout(longest, subscription.answered()).await {
            Ok(reason) => reason,
            Err(_) => AnswerReason::Timeout,
        };
        let waited_ms = i64::try_from(begun.elapsed().as_millis()).unwrap_or(i64::MAX);
        Ok(Held { reason, waited_ms: Some(waited_ms), read: Reading::default() })
    }

    /// Whether the caller may see all of these tasks. Rows of tasks that do not run here are stored
    /// for [`Subscription::check`](crate::engine::subscriptions::Subscription::check), and
    /// returned.
    async fn may_watch(
        &self,
        caller: &Caller,
        ids: &[TaskId],
    ) -> Result<(bool, Reading), ServiceError> {
        let inner = self.engine.inner();
        let mut unknown = Vec::new();
        for &id in ids {
            let known = self.seen_running(caller, id).is_some()
                || inner.subscriptions.fresh(id).is_some_and(|row| caller.sees(&*row));
            if !known {
                unknown.push(id);
            }
        }
        let rows = self.read_rows(&mut unknown).await?;
        let now = inner.subscriptions.now_s();
        for row in &rows {
            if let Some(watched) = inner.subscriptions.get(row.id) {
                watched.tell(Some(row), now);
            }
        }
        let seen = |row: &&Row| caller.sees(*row) && row.expired().is_none();
        let all = rows.iter().filter(seen).count() == unknown.len();
        Ok((all, Reading { asked: unknown, rows }))
    }

    /// Returns what has changed, and when to poll again without a long poll.
    async fn changes(
        &self,
        caller: &Caller,
        watched: &[Watch],
        just_read: Reading,
    ) -> Result<PollResponse, ServiceError> {
        let mut answer = PollResponse::new(Vec::new());
        let mut poll_after_ms = MAX_GAP_MS;
        let (mut changed, mut unknown, read) = (Vec::new(), Vec::new(), Instant::now());
        for watch in watched {
            if let Some(after_ms) = self.unchanged(caller, watch.id, watch.version) {
                poll_after_ms = poll_after_ms.min(after_ms);
                continue;
            }
            let recent = self.recent(caller, watch.id, read).await;
            if recent.is_none() {
                unknown.push(watch.id);
            }
            changed.push((watch, recent));
        }
        let found = self.rows(caller, &unknown, just_read).await?;
        let read = Instant::now();
        for (watch, recent) in changed {
            let told = match (recent, found.get(&watch.id)) {
                (Some(recent), _) => Ok(recent),
                (None, Some(Ok(row))) => Ok(caller.shown(row, self.show_one_of(row, read).await)),
                (None, Some(Err(reason))) => Err(*reason),
                // A page that follows a batch watches it before its tasks.
                (None, None) if watched.first().is_some_and(|first| first.id == watch.id) => {
                    self.watched_many(caller, watch.id).await?.ok_or(GoneReason::NotFound)
                }
                (None, None) => Err(GoneReason::NotFound),
            };
            match told {
                Err(reason) => answer.gone.push(Gone { id: watch.id, reason }),
                Ok(mut snapshot) => {
                    Self::settle(&mut snapshot, watch.version);
                    if !snapshot.status.is_terminal() {
                        poll_after_ms = poll_after_ms.min(snapshot.poll_after_ms);
                    }
                    if snapshot.version != watch.version {
                        answer.tasks.push(snapshot);
                    }
                }
            }
        }
        answer.poll_after_ms = poll_after_ms as f64;
        Ok(answer)
    }

    /// Returns the state of the batch with this id, if there is one that the caller may see; for operators also that of
    /// all tasks.
    async fn watched_many(
        &self,
        caller: &Caller,
        id: TaskId,
    ) -> Result<Option<Snapshot>, ServiceError> {
        if id == OPERATION {
            let state = self.operation(caller).await;
            return match state {
                Err(ServiceError::Forbidden(_)) => Ok(None),
                state => state.map(Some),
            };
        }
        self.batch_state(caller, BatchId::from_uuid(*id.as_uuid())).await
    }

    /// Returns what is known without reading the store: tasks that run here, and rows read a moment
    /// ago. When a task ends, ten thousand watchers do not cause ten thousand reads.
    async fn recent(&self, caller: &Caller, id: TaskId, read: Instant) -> Option<Snapshot> {
        let inner = self.engine.inner();
        if let Some(running) = self.seen_running(caller, id) {
            let told = snapshot::of_running(&running, inner.clock.now_ms());
            return Some(caller.shown(&*running, told));
        }
        let row = inner.subscriptions.fresh(id)?;
        let seen = row.expired().is_none() && caller.sees(&*row);
        if !seen {
            return None;
        }
        Some(caller.shown(&*row, self.show_one_of(&row, read).await))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_more_hold_the_longer_their_return_is_spread_and_a_few_are_told_nothing() {
        for (held, spread) in [
            (0, None),
            (1, None),
            (666, None),
            (1_000, Some(1_500.0)),
            (6_000, Some(9_000.0)),
            (10_000, Some(15_000.0)),
            (1_000_000, Some(15_000.0)),
        ] {
            assert_eq!(spread_ms(held), spread, "{held}");
        }
    }
}
