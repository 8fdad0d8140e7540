//! Counting unfinished tasks by kind.

use std::collections::BTreeMap;

use sqlx::Row as _;

use super::This;
use crate::engine::store::{StoreError, UnfinishedTasks};

/// Each part reads an index that contains unfinished tasks only.
pub(super) const UNFINISHED: &str = "\
    SELECT kind, 'waiting' AS state, count(*) AS tasks, min(run_at) AS oldest FROM tasks \
    WHERE status = 'queued' AND run_at <= $1 GROUP BY kind \
    UNION ALL SELECT kind, 'scheduled', count(*), NULL FROM tasks \
    WHERE status = 'queued' AND run_at > $1 GROUP BY kind \
    UNION ALL SELECT kind, 'running', count(*), NULL FROM tasks \
    WHERE status IN ('running', 'cancelling') GROUP BY kind";

impl This {
    pub(super) async fn read_unfinished(&self) -> Result<Vec<UnfinishedTasks>, StoreError> {
        let mut session = self.db.read().await?;
        let now = self.now_in(&mut session).await?;
        let mut kinds = BTreeMap::<String, UnfinishedTasks>::new();
        for raw in session.all(sqlx::query(UNFINISHED).bind(now)).await? {
            let (kind, state): (String, String) = (raw.try_get("kind")?, raw.try_get("state")?);
            let tasks: i64 = raw.try_get("tasks")?;
            let oldest: Option<i64> = raw.try_get("oldest")?;
            let counts = kinds.entry(kind.clone()).or_default();
            counts.kind = kind;
            match state.as_str() {
                "waiting" => {
                    counts.waiting = tasks;
                    counts.oldest_ms = oldest.map_or(0, |at| now.saturating_sub(at).max(0));
                }
                "scheduled" => counts.scheduled = tasks,
                _ => counts.running = tasks,
            }
        }
        Ok(kinds.into_values().collect())
    }
}
