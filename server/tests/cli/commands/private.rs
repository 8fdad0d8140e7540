//! What others on the machine may read and do: modes, processes, privileges, secrets at rest.

use std::{
    collections::BTreeMap,
    fs,
    os::unix::fs::{MetadataExt as _, PermissionsExt as _},
    path::Path,
};

use serde_json::json;

use super::{NOBODY, Place, Server, as_nobody, begin, get, lines, report, run, scripted, until};
use crate::fixture::{FAST, signal};

const SECRET: &str = "hush-hush-4711";
/// `job` with a secret.
const PARAM: &str = "[commands.job.params.key]\ntype = 'text'\nsecret = true\nrequired = true\n\
                     env = 'PARAM_KEY'";

/// Everything below a folder, with its mode.
fn modes(folder: &Path) -> BTreeMap<String, u32> {
    let mut found = BTreeMap::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(next) = folders.pop() {
        found.insert(next.display().to_string(), fs::metadata(&next).unwrap().mode() & 0o777);
        for entry in fs::read_dir(&next).unwrap().flatten() {
            let (path, kind) = (entry.path(), entry.file_type().unwrap());
            if kind.is_dir() {
                folders.push(path);
            } else {
                found.insert(path.display().to_string(), entry.metadata().unwrap().mode() & 0o777);
            }
        }
    }
    found
}

/// Files below a folder in which the secret stands.
fn secret_in(folder: &Path) -> Vec<String> {
    let mut found = Vec::new();
    for path in modes(folder).into_keys() {
        let bytes = fs::read(&path).unwrap_or_default();
        if bytes.windows(SECRET.len()).any(|part| part == SECRET.as_bytes()) {
            found.push(path);
        }
    }
    found
}

#[tokio::test]
async fn what_the_server_makes_is_its_users_alone_and_a_story_is_the_operators() {
    let place = scripted("echo made > made.txt\n", "results = ['*.txt']").and_research();
    let server = place.serve(&[], &[FAST]).await;
    let printed = run(&place, &server, &[]).await;
    assert_eq!(printed.code, Some(0), "{printed:?} {}", place.log());
    let args = ["run", "story", "--input", "subject=lighthouse", "--input", "player=Ada"];
    let printed = server.run(&place, &[&args[..], &["--follow"]].concat()).await;
    assert_eq!(printed.code, Some(0), "{printed:?} {}", place.log());
    for (path, mode) in modes(&place.path("data")) {
        assert_eq!(mode & 0o077, 0, "{path} {mode:o}");
    }
    // As a program of the operator's would have made it.
    place.write("mine", "");
    let mode = |name: &str| fs::metadata(place.path(name)).unwrap().mode() & 0o777;
    assert_eq!(mode("output/lighthouse/story.md"), mode("mine"));
}

#[tokio::test]
async fn what_an_earlier_version_left_open_is_closed_and_said() {
    let place = scripted("echo x\n", "");
    place.serve(&[], &[]).await.stop().await;
    for (path, mode) in modes(&place.path("data")) {
        fs::set_permissions(&path, fs::Permissions::from_mode(mode | 0o055)).unwrap();
    }
    let server = place.serve(&[], &[]).await;
    assert_eq!(run(&place, &server, &[]).await.code, Some(0));
    let all = modes(&place.path("data"));
    for name in ["data", "data/artifacts", "data/runs", "data/milepost.db", "data/secret.key"] {
        let mode = all[&place.path(name).display().to_string()];
        assert_eq!(mode & 0o077, 0, "{name} {mode:o}");
    }
    assert!(place.log().contains("others could read this; now only its owner can"));
}

#[tokio::test]
async fn a_command_has_the_operators_mask_and_may_not_gain_privileges_unless_told_so() {
    let script = "umask\ngrep NoNewPrivs /proc/self/status\n";
    for (more, shown) in [("", "NoNewPrivs:\t1\n"), ("new_privileges = true", "NoNewPrivs:\t0\n")] {
        let place = scripted(script, more);
        let shell = ["sh", "-c", "umask 0027; exec \"$0\" \"$@\""];
        let command = place.wrapped(&shell, &["serve", "--addr", "127.0.0.1:0"]);
        let server = place.serve_by(command, &[]).await;
        let printed = run(&place, &server, &[]).await;
        let report = report(&place, &server, &printed).await;
        assert_eq!(report["output"].as_str().unwrap(), format!("0027\n{shown}"));
    }
}

#[tokio::test]
async fn the_memory_of_server_and_supervisor_is_closed_to_others_of_their_user() {
    let script = "here=$(dirname \"$0\")\necho $PPID $$ > \"$here/pids\"\n\
                  while [ ! -e \"$here/go\" ]; do sleep 0.05; done\n";
    let place = scripted(script, "");
    let Some(command) = as_nobody(&place, &["serve", "--addr", "127.0.0.1:0"]) else { return };
    // In a namespace the numbers would be others.
    let tree = [("MILEPOST_ISOLATION_MODE", "process_tree")];
    let mut server = place.serve_by(command, &tree).await;
    let running = begin(&place, &server);
    let pids = lines(place.path("pids"), 1).await;
    let (supervisor, command) = pids[0].split_once(' ').unwrap();
    let server_id = server.child().id().unwrap().to_string();
    // What is closed is root's in /proc.
    let user = |pid: &str| fs::metadata(format!("/proc/{pid}/environ")).unwrap().uid();
    assert_eq!((user(&server_id), user(supervisor), user(command)), (0, 0, NOBODY));
    place.write("go", "");
    assert_eq!(running.end().await.0, Some(0));
}

