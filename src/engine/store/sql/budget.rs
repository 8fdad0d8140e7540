//! Spending from daily budgets.

use sqlx::Row as _;

use super::{DbRow, This};
use crate::{
    engine::store::{Scope, Spend, Spending, Spent, StoreError, day},
    task::TaskId,
};

/// Creates the row if missing and, in PostgreSQL, locks it until the end of the transaction.
const OPEN: &str = "INSERT INTO daily_spending (name, day, scope, spent) VALUES ($1, $2, $3, 0) \
     ON CONFLICT (name, day, scope) DO UPDATE SET spent = daily_spending.spent RETURNING spent";

const ADD: &str = "UPDATE daily_spending SET spent = CASE \
     WHEN spent > 4000000000000000000 - $4 THEN 4000000000000000000 \
     WHEN spent + $4 < 0 THEN 0 ELSE spent + $4 END \
     WHERE name = $1 AND day = $2 AND scope = $3";

/// A reservation of yesterday may be settled today.
const DELETE_SPENDING: &str = "DELETE FROM daily_spending WHERE name = $1 AND day < $2 - 1";

const READ: &str = "SELECT spent FROM daily_spending WHERE name = $1 AND day = $2 AND scope = $3";

const WHOSE: &str = "SELECT owner, client FROM tasks WHERE id = $1";

/// Maximum amount counted at once, so that no sum overflows.
const MAX_AMOUNT: i64 = 1 << 60;

/// The counters of one caller, always locked in this order.
fn scopes(owner: Option<&str>, client: Option<&str>) -> Vec<(Scope, String)> {
    let mut scopes = vec![(Scope::All, String::new())];
    scopes.extend(client.map(|client| (Scope::Client, format!("c:{client}"))));
    match (owner, client) {
        (Some(owner), _) => scopes.push((Scope::Owner, format!("o:{owner}"))),
        // Callers with neither owner nor address share one counter.
        (None, None) => scopes.push((Scope::Owner, "o:".to_owned())),
        (None, Some(_)) => {}
    }
    scopes
}

impl This {
    pub(super) async fn spend_for_run(&self, spend: &Spend) -> Result<Spent, StoreError> {
        let mut tx = self.db.write().await?;
        let now = self.now_in(&mut tx).await?;
        let (name, day) = (spend.name.as_str(), day(now));
        let task = tx.first(sqlx::query(WHOSE).bind(spend.task.to_string())).await?;
        let (owner, client) = task.as_ref().map(whose).transpose()?.unwrap_or_default();
        let mut granted = spend.most.clamp(0, MAX_AMOUNT);
        let scopes = scopes(owner.as_deref(), client.as_deref());
        for (scope, key) in &scopes {
            let query = sqlx::query(OPEN).bind(name).bind(day).bind(key);
            let spent: i64 = tx.value(query).await?;
            let limit = if *scope == Scope::All { spend.limit } else { spend.limit_per_owner };
            if limit == 0 {
                continue;
            }
            granted = granted.min(limit.saturating_sub(spent));
            if granted < spend.least {
                // The rollback removes the rows created above.
                return Ok(Spent::UsedUp { scope: *scope, now });
            }
        }
        for (_, key) in &scopes {
            tx.execute(sqlx::query(ADD).bind(name).bind(day).bind(key).bind(granted)).await?;
        }
        tx.execute(sqlx::query(DELETE_SPENDING).bind(name).bind(day)).await?;
        tx.commit().await?;
        Ok(Spent::Granted { amount: granted, day })
    }

    pub(super) async fn correct_spending_of(
        &self,
        task: TaskId,
        name: &str,
        day: i64,
        by: i64,
    ) -> Result<(), StoreError> {
        let mut tx = self.db.write().await?;
        let row = tx.first(sqlx::query(WHOSE).bind(task.to_string())).await?;
        let (owner, client) = row.as_ref().map(whose).transpose()?.unwrap_or_default();
        for (_, key) in scopes(owner.as_deref(), client.as_deref()) {
            let by = by.clamp(-MAX_AMOUNT, MAX_AMOUNT);
            tx.execute(sqlx::query(ADD).bind(name).bind(day).bind(key).bind(by)).await?;
        }
        tx.commit().await
    }

    pub(super) async fn read_spending(
        &self,
        name: &str,
        owner: Option<&str>,
        client: Option<&str>,
    ) -> Result<(Vec<Spending>, i64), StoreError> {
        let mut session = self.db.read().await?;
        let now = self.now_in(&mut session).await?;
        let mut spending = Vec::new();
        for (scope, key) in scopes(owner, client) {
            let query = sqlx::query(READ).bind(name).bind(day(now)).bind(key);
            let row = session.first(query).await?;
            let spent = row.map_or(Ok(0), |row| row.try_get(0))?;
            spending.push(Spending { scope, spent });
        }
        Ok((spending, now))
    }
}

/// Reads owner and client of a task.
fn whose(row: &DbRow) -> Result<(Option<String>, Option<String>), StoreError> {
    Ok((row.try_get("owner")?, row.try_get("client")?))
}
