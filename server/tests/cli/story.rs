//! A task that takes its time: cancelled in the middle, and a server that stops meanwhile.

use crate::fixture::{FAST, Place, Running, SLOW, Server, signal};

/// Starts a story and waits until it is being written.
async fn under_way(place: &Place, server: &Server) -> Running {
    let run = ["run", "story", "-i", "subject=lighthouse", "-i", "player=Ada", "--follow"];
    let mut running = Running::start(server.client(place, &run));
    running.until_it_says("Step 4 of 5: Writing").await;
    running
}

#[tokio::test]
async fn a_story_is_written_to_its_end() {
    let place = Place::with_research();
    let server = place.serve(&[], &[FAST]).await;
    let run = ["run", "story", "-i", "subject=lighthouse", "-i", "player=Ada", "--follow"];
    let printed = server.run(&place, &run).await;
    assert_eq!(printed.code, Some(0), "{printed:?}");
    let result = server.run(&place, &["result", printed.stdout.trim()]).await;
    assert!(result.stdout.contains("Ada"), "{result:?}");
    let file = place.path("output/lighthouse/story.md");
    assert_eq!(std::fs::read_to_string(file).unwrap(), result.stdout);
}

#[tokio::test]
async fn ctrl_c_stops_a_task_that_is_at_work() {
    let place = Place::with_research();
    let server = place.serve(&[], &[SLOW]).await;
    let mut running = under_way(&place, &server).await;
    running.signal("INT").await;
    running.until_it_says("cancelled after").await;
    let (code, stdout) = running.end().await;
    assert_eq!(code, Some(130));
    let status = server.run(&place, &["status", stdout.trim()]).await;
    assert!(status.stdout.contains("cancelled"), "{status:?}");
}

#[tokio::test]
async fn a_task_that_is_at_work_when_the_server_stops_goes_on_in_the_next_one() {
    let place = Place::with_research();
    let server = place.serve(&[], &[SLOW, ("MILEPOST_ENGINE_DRAIN_S", "0")]).await;
    let mut running = under_way(&place, &server).await;
    let (status, _) = server.stop().await;
    assert_eq!(status.code(), Some(0), "{}", place.log());
    // Nobody is there to cancel it; the second Ctrl-C leaves.
    running.signal("INT").await;
    running.until_it_says("could not be cancelled").await;
    running.signal("INT").await;
    let (code, stdout) = running.end().await;
    assert_eq!(code, Some(130));

    let server = place.serve(&[], &[FAST]).await;
    let printed = server.run(&place, &["status", stdout.trim(), "--follow"]).await;
    assert_eq!(printed.code, Some(0), "{printed:?} {}", place.log());
}

#[tokio::test]
async fn a_second_signal_stops_the_server_at_once() {
    let place = Place::with_research();
    let mut server = place.serve(&[], &[SLOW, ("MILEPOST_ENGINE_DRAIN_S", "3600")]).await;
    let _running = under_way(&place, &server).await;
    signal(server.child(), "TERM").await;
    // While it drains it is not ready, and answers all the same.
    let ready = format!("{}/readyz", server.url);
    while reqwest::get(&ready).await.unwrap().status() != 503 {}
    signal(server.child(), "TERM").await;
    assert_eq!(server.child().wait().await.unwrap().code(), Some(130));
}
