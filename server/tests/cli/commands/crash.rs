//! The server, or the supervisor of a command, is killed.

use super::{
    DEAF_FAMILY, FAMILY, assert_gone, begin, get, lines, run, scripted, until, until_gone,
};
use crate::fixture::signal;

#[tokio::test]
async fn a_server_that_is_killed_leaves_no_process_and_no_ghost_behind() {
    let place = scripted(DEAF_FAMILY, "");
    let mut server = place.serve(&[], &[]).await;
    let id = server.run(&place, &["run", "job"]).await.stdout.trim().to_owned();
    let family = lines(place.path("pids"), FAMILY).await;
    signal(server.child(), "KILL").await;
    server.child().wait().await.unwrap();
    until_gone(&family).await;

    let server = place.serve(&[], &[]).await;
    let task = get(&server, &format!("/api/v1/tasks/{id}")).await;
    assert_eq!(task["error"]["code"], "worker_lost", "it may not bear being run twice: {task}");
    let left = std::fs::read_dir(place.path("data/runs")).unwrap().count();
    assert_eq!(left, 0, "the folder of the run is removed");
}

#[tokio::test]
async fn the_next_attempt_begins_when_nothing_of_the_last_is_left() {
    // The first attempt waits for ever; the second says whether one of the first is still there.
    let script = format!(
        r#"
here=$(dirname "$0")
if [ -e "$here/pids" ]; then
    for pid in $(cat "$here/pids"); do
        grep -q '^State:.*[RSDT] ' /proc/$pid/status 2>/dev/null && echo "$pid is there"
    done
    echo second
    exit 0
fi
{DEAF_FAMILY}"#
    );
    let place = scripted(&script, "max_attempts = 2");
    let mut server = place.serve(&[], &[]).await;
    let id = server.run(&place, &["run", "job"]).await.stdout.trim().to_owned();
    lines(place.path("pids"), FAMILY).await;
    signal(server.child(), "KILL").await;
    server.child().wait().await.unwrap();
    let server = place.serve(&[], &[]).await;
    let printed = server.run(&place, &["status", &id, "--follow"]).await;
    assert_eq!(printed.code, Some(0), "{printed:?} {}", place.log());
    let report = get(&server, &format!("/api/v1/tasks/{id}/result")).await;
    assert_eq!(report["output"], "second\n");
}

#[tokio::test]
async fn a_supervisor_that_is_killed_takes_the_command_with_it() {
    let script = format!("echo $PPID > \"$(dirname \"$0\")/supervisor\"\n{DEAF_FAMILY}");
    let place = scripted(&script, "");
    let server = place.serve(&[], &[]).await;
    let running = begin(&place, &server);
    let family = lines(place.path("pids"), FAMILY).await;
    let supervisor = lines(place.path("supervisor"), 1).await;
    let killed =
        tokio::process::Command::new("kill").args(["-KILL", &supervisor[0]]).status().await;
    assert!(killed.unwrap().success());
    let (code, id) = running.end().await;
    assert_eq!(code, Some(1));
    until_gone(&family).await;
    let task = get(&server, &format!("/api/v1/tasks/{}", id.trim())).await;
    assert_eq!(task["error"]["code"], "lost");
}

#[tokio::test]
async fn a_supervisor_that_is_asked_to_end_ends_the_command_first() {
    let script = format!("echo $PPID > \"$(dirname \"$0\")/supervisor\"\n{DEAF_FAMILY}");
    let place = scripted(&script, "grace_s = 0");
    let server = place.serve(&[], &[]).await;
    let running = begin(&place, &server);
    let family = lines(place.path("pids"), FAMILY).await;
    let supervisor = lines(place.path("supervisor"), 1).await;
    let asked = tokio::process::Command::new("kill").args(["-TERM", &supervisor[0]]).status().await;
    assert!(asked.unwrap().success());
    let (code, id) = running.end().await;
    assert_eq!(code, Some(1));
    assert_gone(&family);
    let task = get(&server, &format!("/api/v1/tasks/{}", id.trim())).await;
    assert_eq!(task["error"]["code"], "signal");
}

#[tokio::test]
async fn what_outlived_server_and_supervisor_is_ended_by_the_next_server() {
    let script = format!("echo $PPID > \"$(dirname \"$0\")/supervisor\"\n{DEAF_FAMILY}");
    let place = scripted(&script, "");
    let mut server = place.serve(&[], &[]).await;
    server.run(&place, &["run", "job"]).await;
    let family = lines(place.path("pids"), FAMILY).await;
    let supervisor = lines(place.path("supervisor"), 1).await;
    // Both at once, so that neither sees the other's end.
    let pid = server.child().id().unwrap().to_string();
    let kill = format!("kill -STOP {0} {1}; kill -KILL {1} {0}", pid, supervisor[0]);
    let killed = tokio::process::Command::new("sh").args(["-c", &kill]).status().await;
    assert!(killed.unwrap().success());
    server.child().wait().await.unwrap();
    let _server = place.serve(&[], &[]).await;
    until_gone(&family).await;
}

#[tokio::test]
async fn a_finished_run_does_not_stay_in_the_way_of_the_next() {
    let place = scripted("echo once\n", "");
    let server = place.serve(&[], &[]).await;
    for _ in 0..3 {
        assert_eq!(run(&place, &server, &[]).await.code, Some(0), "{}", place.log());
    }
    let runs = place.path("data/runs");
    until("nothing is left", async || std::fs::read_dir(&runs).unwrap().count() == 0).await;
}
