//! A command that does everything to outlive its end: it forks twice, starts sessions of its own, drops
//! its environment, is deaf to TERM, forks in a loop and kills its supervisor. In each way of isolation that
//! this machine allows, nothing of it is left, and what is said of it is true.

use std::{
    fs,
    os::{
        fd::{AsFd as _, AsRawFd as _},
        unix::fs::PermissionsExt as _,
    },
    path::PathBuf,
};

use serde_json::Value;

use super::{Place, Server, as_nobody, begin, get, lines, run, scripted, until};
use crate::fixture::{Said, signal};

const MODES: [&str; 3] = ["cgroup", "pid_namespace", "process_tree"];
/// Processes of [`HOSTILE`] that say that they are there.
const FAMILY: usize = 4;
pub(super) const HOSTILE: &str = r#"
here=$(dirname "$0")
trap '' TERM HUP INT
hide='trap "" TERM HUP INT; echo x >> "$0"; while :; do sleep 1000; done'
(setsid env -i /bin/sh -c "$hide" "$here/there" &)
(setsid env -i /bin/sh -c "setsid /bin/sh -c '$(echo "$hide" | sed "s/'/'\\\\''/g")' $here/there & exit" &)
fork='trap "" TERM; echo x >> "$0"; while :; do (sleep 5 &); sleep 0.02; done'
setsid env -i "PATH=$PATH" sh -c "$fork" "$here/there" &
echo x >> "$here/there"
while [ "$(wc -l < "$here/there")" -lt 4 ]; do sleep 0.01; done
"#;

/// A place whose server runs commands in this way. `None`, with the reason, where the machine does not
/// allow it.
pub(super) async fn in_mode(mode: &str, script: &str, more: &str) -> Option<Place> {
    let place = scripted(script, more);
    let mut command = place.milepost(&["config"]);
    command.env("MILEPOST_ISOLATION_MODE", mode);
    let printed = Said::of(command).await;
    let line = printed.stdout.lines().find_map(|line| line.split_once("in force: "));
    let (_, force) = line.unwrap_or_else(|| panic!("nothing is said: {printed:?}"));
    if force.starts_with("none;") {
        println!("skipped: {force}");
        return None;
    }
    assert!(force.starts_with(&format!("{mode}: ")), "{force}");
    Some(place)
}

pub(super) async fn serve(place: &Place, mode: &str) -> Server {
    place.serve(&[], &[("MILEPOST_ISOLATION_MODE", mode)]).await
}

/// Processes that work in the folders of runs: what a command started, wherever it hides.
pub(super) fn left(place: &Place) -> Vec<String> {
    let runs = fs::canonicalize(place.path("data")).unwrap().join("runs");
    let works_there = |entry: &fs::DirEntry| {
        let there = fs::read_link(entry.path().join("cwd"));
        there.is_ok_and(|cwd| cwd.starts_with(&runs) && cwd != runs)
    };
    let all = fs::read_dir("/proc").unwrap().flatten().filter(works_there);
    all.map(|entry| entry.file_name().to_string_lossy().into_owned()).collect()
}

pub(super) fn assert_nothing_left(place: &Place, mode: &str) {
    assert_eq!(left(place), [""; 0], "{mode}: {}", place.log());
    assert_eq!(groups(place), [""; 0], "{mode}: {}", place.log());
}

/// Control groups of runs of this place that are there, empty or not.
pub(super) fn groups(place: &Place) -> Vec<String> {
    let log = place.log();
    let named = |entry: &fs::DirEntry| {
        let name = entry.file_name().to_string_lossy().into_owned();
        let id = name.strip_prefix("milepost-")?.rsplit_once('-')?.0.to_owned();
        log.contains(&id).then_some(name)
    };
    let entries = parent_of_groups(place).map(|parent| fs::read_dir(parent).unwrap());
    entries.into_iter().flatten().flatten().filter_map(|entry| named(&entry)).collect()
}

