//! The processes, and what is done to them.

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

use crate::{postgres_server, work::Pool};

/// Far longer than a start or an end takes.
const PATIENCE: Duration = Duration::from_secs(60);
/// Where workers are many, a killed one's task goes on after a lease: a short one. Alone, a process takes
/// back at once what the last one had.
const LEASE: [(&str, &str); 2] =
    [("MILEPOST_ENGINE_LEASE_S", "3"), ("MILEPOST_ENGINE_HEARTBEAT_S", "1")];
/// A story takes some seconds: long enough to be hit, short enough to end.
const PACE: &str = "400";

/// A client that gives up on a server that does not answer.
pub(crate) fn client() -> reqwest::Client {
    reqwest::Client::builder().timeout(Duration::from_secs(10)).build().unwrap()
}

/// What is done to whom.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Blow {
    /// `kill -9`.
    Kill(usize),
    /// TERM; whether the next process lets its tasks finish when its turn comes.
    Term(usize, bool),
    /// The database is stopped for so many milliseconds.
    Outage(u64),
}

/// Where servers answer at the moment.
#[derive(Clone, Default)]
pub(crate) struct Addresses(Arc<Mutex<Vec<Option<String>>>>);

impl Addresses {
    /// A server that was ready a moment ago.
    pub(crate) fn any(&self, rng: &mut StdRng) -> Option<String> {
        let all: Vec<_> = self.0.lock().unwrap().iter().flatten().cloned().collect();
        all.choose(rng).cloned()
    }

    fn set(&self, place: usize, url: Option<String>) {
        self.0.lock().unwrap()[place] = url;
    }
}

/// How one process is started, and the one that runs.
struct Member {
    args: Vec<String>,
    process: tokio::sync::Mutex<Process>,
}

struct Process {
    child: Option<Child>,
    /// False until its first line was read; the sender is gone if it ended before.
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
    /// The store's address.
    pub(crate) database: String,
    postgres: Option<postgres_server::Server>,
    exits: Mutex<Vec<String>>,
}

impl Fleet {
    /// One server on SQLite, or two servers and three workers on PostgreSQL.
    pub(crate) async fn start(bin: &Path, postgres: bool, pool: &Pool) -> Self {
        Self::with(bin, postgres, PACE, pool).await
    }

    /// One server that writes as fast as it can.
    pub(crate) async fn undisturbed(bin: &Path, pool: &Pool) -> Self {
        Self::with(bin, false, "0", pool).await
    }

    async fn with(bin: &Path, postgres: bool, pace: &'static str, pool: &Pool) -> Self {
        let folder = tempfile::Builder::new().prefix("milepost-faults").tempdir().unwrap();
        pool.write_research(&folder.path().join("output"));
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
        for place in 0..fleet.members.len() {
            fleet.launch(place).await;
        }
        fleet.all_ready().await;
        fleet
    }

    pub(crate) fn addresses(&self) -> Addresses {
        self.addresses.clone()
    }

    /// Starts a process and reads its first line in the background.
    async fn launch(&self, place: usize) {
        let member = &self.members[place];
        let mut process = member.process.lock().await;
        let mut command = Command::new(&self.bin);
        let ours = std::env::vars_os().filter_map(|(name, _)| name.into_string().ok());
        for name in ours.filter(|n| n.starts_with("MILEPOST_") || n.starts_with("LEPTOS_")) {
            command.env_remove(name);
        }
        let log = self.folder.path().join(format!("log-{place}"));
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
        let (tell, ready) = watch::channel(false);
        let (addresses, serves) = (self.addresses.clone(), member.args[0] == "serve");
        tokio::spawn(async move {
            let Ok(Some(line)) = lines.next_line().await else { return };
            if serves {
                addresses.set(place, Some(line));
            }
            tell.send_replace(true);
            // The pipe stays open as long as the process has it.
            while let Ok(Some(_)) = lines.next_line().await {}
        });
        process.child = Some(child);
        process.ready = ready;
    }

