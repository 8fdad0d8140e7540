//! The processes, and the faults that end them.

use std::{
    path::{Path, PathBuf},
    process::Stdio,
    sync::{Arc, Mutex},
    time::Duration,
};

use rand::{Rng as _, rngs::StdRng, seq::IndexedRandom as _};
use tokio::{
    io::{AsyncBufReadExt as _, BufReader},
    process::{Child, Command},
    sync::watch,
};

use crate::{postgres_server, research::Research};

/// Time limit of a start and of an exit.
const TIME_LIMIT: Duration = Duration::from_secs(60);
/// With several workers, the task of a killed one continues when its lease expires, so leases are
/// short. A single process reclaims its tasks at its start.
const LEASE: [(&str, &str); 2] =
    [("MILEPOST_ENGINE_LEASE_S", "3"), ("MILEPOST_ENGINE_HEARTBEAT_S", "1")];
/// Words per second: a story takes some seconds, so that faults hit it and it still ends.
const PACE: &str = "400";

/// HTTP client with a time limit.
pub(crate) fn client() -> reqwest::Client {
    reqwest::Client::builder().timeout(Duration::from_secs(10)).build().unwrap()
}

/// Fault to inject; processes by their index.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Fault {
    /// `kill -9`.
    Kill(usize),
    /// TERM; whether the next process drains when it is stopped.
    Term(usize, bool),
    /// Outage of the database, in milliseconds.
    Outage(u64),
}

/// URLs of the servers that answer now.
#[derive(Clone, Default)]
pub(crate) struct Addresses(Arc<Mutex<Vec<Option<String>>>>);

impl Addresses {
    /// URL of a random ready server.
    pub(crate) fn any(&self, rng: &mut StdRng) -> Option<String> {
        let all: Vec<_> = self.0.lock().unwrap().iter().flatten().cloned().collect();
        all.choose(rng).cloned()
    }

    fn set(&self, index: usize, url: Option<String>) {
        self.0.lock().unwrap()[index] = url;
    }
}

/// A process and how it is started.
struct Member {
    args: Vec<String>,
    process: tokio::sync::Mutex<Process>,
}

struct Process {
    child: Option<Child>,
    /// True after its first line; closed if it ended before.
    ready: watch::Receiver<bool>,
    drain: bool,
}

/// All processes on one store.
pub(crate) struct Fleet {
    bin: PathBuf,
    folder: tempfile::TempDir,
    pace: &'static str,
    members: Vec<Member>,
    addresses: Addresses,
    /// URL of the database.
    pub(crate) database: String,
    postgres: Option<postgres_server::Server>,
    exits: Mutex<Vec<String>>,
}

impl Fleet {
    /// One server on SQLite, or two servers and three workers on PostgreSQL.
    pub(crate) async fn start(bin: &Path, postgres: bool, research: &Research) -> Self {
        Self::with(bin, postgres, PACE, research).await
    }

    /// One server at full speed, for runs without faults.
    pub(crate) async fn at_full_speed(bin: &Path, research: &Research) -> Self {
        Self::with(bin, false, "0", research).await
    }

    async fn with(bin: &Path, postgres: bool, pace: &'static str, research: &Research) -> Self {
        let folder = tempfile::Builder::new().prefix("milepost-faults").tempdir().unwrap();
        research.write(&folder.path().join("output"));
        let server = match postgres {
            true => Some(tokio::task::spawn_blocking(postgres_server::server).await.unwrap()),
            false => None,
        };
        let database = match &server {
            Some(server) => server.schema().await,
            None => format!("sqlite://{}", folder.path().join("tasks.db").display()),
        };
        let front = ["serve", "--addr", "127.0.0.1:0", "--database", &database];
        let lines: Vec<Vec<&str>> = match postgres {
            false => vec![front.to_vec()],
            true => {
                let front = [&front[..], &["--no-worker"]].concat();
                let worker = vec!["worker", "--database", &database, "--concurrency", "4"];
                vec![front.clone(), front, worker.clone(), worker.clone(), worker]
            }
        };
        let addresses = Addresses(Arc::new(Mutex::new(vec![None; lines.len()])));
        let member = |args: Vec<&str>| Member {
            args: args.into_iter().map(str::to_owned).collect(),
            process: tokio::sync::Mutex::new(Process {
                child: None,
                ready: watch::channel(false).1,
                drain: false,
            }),
        };
        let members = lines.into_iter().map(member).collect();
        let (bin, exits) = (bin.to_owned(), Mutex::default());
        let fleet =
            Self { bin, folder, pace, members, addresses, database, postgres: server, exits };
        for index in 0..fleet.members.len() {
            fleet.launch(index).await;
        }
        fleet.all_ready().await;
        fleet
    }

    pub(crate) fn addresses(&self) -> Addresses {
        self.addresses.clone()
    }

