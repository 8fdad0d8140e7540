//! The database of a measurement, new for each, and what it costs.

use std::sync::Arc;

use anyhow::Context as _;
use milepost::engine::{
    clock::{Clock, SystemClock},
    store::{
        Store,
        postgres::{PostgresOptions, PostgresStore},
        sqlite::SqliteStore,
    },
};

use crate::postgres_server::{Server, server_with};

/// Which database.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Kind {
    Sqlite,
    Postgres,
}

/// The databases of one run of the program.
pub(crate) struct Databases {
    postgres: Option<Server>,
}

/// A new database.
pub(crate) struct Database {
    pub(crate) store: Arc<dyn Store>,
    pub(crate) clock: Arc<dyn Clock>,
    /// For other connections.
    pub(crate) url: String,
    _folder: tempfile::TempDir,
}

impl Databases {
    /// Starts a PostgreSQL server, which waits for its disk, if it is needed.
    pub(crate) fn start(kinds: &[Kind]) -> Self {
        let wanted = kinds.contains(&Kind::Postgres);
        let options = "-c fsync=on -c synchronous_commit=on -c shared_buffers=256MB";
        Self { postgres: wanted.then(|| server_with(options)) }
    }

    /// Opens a new database.
    pub(crate) async fn open(&self, kind: Kind) -> anyhow::Result<Database> {
        let folder = tempfile::tempdir()?;
        let (store, clock, url): (Arc<dyn Store>, Arc<dyn Clock>, String) = match kind {
            Kind::Sqlite => {
                let clock = Arc::new(SystemClock);
                let path = folder.path().join("m.db");
                let store = SqliteStore::open(&path, clock.clone()).await?;
                (Arc::new(store), clock, format!("sqlite://{}", path.display()))
            }
            Kind::Postgres => {
                let server = self.postgres.as_ref().context("PostgreSQL was not started")?;
                let url = server.schema().await;
                let store = PostgresStore::open(&url, PostgresOptions::default()).await?;
                let clock = store.clock();
                (Arc::new(store), clock, url)
            }
        };
        Ok(Database { store, clock, url, _folder: folder })
    }
}

/// Processor time of this process and of the database's, in seconds.
pub(crate) fn cpu_s() -> f64 {
    let ticks = rustix::param::clock_ticks_per_second() as f64;
    let mut all = 0;
    for process in std::fs::read_dir("/proc").into_iter().flatten().flatten() {
        let path = process.path();
        let own = process.file_name().to_str() == Some(&std::process::id().to_string());
        let stat = std::fs::read_to_string(path.join("stat")).unwrap_or_default();
        // After the name, which is in parentheses and may contain anything.
        let Some((head, fields)) = stat.rsplit_once(')') else { continue };
        if own || head.ends_with("(postgres") {
            let fields: Vec<u64> =
                fields.split_whitespace().map(|field| field.parse().unwrap_or(0)).collect();
            // utime and stime; cutime and cstime of the postmaster: of those that have ended.
            all += fields.iter().skip(11).take(if own { 2 } else { 4 }).sum::<u64>();
        }
    }
    all as f64 / ticks
}
