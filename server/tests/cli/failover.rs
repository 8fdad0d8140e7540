//! A database that takes no writes for a while, as when another server takes over: `/readyz` says
//! so, a start is refused, and everything goes on by itself afterwards.

use std::time::{Duration, Instant};

use sqlx::{Connection as _, PgConnection};

use crate::{fixture::Place, postgres_server};

async fn status(url: &str) -> (u16, String) {
    let response = reqwest::get(url).await.unwrap();
    (response.status().as_u16(), response.text().await.unwrap())
}

async fn until(what: &str, mut holds: impl AsyncFnMut() -> bool) {
    let begun = Instant::now();
    while !holds().await {
        assert!(begun.elapsed() < Duration::from_secs(60), "{what} did not come");
    }
}

async fn read_only(connection: &mut PgConnection, on: bool) {
    let on = if on { "on" } else { "off" };
    for statement in [
        "SET default_transaction_read_only = off".to_owned(),
        format!("ALTER DATABASE postgres SET default_transaction_read_only = {on}"),
        format!("ALTER SYSTEM SET default_transaction_read_only = {on}"),
        "SELECT pg_reload_conf()".to_owned(),
    ] {
        let statement = sqlx::AssertSqlSafe(statement);
        sqlx::raw_sql(statement).execute(&mut *connection).await.unwrap();
    }
}

#[tokio::test]
async fn a_database_that_takes_no_writes_is_told_and_outlived() {
    let place = Place::with_research();
    let database = tokio::task::spawn_blocking(postgres_server::server).await.unwrap();
    let url = database.schema().await;
    let pace = ("MILEPOST_STORY_WORDS_PER_SECOND", "300");
    let server = place.serve(&["--database", &url], &[pace]).await;
    let ready = format!("{}/readyz", server.url);
    assert_eq!(status(&ready).await, (200, "ready\n".to_owned()));
    let inputs = ["-i", "subject=lighthouse", "-i", "player=Ada"];
    let run = server.run(&place, &[&["run", "story"], &inputs[..]].concat()).await;
    assert_eq!(run.code, Some(0), "{run:?}");
    let id = run.stdout.trim().to_owned();

    let mut connection = PgConnection::connect(&url).await.unwrap();
    read_only(&mut connection, true).await;
    until("a readiness that says so", async || {
        let (code, text) = status(&ready).await;
        code == 503 && text.contains("read-only")
    })
    .await;
    let start = ["run", "story", "-i", "subject=lighthouse", "-i", "player=Bob"];
    let refused = server.run(&place, &start).await;
    assert_eq!(refused.code, Some(2), "{refused:?}");
    assert!(refused.stderr.contains("The database is read-only"), "{refused:?}");
    // What only reads goes on.
    let task = format!("{}/api/v1/tasks/{id}", server.url);
    assert_eq!(status(&task).await.0, 200);

    read_only(&mut connection, false).await;
    let writable = Instant::now();
    until("readiness", async || status(&ready).await.0 == 200).await;
    println!("ready {:?} after the database took writes", writable.elapsed());
    let run = server.run(&place, &start).await;
    assert_eq!(run.code, Some(0), "{run:?}");
    let end = server.run(&place, &["wait", &id, run.stdout.trim()]).await;
    assert_eq!(end.code, Some(0), "{end:?}");
}