    /// Starts a process and reads its first line in the background.
    async fn launch(&self, index: usize) {
        let member = &self.members[index];
        let mut process = member.process.lock().await;
        let mut command = Command::new(&self.bin);
        let ours = std::env::vars_os().filter_map(|(name, _)| name.into_string().ok());
        for name in ours.filter(|n| n.starts_with("MILEPOST_") || n.starts_with("LEPTOS_")) {
            command.env_remove(name);
        }
        let log = self.folder.path().join(format!("log-{index}"));
        let log = std::fs::OpenOptions::new().create(true).append(true).open(log).unwrap();
        command.args(&member.args).current_dir(self.folder.path()).kill_on_drop(true);
        if self.postgres.is_some() {
            command.envs(LEASE);
        }
        command.env("MILEPOST_STORY_WORDS_PER_SECOND", self.pace);
        command.env("MILEPOST_ENGINE_DRAIN_S", if process.drain { "2" } else { "0" });
        command.env("MILEPOST_ENGINE_MAX_QUEUED_PER_OWNER", "100000");
        // All clients come from one address.
        command.env("MILEPOST_HTTP_RATE_STARTS_PER_MINUTE", "0");
        command.env("MILEPOST_HTTP_RATE_UPLOADS_PER_MINUTE", "0");
        command.env("MILEPOST_ENGINE_MAX_QUEUED_PER_CLIENT", "100000");
        command.env("MILEPOST_ENGINE_MAX_QUEUED", "100000");
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(log);
        let mut child = command.spawn().unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let (sender, ready) = watch::channel(false);
        let (addresses, serves) = (self.addresses.clone(), member.args[0] == "serve");
        tokio::spawn(async move {
            let Ok(Some(line)) = lines.next_line().await else { return };
            if serves {
                addresses.set(index, Some(line));
            }
            sender.send_replace(true);
            // Keeps reading, because a closed pipe would end the process.
            while let Ok(Some(_)) = lines.next_line().await {}
        });
        process.child = Some(child);
        process.ready = ready;
    }

    /// Waits until every process is ready.
    pub(crate) async fn all_ready(&self) {
        for index in 0..self.members.len() {
            let mut ready = self.members[index].process.lock().await.ready.clone();
            let waited = tokio::time::timeout(TIME_LIMIT, ready.wait_for(|ready| *ready)).await;
            let well = waited.is_ok_and(|waited| waited.is_ok());
            let end = self.members[index].process.lock().await.child.as_mut().map(Child::try_wait);
            assert!(well, "process {index} did not start ({end:?}): {}", self.log_end(index));
        }
    }

    fn log_end(&self, index: usize) -> String {
        let log = std::fs::read_to_string(self.folder.path().join(format!("log-{index}")));
        let log = log.unwrap_or_default();
        let lines: Vec<_> = log.lines().collect();
        lines[lines.len().saturating_sub(10)..].join("\n")
    }

    pub(crate) fn choose(&self, rng: &mut StdRng) -> Fault {
        let index = rng.random_range(0..self.members.len());
        match rng.random_range(0..100) {
            0..5 if self.postgres.is_some() => Fault::Outage(rng.random_range(200..2_500)),
            0..25 => Fault::Term(index, rng.random_bool(0.3)),
            _ => Fault::Kill(index),
        }
    }

    /// Ends a process, or stops the database for a while.
    pub(crate) async fn inject(&self, fault: Fault) {
        match fault {
            Fault::Outage(ms) => {
                // A process needs the database to start, but not to keep running.
                self.all_ready().await;
                let database = self.postgres.as_ref().unwrap();
                tokio::task::block_in_place(|| database.stop());
                tokio::time::sleep(Duration::from_millis(ms)).await;
                tokio::task::block_in_place(|| database.start());
            }
            Fault::Kill(index) => {
                let mut process = self.members[index].process.lock().await;
                if let Some(mut child) = process.child.take() {
                    child.kill().await.unwrap();
                }
                self.addresses.set(index, None);
            }
            Fault::Term(index, drain) => {
                // Before a process handles TERM, the signal kills it.
                let was_ready = *self.members[index].process.lock().await.ready.borrow();
                let code = self.term(index).await;
                if was_ready && code != Some(0) {
                    let log = self.log_end(index);
                    self.exits.lock().unwrap().push(format!("TERM ended in {code:?}: {log}"));
                }
                self.members[index].process.lock().await.drain = drain;
            }
        }
    }

    /// Restarts the process that a fault ended.
    pub(crate) async fn recover(&self, fault: Fault) {
        match fault {
            Fault::Kill(index) | Fault::Term(index, _) => self.launch(index).await,
            Fault::Outage(_) => {
                for (index, member) in self.members.iter().enumerate() {
                    let mut process = member.process.lock().await;
                    let ended = process.child.as_mut().map(|child| child.try_wait().unwrap());
                    if !matches!(ended, Some(None)) {
                        let log = self.log_end(index);
                        self.exits
                            .lock()
                            .unwrap()
                            .push(format!("an outage ended the process: {log}"));
                    }
                }
            }
        }
    }

    async fn term(&self, index: usize) -> Option<i32> {
        let child = self.members[index].process.lock().await.child.take();
        let Some(mut child) = child else { return Some(0) };
        let pid = child.id().unwrap_or_default().to_string();
        let sent = Command::new("kill").args(["-TERM", &pid]).status().await;
        assert!(sent.is_ok_and(|sent| sent.success()), "no TERM was sent to {pid}");
        let ended = tokio::time::timeout(TIME_LIMIT, child.wait()).await;
        self.addresses.set(index, None);
        match ended {
            Ok(status) => status.unwrap().code(),
            Err(_) => panic!("TERM did not end process {index}: {}", self.log_end(index)),
        }
    }

    /// Stops all processes by TERM; returns the errors so far.
    pub(crate) async fn stop(&self) -> Vec<String> {
        for index in 0..self.members.len() {
            let code = self.term(index).await;
            if code != Some(0) {
                let log = self.log_end(index);
                self.exits.lock().unwrap().push(format!("TERM ended in {code:?}: {log}"));
            }
        }
        self.exits.lock().unwrap().clone()
    }
}
