//! The limits of the queue: how many tasks wait, counted once per transaction.

use std::collections::HashMap;

use sqlx::Row as _;

use super::{DbRow, connections::Session, map::corrupt, statements::account};
use crate::engine::store::{Inserted, NewTask, ScheduledBy, StoreError};

/// The queued tasks that match, and how many of them are scheduled: their first run waits for a time after $4. Each
/// part reads an index that contains queued tasks only.
macro_rules! counts {
    ($of:expr) => {
        concat!(
            "(SELECT count(*) FROM tasks WHERE ",
            $of,
            " AND status = 'queued') AS queued, (SELECT count(*) FROM tasks WHERE ",
            $of,
            " AND status = 'queued' AND run_at > $4 AND attempt = 0) AS scheduled FROM "
        )
    };
}

/// Up to `$most` of all queued tasks that match.
macro_rules! count_of_all {
    ($matches:literal, $most:literal) => {
        concat!(
            "(SELECT count(*) FROM (SELECT 1 FROM tasks WHERE status = 'queued'",
            $matches,
            " LIMIT ",
            $most,
            ") AS counted)"
        )
    };
}

/// Counts queued tasks: of each account in $1, of each client in $2, and in total up to $3; in total, how many of them
/// are scheduled is not looked at, which would cost as much again.
pub(super) const COUNT_QUEUED: &str = concat!(
    "SELECT 'account' AS whose, value ->> 0 AS name, ",
    counts!(concat!(account!(), " = value ->> 0")),
    json_rows!("$1"),
    " UNION ALL SELECT 'client', value ->> 0, ",
    counts!("client = value ->> 0"),
    json_rows!("$2"),
    " UNION ALL SELECT 'all', '', ",
    count_of_all!("", "$3"),
    ", 0"
);

/// Counts all queued tasks at time $1: up to $2 waiting and $3 scheduled ones.
pub(super) const COUNT_ALL: &str = concat!(
    "SELECT ",
    count_of_all!(" AND run_at <= $1", "$2"),
    " + ",
    count_of_all!(" AND run_at > $1 AND attempt > 0", "$2"),
    " AS waiting, ",
    count_of_all!(" AND run_at > $1 AND attempt = 0", "$3"),
    " AS scheduled"
);

/// Numbers of queued tasks.
#[derive(Clone, Copy, Default)]
struct Queued {
    /// Those that may start, and retries.
    waiting: u32,
    /// Those whose first run waits for its time.
    scheduled: u32,
}

impl Queued {
    const fn number(&mut self, is_scheduled: bool) -> &mut u32 {
        if is_scheduled { &mut self.scheduled } else { &mut self.waiting }
    }
}

fn number(raw: &DbRow, column: &str) -> Result<u32, StoreError> {
    Ok(u32::try_from(raw.try_get::<i64, _>(column)?).unwrap_or(u32::MAX))
}

/// Numbers of queued tasks at a time; what is not known yet is counted when it is needed.
pub(super) struct Waiting {
    now: i64,
    of_account: HashMap<String, Queued>,
    of_client: HashMap<String, Queued>,
    /// `None`: not known yet. Each number is at most this; exact where that could matter to a limit.
    in_all: Option<Queued>,
}

impl Waiting {
    pub(super) fn unknown(now: i64) -> Self {
        Self { now, of_account: HashMap::new(), of_client: HashMap::new(), in_all: None }
    }

