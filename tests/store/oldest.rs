//! A database that the first release made and filled is opened by this one: every migration must take rows of every
//! kind along.

use std::{path::Path, sync::Arc};

use milepost::{
    engine::{
        clock::ManualClock,
        store::{
            Claim, Ending, Store, UsageOf,
            postgres::{PostgresOptions, PostgresStore},
            sqlite::SqliteStore,
        },
    },
    task::{StageInfo, Status, TaskId},
};
use sqlx::{AssertSqlSafe, Connection as _, PgConnection, SqliteConnection, migrate::Migrator};

use crate::{fixture::START, postgres_server::schema};

const STATUSES: [Status; 6] = [
    Status::Queued,
    Status::Running,
    Status::Cancelling,
    Status::Completed,
    Status::Error,
    Status::Cancelled,
];

/// What a server of the first release left behind. Only tables and columns of the first schema may stand here, and
/// nothing here changes with a later one. `{n}` stands for the id of task n, `{at}` for a time in the past.
const ROWS: &[&str] = &[
    "INSERT INTO tasks (id, owner, kind, title, stages, status, run_at, attempt, max_attempts, run_seq, lease_owner,
        lease_until, heartbeat_at, version, progress, step, message, created_at, started_at, updated_at, keep_ms,
        cancel_requested_at, cancel_requested_by, batch_id, batch_index, input) VALUES
     ('{0}', 'ada', 'story', 'Task 0', '{stages}', 'queued', {at}, 0, 3, 0, NULL, NULL, NULL, 1048576, NULL, 0,
        NULL, {at}, NULL, {at}, 3600000, NULL, NULL, '{99}', 0, '{}'),
     ('{1}', 'ada', 'story', 'Task 1', '{stages}', 'running', {at}, 1, 3, 1, 'lost', {at}, {at}, 2097152, 0.25, 1,
        'Chapter 1', {at}, {at}, {at}, 3600000, NULL, NULL, '{99}', 1, '{}'),
     ('{2}', 'ada', 'story', 'Task 2', '{stages}', 'cancelling', {at}, 1, 3, 1, 'lost', {at}, {at}, 2097152, 0.5, 1,
        'Chapter 2', {at}, {at}, {at}, 3600000, {at}, 'owner', '{99}', 2, '{}')",
    "INSERT INTO tasks (id, owner, kind, title, stages, status, run_at, attempt, max_attempts, run_seq, version,
        created_at, started_at, updated_at, finished_at, expires_at, error_code, error_message, error_retryable,
        result_media_type, result_size, cancel_requested_at, cancel_requested_by, cancel_outcome, input) VALUES
     ('{3}', 'ada', 'story', 'Task 3', '{stages}', 'completed', {at}, 1, 3, 1, 2097152, {at}, {at}, {at}, {at}, NULL,
        NULL, NULL, NULL, 'text/plain', 7, NULL, NULL, NULL, '{}'),
     ('{4}', 'ada', 'story', 'Task 4', '{stages}', 'error', {at}, 3, 3, 3, 2097152, {at}, {at}, {at}, {at}, NULL,
        'out_of_paper', 'No paper.', {true}, NULL, NULL, NULL, NULL, NULL, '{}'),
     ('{5}', 'ada', 'story', 'Task 5', '{stages}', 'cancelled', {at}, 1, 3, 1, 2097152, {at}, {at}, {at}, {at}, NULL,
        NULL, NULL, NULL, NULL, NULL, {at}, 'owner', 'stopped', '{}')",
    "INSERT INTO starts VALUES ('ada', 'key', 'hash', '{0}')",
    "INSERT INTO results VALUES ('{3}', 'text/plain', 'a.txt', CAST('the end' AS {bytes}))",
    "INSERT INTO checkpoints VALUES ('{1}', 'chapter', '7', {at})",
    "INSERT INTO log_lines (task_id, seq, at, text) VALUES ('{1}', 1, {at}, 'a line')",
    "INSERT INTO tombstones VALUES ('{6}', 'ada', 'story', 'Task 6', 'completed', {at}, {at}, {never})",
    "INSERT INTO artifacts (id, task_id, run_seq, owner, name, media_type, state, size, created_at)
        VALUES ('{7}', '{3}', 1, 'ada', 'map.txt', 'text/plain', 'ready', 5, {at})",
    "INSERT INTO stage_times VALUES ('story', 'Writing', {at}, '{3}', 4000)",
    "INSERT INTO daily_spending VALUES ('tokens', 20833, '', 5)",
];

fn id(n: u8) -> String {
    format!("00000000-0000-4000-8000-{n:012}")
}

fn task(n: u8) -> TaskId {
    id(n).parse().unwrap()
}