#[tokio::test]
async fn a_secret_is_in_no_file_while_it_waits_while_it_runs_and_after_it() {
    let script = r#"
here=$(dirname "$0")
[ "$PARAM_KEY" = hush-hush-4711 ] || exit 9
echo "the key is $PARAM_KEY"
echo x >> "$here/started"
while [ ! -e "$here/go" ]; do sleep 0.05; done
"#;
    let place = scripted(script, PARAM);
    let waiting = place.serve(&["--no-worker"], &[]).await;
    let key = format!("key={SECRET}");
    let printed = waiting.run(&place, &["run", "job", "--input", &key]).await;
    let id = printed.stdout.trim().to_owned();
    assert_eq!(secret_in(&place.path("data")), [""; 0], "while it waits");
    waiting.stop().await;

    let server = place.serve(&[], &[]).await;
    lines(place.path("started"), 1).await;
    assert_eq!(secret_in(&place.path("data")), [""; 0], "while it runs");
    place.write("go", "");
    let done = server.run(&place, &["status", &id, "--follow"]).await;
    assert_eq!(done.code, Some(0), "{done:?} {}", place.log());
    assert_eq!(secret_in(&place.path("data")), [""; 0], "after it");

    // What was asked for comes back without it.
    let input = get(&server, &format!("/api/v1/tasks/{id}/input")).await;
    assert_eq!(input["input"], json!({}));
    server.stop().await;
    assert_eq!(secret_in(&place.path("data")), [""; 0], "after a stop");
}

#[tokio::test]
async fn a_secret_outlives_a_crash_and_is_sealed_for_the_next_attempt_too() {
    let script = r#"
here=$(dirname "$0")
echo "$PARAM_KEY" | cut -c1-4 >> "$here/started"
[ $(wc -l < "$here/started") = 2 ] && exit 0
sleep 1000
"#;
    let place = scripted(script, &format!("max_attempts = 2\n{PARAM}"));
    let mut server = place.serve(&[], &[]).await;
    let key = format!("key={SECRET}");
    let id = server.run(&place, &["run", "job", "--input", &key]).await.stdout;
    lines(place.path("started"), 1).await;
    signal(server.child(), "KILL").await;
    server.child().wait().await.unwrap();
    assert_eq!(secret_in(&place.path("data")), [""; 0], "after the crash");
    let server = place.serve(&[], &[]).await;
    let printed = server.run(&place, &["status", id.trim(), "--follow"]).await;
    assert_eq!(printed.code, Some(0), "{printed:?} {}", place.log());
    assert_eq!(lines(place.path("started"), 2).await, ["hush", "hush"]);
    assert_eq!(secret_in(&place.path("data")), [""; 0], "after the rescue");
}

#[tokio::test]
async fn a_process_with_another_key_says_so_and_runs_nothing() {
    let place = scripted("echo ran > \"$(dirname \"$0\")/ran\"\n", PARAM);
    let (one, other) = ("1".repeat(64), "2".repeat(64));
    let with = |key| [("MILEPOST_STORAGE_SECRET_KEY", key)];
    let server = place.serve(&["--no-worker"], &with(&*one)).await;
    let key = format!("key={SECRET}");
    let id = server.run(&place, &["run", "job", "--input", &key]).await.stdout.trim().to_owned();
    server.stop().await;
    let server = place.serve(&[], &with(&*other)).await;
    let ended = async |server: &Server| {
        let task = get(server, &format!("/api/v1/tasks/{id}")).await;
        task["status"] == "error"
    };
    until("the task has failed", async || ended(&server).await).await;
    let task = get(&server, &format!("/api/v1/tasks/{id}")).await;
    assert_eq!(task["error"]["code"], "secret_key", "{task}");
    let message = task["error"]["message"].as_str().unwrap();
    assert!(message.contains("MILEPOST_STORAGE_SECRET_KEY"), "{message}");
    assert!(!place.path("ran").exists());
}

#[tokio::test]
async fn a_key_that_is_none_is_refused_and_not_shown() {
    let place = Place::new();
    let mut command = place.milepost(&["serve", "--addr", "127.0.0.1:0"]);
    command.env("MILEPOST_STORAGE_SECRET_KEY", "too-short");
    let printed = crate::fixture::Said::of(command).await;
    printed.is_refused_with("storage.secret_key holds no key; expected 64 hexadecimal digits");
    assert!(!printed.stderr.contains("too-short"), "{printed:?}");
    let mut command = place.milepost(&["config"]);
    command.env("MILEPOST_STORAGE_SECRET_KEY", "1".repeat(64));
    let printed = crate::fixture::Said::of(command).await;
    assert!(printed.stdout.contains("# secret_key is set and not shown"), "{printed:?}");
    assert!(!printed.stdout.contains("1111"), "{printed:?}");
}