    /// Waits until every process is ready.
    pub(crate) async fn all_ready(&self) {
        for place in 0..self.members.len() {
            let mut ready = self.members[place].process.lock().await.ready.clone();
            let told = tokio::time::timeout(PATIENCE, ready.wait_for(|ready| *ready)).await;
            let well = told.is_ok_and(|told| told.is_ok());
            let end = self.members[place].process.lock().await.child.as_mut().map(Child::try_wait);
            assert!(well, "process {place} did not start ({end:?}): {}", self.last_words(place));
        }
    }

    fn last_words(&self, place: usize) -> String {
        let log = std::fs::read_to_string(self.folder.path().join(format!("log-{place}")));
        let log = log.unwrap_or_default();
        let lines: Vec<_> = log.lines().collect();
        lines[lines.len().saturating_sub(10)..].join("\n")
    }

    pub(crate) fn choose(&self, rng: &mut StdRng) -> Blow {
        let place = rng.random_range(0..self.members.len());
        match rng.random_range(0..100) {
            0..5 if self.postgres.is_some() => Blow::Outage(rng.random_range(200..2_500)),
            0..25 => Blow::Term(place, rng.random_bool(0.3)),
            _ => Blow::Kill(place),
        }
    }

    /// Ends a process, or the database.
    pub(crate) async fn strike(&self, blow: Blow) {
        match blow {
            Blow::Outage(ms) => {
                // A start needs the database; what runs does not.
                self.all_ready().await;
                let database = self.postgres.as_ref().unwrap();
                tokio::task::block_in_place(|| database.stop());
                tokio::time::sleep(Duration::from_millis(ms)).await;
                tokio::task::block_in_place(|| database.start());
            }
            Blow::Kill(place) => {
                let mut process = self.members[place].process.lock().await;
                if let Some(mut child) = process.child.take() {
                    child.kill().await.unwrap();
                }
                self.addresses.set(place, None);
            }
            Blow::Term(place, drain) => {
                // Whoever has not come as far as to listen for it dies of it, as of a kill.
                let was_ready = *self.members[place].process.lock().await.ready.borrow();
                let code = self.term(place).await;
                if was_ready && code != Some(0) {
                    let words = self.last_words(place);
                    self.exits.lock().unwrap().push(format!("TERM ended in {code:?}: {words}"));
                }
                self.members[place].process.lock().await.drain = drain;
            }
        }
    }

    /// Starts again whom a blow has ended.
    pub(crate) async fn mend(&self, blow: Blow) {
        match blow {
            Blow::Kill(place) | Blow::Term(place, _) => self.launch(place).await,
            Blow::Outage(_) => {
                for (place, member) in self.members.iter().enumerate() {
                    let mut process = member.process.lock().await;
                    let ended = process.child.as_mut().map(|child| child.try_wait().unwrap());
                    if !matches!(ended, Some(None)) {
                        let words = self.last_words(place);
                        self.exits.lock().unwrap().push(format!("an outage ended it: {words}"));
                    }
                }
            }
        }
    }

    async fn term(&self, place: usize) -> Option<i32> {
        let child = self.members[place].process.lock().await.child.take();
        let Some(mut child) = child else { return Some(0) };
        let pid = child.id().unwrap_or_default().to_string();
        let sent = Command::new("kill").args(["-TERM", &pid]).status().await;
        assert!(sent.is_ok_and(|sent| sent.success()), "no TERM was sent to {pid}");
        let ended = tokio::time::timeout(PATIENCE, child.wait()).await;
        self.addresses.set(place, None);
        match ended {
            Ok(status) => status.unwrap().code(),
            Err(_) => panic!("TERM did not end process {place}: {}", self.last_words(place)),
        }
    }

    /// Ends all by TERM; what went wrong then and before.
    pub(crate) async fn stop(&self) -> Vec<String> {
        for place in 0..self.members.len() {
            let code = self.term(place).await;
            if code != Some(0) {
                let words = self.last_words(place);
                self.exits.lock().unwrap().push(format!("TERM ended in {code:?}: {words}"));
            }
        }
        self.exits.lock().unwrap().clone()
    }
}
