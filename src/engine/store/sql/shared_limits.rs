//! Limits of a kind that hold over all workers.
//!
//! A claim of such a kind excludes other claims of it, counts what runs and what began lately, and
//! counts its own runs in the same transaction. A run that is lost gives its slot back when its
//! lease is rescued; it stays counted in the rates, because it began.

use std::collections::BTreeMap;

use sqlx::Row as _;

use super::{DbRow, This, connections::Session, try_lock_kind};
use crate::engine::{
    RunRate,
    store::{LimitState, Row, SharedLimits, StoreError},
};

/// The number of running tasks of kind $1.
pub(super) const COUNT_RUNNING: &str =
    "SELECT count(*) FROM tasks WHERE status IN ('running', 'cancelling') AND kind = $1";

/// The runs of $1 and $2 counted after $3.
pub(super) const RUNS_OF: &str = "SELECT began_at, runs FROM run_counts \
    WHERE kind = $1 AND scope = $2 AND began_at > $3 ORDER BY began_at";

const COUNT_RUNS: &str = "INSERT INTO run_counts (kind, scope, began_at, runs) VALUES ($1, $2, $3, $4) \
    ON CONFLICT (kind, scope, began_at) DO UPDATE SET runs = run_counts.runs + excluded.runs";

/// Those of $1 and $2 that have left the window.
const DROP_RUNS_OF: &str =
    "DELETE FROM run_counts WHERE kind = $1 AND scope = $2 AND began_at <= $3";

/// At most $2 of those that have left every window by $1.
pub(super) const DROP_RUN_COUNTS: &str = "DELETE FROM run_counts WHERE (kind, scope, began_at) IN \
    (SELECT kind, scope, began_at FROM run_counts WHERE began_at <= $1 ORDER BY began_at LIMIT $2)";

/// Runs counted in the future of $1, as if they began at $1.
pub(super) const CLAMP_RUN_COUNTS: &str = "INSERT INTO run_counts (kind, scope, began_at, runs) \
    SELECT kind, scope, CAST($1 AS BIGINT), CAST(sum(runs) AS BIGINT) FROM run_counts WHERE began_at > $1 GROUP BY kind, scope \
    ON CONFLICT (kind, scope, began_at) DO UPDATE SET runs = run_counts.runs + excluded.runs";
pub(super) const DROP_FUTURE_RUN_COUNTS: &str = "DELETE FROM run_counts WHERE began_at > $1";

/// The scope of all runs of a kind.
const ALL: &str = "";

/// The scope of an account; `fair.rs` has the same in SQL.
fn scope_of(account: &str) -> String {
    format!("a:{account}")
}

/// The number of runs of a kind that a claim may begin; `None`: another worker is claiming this
/// kind, or the limits allow none.
pub(super) async fn admit_runs(
    tx: &mut Session<'_>,
    kind: &str,
    limits: &SharedLimits,
    slots: u32,
    now: i64,
) -> Result<Option<u32>, StoreError> {
    if !try_lock_kind(tx, kind).await? {
        return Ok(None);
    }
    let mut free = slots;
    if let Some(most) = limits.concurrency {
        free = free.min(most.saturating_sub(running(tx, kind).await?));
    }
    if let Some(rate) = limits.at_most {
        free = free.min(rate.allowance(&runs_of(tx, kind, ALL, rate, now).await?, now).free);
    }
    Ok(Some(free).filter(|free| *free > 0))
}

/// Counts the runs of a claim.
pub(super) async fn count_runs(
    tx: &mut Session<'_>,
    kind: &str,
    limits: &SharedLimits,
    claimed: impl Iterator<Item = &Row>,
    now: i64,
) -> Result<(), StoreError> {
    let mut scopes = BTreeMap::new();
    for row in claimed {
        if let Some(rate) = limits.at_most {
            scopes.entry(ALL.to_owned()).or_insert((rate, 0_i64)).1 += 1;
        }
        if let Some(rate) = limits.at_most_per_owner {
            let account = row.owner.as_deref().or(row.client.as_deref()).unwrap_or_default();
            scopes.entry(scope_of(account)).or_insert((rate, 0)).1 += 1;
        }
    }
    for (scope, (rate, runs)) in scopes {
        let query = sqlx::query(DROP_RUNS_OF).bind(kind).bind(&scope).bind(rate.left_by(now));
        tx.execute(query).await?;
        let query = sqlx::query(COUNT_RUNS).bind(kind).bind(&scope);
        tx.execute(query.bind(rate.part_of(now)).bind(runs)).await?;
    }
    Ok(())
}

async fn running(session: &mut Session<'_>, kind: &str) -> Result<u32, StoreError> {
    let running: i64 = session.value(sqlx::query(COUNT_RUNNING).bind(kind)).await?;
    Ok(u32::try_from(running).unwrap_or(u32::MAX))
}

/// Beginning and number of the runs in the window, oldest first.
async fn runs_of(
    session: &mut Session<'_>,
    kind: &str,
    scope: &str,
    rate: RunRate,
    now: i64,
) -> Result<Vec<(i64, i64)>, StoreError> {
    let query = sqlx::query(RUNS_OF).bind(kind).bind(scope).bind(rate.left_by(now));
    let part = |raw: &DbRow| Ok((raw.try_get("began_at")?, raw.try_get("runs")?));
    session.all(query).await?.iter().map(part).collect()
}

impl This {
    /// See [`Store::limit_state`](crate::engine::store::Store::limit_state).
    pub(super) async fn read_limit_state(
        &self,
        kind: &str,
        limits: &SharedLimits,
        account: &str,
    ) -> Result<LimitState, StoreError> {
        let mut session = self.db.read().await?;
        let now = self.now_in(&mut session).await?;
        let mut state = LimitState::default();
        if let Some(most) = limits.concurrency {
            state.is_full = running(&mut session, kind).await? >= most;
        }
        let scopes = [
            (limits.at_most, ALL.to_owned(), &mut state.next_in_ms),
            (limits.at_most_per_owner, scope_of(account), &mut state.owner_next_in_ms),
        ];
        for (rate, scope, next) in scopes {
            if let Some(rate) = rate {
                let parts = runs_of(&mut session, kind, &scope, rate, now).await?;
                *next = rate.allowance(&parts, now).next_in_ms;
            }
        }
        Ok(state)
    }
}
