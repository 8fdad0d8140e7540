//! What an earlier version has stored, as this one finds it.

use std::{path::Path, sync::Arc};

use milepost::{
    engine::{
        clock::ManualClock,
        store::{
            Store, StoredInput, UsageOf,
            postgres::{PostgresOptions, PostgresStore},
            sqlite::SqliteStore,
        },
    },
    task::TaskId,
};
use sqlx::{AssertSqlSafe, Connection as _, PgConnection, SqliteConnection, migrate::Migrator};
use uuid::Uuid;

use crate::{fixture::START, postgres_server::schema};

/// Those before the one with this number.
async fn migrations_before(version: i64, folder: &str) -> Migrator {
    let mut migrator = Migrator::new(Path::new(folder)).await.unwrap();
    migrator.migrations.to_mut().retain(|migration| migration.version < version);
    migrator
}

/// A row of an earlier version: its task, its status and its input.
struct Earlier(TaskId, &'static str, &'static str);

fn earlier() -> [Earlier; 3] {
    let id = || TaskId::from_uuid(Uuid::new_v4());
    [
        Earlier(
            id(),
            "queued",
            r#"{"definition":"a1","params":{"word":"\"sealed\":1"},"sealed":"c2Vh+/bGVk="}"#,
        ),
        Earlier(id(), "completed", r#"{"definition":"a1","params":{},"sealed":"c2VhbGVk"}"#),
        Earlier(id(), "queued", r#"{"subject":"lighthouse","sealed":"envelope"}"#),
    ]
}

/// The statement that stores it.
fn insert(Earlier(id, status, input): &Earlier) -> AssertSqlSafe<String> {
    let finished = if *status == "completed" { "5" } else { "NULL" };
    AssertSqlSafe(format!(
        "INSERT INTO tasks (id, kind, title, stages, status, run_at, max_attempts, version, created_at, \
         updated_at, finished_at, input) \
         VALUES ('{id}', 'job', 'Job', '[]', '{status}', 1, 3, 1, 1, 1, {finished}, '{input}')"
    ))
}

async fn secrets_have_moved(store: &dyn Store, [active, ended, other]: &[Earlier; 3]) {
    let stored = async |earlier: &Earlier| store.input(earlier.0).await.unwrap().unwrap();
    let text = r#"{"definition":"a1","params":{"word":"\"sealed\":1"}}"#.to_owned();
    let sealed = Some("c2Vh+/bGVk=".to_owned());
    assert_eq!(stored(active).await, StoredInput { text, sealed }, "its run needs it");
    let text = r#"{"definition":"a1","params":{}}"#.to_owned();
    assert_eq!(stored(ended).await, StoredInput { text, sealed: None }, "nobody needs it");
    assert_eq!(stored(other).await, StoredInput { text: other.2.to_owned(), sealed: None });
    let mut bytes = 0;
    for earlier in [active, ended, other] {
        let StoredInput { text, sealed } = stored(earlier).await;
        bytes += 1_024 + text.len() + sealed.unwrap_or_default().len();
    }
    assert_eq!(store.usage(&UsageOf::All).await.unwrap().rows, bytes as u64);
}

#[tokio::test]
async fn secrets_that_stood_in_inputs_of_sqlite_stand_beside_them() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("m.db");
    let url = format!("sqlite://{}?mode=rwc", path.display());
    let mut connection = SqliteConnection::connect(&url).await.unwrap();
    migrations_before(120, "migrations/sqlite").await.run(&mut connection).await.unwrap();
    let rows = earlier();
    for row in &rows {
        sqlx::query(insert(row)).execute(&mut connection).await.unwrap();
    }
    connection.close().await.unwrap();
    let store = SqliteStore::open(&path, Arc::new(ManualClock::new(START))).await.unwrap();
    secrets_have_moved(&store, &rows).await;
}

#[tokio::test]
async fn secrets_that_stood_in_inputs_of_postgresql_stand_beside_them() {
    let url = schema().await;
    let mut connection = PgConnection::connect(&url).await.unwrap();
    migrations_before(120, "migrations/postgres").await.run(&mut connection).await.unwrap();
    let rows = earlier();
    for row in &rows {
        sqlx::query(insert(row)).execute(&mut connection).await.unwrap();
    }
    let store = PostgresStore::open(&url, PostgresOptions::default()).await.unwrap();
    secrets_have_moved(&store, &rows).await;
}
