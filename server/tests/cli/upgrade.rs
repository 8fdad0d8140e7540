//! An upgrade with tasks under way: a newer version expands the schema while servers and workers of
//! this one go on; none of this one starts on it afterwards.

use serde_json::Value;
use sqlx::{Connection as _, Executor as _, PgConnection, SqliteConnection};

use crate::{
    fixture::{Place, Server},
    postgres_server,
};

/// What the next version may do while this one runs: columns with a default, tables, indexes.
const EXPAND: [&str; 4] = [
    "ALTER TABLE tasks ADD COLUMN later_text TEXT NOT NULL DEFAULT ''",
    "CREATE TABLE later_things (id BIGINT PRIMARY KEY, task_id TEXT)",
    "CREATE INDEX tasks_later ON tasks (kind, later_text)",
    "INSERT INTO _sqlx_migrations (version, description, success, checksum, execution_time) \
     VALUES (9000, 'later', true, '', 0)",
];

const PACE: (&str, &str) = ("MILEPOST_STORY_WORDS_PER_SECOND", "300");

async fn start(place: &Place, server: &Server, player: &str) -> String {
    let player = format!("player={player}");
    let run = ["run", "story", "-i", "subject=lighthouse", "-i", &player];
    let run = server.run(place, &run).await;
    assert_eq!(run.code, Some(0), "{run:?}");
    run.stdout.trim().to_owned()
}

async fn status(place: &Place, server: &Server, id: &str) -> Value {
    let told = server.run(place, &["status", id, "--json"]).await;
    serde_json::from_str(&told.stdout).unwrap_or_else(|_| panic!("{told:?}"))
}

async fn until_running(place: &Place, server: &Server, id: &str) {
    let begun = std::time::Instant::now();
    while status(place, server, id).await["status"] != "running" {
        assert!(begun.elapsed().as_secs() < 60, "{id} does not run");
    }
}

/// One task runs and one waits; the schema is expanded; both end, and a third one.
async fn goes_on(place: &Place, server: &Server, expand: impl AsyncFnOnce()) {
    let runs = start(place, server, "Ada").await;
    until_running(place, server, &runs).await;
    let waits = start(place, server, "Bob").await;
    assert_eq!(status(place, server, &waits).await["status"], "queued");
    expand().await;
    let new = start(place, server, "Cy").await;
    let ended = server.run(place, &["wait", &runs, &waits, &new]).await;
    assert_eq!(ended.code, Some(0), "{ended:?}");
    for id in [&runs, &waits, &new] {
        let told = status(place, server, id).await;
        assert_eq!((&told["status"], &told["attempt"]), (&"completed".into(), &1.into()));
        let result = server.run(place, &["result", id]).await;
        assert!(result.stdout.starts_with("# "), "{result:?}");
    }
    assert_eq!(server.run(place, &["rerun", &new]).await.code, Some(0));
}

#[tokio::test]
async fn servers_and_workers_go_on_while_a_newer_version_expands_the_schema() {
    let place = Place::with_research();
    let database = tokio::task::spawn_blocking(postgres_server::server).await.unwrap();
    let url = database.database().await;
    let one = ("MILEPOST_ENGINE_CONCURRENCY", "1");
    let server = place.serve(&["--database", &url], &[PACE, one]).await;
    let mut newer = PgConnection::connect(&url).await.unwrap();
    goes_on(&place, &server, async || {
        let mut tx = newer.begin().await.unwrap();
        for statement in EXPAND {
            tx.execute(statement).await.unwrap();
        }
        tx.commit().await.unwrap();
    })
    .await;
    for command in [&["worker"][..], &["serve", "--addr", "127.0.0.1:0"]] {
        let said = place.run(&[command, &["--database", &url]].concat()).await;
        said.is_refused_with("its schema is version 9000, this program knows ");
    }
    let (stopped, _) = server.stop().await;
    assert!(stopped.success());
}

#[tokio::test]
async fn a_server_on_sqlite_goes_on_while_the_schema_is_expanded() {
    let place = Place::with_research();
    let one = ("MILEPOST_ENGINE_CONCURRENCY", "1");
    let server = place.serve(&[], &[PACE, one]).await;
    let url = format!("sqlite://{}", place.path("data/milepost.db").display());
    let mut newer = SqliteConnection::connect(&url).await.unwrap();
    goes_on(&place, &server, async || {
        let mut tx = newer.begin_with("BEGIN IMMEDIATE").await.unwrap();
        for statement in EXPAND {
            tx.execute(statement).await.unwrap();
        }
        tx.commit().await.unwrap();
    })
    .await;
    let (stopped, _) = server.stop().await;
    assert!(stopped.success());
    let said = place.run(&["serve", "--addr", "127.0.0.1:0"]).await;
    said.is_refused_with("its schema is version 9000, this program knows ");
}

#[tokio::test]
async fn tasks_that_were_queued_and_running_continue_after_a_restart_that_migrates() {
    // From the oldest schema to that of this program, whatever lies between them.
    let place = Place::with_research();
    let database = tokio::task::spawn_blocking(postgres_server::server).await.unwrap();
    let url = database.database().await;
    for database in [&[][..], &["--database", &url]] {
        let one = ("MILEPOST_ENGINE_CONCURRENCY", "1");
        let lease = [("MILEPOST_ENGINE_LEASE_S", "3"), ("MILEPOST_ENGINE_HEARTBEAT_S", "1")];
        let variables = [PACE, one, lease[0], lease[1]];
        let mut server = place.serve(database, &variables).await;
        let runs = start(&place, &server, "Ada").await;
        until_running(&place, &server, &runs).await;
        let waits = start(&place, &server, "Bob").await;
        server.child().kill().await.unwrap();
        drop(server);
        let migrated = place.run(&[&["migrate"], database].concat()).await;
        assert_eq!(migrated.code, Some(0), "{migrated:?}");
        let server = place.serve(database, &variables).await;
        let ended = server.run(&place, &["wait", &runs, &waits]).await;
        assert_eq!(ended.code, Some(0), "{ended:?}");
        assert_eq!(status(&place, &server, &runs).await["attempt"], 2);
        assert_eq!(status(&place, &server, &waits).await["attempt"], 1);
        server.stop().await;
    }
}