fn rows(bytes: &str, yes: &str) -> Vec<String> {
    let filled = |row: &&str| {
        let row =
            (0..100).fold((*row).to_owned(), |row, n| row.replace(&format!("{{{n}}}"), &id(n)));
        row.replace("{at}", "1700000000000")
            .replace("{never}", "4000000000000")
            .replace("{stages}", r#"[{"name":"Writing","weight":1.0}]"#)
            .replace("{bytes}", bytes)
            .replace("{true}", yes)
    };
    ROWS.iter().map(filled).collect()
}

async fn migrations(folder: &str) -> (Migrator, i64) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("migrations").join(folder);
    let all = Migrator::new(folder).await.unwrap();
    let oldest = all.iter().map(|migration| migration.version).min().unwrap();
    (all, oldest)
}

/// Every task is read as it was, with what belongs to it.
async fn is_read(store: &dyn Store) {
    for (n, status) in (0..).zip(STATUSES) {
        let row = store.get(task(n)).await.unwrap().expect("the task is there");
        assert_eq!((row.status, row.title), (status, format!("Task {n}")));
        assert_eq!(row.owner.as_deref(), Some("ada"));
        assert_eq!(row.stages, [StageInfo::new("Writing", 1.0)]);
        let cancel = matches!(status, Status::Cancelling | Status::Cancelled);
        assert_eq!(row.cancel.is_some(), cancel, "{status:?}");
        assert_eq!(row.finished_at.is_some(), status.is_terminal(), "{status:?}");
    }
    let running = store.get(task(1)).await.unwrap().unwrap();
    assert_eq!((running.progress, running.message.as_deref()), (Some(0.25), Some("Chapter 1")));
    let error = store.get(task(4)).await.unwrap().unwrap().error;
    assert_eq!(error, Some(("out_of_paper".to_owned(), "No paper.".to_owned(), true)));
    assert_eq!(store.result(task(3)).await.unwrap().unwrap().bytes, b"the end");
    assert_eq!(store.checkpoint(task(1), "chapter").await.unwrap().as_deref(), Some("7"));
    assert_eq!(store.log(task(1), 0, 9).await.unwrap()[0].text, "a line");
    assert_eq!(store.batch(id(99).parse().unwrap(), None, None, 9).await.unwrap().len(), 3);
    let gone = store.tombstone(task(6)).await.unwrap().expect("it has expired");
    assert_eq!((gone.title.as_str(), gone.deleted_at), ("Task 6", None));
    let used = store.usage(&UsageOf::Account("ada".to_owned())).await.unwrap();
    assert!(used.rows > 6 * 1_024 && used.files == 5, "{used:?}");
}

/// What had not ended goes on: a lost worker's tasks are rescued, and the rest is claimed and ends.
async fn goes_on(store: &dyn Store) {
    let mut rescued = store.rescue_expired(store.now_ms().await.unwrap()).await.unwrap();
    rescued.sort_unstable();
    assert_eq!(rescued, [task(1), task(2)]);
    assert_eq!(store.get(task(2)).await.unwrap().unwrap().status, Status::Cancelled);
    let claim = Claim::new("w", 30_000, vec![("story".to_owned(), 9)], 9);
    let mut claimed = store.claim(&claim).await.unwrap();
    claimed.sort_unstable_by_key(|row| row.id);
    assert_eq!(claimed.iter().map(|row| row.id).collect::<Vec<_>>(), [task(0), task(1)]);
    for row in claimed {
        let ended = store.finish(row.id, row.run_seq, &Ending::Cancelled).await.unwrap();
        assert_eq!(ended.map(|row| row.status), Some(Status::Cancelled));
    }
}

#[tokio::test]
async fn a_file_of_the_oldest_schema_is_opened_with_all_its_rows() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("m.db");
    let url = format!("sqlite://{}?mode=rwc", path.display());
    let mut connection = SqliteConnection::connect(&url).await.unwrap();
    let (migrations, oldest) = migrations("sqlite").await;
    migrations.run_to(oldest, &mut connection).await.unwrap();
    for row in rows("BLOB", "1") {
        sqlx::query(AssertSqlSafe(row)).execute(&mut connection).await.unwrap();
    }
    connection.close().await.unwrap();
    let store = SqliteStore::open(&path, Arc::new(ManualClock::new(START))).await.unwrap();
    is_read(&store).await;
    goes_on(&store).await;
}

#[tokio::test]
async fn a_postgresql_database_of_the_oldest_schema_is_opened_with_all_its_rows() {
    let url = schema().await;
    let mut connection = PgConnection::connect(&url).await.unwrap();
    let (migrations, oldest) = migrations("postgres").await;
    migrations.run_to(oldest, &mut connection).await.unwrap();
    for row in rows("BYTEA", "true") {
        sqlx::query(AssertSqlSafe(row)).execute(&mut connection).await.unwrap();
    }
    connection.close().await.unwrap();
    let store = PostgresStore::open(&url, PostgresOptions::default()).await.unwrap();
    is_read(&store).await;
    goes_on(&store).await;
}
