//! Which running tasks count as stuck.

use std::collections::HashMap;

use super::{Oversight, Service, ServiceError, operate::TASKS};
use crate::{
    engine::{eta, millis, store::Row},
    task::OperatorTask,
};

impl Service {
    /// The running tasks without news for longer than their kind's habit; those first that have been running longest.
    pub(super) async fn stuck(
        &self,
        oversight: Oversight,
        running: &[Row],
        now: i64,
    ) -> Result<Vec<OperatorTask>, ServiceError> {
        let inner = self.engine.inner();
        let mut limits = HashMap::new();
        let mut stuck = Vec::new();
        for row in running {
            let silent_ms = now.saturating_sub(row.updated_at);
            if silent_ms <= eta::STUCK_SOONEST_MS.min(millis(inner.options.stuck_after)) {
                continue;
            }
            let limit_ms = match limits.get(&row.kind) {
                Some(limit_ms) => *limit_ms,
                None => {
                    let times = inner.store.stage_times(&row.kind).await?;
                    let habit_ms = eta::stuck_after_ms(&times);
                    let limit_ms = habit_ms.unwrap_or(millis(inner.options.stuck_after));
                    *limits.entry(row.kind.clone()).or_insert(limit_ms)
                }
            };
            if silent_ms > limit_ms {
                stuck.push((row, limit_ms));
            }
            if stuck.len() == TASKS {
                break;
            }
        }
        let mut tasks = self.shown(oversight, stuck.iter().map(|(row, _)| *row)).await;
        for (task, (_, limit_ms)) in tasks.iter_mut().zip(stuck) {
            task.stuck_after_ms = Some(limit_ms);
        }
        Ok(tasks)
    }
}
