//! Commands from the configuration, as real processes under the real binary.

mod at_rest;
mod cancel;
mod choices;
mod crash;
mod examples;
mod hostile;
mod isolation;
mod limits;
mod outlived;
mod private;
mod reload;
mod result;
mod secrets;
mod streams;

use std::{path::PathBuf, time::Duration};

use serde_json::Value;
use tokio::time::timeout;

use crate::fixture::{Place, Running, Said, Server};

/// A test that hangs fails.
const PATIENCE: Duration = Duration::from_secs(60);

/// A place with one command, `job`, that is this shell script; `more` are lines of its configuration.
fn scripted(script: &str, more: &str) -> Place {
    let place = Place::new();
    place.write("job.sh", script);
    place.write(
        "milepost.toml",
        &format!("[commands.job]\nargv = ['sh', '{{config_dir}}/job.sh']\n{more}\n"),
    );
    place
}

/// A user without any rights.
const NOBODY: u32 = 65534;

/// The binary as a user without rights, who gets the place. `None`, and the reason printed, where the
/// tester may not become another user.
fn as_nobody(place: &Place, args: &[&str]) -> Option<tokio::process::Command> {
    if !rustix::process::geteuid().is_root() {
        println!("skipped: only root can become another user");
        return None;
    }
    let chown = std::process::Command::new("chown")
        .args(["-R", &format!("{NOBODY}:{NOBODY}")])
        .arg(place.path(""))
        .status();
    assert!(chown.unwrap().success());
    let user = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"];
    Some(place.wrapped(&user, args))
}

/// Runs `job` to its end.
async fn run(place: &Place, server: &Server, inputs: &[&str]) -> Said {
    let inputs = inputs.iter().flat_map(|input| ["--input", input]);
    let args: Vec<&str> = ["run", "job", "--follow"].into_iter().chain(inputs).collect();
    server.run(place, &args).await
}

/// Starts `job` and watches it.
fn begin(place: &Place, server: &Server) -> Running {
    Running::start(server.client(place, &["run", "job", "--follow"]))
}

/// The report of a task that has completed.
async fn report(place: &Place, server: &Server, printed: &Said) -> Value {
    assert_eq!(printed.code, Some(0), "{printed:?} {}", place.log());
    let result = server.run(place, &["result", printed.stdout.trim()]).await;
    serde_json::from_str(&result.stdout).unwrap()
}

/// What is asked for of the API, as JSON.
async fn get(server: &Server, path: &str) -> Value {
    reqwest::get(format!("{}{path}", server.url)).await.unwrap().json().await.unwrap()
}

async fn get_text(server: &Server, path: &str) -> String {
    reqwest::get(format!("{}{path}", server.url)).await.unwrap().text().await.unwrap()
}

/// Asks again and again, but not for ever.
async fn until(what: &str, mut done: impl AsyncFnMut() -> bool) {
    let asked = async {
        while !done().await {
            tokio::task::yield_now().await;
        }
    };
    assert!(timeout(PATIENCE, asked).await.is_ok(), "it did not happen: {what}");
}

/// Waits for a file with so many lines.
async fn lines(path: PathBuf, number: usize) -> Vec<String> {
    let read = || std::fs::read_to_string(&path).unwrap_or_default();
    let whole = |text: &str| text.ends_with('\n') && text.lines().count() >= number;
    until("the file is written", async || whole(&read())).await;
    read().lines().map(str::to_owned).collect()
}

fn is_there(process: &str) -> bool {
    // What has ended and was not looked at yet is not there any more.
    let stat = std::fs::read_to_string(format!("/proc/{process}/stat")).unwrap_or_default();
    stat.rsplit_once(") ").is_some_and(|(_, rest)| !rest.starts_with('Z'))
}

fn assert_gone(processes: &[String]) {
    let left: Vec<_> = processes.iter().filter(|process| is_there(process)).collect();
    assert!(left.is_empty(), "still there: {left:?}");
}

async fn until_gone(processes: &[String]) {
    until("all processes are gone", async || !processes.iter().any(|one| is_there(one))).await;
}

/// A family that is hard to end: children in the background, one with a session of its own, all of
/// them deaf to TERM. It writes their numbers into the file `pids` beside the configuration.
const DEAF_FAMILY: &str = r#"
trap '' TERM HUP INT
here=$(dirname "$0")
member='trap "" TERM HUP INT; echo $$ >> "$0"; while :; do sleep 1000; done'
sh -c "$member" "$here/pids" &
setsid sh -c "$member" "$here/pids" &
sh -c "sh -c '$(echo "$member" | sed "s/'/'\\\\''/g")' $here/pids & wait" &
echo $$ >> "$here/pids"
wait
"#;
/// How many write their numbers.
const FAMILY: usize = 4;
