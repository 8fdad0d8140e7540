//! What a task's past was, as `status`, `cancel` and `--follow` tell it: the receipt of a cancel, and
//! how an attempt was resumed.

use std::time::{Duration, Instant};

use crate::fixture::{FAST, Place, Running, SLOW, Said, Server};

const RUN: [&str; 6] = ["run", "story", "-i", "subject=lighthouse", "-i", "player=Ada"];

/// Starts a story and waits until it is being written; its id.
async fn under_way(place: &Place, server: &Server) -> String {
    let printed = server.run(place, &RUN).await;
    assert_eq!(printed.code, Some(0), "{printed:?}");
    let id = printed.stdout.trim().to_owned();
    until(place, server, &id, "Step 4 of 5: Writing").await;
    id
}

/// Asks for the status until it tells this.
async fn until(place: &Place, server: &Server, id: &str, part: &str) -> Said {
    let patience = Instant::now();
    loop {
        let shown = server.run(place, &["status", id]).await;
        if shown.stdout.contains(part) {
            return shown;
        }
        assert!(patience.elapsed() < Duration::from_secs(120), "{part} is not in {shown:?}");
    }
}

fn has(shown: &Said, parts: &[&str]) {
    for part in parts {
        assert!(shown.stdout.contains(part), "{part} is not in {shown:?}");
    }
}

#[tokio::test]
async fn the_receipt_of_a_cancel_is_told_from_the_wish_to_the_end() {
    let place = Place::with_research();
    let server = place.serve(&[], &[SLOW]).await;
    let id = under_way(&place, &server).await;
    let asked = server.run(&place, &["cancel", &id]).await;
    assert_eq!(asked.code, Some(0), "{asked:?}");
    has(&asked, &[&format!("{id} cancel"), "requested 20", " by somebody with its id\n"]);
    let shown = until(&place, &server, &id, "stopped 20").await;
    assert_eq!(shown.code, Some(130), "{shown:?}");
    has(&shown, &["cancel   requested 20", "delivered 20", "acknowledged 20", " by itself\n"]);
    // Asked again, it says the same.
    let again = server.run(&place, &["cancel", &id]).await;
    let receipt =
        |printed: &Said| printed.stdout[printed.stdout.find("cancel   ").unwrap()..].to_owned();
    assert_eq!(receipt(&again), receipt(&shown));
}

#[tokio::test]
async fn a_story_whose_server_was_killed_says_how_it_was_resumed() {
    let place = Place::with_research();
    let mut server = place.serve(&[], &[SLOW]).await;
    let id = under_way(&place, &server).await;
    server.child().kill().await.unwrap();

    let mut server = place.serve(&[], &[SLOW]).await;
    let shown = until(&place, &server, &id, "resumed").await;
    has(&shown, &["resumed  The worker was lost. Resumed at step ", " of 5, saved "]);
    until(&place, &server, &id, "Step 4 of 5: Writing").await;
    server.child().kill().await.unwrap();

    // The third attempt is the last, and comes to its end.
    let server = place.serve(&[], &[FAST]).await;
    let follow = server.client(&place, &["status", &id, "--follow"]);
    let printed = Said::of(follow).await;
    assert_eq!(printed.code, Some(0), "{printed:?} {}", place.log());
    let shown = server.run(&place, &["status", &id]).await;
    has(&shown, &["completed", "resumed  The worker was lost. Resumed at step "]);
}

#[tokio::test]
async fn who_follows_is_told_of_the_resumption_and_of_the_receipt() {
    let place = Place::with_research();
    let mut server = place.serve(&[], &[SLOW]).await;
    let id = under_way(&place, &server).await;
    server.child().kill().await.unwrap();
    let server = place.serve(&[], &[SLOW]).await;
    let mut running = Running::start(server.client(&place, &["status", &id, "--follow"]));
    running.until_it_says("The worker was lost. Resumed at step ").await;
    server.run(&place, &["cancel", &id]).await;
    running.until_it_says("cancelled after").await;
    running.until_it_says("cancel   requested 20").await;
    running.until_it_says(" by itself").await;
    assert_eq!(running.end().await.0, Some(130));
}
