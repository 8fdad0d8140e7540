//! Several servers and several workers on one PostgreSQL database.

use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use serde_json::Value;
use tokio::io::{AsyncBufReadExt, BufReader};

use crate::{
    fixture::{FAST, Place, SLOW, Server, signal},
    postgres_server::{self, schema},
};

/// A lease so long that nothing in these tests comes from a heartbeat.
const NO_HEARTBEAT: [(&str, &str); 2] =
    [("MILEPOST_ENGINE_LEASE_S", "3600"), ("MILEPOST_ENGINE_HEARTBEAT_S", "1200")];

async fn server(place: &Place, url: &str) -> Server {
    place.serve(&["--database", url, "--no-worker"], &[]).await
}

async fn worker(place: &Place, url: &str, variables: &[(&str, &str)]) -> tokio::process::Child {
    let mut command = place.milepost(&["worker", "--database", url, "--concurrency", "2"]);
    command.envs(variables.iter().copied());
    let mut child = command.spawn().unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    assert_eq!(lines.next_line().await.unwrap().as_deref(), Some("ready"));
    child
}

async fn start(place: &Place, server: &Server) -> String {
    let inputs = ["-i", "subject=lighthouse", "-i", "player=Ada"];
    let printed = server.run(place, &[&["run", "story"], &inputs[..]].concat()).await;
    assert_eq!(printed.code, Some(0), "{printed:?}");
    printed.stdout.trim().to_owned()
}

/// Asks a server again and again until the task is as wanted.
async fn until(server: &Server, id: &str, mut wanted: impl FnMut(&Value) -> bool) -> Value {
    let (address, patience) = (format!("{}/api/v1/tasks/{id}", server.url), Instant::now());
    loop {
        // A problem document is not as wanted either.
        let shown = reqwest::get(&address).await.unwrap().json().await.unwrap();
        if wanted(&shown) {
            return shown;
        }
        assert!(patience.elapsed() < Duration::from_secs(120), "still {shown:#}");
    }
}

fn is(status: &'static str) -> impl Fn(&Value) -> bool {
    move |shown| shown["status"] == status
}

fn has_begun(shown: &Value) -> bool {
    shown["status"] == "running" && shown["progress"].as_f64().is_some_and(|percent| percent > 3.0)
}

#[tokio::test]
async fn a_task_started_at_one_server_is_followed_and_cancelled_at_another() {
    let (place, url) = (Place::with_research(), schema().await);
    let (here, there) = tokio::join!(server(&place, &url), server(&place, &url));
    let variables = [SLOW, NO_HEARTBEAT[0], NO_HEARTBEAT[1]];
    let mut workers =
        [worker(&place, &url, &variables).await, worker(&place, &url, &variables).await];
    let id = start(&place, &here).await;
    until(&there, &id, |shown| shown["status"] == "running" && shown["message"].is_string()).await;
    let asked = there.run(&place, &["cancel", &id]).await;
    assert_eq!(asked.code, Some(0), "{asked:?}");
    let shown = until(&here, &id, is("cancelled")).await;
    assert_eq!(shown["attempt"], 1);
    for worker in &mut workers {
        signal(worker, "TERM").await;
        assert_eq!(worker.wait().await.unwrap().code(), Some(0));
    }
}

#[tokio::test]
async fn a_killed_workers_task_goes_on_at_another_after_one_lease() {
    let (place, url) = (Place::with_research(), schema().await);
    let here = server(&place, &url).await;
    let lease = [("MILEPOST_ENGINE_LEASE_S", "3"), ("MILEPOST_ENGINE_HEARTBEAT_S", "1")];
    let slow = ("MILEPOST_STORY_WORDS_PER_SECOND", "60");
    let mut first = worker(&place, &url, &[slow, lease[0], lease[1]]).await;
    let id = start(&place, &here).await;
    until(&here, &id, has_begun).await;
    let _second = worker(&place, &url, &[FAST, lease[0], lease[1]]).await;
    first.kill().await.unwrap();
    let shown = until(&here, &id, is("completed")).await;
    // A busy machine may lose a lease of 3 s once more.
    assert!(shown["attempt"].as_u64() >= Some(2), "{shown:#}");
    assert_eq!(shown["progress"], 100.0);
    let printed = here.run(&place, &["result", &id]).await;
    assert!(printed.stdout.starts_with("# "), "{printed:?}");
}

