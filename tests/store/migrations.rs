//! Databases whose schema was made by another version.

use std::sync::Arc;

use milepost::engine::{
    clock::ManualClock,
    store::{
        StoreError,
        postgres::{PostgresOptions, PostgresStore},
        sqlite::SqliteStore,
    },
};
use sqlx::{Connection as _, PgConnection, SqliteConnection};

use crate::{fixture::START, postgres_server::schema};

/// A migration that this version does not have.
const OTHER: &str = "INSERT INTO _sqlx_migrations (version, description, success, checksum, execution_time) \
    VALUES (9000, 'later', true, '', 0)";

fn is_refused(opened: Result<(), StoreError>) {
    let Err(StoreError::Open(snapshot)) = opened else { panic!("it was opened") };
    assert!(snapshot.contains("a newer version of Milepost has migrated it"), "{snapshot}");
    assert!(snapshot.contains("version 9000"), "{snapshot}");
    assert!(snapshot.contains("start that version, or restore the backup"), "{snapshot}");
}

#[tokio::test]
async fn a_file_of_another_version_is_refused_and_says_so() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("m.db");
    let open = async || SqliteStore::open(&path, Arc::new(ManualClock::new(START))).await.map(drop);
    open().await.unwrap();
    let url = format!("sqlite://{}", path.display());
    let mut connection = SqliteConnection::connect(&url).await.unwrap();
    sqlx::query(OTHER).execute(&mut connection).await.unwrap();
    connection.close().await.unwrap();
    is_refused(open().await);
}

#[tokio::test]
async fn a_postgresql_database_of_another_version_is_refused_and_says_so() {
    let url = schema().await;
    let open = async || PostgresStore::open(&url, PostgresOptions::default()).await.map(drop);
    open().await.unwrap();
    let mut connection = PgConnection::connect(&url).await.unwrap();
    sqlx::query(OTHER).execute(&mut connection).await.unwrap();
    connection.close().await.unwrap();
    is_refused(open().await);
}
