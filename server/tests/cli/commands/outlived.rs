//! What is left where the server was killed and its supervisor was killed or stopped: the next server ends it.

use std::fs;

use super::{
    Place, Server,
    isolation::{HOSTILE, assert_nothing_left, groups, in_mode, left, parent_of_groups, serve},
    lines, until,
};
use crate::fixture::signal;

#[tokio::test]
async fn what_outlived_server_and_supervisor_without_its_environment_is_found_by_the_next_server() {
    // In the session of the command; the supervisor's number is written for the killer.
    let script = "here=$(dirname \"$0\")\necho $PPID > \"$here/supervisor\"\n\
                  env -i /bin/sh -c 'trap \"\" TERM HUP; while :; do sleep 1000; done' &\nwait\n";
    for mode in ["cgroup", "process_tree"] {
        let Some(place) = in_mode(mode, script, "").await else { continue };
        let mut server = serve(&place, mode).await;
        server.run(&place, &["run", "job"]).await;
        kill_both(&place, &mut server).await;
        let _server = serve(&place, mode).await;
        assert_nothing_left(&place, mode);
    }
}

/// Waits for the record of a run, which is written once the server has heard of its start.
async fn recorded(place: &Place) {
    let there = async || {
        let records = fs::read_dir(place.path("data/runs")).unwrap().flatten();
        let texts = records.filter_map(|entry| fs::read_to_string(entry.path()).ok());
        texts.into_iter().any(|text| text.contains("\"session\":{"))
    };
    until("the run is recorded", there).await;
}

/// Kills the server, and the supervisor whose number is in the file `supervisor`, so that neither sees the other's end.
async fn kill_both(place: &Place, server: &mut Server) {
    let supervisor = lines(place.path("supervisor"), 1).await;
    recorded(place).await;
    // The supervisor first: where the server ends before it, the kernel lets a stopped supervisor go on.
    let pid = server.child().id().unwrap().to_string();
    let kill = format!("kill -STOP {0} {1}; kill -KILL {1} {0}", pid, supervisor[0]);
    let killed = tokio::process::Command::new("sh").args(["-c", &kill]).status().await;
    assert!(killed.unwrap().success());
    server.child().wait().await.unwrap();
}

#[tokio::test]
async fn what_outlived_server_and_supervisor_with_another_session_and_environment_is_found_and_said()
 {
    let script = "here=$(dirname \"$0\")\necho $PPID > \"$here/supervisor\"\n\
                  setsid env -i /bin/sh -c 'trap \"\" TERM HUP; echo x > \"$0\"; while :; do sleep 1000; done' \
                  \"$here/there\" </dev/null >/dev/null 2>&1 &\nwait\n";
    for mode in ["cgroup", "process_tree"] {
        let Some(place) = in_mode(mode, script, "").await else { continue };
        let mut server = serve(&place, mode).await;
        server.run(&place, &["run", "job"]).await;
        lines(place.path("there"), 1).await;
        kill_both(&place, &mut server).await;
        assert!(!left(&place).is_empty(), "{mode}");
        let _server = serve(&place, mode).await;
        assert_nothing_left(&place, mode);
        let lost_both = place.log().contains("lost its server and its supervisor at once");
        assert_eq!(lost_both, mode == "process_tree", "{mode}: {}", place.log());
    }
}

#[tokio::test]
async fn a_stopped_supervisor_whose_server_was_killed_is_ended_with_its_command_by_the_next() {
    let script = format!("{HOSTILE}\nkill -STOP $PPID\necho x > \"$here/survived\"\nwait\n");
    // Where nobody of its session is left, the kernel lets a stopped supervisor go on. Here this process is.
    rustix::process::set_child_subreaper(Some(rustix::process::getpid())).unwrap();
    for mode in ["cgroup", "process_tree"] {
        let Some(place) = in_mode(mode, &script, "max_processes = 5000").await else { continue };
        let mut server = serve(&place, mode).await;
        server.run(&place, &["run", "job"]).await;
        lines(place.path("survived"), 1).await;
        recorded(&place).await;
        signal(server.child(), "KILL").await;
        server.child().wait().await.unwrap();
        assert!(!left(&place).is_empty(), "{mode}");
        let _server = serve(&place, mode).await;
        assert_nothing_left(&place, mode);
        assert_eq!(fs::read_dir(place.path("data/runs")).unwrap().count(), 0, "{mode}");
    }
}

#[tokio::test]
async fn an_empty_control_group_that_an_earlier_server_left_is_removed_by_the_next() {
    let script = "here=$(dirname \"$0\")\necho $PPID > \"$here/supervisor\"\nsleep 1000\n";
    let Some(place) = in_mode("cgroup", script, "").await else { return };
    let mut server = serve(&place, "cgroup").await;
    server.run(&place, &["run", "job"]).await;
    kill_both(&place, &mut server).await;
    let [group] = &groups(&place)[..] else { panic!("{:?}", groups(&place)) };
    let group = parent_of_groups(&place).unwrap().join(group);
    fs::write(group.join("cgroup.kill"), "1").unwrap();
    let run = group.file_name().unwrap().to_str().unwrap().strip_prefix("milepost-").unwrap();
    // Of the run nothing is left but the group and what is written of it.
    fs::remove_dir_all(place.path("data/runs").join(run)).unwrap();
    let _server = serve(&place, "cgroup").await;
    assert!(!group.exists(), "{}", place.log());
    assert_eq!(fs::read_dir(place.path("data/runs")).unwrap().count(), 0);
}
