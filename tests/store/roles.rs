//! Roles of PostgreSQL that may use the tables and not make them.

use milepost::engine::store::{
    Store, StoreError,
    postgres::{PostgresOptions, PostgresStore},
};
use sqlx::{Connection as _, Executor as _, PgConnection};

use crate::{
    fixture::task,
    postgres_server::{Server, server},
};

async fn own_server() -> Server {
    tokio::task::spawn_blocking(server).await.unwrap()
}

async fn refusal(url: &str) -> String {
    match PostgresStore::open(url, PostgresOptions::default()).await {
        Err(StoreError::Open(refusal)) => refusal,
        Err(other) => panic!("{other:?}"),
        Ok(_) => panic!("it was opened"),
    }
}

fn says(text: &str, parts: &[&str]) {
    for part in parts {
        assert!(text.contains(part), "{part} is not in {text}");
    }
    assert!(!text.contains("at line"), "a line of PostgreSQL's own source: {text}");
}

#[tokio::test]
async fn a_role_that_may_not_create_tables_starts_where_nothing_is_to_migrate() {
    let server = own_server().await;
    let owner = server.database().await;
    let app = owner.replace("milepost@", "app@");
    let mut connection = PgConnection::connect(&owner).await.unwrap();
    connection.execute("CREATE ROLE app LOGIN").await.unwrap();

    let empty = refusal(&app).await;
    says(
        &empty,
        &[
            "its schema must be migrated, and the role \"app\" may not do it: CREATE TABLE _sqlx_migrations: \
         permission denied for schema public (SQLSTATE 42501); run `milepost migrate`",
            "GRANT CREATE ON SCHEMA public TO \"app\"",
        ],
    );

    let migrate =
        async || PostgresStore::migrate(&owner, PostgresOptions::default()).await.unwrap();
    assert!(migrate().await.applied >= 1);
    assert_eq!(migrate().await.applied, 0, "there is nothing to migrate");

    let nothing = refusal(&app).await;
    says(
        &nothing,
        &[
            "the role \"app\" lacks SELECT on _sqlx_migrations; SELECT, INSERT, UPDATE, DELETE on artifacts, ",
            "GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO \"app\"",
        ],
    );
    connection.execute("GRANT SELECT ON ALL TABLES IN SCHEMA public TO app").await.unwrap();
    says(&refusal(&app).await, &["lacks INSERT, UPDATE, DELETE on artifacts, "]);
    let rest = "GRANT INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO app";
    connection.execute(rest).await.unwrap();
    connection.execute("REVOKE DELETE ON log_lines FROM app").await.unwrap();
    says(&refusal(&app).await, &["the role \"app\" lacks DELETE on log_lines; let the owner"]);
    connection.execute("GRANT DELETE ON log_lines TO app").await.unwrap();

    let store = PostgresStore::open(&app, PostgresOptions::default()).await.unwrap();
    store.insert(&task()).await.unwrap();
    assert_eq!(store.counts().await.unwrap(), (1, 0));
    assert_eq!(PostgresStore::migrate(&app, PostgresOptions::default()).await.unwrap().applied, 0);
}

#[tokio::test]
async fn a_schema_that_the_role_may_not_see_is_told() {
    let server = own_server().await;
    let owner = server.database().await;
    let mut connection = PgConnection::connect(&owner).await.unwrap();
    connection.execute("CREATE ROLE app LOGIN").await.unwrap();
    connection.execute("REVOKE USAGE ON SCHEMA public FROM PUBLIC").await.unwrap();
    let hidden = refusal(&owner.replace("milepost@", "app@")).await;
    says(&hidden, &["the role \"app\" may not do it", "run `milepost migrate`"]);
}

#[tokio::test]
async fn a_privilege_that_is_missing_in_the_middle_of_a_migration_names_its_statement() {
    let server = own_server().await;
    let owner = server.database().await;
    let mut connection = PgConnection::connect(&owner).await.unwrap();
    connection.execute("CREATE ROLE app LOGIN").await.unwrap();
    connection.execute("GRANT CREATE ON SCHEMA public TO app").await.unwrap();
    // A trigger in this language is the first statement that needs it.
    connection.execute("REVOKE USAGE ON LANGUAGE plpgsql FROM PUBLIC").await.unwrap();
    let refused = refusal(&owner.replace("milepost@", "app@")).await;
    says(&refused, &["migration 1", "permission denied for language plpgsql (SQLSTATE 42501)"]);
}

#[tokio::test]
async fn an_unknown_role_or_database_is_told_without_a_source_line() {
    let server = own_server().await;
    let owner = server.database().await;
    let nobody = refusal(&owner.replace("milepost@", "nobody@")).await;
    says(&nobody, &["role \"nobody\" does not exist (SQLSTATE 28000)"]);
    let (before, after) = owner.split_once("localhost/").unwrap();
    let (_, host) = after.split_once('?').unwrap();
    let nowhere = refusal(&format!("{before}localhost/nowhere?{host}")).await;
    says(&nowhere, &["database \"nowhere\" does not exist (SQLSTATE 3D000)"]);
}

#[tokio::test]
async fn a_store_that_takes_no_writes_says_so_and_takes_them_afterwards() {
    let server = own_server().await;
    let url = server.database().await;
    let store = PostgresStore::open(&url, PostgresOptions::default()).await.unwrap();
    store.insert(&task()).await.unwrap();
    let mut connection = PgConnection::connect(&url).await.unwrap();
    let set = async |connection: &mut PgConnection, on: &str| {
        // Of connections that are open, and of those to come.
        let name: String = sqlx::query_scalar("SELECT current_database()")
            .fetch_one(&mut *connection)
            .await
            .unwrap();
        for statement in [
            "SET default_transaction_read_only = off".to_owned(),
            format!("ALTER DATABASE {name} SET default_transaction_read_only = {on}"),
            format!("ALTER SYSTEM SET default_transaction_read_only = {on}"),
            "SELECT pg_reload_conf()".to_owned(),
        ] {
            let statement = sqlx::AssertSqlSafe(statement);
            sqlx::raw_sql(statement).execute(&mut *connection).await.unwrap();
        }
    };
    set(&mut connection, "on").await;
    // The server tells its processes in its own time.
    while store.check_writable().await.is_ok() {}
    for _ in 0..20 {
        let error = store.insert(&task()).await.unwrap_err();
        assert!(matches!(error, StoreError::ReadOnly(_)), "{error}");
        assert!(error.to_string().contains("SQLSTATE 25006"), "{error}");
        assert!(matches!(store.check_writable().await, Err(StoreError::ReadOnly(_))));
    }
    assert_eq!(store.counts().await.unwrap(), (1, 0), "it reads");
    set(&mut connection, "off").await;
    // No connection from the time before is in the way.
    store.check_writable().await.unwrap();
    for _ in 0..20 {
        store.insert(&task()).await.unwrap();
    }
    store.check_writable().await.unwrap();
}