    /// Counts what the limits of these tasks are about, before any of them is queued.
    pub(super) async fn count(
        &mut self,
        tx: &mut Session<'_>,
        new: &[&NewTask],
    ) -> Result<(), StoreError> {
        let mut accounts: Vec<_> = new.iter().map(|new| [new.account()]).collect();
        let mut clients: Vec<_> =
            new.iter().filter_map(|new| Some([new.client.as_deref()?])).collect();
        accounts.retain(|[account]| !self.of_account.contains_key(*account));
        clients.retain(|[client]| !self.of_client.contains_key(*client));
        for names in [&mut accounts, &mut clients] {
            names.sort_unstable();
            names.dedup();
        }
        let limits = new.iter().map(|new| match self.is_scheduled(new) {
            true => new.max_scheduled_in_all,
            false => new.max_queued_in_all,
        });
        let least = limits.min().unwrap_or_default();
        let json = |names: &[[&str; 1]]| {
            serde_json::to_string(names).map_err(|error| corrupt("account", error))
        };
        let query = sqlx::query(COUNT_QUEUED)
            .bind(json(&accounts)?)
            .bind(json(&clients)?)
            // The total is counted once; a limit of 0 asks for none.
            .bind(if self.in_all.is_some() { 0 } else { i64::from(least) })
            .bind(self.now);
        let mut in_all = 0;
        for raw in tx.all(query).await? {
            let (queued, scheduled) = (number(&raw, "queued")?, number(&raw, "scheduled")?);
            let count = Queued { waiting: queued.saturating_sub(scheduled), scheduled };
            let name: String = raw.try_get("name")?;
            match raw.try_get::<String, _>("whose")?.as_str() {
                "account" => drop(self.of_account.insert(name, count)),
                "client" => drop(self.of_client.insert(name, count)),
                _ => in_all = queued,
            }
        }
        if self.in_all.is_none() {
            let have_room = in_all as usize + new.len() <= least as usize;
            self.in_all = Some(match have_room {
                true => Queued { waiting: in_all, scheduled: in_all },
                false => self.count_all(tx, new).await?,
            });
        }
        Ok(())
    }

    /// How many of all tasks wait and are scheduled, as far as the limits of these tasks reach.
    async fn count_all(
        &self,
        tx: &mut Session<'_>,
        new: &[&NewTask],
    ) -> Result<Queued, StoreError> {
        let waiting = new.iter().map(|new| new.max_queued_in_all).max().unwrap_or_default();
        let scheduled = new.iter().map(|new| new.max_scheduled_in_all).max().unwrap_or_default();
        let query = sqlx::query(COUNT_ALL).bind(self.now);
        let query = query.bind(i64::from(waiting)).bind(i64::from(scheduled));
        let Some(raw) = tx.first(query).await? else { return Ok(Queued::default()) };
        Ok(Queued { waiting: number(&raw, "waiting")?, scheduled: number(&raw, "scheduled")? })
    }

    fn is_scheduled(&self, new: &NewTask) -> bool {
        new.run_at.is_some_and(|run_at| run_at > self.now)
    }

    /// Counts another task, unless a limit is reached: then it returns that.
    pub(super) async fn admit(
        &mut self,
        tx: &mut Session<'_>,
        new: &NewTask,
    ) -> Result<Option<Inserted>, StoreError> {
        let known = self.in_all.is_some()
            && self.of_account.contains_key(new.account())
            && new.client.as_ref().is_none_or(|client| self.of_client.contains_key(client));
        if !known {
            self.count(tx, &[new]).await?;
        }
        Ok(self.add(new))
    }

    fn add(&mut self, new: &NewTask) -> Option<Inserted> {
        let is_scheduled = self.is_scheduled(new);
        let [account_max, client_max, max] = if is_scheduled {
            [new.max_scheduled, new.max_scheduled_per_client, new.max_scheduled_in_all]
        } else {
            [new.max_queued, new.max_queued_per_client, new.max_queued_in_all]
        };
        let full = |by: ScheduledBy, has: u32| match by {
            by if is_scheduled => Inserted::ScheduleFull(by, has),
            ScheduledBy::Account => Inserted::Full(has),
            ScheduledBy::Client => Inserted::ClientFull(has),
            ScheduledBy::All => Inserted::AllFull(has),
        };
        let of_account = self.of_account.entry(new.account().to_owned()).or_default();
        let of_account = of_account.number(is_scheduled);
        if *of_account >= account_max {
            return Some(full(ScheduledBy::Account, *of_account));
        }
        let of_client = new.client.as_ref().map(|client| self.of_client.entry(client.clone()));
        let mut of_client = of_client.map(|entry| entry.or_default().number(is_scheduled));
        let client_has = of_client.as_deref().copied().unwrap_or_default();
        if client_has >= client_max {
            return Some(full(ScheduledBy::Client, client_has));
        }
        let in_all = self.in_all.get_or_insert_default().number(is_scheduled);
        if *in_all >= max {
            return Some(full(ScheduledBy::All, *in_all));
        }
        (*of_account, *in_all) = (*of_account + 1, *in_all + 1);
        if let Some(of_client) = &mut of_client {
            **of_client += 1;
        }
        None
    }
}
