//! Why a queued task waits, if a limit that holds over all workers is reached.

use std::{
    collections::HashMap,
    time::{Duration, Instant},
};

use parking_lot::Mutex;

use super::{
    KindOptions, RunRate,
    store::{LimitState, Row, SharedLimits, Store},
};
use crate::task::{Snapshot, Status};

/// How long a state of the limits is reported before it is read again.
const FRESH: Duration = Duration::from_millis(500);
/// Number of accounts whose state is remembered.
const MAX_STATES: usize = 10_000;
/// How often to check whether the concurrency of a kind has room.
const CHECK_CONCURRENCY: Duration = Duration::from_millis(200);
/// Shortest time between two checks of a limit.
const MIN_CHECK: Duration = Duration::from_millis(50);

impl KindOptions {
    /// The limits that hold over all workers of a database.
    pub(super) fn shared_limits(&self) -> SharedLimits {
        SharedLimits {
            concurrency: self.global_concurrency,
            at_most: self.at_most,
            at_most_per_owner: self.at_most_per_owner,
        }
    }
}

/// How soon to check whether these limits allow another run: nothing wakes the claimer when they do.
pub(super) fn check_after(limits: &SharedLimits) -> Duration {
    let rates = [limits.at_most, limits.at_most_per_owner];
    let rates = rates.into_iter().flatten().map(RunRate::check_every);
    let concurrency = limits.concurrency.map(|_| CHECK_CONCURRENCY);
    rates.chain(concurrency).min().unwrap_or(CHECK_CONCURRENCY).max(MIN_CHECK)
}

/// States of limits by kind and account, each read at most once in [`FRESH`].
#[derive(Default)]
pub(super) struct LimitStates(Mutex<HashMap<(String, String), (Instant, LimitState)>>);

impl LimitStates {
    /// Adds the reason to a queued task that could run now but for a limit.
    pub(super) async fn explain(
        &self,
        store: &dyn Store,
        limits: &SharedLimits,
        row: &Row,
        snapshot: &mut Snapshot,
    ) {
        if limits.is_none() || row.status != Status::Queued || row.run_at > row.read_at {
            return;
        }
        let account = row.owner.as_deref().or(row.client.as_deref()).unwrap_or_default();
        let Some(state) = self.state(store, &row.kind, limits, account).await else { return };
        let Some(reason) = reason(limits, &state) else { return };
        let reason = match snapshot.message.take().filter(|message| !message.is_empty()) {
            Some(message) => format!("{message} · {reason}"),
            None => reason,
        };
        snapshot.message = Some(reason);
    }

    /// `None`: the store failed; the task is shown without a reason.
    async fn state(
        &self,
        store: &dyn Store,
        kind: &str,
        limits: &SharedLimits,
        account: &str,
    ) -> Option<LimitState> {
        let key = (kind.to_owned(), account.to_owned());
        let known = self.0.lock().get(&key).copied();
        if let Some((_, state)) = known.filter(|(read, _)| read.elapsed() < FRESH) {
            return Some(state);
        }
        let state = match store.limit_state(kind, limits, account).await {
            Ok(state) => state,
            Err(error) => {
                tracing::warn!(%error, "the state of the limits could not be read");
                return None;
            }
        };
        let mut states = self.0.lock();
        if states.len() >= MAX_STATES {
            states.clear();
        }
        states.insert(key, (Instant::now(), state));
        Some(state)
    }
}

/// `waits: at most 10/min, next in 12 s`; `None`: no limit is reached. Of two rates the one that
/// allows the next run later.
fn reason(limits: &SharedLimits, state: &LimitState) -> Option<String> {
    let LimitState { is_full, next_in_ms, owner_next_in_ms } = *state;
    if let Some(rate) = limits.at_most_per_owner
        && owner_next_in_ms > 0
        && owner_next_in_ms >= next_in_ms
    {
        return Some(format!(
            "waits: at most {rate} per owner, next in {}",
            span(owner_next_in_ms)
        ));
    }
    if let Some(rate) = limits.at_most
        && next_in_ms > 0
    {
        return Some(format!("waits: at most {rate}, next in {}", span(next_in_ms)));
    }
    let most = limits.concurrency.filter(|_| is_full)?;
    Some(format!("waits: at most {most} at once"))
}

/// A span of time, rounded up to whole units: `12 s`, `3 min`, `2 h`.
fn span(ms: i64) -> String {
    let seconds = ms.saturating_add(999) / 1_000;
    match seconds {
        ..=119 => format!("{seconds} s"),
        120..=7_199 => format!("{} min", (seconds + 59) / 60),
        _ => format!("{} h", seconds.saturating_add(3_599) / 3_600),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_reason_names_the_limit_and_when_the_next_run_may_begin() {
        let limits = SharedLimits {
            concurrency: Some(2),
            at_most: Some("10/min".parse().unwrap()),
            at_most_per_owner: Some("3/h".parse().unwrap()),
        };
        for (is_full, next_in_ms, owner_next_in_ms, told) in [
            (false, 0, 0, None),
            (true, 0, 0, Some("waits: at most 2 at once")),
            (true, 11_001, 0, Some("waits: at most 10/min, next in 12 s")),
            (false, 1, 0, Some("waits: at most 10/min, next in 1 s")),
            (false, 60_000, 600_001, Some("waits: at most 3/h per owner, next in 11 min")),
            (false, 60_000, 10_000, Some("waits: at most 10/min, next in 60 s")),
            (false, 0, 7_200_000, Some("waits: at most 3/h per owner, next in 2 h")),
            (false, i64::MAX, 0, Some("waits: at most 10/min, next in 2562047788016 h")),
        ] {
            let state = LimitState { is_full, next_in_ms, owner_next_in_ms };
            assert_eq!(reason(&limits, &state).as_deref(), told);
        }
        assert_eq!(
            reason(
                &SharedLimits::default(),
                &LimitState { is_full: true, ..LimitState::default() }
            ),
            None
        );
    }
}
