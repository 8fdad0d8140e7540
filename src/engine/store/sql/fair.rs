//! The fair order of the queue, and the claim of tasks in this order.

use sqlx::Row as _;

use super::{
    This,
    connections::Session,
    map,
    map::input_columns,
    shared_limits::{admit_runs, count_runs},
    statements::{account, columns, next_generation},
};
use crate::{
    engine::store::{Change, Claim, Row, SharedLimits, StoreError, StoredInput},
    task::TaskId,
};

/// Number of tasks that a claim examines beyond its free slots, in case another worker is claiming
/// the first ones.
const SURPLUS: i64 = 16;

/// The queued tasks of `$kind` that may start by `$now`, in the fair order: a task's turn is its
/// number among the account's queued tasks, by priority and age, plus the number of the account's
/// running tasks of the kind.
///
/// The accounts are found by skipping along the index from one to the next. Of each, only so many
/// tasks are examined that at least `$most` of all come first: `(most + running) / accounts`, rounded
/// up, is a turn that so many tasks of long queues have or come before. So neither a thousand tasks
/// of one account nor a thousand accounts with a hundred tasks each make it slow. Where short queues
/// leave it with fewer, `$whole` examines `$most` of each account; few accounts always are.
macro_rules! fair {
    ($kind:literal, $now:literal, $most:literal, $whole:literal) => {
        concat!(
            "WITH RECURSIVE owners (name) AS (",
            "SELECT min(",
            account!(),
            ") FROM tasks WHERE status = 'queued' AND kind = ",
            $kind,
            " UNION ALL SELECT (SELECT min(",
            account!(),
            ") FROM tasks WHERE status = 'queued' AND kind = ",
            $kind,
            " AND ",
            account!(),
            " > owners.name) FROM owners WHERE owners.name IS NOT NULL), ",
            "busy AS (SELECT ",
            account!(),
            " AS name, count(*) AS runs FROM tasks WHERE status IN ('running', 'cancelling') AND kind = ",
            $kind,
            " GROUP BY ",
            account!(),
            "), depth (tasks, is_whole) AS (SELECT CASE WHEN is_whole THEN ",
            $most,
            " ELSE (",
            $most,
            " + running + accounts - 1) / accounts END, is_whole FROM (SELECT ",
            $whole,
            " OR accounts * ",
            $most,
            " <= 1000 AS is_whole, accounts, running FROM (SELECT count(name) AS accounts FROM owners) AS counted, ",
            "(SELECT CAST(coalesce(sum(runs), 0) AS BIGINT) AS running FROM busy) AS counted_runs) AS both_counted), ",
            "waiting AS (SELECT owners.name, first.id, first.priority, first.run_at FROM owners ",
            first_of_each!(
                "SELECT id, priority, run_at FROM tasks WHERE status = 'queued' AND kind = ",
                $kind,
                " AND ",
                account!(),
                // The sign keeps SQLite from the index in which they would have to be sorted.
                " = owners.name AND +run_at <= ",
                $now,
                " ORDER BY priority DESC, run_at, id LIMIT (SELECT tasks FROM depth)"
            ),
            "), ranked AS (SELECT waiting.name AS name, id, run_at, nth, nth + coalesce(busy.runs, 0) AS turn ",
            "FROM (SELECT *, row_number() OVER ",
            "(PARTITION BY name ORDER BY priority DESC, run_at, id) AS nth FROM waiting) AS waiting ",
            "LEFT JOIN busy ON busy.name = waiting.name) "
        )
    };
}

/// Neither kind $4 nor worker `$worker` is paused.
macro_rules! not_paused {
    ($worker:literal) => {
        concat!(
            "NOT EXISTS (SELECT 1 FROM pauses WHERE scope = 'kind' AND name = $4 ",
            "OR scope = 'worker' AND name = ",
            $worker,
            ")"
        )
    };
}

/// Claims at most $5 tasks in the order of `fair!`, of those that `$allowed` selects from `ranked`.
macro_rules! claim {
    ($allowed:expr) => {
        concat!(
            fair!("$4", "$3", "$6", "$7"),
            $allowed,
            "UPDATE tasks SET status = 'running', attempt = attempt + 1, run_seq = run_seq + 1, ",
            "lease_owner = $1, lease_until = $2, heartbeat_at = $3, started_at = $3, updated_at = $3, ",
            // Reported progress counts for its own attempt only; a released run continues its
            // attempt.
            "progress = CASE WHEN progress_attempt = attempt + 1 THEN progress END, ",
            "step = CASE WHEN progress_attempt = attempt + 1 THEN step ELSE 0 END, message = NULL, ",
            "rate = 0, ends_at = NULL, ends_low_at = NULL, ends_high_at = NULL, ",
            "resumed_at = CASE WHEN resume_reason IS NOT NULL THEN $3 END, ",
            next_generation!(),
            " WHERE id IN ",
            first_unlocked!(),
            " RETURNING (SELECT is_whole FROM depth) AS is_whole, ",
            input_columns!(),
            ", ",
            columns!()
        )
    };
}

/// Claims in the order of `fair!`.
pub(super) const CLAIM: &str = claim!(concat!(
    ", allowed AS (SELECT id, run_at, turn FROM ranked WHERE ",
    not_paused!("$8"),
    ") "
));

