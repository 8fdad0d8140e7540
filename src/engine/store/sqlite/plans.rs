//! Query plans of SQLite for frequent statements, with 100,000 ended tasks in the table: none may
//! scan all of them.

use std::sync::Arc;

use sqlx::{AssertSqlSafe, Connection as _, Executor as _, Row as _, SqliteConnection};

use super::{
    SqliteStore, batches, end_each, fair, list, map, operate, shared_limits, statements as sql,
    unfinished, uploads, waiting,
};
use crate::engine::{clock::SystemClock, store::Store as _};

/// Ended tasks of a hundred owners, and a few queued and running ones.
const FILL: &str = "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 100000) \
    INSERT INTO tasks (id, owner, kind, title, stages, lookup_key, status, run_at, max_attempts, \
    version, created_at, updated_at, input, lease_owner, lease_until) \
    SELECT 'task ' || i, 'owner ' || (i % 100), 'report', 'a report', '[]', 'key ' || i, \
    CASE i % 10000 WHEN 1 THEN 'queued' WHEN 2 THEN 'running' ELSE 'completed' END, i, 3, 1, i, i, '{}', \
    CASE i % 10000 WHEN 2 THEN 'w' END, CASE i % 10000 WHEN 2 THEN i END FROM n";

/// Indexes that contain only queued or running tasks: these may be scanned whole.
const SMALL: [&str; 4] = ["tasks_queued", "tasks_leased", "tasks_waiting", "tasks_under_way"];

#[tokio::test]
async fn nothing_that_is_asked_all_the_time_looks_at_every_task() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("m.db");
    SqliteStore::open(&path, Arc::new(SystemClock)).await.unwrap().close().await;
    // On a connection of its own: those of the store have no time for so much at once.
    let mut filling =
        SqliteConnection::connect(&format!("sqlite://{}", path.display())).await.unwrap();
    for statement in [FILL, "ANALYZE"] {
        filling.execute(statement).await.unwrap();
    }
    filling.close().await.unwrap();
    let store = SqliteStore::open(&path, Arc::new(SystemClock)).await.unwrap();
    let mut writer = store.db.write().await.unwrap();
    for (name, statement) in [
        ("get", sql::GET),
        ("inputs", sql::INPUTS),
        ("a repeated start", sql::BY_IDEMPOTENCY_KEY),
        ("a key that is free again", sql::DROP_KEY),
        ("checkpoints of what has ended", sql::DROP_ALL_CHECKPOINTS),
        ("the same work", sql::UNDER_WAY),
        ("a queue", waiting::COUNT_QUEUED),
        ("a full queue", waiting::COUNT_ALL),
        ("uploads of a deleted task", uploads::MARK_UPLOADS_DELETED),
        ("list", list::LIST),
        ("list by status", list::LIST_BY_STATUS),
        ("list by kind", list::LIST_BY_KIND),
        ("search", list::SEARCH),
        ("search by kind", list::SEARCH_BY_KIND),
        ("search by status", list::SEARCH_BY_STATUS),
        ("search by tag", list::SEARCH_BY_TAG),
        ("end of a search by tag", list::LAST_EXAMINED_BY_TAG),
        ("end of a search", list::LAST_EXAMINED),
        ("end of a search by status", list::LAST_EXAMINED_BY_STATUS),
        ("end of a search by kind", list::LAST_EXAMINED_BY_KIND),
        ("counts of a batch", batches::BATCH_COUNTS),
        ("a batch", batches::BATCH),
        ("a batch by status", batches::BATCH_BY_STATUS),
        ("what waits of a batch", batches::CANCEL_QUEUED_OF_BATCH),
        ("runs of a kind", shared_limits::COUNT_RUNNING),
        ("runs counted lately", shared_limits::RUNS_OF),
        ("old counts of runs", shared_limits::DROP_RUN_COUNTS),
        ("claim within a rate", fair::CLAIM_PER_OWNER),
        ("batches", batches::BATCHES),
        ("newest", sql::NEWEST),
        ("claim", fair::CLAIM),
        ("queue", fair::QUEUE),
        ("renew_leases", sql::RENEW_LEASES),
        ("cancels", sql::CANCELS),
        ("ended leases", sql::ENDED_LEASE),
        ("leases after the clock was set back", sql::CLAMP_LEASES),
        ("the queue after the clock was set back", sql::CLAMP_QUEUE),
        ("the latest in the queue", sql::LATEST_IN_QUEUE),
        ("rescue_expired of the cancelled", sql::TAKE_CANCELLED),
        ("rescue_expired of the exhausted", sql::TAKE_EXHAUSTED),
        ("rescue_expired of the others", sql::TAKE_AGAIN),
        ("progress", map::SAVE_PROGRESS),
        ("cancel of a waiting task", sql::CANCEL_QUEUED),
        ("cancel of a running task", sql::CANCEL_RUNNING),
        ("end", sql::FINISH),
        ("ends of several", end_each::FINISH_ALL),
        ("runs of several that end", end_each::HELD_RUNS),
        ("checkpoints of several that end", end_each::DROP_CHECKPOINTS_OF),
        ("tasks of all", operate::LIST_ALL),
        ("unfinished tasks of all", operate::LIST_UNFINISHED),
        ("end of the tasks of all", operate::LAST_OF_ALL),
        ("end of the unfinished tasks of all", operate::LAST_UNFINISHED),
        ("busiest accounts", operate::BUSIEST_ACCOUNTS),
        ("longest running", operate::LONGEST_RUNNING),
        ("workers", operate::WORKERS),
        ("counts", sql::COUNTS),
        ("unfinished tasks by kind", unfinished::UNFINISHED),
    ] {
        let explain = sqlx::query(AssertSqlSafe(format!("EXPLAIN QUERY PLAN {statement}")));
        // Use the writing connection, which has the statistics; readers may have been opened
        // before.
        let plan = writer.all(explain).await.unwrap();
        let steps: Vec<String> = plan.iter().map(|step| step.get("detail")).collect();
        assert!(!steps.is_empty(), "{name} has no plan");
        for step in &steps {
            assert!(!looks_at_all(step), "{name}: {steps:#?}");
        }
        // Of each account the first tasks in the order of the index, not all that wait.
        let of_each =
            steps.iter().filter(|step| step.contains("tasks_queued (kind=? AND <expr>=?"));
        let is_claim = [fair::CLAIM, fair::CLAIM_PER_OWNER, fair::QUEUE].contains(&statement);
        assert_eq!(of_each.count(), usize::from(is_claim), "{name}: {steps:#?}");
    }
}

/// Whether a step scans the whole table, or a whole index of it.
fn looks_at_all(step: &str) -> bool {
    let tables = ["SCAN tasks", "SCAN first", "SCAN starts", "SCAN checkpoints", "SCAN artifacts"];
    let step = step.trim_end_matches(" LEFT-JOIN");
    let table = tables.iter().any(|scan| step.starts_with(scan));
    table && !SMALL.iter().any(|index| step.ends_with(index))
}
