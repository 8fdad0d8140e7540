//! Storage limits: per owner, per client address, and in total. They also hold for a client that
//! uses a new identity for each request.
//!
//! The sums of the store are cached: a recent figure counts, plus what was admitted since. A
//! refusal is never based on an old figure.

use std::{collections::HashMap, fmt, io, sync::Arc, time::Duration};

use parking_lot::Mutex as StdMutex;

use bytes::Bytes;
use futures_util::{Stream, StreamExt as _};
use tokio::{sync::Mutex, time::Instant};

use super::{
    EngineOptions,
    store::{Store, StoreError, Usage, UsageOf},
};

/// Maximum age of a figure for an admission.
const FRESH: Duration = Duration::from_secs(1);
/// Maximum age of a figure for a refusal.
const FRESH_TO_REFUSE: Duration = Duration::from_millis(100);
/// Reading figures takes at most one part in this many of the time.
const REST: u32 = 20;
/// Bytes of a file that are counted at once.
const METER_BYTES: u64 = 1 << 20;
/// Size of a row besides its input, as the store counts it.
const ROW_BYTES: u64 = 1_024;

/// Where bytes are stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stored {
    /// In the database: inputs, logs, checkpoints and results.
    Rows,
    /// As files.
    Files,
}

/// Whose limit is reached.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Whose {
    /// The limit of the owner.
    Owner,
    /// The limit of the client address.
    Client,
    /// The limit of the server.
    Everybody,
}

/// A storage limit is reached.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct QuotaReached {
    /// Whose limit.
    pub whose: Whose,
    /// Where the bytes are stored.
    pub stored: Stored,
    /// The limit in bytes.
    pub max: u64,
}

impl std::error::Error for QuotaReached {}

impl fmt::Display for QuotaReached {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { whose, stored, max } = self;
        let (what, table) = match stored {
            Stored::Rows => ("tasks", "storage"),
            Stored::Files => ("files", "files"),
        };
        let (who, setting) = match whose {
            Whose::Owner => (format!("your {what}"), "max_bytes_per_owner"),
            Whose::Client => {
                (format!("the {what} from your network address"), "max_bytes_per_client")
            }
            Whose::Everybody => (format!("all {what} of this server"), "max_bytes"),
        };
        write!(f, "{who} have as many bytes as are kept, {max} ({table}.{setting}); ")?;
        f.write_str("wait until some expire")
    }
}

/// Who stores something.
#[derive(Clone, Copy, Debug)]
pub(super) struct Depositor<'d> {
    /// The owner, else the client.
    pub(super) account: &'d str,
    /// The client, if known.
    pub(super) client: Option<&'d str>,
}

/// See the module documentation.
#[derive(Default)]
pub(super) struct Quota(StdMutex<Figures>);

#[derive(Default)]
struct Figures {
    of: HashMap<UsageOf, Arc<Mutex<Figure>>>,
    /// Size of the map at which old figures are dropped.
    sweep_at: usize,
}

/// The usage of one account, one client or all.
#[derive(Default)]
struct Figure {
    read: Option<Instant>,
    /// How long the last read took.
    took: Duration,
    usage: Usage,
}

impl Figure {
    fn is_older_than(&self, age: Duration) -> bool {
        self.read.is_none_or(|read| read.elapsed() > age.max(self.took * REST))
    }

    async fn read(&mut self, store: &dyn Store, of: &UsageOf) -> Result<(), StoreError> {
        let begun = Instant::now();
        self.usage = store.usage(of).await?;
        (self.read, self.took) = (Some(begun), begun.elapsed());
        Ok(())
    }

    const fn stored(&mut self, stored: Stored) -> &mut u64 {
        match stored {
            Stored::Rows => &mut self.usage.rows,
            Stored::Files => &mut self.usage.files,
        }
    }

    /// Adds bytes if they fit; returns whether they did.
    async fn add(
        &mut self,
        store: &dyn Store,
        of: &UsageOf,
        stored: Stored,
        bytes: u64,
        max: u64,
    ) -> Result<bool, StoreError> {
        if self.is_older_than(FRESH) {
            self.read(store, of).await?;
        }
        let fits = |have: u64| have.saturating_add(bytes) <= max;
        if !fits(*self.stored(stored)) && self.is_older_than(FRESH_TO_REFUSE) {
            self.read(store, of).await?;
        }
        let have = self.stored(stored);
        let fit = fits(*have);
        if fit {
            *have = have.saturating_add(bytes);
        }
        Ok(fit)
    }
}

