//! A command is ended with all that came from it.

use super::{DEAF_FAMILY, FAMILY, assert_gone, begin, get, lines, report, run, scripted};

#[tokio::test]
async fn a_cancel_ends_grandchildren_other_sessions_and_what_is_deaf() {
    let place = scripted(DEAF_FAMILY, "grace_s = 0");
    let server = place.serve(&[], &[]).await;
    let mut running = begin(&place, &server);
    let family = lines(place.path("pids"), FAMILY).await;
    running.signal("INT").await;
    running.until_it_says("cancelled after").await;
    let (code, id) = running.end().await;
    assert_eq!(code, Some(130));
    // Not a moment later: the task is over when they are.
    assert_gone(&family);
    let task = get(&server, &format!("/api/v1/tasks/{}", id.trim())).await;
    assert_eq!(task["status"], "cancelled");
    assert_eq!(task["cancel"]["outcome"], "stopped", "{task}");
}

#[tokio::test]
async fn a_command_may_clean_up_within_its_grace() {
    let script = r#"
here=$(dirname "$0")
trap 'echo cleaned > "$here/cleaned"; exit 1' TERM
echo $$ >> "$here/pids"
while :; do sleep 0.05; done
"#;
    let place = scripted(script, "grace_s = 60");
    let server = place.serve(&[], &[]).await;
    let running = begin(&place, &server);
    let pids = lines(place.path("pids"), 1).await;
    running.signal("INT").await;
    let (code, _) = running.end().await;
    assert_eq!(code, Some(130));
    assert_gone(&pids);
    assert_eq!(std::fs::read_to_string(place.path("cleaned")).unwrap(), "cleaned\n");
}

#[tokio::test]
async fn what_a_command_leaves_behind_is_ended_when_it_has() {
    let script = r#"
here=$(dirname "$0")
setsid sh -c 'echo $$ >> "$0"; exec sleep 1000' "$here/pids" &
while [ ! -s "$here/pids" ]; do sleep 0.05; done
echo done
"#;
    let place = scripted(script, "grace_s = 0");
    let server = place.serve(&[], &[]).await;
    let printed = run(&place, &server, &[]).await;
    let report = report(&place, &server, &printed).await;
    assert_eq!(report["output"], "done\n");
    assert_gone(&lines(place.path("pids"), 1).await);
    let log = get(&server, &format!("/api/v1/tasks/{}/log", printed.stdout.trim())).await;
    assert!(log.to_string().contains("Ended 1 process that the command left behind"), "{log}");
}

#[tokio::test]
async fn a_command_that_takes_too_long_is_ended() {
    let place = scripted(DEAF_FAMILY, "grace_s = 0\ntimeout_s = 2");
    let server = place.serve(&[], &[]).await;
    let printed = run(&place, &server, &[]).await;
    assert_eq!(printed.code, Some(1), "{printed:?}");
    assert_gone(&lines(place.path("pids"), 1).await);
    let task = get(&server, &format!("/api/v1/tasks/{}", printed.stdout.trim())).await;
    assert_eq!(task["error"]["code"], "timeout");
}

#[tokio::test]
async fn a_server_that_stops_ends_its_commands_and_does_not_begin_them_again() {
    let place = scripted(DEAF_FAMILY, "grace_s = 0");
    let server = place.serve(&[], &[("MILEPOST_ENGINE_DRAIN_S", "0")]).await;
    let id = server.run(&place, &["run", "job"]).await.stdout.trim().to_owned();
    let family = lines(place.path("pids"), FAMILY).await;
    let (status, _) = server.stop().await;
    assert_eq!(status.code(), Some(0), "{}", place.log());
    assert_gone(&family);
    let server = place.serve(&[], &[]).await;
    let task = get(&server, &format!("/api/v1/tasks/{id}")).await;
    assert_eq!(task["error"]["code"], "interrupted");
    assert_eq!(lines(place.path("pids"), FAMILY).await.len(), FAMILY, "it ran once");
}
