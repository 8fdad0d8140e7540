//! The fair order of the queue, and the claim of tasks in this order.

use sqlx::Row as _;

use super::{
    This, map,
    statements::{account, columns, next_generation},
};
use crate::{
    engine::store::{Change, Claim, Row, StoreError, StoredInput},
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
                " = owners.name AND run_at <= ",
                $now,
                " ORDER BY priority DESC, run_at, id LIMIT (SELECT tasks FROM depth)"
            ),
            "), ranked AS (SELECT id, run_at, row_number() OVER ",
            "(PARTITION BY waiting.name ORDER BY priority DESC, run_at, id) ",
            "+ coalesce(busy.runs, 0) AS turn ",
            "FROM waiting LEFT JOIN busy ON busy.name = waiting.name) "
        )
    };
}

/// Claims at most $5 tasks in the order of `fair!`.
pub(super) const CLAIM: &str = concat!(
    fair!("$4", "$3", "$6", "$7"),
    "UPDATE tasks SET status = 'running', attempt = attempt + 1, run_seq = run_seq + 1, ",
    "lease_owner = $1, lease_until = $2, heartbeat_at = $3, started_at = $3, updated_at = $3, ",
    // Reported progress counts for its own attempt only; a released run continues its attempt.
    "progress = CASE WHEN progress_attempt = attempt + 1 THEN progress END, ",
    "step = CASE WHEN progress_attempt = attempt + 1 THEN step ELSE 0 END, message = NULL, ",
    "rate = 0, ends_at = NULL, ends_low_at = NULL, ends_high_at = NULL, ",
    "resumed_at = CASE WHEN resume_reason IS NOT NULL THEN $3 END, ",
    next_generation!(),
    " WHERE id IN ",
    first_unlocked!(),
    " RETURNING (SELECT is_whole FROM depth) AS is_whole, input, sealed, ",
    columns!()
);

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
        let mut claimed = Vec::new();
        let mut free = claim.total;
        let mut tx = self.db.write().await?;
        let now = self.begun_at(&tx);
        for (kind, slots) in &claim.slots {
            for whole in [false, true] {
                let before = claimed.len();
                let slots = (*slots).min(free);
                let query = sqlx::query(CLAIM)
                    .bind(&claim.lease_owner)
                    .bind(now.saturating_add(claim.lease_ms))
                    .bind(now)
                    .bind(kind)
                    .bind(i64::from(slots))
                    .bind(i64::from(slots) + SURPLUS)
                    .bind(whole);
                let mut is_whole = whole;
                for raw in &tx.all(query).await? {
                    is_whole |= raw.try_get::<bool, _>("is_whole")?;
                    claimed.push((map::row(raw, now)?, map::input(raw)?));
                }
                let new = u32::try_from(claimed.len() - before).unwrap_or(u32::MAX);
                free = free.saturating_sub(new);
                if is_whole || new >= slots {
                    break;
                }
            }
        }
        let changes: Vec<_> = claimed.iter().map(|(row, _)| Change::Task(row.id)).collect();
        self.announce(&mut tx, &changes).await?;
        tx.commit().await?;
        Ok(claimed)
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