impl Quota {
    /// Admits tasks with these inputs, or returns the limit that is reached.
    pub(super) async fn admit_tasks(
        &self,
        store: &dyn Store,
        options: &EngineOptions,
        who: Depositor<'_>,
        inputs: impl Iterator<Item = usize>,
    ) -> Result<Option<QuotaReached>, StoreError> {
        let bytes = inputs.map(|bytes| ROW_BYTES + bytes as u64).sum();
        let max = &options.storage;
        let limits = [
            (Whose::Everybody, Some(UsageOf::All), max.max_bytes),
            (Whose::Client, who.client.map(client), max.max_bytes_per_client),
            (Whose::Owner, Some(account(who.account)), max.max_bytes_per_owner),
        ];
        self.admit(store, Stored::Rows, bytes, limits).await
    }

    /// Admits bytes of a file, or returns the limit that is reached. The store checks the owner's
    /// limit.
    async fn admit_file(
        &self,
        store: &dyn Store,
        options: &EngineOptions,
        from: Option<&str>,
        bytes: u64,
    ) -> Result<Option<QuotaReached>, StoreError> {
        let max = &options.files;
        let limits = [
            (Whose::Everybody, Some(UsageOf::All), max.max_bytes),
            (Whose::Client, from.map(client), max.max_bytes_per_client),
        ];
        self.admit(store, Stored::Files, bytes, limits).await
    }

    /// Passes the bytes of a file through until a limit is reached: then an error that contains
    /// [`QuotaReached`].
    pub(super) fn meter<'q>(
        &'q self,
        store: &'q dyn Store,
        options: &'q EngineOptions,
        from: Option<&'q str>,
        bytes: impl Stream<Item = io::Result<Bytes>> + Send + 'q,
    ) -> impl Stream<Item = io::Result<Bytes>> + Send + 'q {
        let metered = Some((Box::pin(bytes), 0_u64));
        futures_util::stream::unfold(metered, move |metered| async move {
            let (mut bytes, mut untold) = metered?;
            let piece = match bytes.next().await {
                Some(Err(error)) => return Some((Err(error), None)),
                Some(Ok(piece)) => Some(piece),
                None => None,
            };
            untold += piece.as_ref().map_or(0, |piece| piece.len() as u64);
            if untold >= METER_BYTES || piece.is_none() {
                match self.admit_file(store, options, from, untold).await {
                    Ok(None) => untold = 0,
                    Ok(Some(reached)) => return Some((Err(io::Error::other(reached)), None)),
                    Err(error) => return Some((Err(io::Error::other(error)), None)),
                }
            }
            piece.map(|piece| (Ok(piece), Some((bytes, untold))))
        })
    }

    async fn admit<const N: usize>(
        &self,
        store: &dyn Store,
        stored: Stored,
        bytes: u64,
        limits: [(Whose, Option<UsageOf>, u64); N],
    ) -> Result<Option<QuotaReached>, StoreError> {
        let mut counted: Vec<Arc<Mutex<Figure>>> = Vec::with_capacity(N);
        for (whose, of, max) in limits {
            let Some(of) = of else { continue };
            let figure = self.figure(&of);
            let fits = figure.lock().await.add(store, &of, stored, bytes, max).await?;
            if fits {
                counted.push(figure);
                continue;
            }
            // Nothing is stored, so undo the counts.
            for figure in counted {
                let mut figure = figure.lock().await;
                let have = figure.stored(stored);
                *have = have.saturating_sub(bytes);
            }
            return Ok(Some(QuotaReached { whose, stored, max }));
        }
        Ok(None)
    }

    fn figure(&self, of: &UsageOf) -> Arc<Mutex<Figure>> {
        let mut figures = self.0.lock();
        if let Some(figure) = figures.of.get(of) {
            return Arc::clone(figure);
        }
        if figures.of.len() >= figures.sweep_at {
            let is_used = |figure: &Arc<Mutex<Figure>>| {
                Arc::strong_count(figure) > 1
                    || figure.try_lock().is_ok_and(|figure| !figure.is_older_than(FRESH))
            };
            figures.of.retain(|_, figure| is_used(figure));
            figures.sweep_at = figures.of.len() * 2 + 64;
        }
        Arc::clone(figures.of.entry(of.clone()).or_default())
    }
}

fn client(client: &str) -> UsageOf {
    UsageOf::Client(client.to_owned())
}

fn account(account: &str) -> UsageOf {
    UsageOf::Account(account.to_owned())
}
