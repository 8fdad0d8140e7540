//! The limits of the queue: how many tasks wait, counted once per transaction.

use std::collections::HashMap;

use sqlx::Row as _;

use super::{connections::Session, map::corrupt, statements::account};
use crate::engine::store::{Inserted, NewTask, StoreError};

/// Counts queued tasks: of each account in $1, of each client in $2, and in total, up to $3.
pub(super) const COUNT_QUEUED: &str = concat!(
    "SELECT 'account' AS whose, value ->> 0 AS name, (SELECT count(*) FROM tasks WHERE ",
    account!(),
    " = value ->> 0 AND status = 'queued') AS waiting FROM ",
    json_rows!("$1"),
    " UNION ALL SELECT 'client', value ->> 0, (SELECT count(*) FROM tasks ",
    "WHERE client = value ->> 0 AND status = 'queued') FROM ",
    json_rows!("$2"),
    " UNION ALL SELECT 'all', '', (SELECT count(*) FROM ",
    "(SELECT 1 FROM tasks WHERE status = 'queued' LIMIT $3) AS waiting)"
);

/// Numbers of queued tasks; what is not known yet is counted when it is needed.
pub(super) struct Waiting {
    of_account: HashMap<String, u32>,
    of_client: HashMap<String, u32>,
    /// `None`: not known yet.
    in_all: Option<u32>,
}

impl Waiting {
    pub(super) fn unknown() -> Self {
        Self { of_account: HashMap::new(), of_client: HashMap::new(), in_all: None }
    }

    /// Counts what the limits of these tasks are about.
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
        let most = new.iter().map(|new| new.max_queued_in_all).max().unwrap_or_default();
        // The total is counted once; a limit of 0 asks for none.
        let most = if self.in_all.is_some() { 0 } else { most };
        let json = |names: &[[&str; 1]]| {
            serde_json::to_string(names).map_err(|error| corrupt("account", error))
        };
        let query = sqlx::query(COUNT_QUEUED)
            .bind(json(&accounts)?)
            .bind(json(&clients)?)
            .bind(i64::from(most));
        for raw in tx.all(query).await? {
            let count = u32::try_from(raw.try_get::<i64, _>("waiting")?).unwrap_or(u32::MAX);
            let name: String = raw.try_get("name")?;
            match raw.try_get::<String, _>("whose")?.as_str() {
                "account" => drop(self.of_account.insert(name, count)),
                "client" => drop(self.of_client.insert(name, count)),
                _ => drop(self.in_all.get_or_insert(count)),
            }
        }
        Ok(())
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
        let of_account = self.of_account.entry(new.account().to_owned()).or_default();
        if *of_account >= new.max_queued {
            return Some(Inserted::Full(*of_account));
        }
        let of_client = new.client.as_ref().map(|client| self.of_client.entry(client.clone()));
        let mut of_client = of_client.map(std::collections::hash_map::Entry::or_default);
        let client_has = of_client.as_deref().copied().unwrap_or_default();
        if client_has >= new.max_queued_per_client {
            return Some(Inserted::ClientFull(client_has));
        }
        let in_all = self.in_all.get_or_insert_default();
        if *in_all >= new.max_queued_in_all {
            return Some(Inserted::AllFull(*in_all));
        }
        (*of_account, *in_all) = (*of_account + 1, *in_all + 1);
        if let Some(of_client) = &mut of_client {
            **of_client += 1;
        }
        None
    }
}