/// The group in which the server makes them: it says so at its start.
pub(super) fn parent_of_groups(place: &Place) -> Option<PathBuf> {
    let log = place.log();
    let (_, rest) = log.split_once("a control group in ")?;
    Some(rest.split_once(" for each run")?.0.into())
}

async fn task(server: &Server, id: &str) -> Value {
    get(server, &format!("/api/v1/tasks/{}", id.trim())).await
}

/// Cancels the task at the other end of `running`; its id.
async fn cancel(place: &Place, server: &Server) -> (Option<i32>, String) {
    let running = begin(place, server);
    lines(place.path("there"), FAMILY).await;
    running.signal("INT").await;
    running.end().await
}

#[tokio::test]
async fn a_cancel_leaves_nothing_and_says_how_many_are_gone() {
    for mode in MODES {
        let more = "grace_s = 0\nmax_processes = 5000";
        let Some(place) = in_mode(mode, &format!("{HOSTILE}\nwait"), more).await else { continue };
        let server = serve(&place, mode).await;
        let (code, id) = cancel(&place, &server).await;
        assert_eq!(code, Some(130), "{mode} {}", place.log());
        assert_nothing_left(&place, mode);
        let task = task(&server, &id).await;
        assert_eq!(task["status"], "cancelled", "{mode} {task}");
        let message = task["message"].as_str().unwrap_or_default();
        assert!(message.starts_with("Stopped: all ") && message.ends_with(" are gone"), "{task}");
    }
}

#[tokio::test]
async fn what_takes_too_long_and_what_is_left_at_the_end_leave_nothing() {
    for mode in MODES {
        let more = "grace_s = 0\nmax_processes = 5000\ntimeout_s = 3";
        let Some(place) = in_mode(mode, &format!("{HOSTILE}\nwait"), more).await else { continue };
        let server = serve(&place, mode).await;
        let printed = run(&place, &server, &[]).await;
        assert_nothing_left(&place, mode);
        assert_eq!(task(&server, &printed.stdout).await["error"]["code"], "timeout", "{mode}");
        place.write("job.sh", &format!("{HOSTILE}\nexit 0"));
        let printed = run(&place, &server, &[]).await;
        assert_nothing_left(&place, mode);
        assert_eq!(printed.code, Some(0), "{mode} {printed:?}");
    }
}

#[tokio::test]
async fn a_command_that_kills_its_supervisor_is_gone_before_that_is_said() {
    let script = format!("{HOSTILE}\nkill -KILL $PPID\necho x > \"$here/survived\"\nwait\n");
    for mode in MODES {
        let more = "grace_s = 0\nmax_processes = 5000";
        let Some(place) = in_mode(mode, &script, more).await else { continue };
        let server = serve(&place, mode).await;
        let running = begin(&place, &server);
        if mode == "pid_namespace" {
            // There the supervisor is the first process: nothing in the namespace can kill it.
            lines(place.path("survived"), 1).await;
            running.signal("INT").await;
            let (code, _) = running.end().await;
            assert_eq!(code, Some(130), "{}", place.log());
            assert_nothing_left(&place, mode);
            continue;
        }
        let (code, id) = running.end().await;
        assert_eq!(code, Some(1), "{mode} {}", place.log());
        assert_nothing_left(&place, mode);
        let task = task(&server, &id).await;
        assert_eq!(task["error"]["code"], "lost", "{mode} {task}");
        let message = task["error"]["message"].as_str().unwrap();
        assert!(message.starts_with("The supervisor process of the command was killed."), "{task}");
        assert!(message.ends_with("are stopped and gone."), "{mode} {task}");
    }
}

#[tokio::test]
async fn a_command_that_stops_its_supervisor_is_ended_all_the_same() {
    let script = format!("{HOSTILE}\nkill -STOP $PPID\necho x > \"$here/survived\"\nwait\n");
    for mode in MODES {
        let more = "grace_s = 0\nmax_processes = 5000";
        let Some(place) = in_mode(mode, &script, more).await else { continue };
        let server = serve(&place, mode).await;
        let running = begin(&place, &server);
        lines(place.path("survived"), 1).await;
        running.signal("INT").await;
        let (code, id) = running.end().await;
        assert_eq!(code, Some(130), "{mode} {}", place.log());
        assert_nothing_left(&place, mode);
        let task = task(&server, &id).await;
        let message = task["message"].as_str().unwrap_or_default();
        assert!(message.ends_with(" are gone") || message.ends_with("stopped and gone."), "{task}");
    }
}

