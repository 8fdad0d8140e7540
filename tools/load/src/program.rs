//! The server's process, its stories, and what the system says of it.

use std::{
    net::SocketAddr,
    path::{Path, PathBuf},
    process::Stdio,
    time::{Duration, SystemTime},
};

use milepost::task::TaskId;
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use serde_json::{Value, json};
use tokio::{
    io::{AsyncBufReadExt as _, BufReader},
    process::{Child, Command},
    time::timeout,
};

/// Far longer than a start or an end takes.
const PATIENCE: Duration = Duration::from_secs(60);
/// Words of the story that the built-in narrator makes of the sample.
const WORDS: f64 = 1_100.0;
const SAMPLE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../output/lighthouse/research.md");

/// Lets this process and its children open so many files; else how many they may.
pub(crate) fn allow_files(wanted: u64) -> Result<(), u64> {
    let now = getrlimit(Resource::Nofile);
    if now.current.is_none_or(|limit| limit >= wanted) {
        return Ok(());
    }
    let limit = now.maximum.unwrap_or(wanted);
    // A process may raise its own limit as far as the hard one.
    let raised = Rlimit { current: Some(limit.min(wanted)), maximum: now.maximum };
    match setrlimit(Resource::Nofile, raised) {
        Ok(()) if limit >= wanted => Ok(()),
        _ => Err(limit),
    }
}

/// See the module.
pub(crate) struct Program {
    bin: PathBuf,
    folder: tempfile::TempDir,
    settings: Vec<(&'static str, String)>,
    addr: SocketAddr,
    child: Option<Child>,
    http: reqwest::Client,
}

impl Program {
    /// A server that can tell `tasks` stories at once, each in about `story_s` seconds. Each has a
    /// subject of its own.
    pub(crate) async fn new(bin: PathBuf, tasks: usize, story_s: u32) -> Self {
        let folder = tempfile::Builder::new().prefix("milepost-load").tempdir().unwrap();
        let research = std::fs::read(SAMPLE).unwrap();
        for task in 0..tasks {
            let subject = subject(folder.path(), task);
            std::fs::create_dir_all(&subject).unwrap();
            std::fs::write(subject.join("research.md"), &research).unwrap();
        }
        let words_per_second = WORDS / f64::from(story_s.max(1));
        let settings = vec![
            ("MILEPOST_ENGINE_CONCURRENCY", tasks.to_string()),
            ("MILEPOST_KINDS_STORY_CONCURRENCY", tasks.to_string()),
            ("MILEPOST_ENGINE_DRAIN_S", "0".to_owned()),
            // All clients come from one address.
            ("MILEPOST_HTTP_CONNECTIONS_MAX_OPEN", "40000".to_owned()),
            ("MILEPOST_HTTP_CONNECTIONS_MAX_OPEN_PER_CLIENT", "40000".to_owned()),
            ("MILEPOST_HTTP_RATE_STARTS_PER_MINUTE", "0".to_owned()),
            ("MILEPOST_LONG_POLL_MAX_WAITING_ANONYMOUS", "20000".to_owned()),
            ("MILEPOST_LOG_FILTER", "warn".to_owned()),
            ("MILEPOST_STORY_WORDS_PER_SECOND", words_per_second.to_string()),
        ];
        let addr = SocketAddr::from(([127, 0, 0, 1], 0));
        let http = reqwest::Client::builder().timeout(PATIENCE).pool_max_idle_per_host(0);
        // It is started in a folder of its own.
        let bin = std::path::absolute(bin).unwrap();
        Self { bin, folder, settings, addr, child: None, http: http.build().unwrap() }
    }

    /// Starts it, where it was before, and waits until it is ready.
    pub(crate) async fn start(&mut self) {
        let mut command = Command::new(&self.bin);
        let ours = std::env::vars_os().filter_map(|(name, _)| name.into_string().ok());
        for name in ours.filter(|n| n.starts_with("MILEPOST_") || n.starts_with("LEPTOS_")) {
            command.env_remove(name);
        }
        // No page is asked for.
        command.args(["serve", "--addr", &self.addr.to_string(), "--site", "output"]);
        command.envs(self.settings.iter().map(|(name, value)| (name, value)));
        command.current_dir(self.folder.path()).kill_on_drop(true);
        // Its warnings are part of what is to be seen.
        command.stdin(Stdio::null()).stdout(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let line = timeout(PATIENCE, lines.next_line()).await.unwrap().unwrap();
        let line = line.expect("the server says where it is");
        self.addr = line.strip_prefix("http://").unwrap().parse().unwrap();
        self.child = Some(child);
    }

    pub(crate) const fn address(&self) -> SocketAddr {
        self.addr
    }

    /// Starts a story without an owner.
    pub(crate) async fn tell(&self, task: usize) -> TaskId {
        let input = json!({ "subject": name(task), "player": "Ada" });
        let body = json!({ "kind": "story", "input": input });
        let url = format!("http://{}/api/v1/tasks", self.addr);
        let answer = self.http.post(url).json(&body).send().await.unwrap();
        let failed: Value = answer.json().await.unwrap();
        let id =
            failed["id"].as_str().unwrap_or_else(|| panic!("no story was started: {failed:#}"));
        id.parse().unwrap()
    }

    /// When the finished story was moved into its folder.
    pub(crate) fn told_at(&self, task: usize) -> SystemTime {
        // A file that is moved into a folder changes the folder.
        std::fs::metadata(subject(self.folder.path(), task)).unwrap().modified().unwrap()
    }

    /// Requests that it holds now.
    pub(crate) async fn held(&self) -> usize {
        let url = format!("http://{}/metrics", self.addr);
        let text = self.http.get(url).send().await.unwrap().text().await.unwrap();
        let value = text.lines().find_map(|line| line.strip_prefix("milepost_long_polls "));
        value.unwrap().parse().unwrap()
    }

    /// The most memory that it ever had, in MB (1,000,000 bytes).
    pub(crate) fn peak_mb(&self) -> f64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.pid())).unwrap();
        let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
        let kib: f64 = line.trim().trim_end_matches(" kB").parse().unwrap();
        kib * 1_024.0 / 1e6
    }

    /// Seconds that it has computed.
    pub(crate) fn cpu_s(&self) -> f64 {
        let stat = std::fs::read_to_string(format!("/proc/{}/stat", self.pid())).unwrap();
        // The name, in brackets, may have spaces; user and system time are the 12th and 13th after.
        let (_, rest) = stat.rsplit_once(')').unwrap();
        let ticks: f64 =
            rest.split_whitespace().skip(11).take(2).map(|n| n.parse::<f64>().unwrap()).sum();
        ticks / rustix::param::clock_ticks_per_second() as f64
    }

    fn pid(&self) -> u32 {
        self.child.as_ref().and_then(Child::id).expect("it runs")
    }

    pub(crate) async fn kill(&mut self) {
        self.child.take().unwrap().kill().await.unwrap();
    }

    /// Sends TERM and waits for the end; the exit code.
    pub(crate) async fn stop(&mut self) -> Option<i32> {
        let mut child = self.child.take().unwrap();
        let pid = child.id().unwrap().to_string();
        let sent = Command::new("kill").args(["-TERM", &pid]).status().await;
        assert!(sent.is_ok_and(|sent| sent.success()), "no TERM was sent to {pid}");
        timeout(PATIENCE, child.wait()).await.unwrap().unwrap().code()
    }
}

fn name(task: usize) -> String {
    format!("lighthouse {task}")
}

fn subject(folder: &Path, task: usize) -> PathBuf {
    folder.join("output").join(name(task))
}
