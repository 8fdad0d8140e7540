//! A server and a worker whose way to PostgreSQL leads through a real PgBouncer.

use tokio::io::{AsyncBufReadExt as _, BufReader};

use crate::{
    fixture::{FAST, Place, Server, migrations, signal},
    pgbouncer::Pooler,
    postgres_server,
};

/// Waits for a task over the pages' own server while the worker works.
async fn runs_to_the_end(place: &Place, server: &Server) {
    let run = ["run", "story", "-i", "subject=lighthouse", "-i", "player=Ada", "--follow"];
    let run = server.run(place, &run).await;
    assert_eq!(run.code, Some(0), "{run:?}");
    let result = server.run(place, &["result", run.stdout.lines().next().unwrap().trim()]).await;
    assert!(result.stdout.starts_with("# "), "{result:?}");
}

async fn work(mode: &str, direct: bool) -> String {
    let place = Place::with_research();
    let database = tokio::task::spawn_blocking(postgres_server::server).await.unwrap();
    let url = database.database().await;
    let pooler = Pooler::new(&database, &url, mode);
    let direct = direct.then_some(("MILEPOST_STORAGE_DIRECT_DATABASE", &*url));
    let variables: Vec<_> = direct.into_iter().chain([FAST]).collect();
    let pooled = pooler.url();
    let server = place.serve(&["--database", &pooled, "--no-worker"], &variables).await;
    let mut command = place.milepost(&["worker", "--database", &pooled]);
    let mut worker = command.envs(variables).spawn().unwrap();
    let mut lines = BufReader::new(worker.stdout.take().unwrap()).lines();
    assert_eq!(lines.next_line().await.unwrap().as_deref(), Some("ready"));
    runs_to_the_end(&place, &server).await;
    signal(&worker, "TERM").await;
    assert_eq!(worker.wait().await.unwrap().code(), Some(0));
    let (status, _) = server.stop().await;
    assert!(status.success());
    place.log()
}

#[tokio::test]
async fn tasks_run_through_a_pooler_in_transaction_mode_and_its_limits_are_told() {
    let log = work("transaction", false).await;
    assert!(log.contains("a pooler gives the connections to"), "{log}");
    assert!(log.contains("set storage.direct_database"), "{log}");
}

#[tokio::test]
async fn a_direct_address_brings_the_notifications_past_the_pooler() {
    let log = work("transaction", true).await;
    assert!(log.contains("notifications come over the direct connection"), "{log}");
}

#[tokio::test]
async fn tasks_run_through_a_pooler_in_session_mode() {
    let log = work("session", false).await;
    assert!(!log.contains("pooler"), "{log}");
    assert!(!log.contains("notifications of the database are not heard"), "{log}");
}

#[tokio::test]
async fn the_schema_is_migrated_by_a_command_of_its_own_on_both_databases() {
    let place = Place::new();
    let database = tokio::task::spawn_blocking(postgres_server::server).await.unwrap();
    let url = database.database().await;
    let (newest, count) = migrations();
    for args in [&["migrate"][..], &["migrate", "--database", &url]] {
        let said = place.run(args).await;
        assert_eq!(said.code, Some(0), "{said:?}");
        assert_eq!(said.stdout, format!("migrated to version {newest}: {count} applied\n"));
        let said = place.run(args).await;
        let nothing = format!("nothing to migrate: the schema is version {newest}\n");
        assert_eq!(said.stdout, nothing, "{said:?}");
        let said = place.run(&[args, &["--json"]].concat()).await;
        assert_eq!(said.stdout, format!("{{\"applied\":0,\"version\":{newest}}}\n"), "{said:?}");
    }
    let nobody = url.replace("milepost@", "nobody:secret@");
    let said = place.run(&["migrate", "--database", &nobody]).await;
    said.is_refused_with("role \"nobody\" does not exist (SQLSTATE 28000)");
    assert!(!said.stderr.contains("line"), "{said:?}");
    assert!(!said.stderr.contains("secret"), "{said:?}");
}