#[tokio::test]
async fn what_forks_and_ends_at_once_in_ever_new_sessions_is_caught() {
    let comet = "trap '' TERM\nsetsid sh \"$0\" &\n";
    let script = "here=$(dirname \"$0\")\necho x > \"$here/there\"\nsetsid sh \"$here/comet.sh\" &\n\
                  sleep 0.2\nkill -KILL $PPID\nsleep 1000\n";
    for mode in MODES {
        let Some(place) = in_mode(mode, script, "grace_s = 0\ntimeout_s = 5").await else {
            continue;
        };
        place.write("comet.sh", comet);
        let server = serve(&place, mode).await;
        let printed = run(&place, &server, &[]).await;
        assert_eq!(printed.code, Some(1), "{mode} {printed:?}");
        assert_nothing_left(&place, mode);
        let code = task(&server, &printed.stdout).await["error"]["code"].clone();
        let expected = if mode == "pid_namespace" { "timeout" } else { "lost" };
        assert_eq!(code, expected, "{mode}");
    }
}

#[tokio::test]
async fn a_server_that_is_killed_leaves_nothing_and_the_next_says_so() {
    for mode in MODES {
        let more = "max_processes = 5000";
        let Some(place) = in_mode(mode, &format!("{HOSTILE}\nwait"), more).await else { continue };
        let mut server = serve(&place, mode).await;
        let id = server.run(&place, &["run", "job"]).await.stdout;
        lines(place.path("there"), FAMILY).await;
        signal(server.child(), "KILL").await;
        server.child().wait().await.unwrap();
        until("nothing is left", async || left(&place).is_empty()).await;
        let server = serve(&place, mode).await;
        assert_eq!(task(&server, &id).await["error"]["code"], "worker_lost", "{mode}");
        assert_nothing_left(&place, mode);
        assert_eq!(fs::read_dir(place.path("data/runs")).unwrap().count(), 0, "{mode}");
    }
}

#[tokio::test]
async fn a_user_without_rights_has_a_namespace_of_its_own_and_stays_who_it_is() {
    let script =
        "id -u\nid -g\nps -e 2>/dev/null | wc -l\necho $$\ngrep CapEff /proc/self/status\n";
    let Some(place) = in_mode("pid_namespace", script, "").await else { return };
    let Some(command) = as_nobody(&place, &["serve", "--addr", "127.0.0.1:0"]) else { return };
    let server = place.serve_by(command, &[("MILEPOST_ISOLATION_MODE", "pid_namespace")]).await;
    let printed = run(&place, &server, &[]).await;
    let report = super::report(&place, &server, &printed).await;
    let output: Vec<_> = report["output"].as_str().unwrap().lines().collect();
    assert_eq!((output[0], output[1], output[4]), ("65534", "65534", "CapEff:\t0000000000000000"));
    assert!(output[3].parse::<u32>().unwrap() < 100, "{output:?}");
}

#[tokio::test]
async fn what_the_machine_does_not_allow_is_refused_where_it_is_asked_for() {
    let place = scripted("", "");
    let Some(mut command) = as_nobody(&place, &["serve", "--addr", "127.0.0.1:0"]) else { return };
    command.env("MILEPOST_ISOLATION_MODE", "cgroup");
    command.env("MILEPOST_ISOLATION_CGROUP", "/sys/fs/cgroup");
    let printed = Said::of(command).await;
    printed
        .is_refused_with("isolation.mode cgroup cannot be had on this machine: /sys/fs/cgroup: ");
}