#[tokio::test]
async fn a_worker_that_is_told_to_stop_gives_its_task_back_at_once() {
    let (place, url) = (Place::with_research(), schema().await);
    let here = server(&place, &url).await;
    let drain = ("MILEPOST_ENGINE_DRAIN_S", "0");
    let mut first = worker(&place, &url, &[SLOW, NO_HEARTBEAT[0], NO_HEARTBEAT[1], drain]).await;
    let id = start(&place, &here).await;
    until(&here, &id, |shown| shown["status"] == "running" && shown["message"].is_string()).await;
    signal(&first, "TERM").await;
    assert_eq!(first.wait().await.unwrap().code(), Some(0));
    until(&here, &id, is("queued")).await;
    let _second = worker(&place, &url, &[FAST, NO_HEARTBEAT[0], NO_HEARTBEAT[1]]).await;
    // The attempt that was cut short is not counted.
    assert_eq!(until(&here, &id, is("completed")).await["attempt"], 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_outage_of_the_database_is_told_and_outlived() {
    let place = Place::with_research();
    let database = tokio::task::spawn_blocking(postgres_server::server).await.unwrap();
    let url = database.schema().await;
    let here = server(&place, &url).await;
    let pace = ("MILEPOST_STORY_WORDS_PER_SECOND", "300");
    let _worker = worker(&place, &url, &[pace]).await;
    let id = start(&place, &here).await;
    until(&here, &id, has_begun).await;
    tokio::task::block_in_place(|| database.stop());
    let answer = reqwest::get(format!("{}/api/v1/tasks/{id}", here.url)).await.unwrap();
    assert_eq!(answer.status(), 503);
    assert!(answer.headers().contains_key("retry-after"));
    assert_eq!(answer.headers()["content-type"], "application/problem+json");
    tokio::task::block_in_place(|| database.start());
    // It went on working meanwhile: the outage was shorter than the lease.
    let shown = until(&here, &id, is("completed")).await;
    assert_eq!(shown["attempt"], 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_outage_that_is_longer_than_the_lease_costs_an_attempt_and_no_task() {
    let place = Place::with_research();
    let database = tokio::task::spawn_blocking(postgres_server::server).await.unwrap();
    let url = database.schema().await;
    let here = server(&place, &url).await;
    let lease = [("MILEPOST_ENGINE_LEASE_S", "3"), ("MILEPOST_ENGINE_HEARTBEAT_S", "1")];
    let pace = ("MILEPOST_STORY_WORDS_PER_SECOND", "150");
    let mut worker = worker(&place, &url, &[pace, lease[0], lease[1]]).await;
    let mut log = BufReader::new(worker.stderr.take().unwrap()).lines();
    let id = start(&place, &here).await;
    until(&here, &id, has_begun).await;
    tokio::task::block_in_place(|| database.stop());
    // It gives its run up by itself, before anybody else may have it.
    let lost =
        async { while !log.next_line().await.unwrap().unwrap().contains("lease is lost") {} };
    tokio::time::timeout(Duration::from_secs(60), lost).await.unwrap();
    tokio::task::block_in_place(|| database.start());
    let shown = until(&here, &id, is("completed")).await;
    assert!(shown["attempt"].as_u64() >= Some(2), "{shown:#}");
    assert_eq!(shown["resumed"]["reason"], "worker_lost");
}

#[tokio::test]
async fn a_worker_without_a_shared_database_is_refused() {
    let place = Place::new();
    place.run(&["worker"]).await.is_refused_with("a worker needs the database of its servers");
    let lone = place.run(&["worker", "--database", "sqlite://x.db"]).await;
    lone.is_refused_with("with SQLite the server works by itself");
    let nobody = "postgres://ada:secret@127.0.0.1:1/tasks";
    for command in [&["worker"][..], &["serve", "--addr", "127.0.0.1:0"]] {
        let printed = place.run(&[command, &["--database", nobody]].concat()).await;
        printed.is_refused_with("the PostgreSQL database 127.0.0.1:1/tasks cannot be opened");
        assert!(!printed.stderr.contains("secret"), "{printed:?}");
    }
}

/// How long ago something was written, by the clock of this machine, which is the database's, too.
fn since(shown: &Value, key: &str) -> Duration {
    let at = millis(&shown[key]);
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    now.saturating_sub(Duration::from_millis(at))
}

/// A time as milliseconds since the Unix epoch.
fn millis(time: &Value) -> u64 {
    let time: jiff::Timestamp = time.as_str().expect("a time").parse().unwrap();
    time.as_millisecond().try_into().unwrap()
}

#[tokio::test]
async fn every_server_tells_progress_and_the_end_within_half_a_second_and_a_cancel_takes_one() {
    let (place, url) = (Place::with_research(), schema().await);
    let (here, there) = tokio::join!(server(&place, &url), server(&place, &url));
    let pace = ("MILEPOST_STORY_WORDS_PER_SECOND", "600");
    let _worker = worker(&place, &url, &[pace, NO_HEARTBEAT[0], NO_HEARTBEAT[1]]).await;

    // The middle of several counts, so that a machine that is busy for a moment is no failure.
    let (mut looks, mut ends, mut cancels) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..3 {
        let id = start(&place, &here).await;
        until(&there, &id, has_begun).await;
        // It reports with each word, and each answer has the age of what it reports.
        let ended = until(&there, &id, |task| {
            if task["status"] == "running" {
                looks.push(task["updated_age_ms"].as_u64().unwrap());
            }
            task["status"] == "completed"
        })
        .await;
        ends.push(since(&ended, "finished_at").as_millis());

        let id = start(&place, &here).await;
        until(&here, &id, has_begun).await;
        there.run(&place, &["cancel", &id]).await;
        let receipt = &until(&here, &id, is("cancelled")).await["cancel"];
        cancels.push(millis(&receipt["delivered_at"]) - millis(&receipt["requested_at"]));
    }
    assert!(looks.len() > 5 && middle(&mut looks) <= 500, "{looks:?}");
    assert!(middle(&mut ends) <= 500, "{ends:?}");
    assert!(middle(&mut cancels) <= 1_000, "{cancels:?}");
}

fn middle<T: Ord + Copy>(times: &mut [T]) -> T {
    times.sort_unstable();
    times[times.len() / 2]
}

#[tokio::test]
async fn a_database_and_its_password_stand_in_files() {
    let (place, url) = (Place::with_research(), schema().await);
    let address = place.write("database.url", &format!("{url}\n"));
    let private = std::os::unix::fs::PermissionsExt::from_mode(0o600);
    std::fs::set_permissions(&address, private).unwrap();
    let server = place.serve(&["--database-file", "database.url"], &[FAST]).await;
    let id = start(&place, &server).await;
    until(&server, &id, is("completed")).await;
    let log = place.log();
    let warned = log.lines().any(|line| line.contains("WARN") && line.contains("database"));
    assert!(!warned, "{log}");
    drop(server);

    // The server trusts whoever connects, so that a password changes nothing but what is said of it.
    let open = url.replace("postgres://milepost@", "postgres://milepost:hush@");
    let server = place.serve(&["--database", &open], &[]).await;
    server.stop().await;
    assert!(place.log().contains("stands on the command line"), "{}", place.log());
    assert!(!place.log().contains("hush"), "{}", place.log());
}
