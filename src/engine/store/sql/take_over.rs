//! What an anonymous session owns becomes a user's.

use super::super::{connections::Session, statements::account};
use crate::engine::store::StoreError;

/// Locked in one order, so that two transactions never wait for each other.
const LOCK: &str = concat!("SELECT id FROM tasks WHERE owner = $1", for_update_by_id!());

/// The same work of one owner is never under way twice: where the user has it already, the other task goes on
/// without its unique key.
const DROP_UNIQUE_KEYS: &str = "UPDATE tasks SET unique_key = NULL \
    WHERE owner = $1 AND unique_key IS NOT NULL AND status IN ('queued', 'running') AND EXISTS \
    (SELECT 1 FROM tasks AS own WHERE own.owner = $2 AND own.kind = tasks.kind \
    AND own.unique_key = tasks.unique_key AND own.status IN ('queued', 'running'))";

/// A trigger changes the owner of their tags.
const TAKE_TASKS: &str = "UPDATE tasks SET owner = $2 WHERE owner = $1";

/// What is left refers to the tasks, or counts for their owner. The keys of starts that both have stay with the session,
/// which starts nothing any more.
const TAKE_REST: [&str; 4] = [
    "UPDATE task_bytes SET account = $2 WHERE account = $1",
    concat!("UPDATE artifacts SET owner = $2 WHERE ", account!(), " = $1 AND owner = $1"),
    "UPDATE tombstones SET owner = $2 WHERE owner = $1",
    "UPDATE starts SET owner_or_none = $2 WHERE owner_or_none = $1 \
     AND key NOT IN (SELECT key FROM starts WHERE owner_or_none = $2)",
];

/// Makes tasks and files of an owner those of another; returns the number of tasks.
pub(super) async fn take_over(
    tx: &mut Session<'_>,
    from: &str,
    to: &str,
) -> Result<u64, StoreError> {
    tx.all(sqlx::query(LOCK).bind(from)).await?;
    tx.execute(sqlx::query(DROP_UNIQUE_KEYS).bind(from).bind(to)).await?;
    let tasks = tx.execute(sqlx::query(TAKE_TASKS).bind(from).bind(to)).await?;
    for statement in TAKE_REST {
        tx.execute(sqlx::query(statement).bind(from).bind(to)).await?;
    }
    Ok(tasks)
}