/// The same, with at most $9 runs of each account, of which those after $8 are counted already.
pub(super) const CLAIM_PER_OWNER: &str = claim!(concat!(
    ", allowed AS (SELECT id, run_at, turn FROM ranked WHERE nth + coalesce((SELECT \
     CAST(sum(runs) AS BIGINT) FROM run_counts WHERE kind = $4 AND scope = 'a:' || ranked.name \
     AND began_at > $8), 0) <= $9 AND ",
    not_paused!("$10"),
    ") "
));

/// The order of `fair!`.
pub(super) const QUEUE: &str = concat!(
    fair!("$1", "$2", "$3", "$4"),
    "SELECT (SELECT is_whole FROM depth) AS is_whole, id FROM ranked ORDER BY turn, run_at, id LIMIT $3"
);

/// Any task of kind $1 that may start by $2.
pub(super) const ANY_WAITING: &str =
    "SELECT id FROM tasks WHERE status = 'queued' AND kind = $1 AND run_at <= $2 LIMIT 1";

impl This {
    pub(super) async fn read_has_waiting(&self, kind: &str) -> Result<bool, StoreError> {
        let query = sqlx::query(ANY_WAITING).bind(kind).bind(self.local_now());
        Ok(self.read_first(query).await?.is_some())
    }

    pub(super) async fn claim_tasks(
        &self,
        claim: &Claim,
    ) -> Result<Vec<(Row, StoredInput)>, StoreError> {
        let mut tx = self.db.write().await?;
        let now = self.begun_at(&tx);
        let claimed = self.claim_in(&mut tx, claim, &[], now).await?;
        let changes: Vec<_> = claimed.iter().map(|(row, _)| Change::Task(row.id)).collect();
        self.announce(&mut tx, &changes).await?;
        tx.commit().await?;
        Ok(claimed)
    }

    /// Claims tasks at this time, which is that of the transaction; tasks of `queued` kinds are known
    /// to wait. To look whether any waits costs far less than a claim.
    pub(super) async fn claim_in(
        &self,
        tx: &mut Session<'_>,
        claim: &Claim,
        queued: &[&str],
        now: i64,
    ) -> Result<Vec<(Row, StoredInput)>, StoreError> {
        let mut claimed = Vec::new();
        let mut free = claim.total;
        for (kind, slots) in &claim.slots {
            let slots = (*slots).min(free);
            let any_waits = || sqlx::query(ANY_WAITING).bind(kind).bind(now);
            if !queued.contains(&kind.as_str()) && tx.first(any_waits()).await?.is_none() {
                continue;
            }
            let before = claimed.len();
            match claim.limits.get(kind) {
                None => {
                    self.claim_kind(tx, claim, (kind, slots), now, None, &mut claimed).await?;
                }
                Some(limits) => {
                    let Some(slots) = admit_runs(tx, kind, limits, slots, now).await? else {
                        continue;
                    };
                    let limits = Some(limits);
                    self.claim_kind(tx, claim, (kind, slots), now, limits, &mut claimed).await?;
                }
            }
            let new = u32::try_from(claimed.len() - before).unwrap_or(u32::MAX);
            free = free.saturating_sub(new);
        }
        Ok(claimed)
    }

    /// Claims tasks of one kind, at most `slots`, and counts them where its runs are limited.
    async fn claim_kind(
        &self,
        tx: &mut Session<'_>,
        claim: &Claim,
        (kind, mut slots): (&str, u32),
        now: i64,
        limits: Option<&SharedLimits>,
        claimed: &mut Vec<(Row, StoredInput)>,
    ) -> Result<(), StoreError> {
        let per_owner = limits.and_then(|limits| limits.at_most_per_owner);
        for whole in [false, true] {
            let query = sqlx::query(if per_owner.is_some() { CLAIM_PER_OWNER } else { CLAIM })
                .bind(&claim.lease_owner)
                .bind(now.saturating_add(claim.lease_ms))
                .bind(now)
                .bind(kind)
                .bind(i64::from(slots))
                .bind(i64::from(slots) + SURPLUS)
                .bind(whole);
            let query = match per_owner {
                Some(rate) => query.bind(rate.left_by(now)).bind(i64::from(rate.runs())),
                None => query,
            };
            let query = query.bind(&claim.worker);
            let (mut is_whole, before) = (whole, claimed.len());
            for raw in &tx.all(query).await? {
                is_whole |= raw.try_get::<bool, _>("is_whole")?;
                claimed.push((map::row(raw, now)?, map::input(raw)?));
            }
            let new = &claimed[before..];
            if let Some(limits) = limits {
                count_runs(tx, kind, limits, new.iter().map(|(row, _)| row), now).await?;
            }
            slots = slots.saturating_sub(u32::try_from(new.len()).unwrap_or(u32::MAX));
            if is_whole || slots == 0 {
                break;
            }
        }
        Ok(())
    }

    pub(super) async fn read_queue(
        &self,
        kind: &str,
        limit: u32,
    ) -> Result<Vec<TaskId>, StoreError> {
        let mut connection = self.db.read().await?;
        let now = self.now_in(&mut connection).await?;
        for whole in [false, true] {
            let query = sqlx::query(QUEUE).bind(kind).bind(now).bind(i64::from(limit)).bind(whole);
            let rows = connection.all(query).await?;
            let is_whole = match rows.first() {
                Some(raw) => raw.try_get("is_whole")?,
                None => whole,
            };
            if is_whole || rows.len() >= limit as usize {
                return rows.iter().map(map::task_id).collect();
            }
        }
        Ok(Vec::new())
    }
}