#[tokio::test]
async fn what_may_not_be_signalled_is_named_and_not_called_stopped() {
    // As `sudo` does: it becomes root, for itself and for those who would signal it.
    let script = "here=$(dirname \"$0\")\necho x > \"$here/there\"\n\
                  exec \"$here/become-root\" --reuid=0 sleep 1000\n";
    let more = "grace_s = 0\nnew_privileges = true";
    let Some(place) = in_mode("process_tree", script, more).await else { return };
    let Some(command) = as_nobody(&place, &["serve", "--addr", "127.0.0.1:0"]) else { return };
    let tool = place.path("become-root");
    fs::copy("/usr/bin/setpriv", &tool).unwrap();
    fs::set_permissions(&tool, fs::Permissions::from_mode(0o4755)).unwrap();
    let server = place.serve_by(command, &[("MILEPOST_ISOLATION_MODE", "process_tree")]).await;
    let running = begin(&place, &server);
    lines(place.path("there"), 1).await;
    until("it is root", async || {
        left(&place).iter().any(|pid| {
            let status = fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
            status.contains("Name:\tsleep\n") && status.contains("Uid:\t0\t0\t0\t0\n")
        })
    })
    .await;
    running.signal("INT").await;
    let (code, id) = running.end().await;
    let remaining = left(&place);
    for pid in &remaining {
        std::process::Command::new("kill").args(["-KILL", pid]).status().unwrap();
    }
    assert_eq!((code, remaining.len()), (Some(1), 1), "{}", place.log());
    let task = task(&server, &id).await;
    assert_eq!(task["error"]["code"], "not_stopped", "{task}");
    let shown = format!(
        "1 process could not be stopped: {} (sleep) may not be signalled: it runs as root.",
        remaining[0]
    );
    assert_eq!(task["error"]["message"], shown, "{task}");
}

#[tokio::test]
async fn a_run_that_uses_too_much_memory_in_all_is_ended() {
    let script =
        "for i in 1 2 3; do head -c 40M /dev/zero | tail -c 40M > /dev/null & done; wait\n";
    let more = "max_total_memory_mb = 64";
    let Some(place) = in_mode("cgroup", script, more).await else { return };
    let server = serve(&place, "cgroup").await;
    if place.log().contains("max_total_memory_mb is not enforced") {
        println!("skipped: no memory controller here");
        return;
    }
    let printed = run(&place, &server, &[]).await;
    let task = task(&server, &printed.stdout).await;
    assert_eq!(task["error"]["code"], "memory", "{task}");
}

#[tokio::test]
async fn a_command_has_the_standard_streams_and_its_channel_open_and_nothing_else() {
    let script = "echo $MILEPOST_PROGRESS_FD\nexec ls -l /proc/self/fd\n";
    for mode in MODES {
        let Some(place) = in_mode(mode, script, "").await else { continue };
        // What whoever started the server left open for everybody: a socket and a file.
        let (socket, _other) = std::os::unix::net::UnixStream::pair().unwrap();
        let file = fs::File::create(place.path("open")).unwrap();
        for open in [socket.as_fd(), file.as_fd()] {
            rustix::io::fcntl_setfd(open, rustix::io::FdFlags::empty()).unwrap();
        }
        let mut server = serve(&place, mode).await;
        let of_server = format!("/proc/{}/fd/{}", server.child().id().unwrap(), file.as_raw_fd());
        assert_eq!(fs::read_link(of_server).unwrap(), place.path("open"), "the server has it");
        let printed = run(&place, &server, &[]).await;
        let report = super::report(&place, &server, &printed).await;
        let mut lines = report["output"].as_str().unwrap().lines();
        let channel = lines.next().unwrap();
        // `ls` itself has the folder open that it lists.
        let open = lines
            .filter_map(|line| line.split_once(" -> "))
            .filter(|(_, to)| !to.starts_with("/proc/"));
        let mut open: Vec<_> = open.filter_map(|(line, _)| line.rsplit(' ').next()).collect();
        open.sort_unstable();
        assert_eq!(open, ["0", "1", "2", channel], "{mode}: {report}");
    }
}
