//! Implements [`OperatorRows`].

use std::collections::BTreeMap;

use async_trait::async_trait;
use sqlx::Row as _;

use super::{
    DbRow, This, audit,
    map::{self, storable},
    statements::{account, columns},
};
use crate::{
    engine::store::{
        AccountTasks, AllTasks, AllTasksQuery, Change, DAY_MS, HourCount, HourEvent, NewAudit,
        OperatorRows, Pause, PauseScope, Row, StoreError, Worker, search_text::searchable,
    },
    task::TaskId,
};

const PAUSE: &str = "INSERT INTO pauses (scope, name, paused_at) VALUES ($1, $2, $3) \
    ON CONFLICT DO NOTHING";
const RESUME: &str = "DELETE FROM pauses WHERE scope = $1 AND name = $2";
const PAUSES: &str = "SELECT scope, name, paused_at FROM pauses ORDER BY scope, name";

const REPORT_WORKER: &str = "INSERT INTO workers \
    (id, name, version, started_at, seen_at, concurrency) VALUES ($1, $2, $3, $4, $5, $6) \
    ON CONFLICT (id) DO UPDATE SET seen_at = excluded.seen_at, concurrency = excluded.concurrency";
const FORGET_WORKER: &str = "DELETE FROM workers WHERE id = $1";
const FORGET_LOST_WORKERS: &str = "DELETE FROM workers WHERE seen_at < $1";
/// A row for each kind that a worker runs, and one for a worker that runs nothing.
pub(super) const WORKERS: &str = "SELECT workers.id, name, workers.version, workers.started_at, seen_at, concurrency, kind, \
    count(kind) AS running FROM workers LEFT JOIN tasks ON lease_owner = workers.id \
    AND status IN ('running', 'cancelling') \
    GROUP BY workers.id, name, workers.version, workers.started_at, seen_at, concurrency, kind \
    ORDER BY name, workers.started_at, workers.id, kind";

/// In the order of the key, so that transactions cannot deadlock.
const ADD_HOUR_COUNTS: &str = concat!(
    "INSERT INTO hour_counts (hour, kind, event, tasks) SELECT CAST(value ->> 0 AS BIGINT), ",
    "value ->> 1, value ->> 2, CAST(value ->> 3 AS BIGINT) FROM ",
    json_rows!("$1"),
    " WHERE TRUE ON CONFLICT (hour, kind, event) DO UPDATE SET ",
    "tasks = hour_counts.tasks + excluded.tasks"
);
const FORGET_HOURS: &str = "DELETE FROM hour_counts WHERE hour < $1";
const HOUR_COUNTS: &str = "SELECT hour, kind, event, tasks FROM hour_counts WHERE hour >= $1 \
    ORDER BY hour, kind, event";
/// How many hours are stored.
const MAX_HOURS: i64 = 8 * 24;
const HOUR_MS: i64 = 3_600_000;

pub(super) const BUSIEST_ACCOUNTS: &str = concat!(
    "SELECT name, CAST(sum(queued) AS BIGINT) AS queued, CAST(sum(running) AS BIGINT) AS running ",
    "FROM (SELECT ",
    account!(),
    " AS name, count(*) AS queued, 0 AS running FROM tasks WHERE status = 'queued' GROUP BY ",
    account!(),
    " UNION ALL SELECT ",
    account!(),
    ", 0, count(*) FROM tasks WHERE status IN ('running', 'cancelling') GROUP BY ",
    account!(),
    ") AS counted GROUP BY name ORDER BY sum(queued + running) DESC, name LIMIT $1"
);

pub(super) const LONGEST_RUNNING: &str = concat!(
    "SELECT ",
    columns!(),
    " FROM tasks WHERE status IN ('running', 'cancelling') ORDER BY started_at, id LIMIT $1"
);

/// All tasks, in the order of their index.
macro_rules! all_tasks {
    () => {
        "tasks WHERE (created_at, id) < ($1, $2) ORDER BY created_at DESC, id DESC"
    };
}

/// The unfinished tasks, which have small indexes. The sign keeps SQLite from the index of all tasks.
macro_rules! unfinished_tasks {
    () => {
        "(SELECT id, +created_at AS created_at FROM tasks WHERE status = 'queued' UNION ALL \
         SELECT id, +created_at FROM tasks WHERE status IN ('running', 'cancelling')) AS unfinished \
         WHERE (created_at, id) < ($1, $2) ORDER BY created_at DESC, id DESC"
    };
}

/// Of the first $3 of `$from`, behind time $1 and id $2, those that match, at most $4.
macro_rules! matching {
    ($from:expr) => {
        concat!(
            "WITH examined AS (SELECT id AS hit FROM ",
            $from,
            " LIMIT $3) SELECT ",
            columns!(),
            " FROM examined ",
            task_of_each!("examined.hit"),
            " WHERE ($5 IS NULL OR ",
            contains!("search_title", "$5"),
            " OR ",
            contains!("lower(coalesce(error_message, ''))", "$5"),
            " OR ($11 AND ",
            contains!("lower(substr(input, 1, 10000))", "$5"),
            ")) AND ($6 IS NULL OR kind = $6) AND ($7 IS NULL OR ",
            in_json_list!("status", "$7"),
            ") AND ($8 IS NULL OR owner = $8 OR substr(CAST($8 AS TEXT), 1, 5) <> 'user:' AND ",
            "substr(coalesce(owner, ''), 1, length(CAST($8 AS TEXT))) = $8)",
            " AND ($9 IS NULL OR EXISTS (SELECT 1 FROM task_tags WHERE task_id = tasks.id",
            " AND tag = $9)) AND ($10 IS NULL OR created_at >= $10)",
            // The sign keeps SQLite from the index of all tasks, which is in this order.
            " ORDER BY +created_at DESC, id DESC LIMIT $4"
        )
    };
}
pub(super) const LIST_ALL: &str = matching!(all_tasks!());
pub(super) const LIST_UNFINISHED: &str = matching!(unfinished_tasks!());

/// The last of the first $3 + 1 of `$from`.
macro_rules! last_examined {
    ($from:expr) => {
        concat!("SELECT created_at, id FROM ", $from, " LIMIT 1 OFFSET $3")
    };
}
pub(super) const LAST_OF_ALL: &str = last_examined!(all_tasks!());
pub(super) const LAST_UNFINISHED: &str = last_examined!(unfinished_tasks!());

fn scope(word: &str) -> Result<PauseScope, StoreError> {
    match word {
        "kind" => Ok(PauseScope::Kind),
        "worker" => Ok(PauseScope::Worker),
        other => Err(map::corrupt("scope", other)),
    }
}

fn worker(raw: &DbRow) -> Result<Worker, StoreError> {
    let small = |column| -> Result<u32, StoreError> {
        let number: i64 = raw.try_get(column)?;
        Ok(u32::try_from(number).unwrap_or(u32::MAX))
    };
    Ok(Worker {
        id: raw.try_get("id")?,
        name: raw.try_get("name")?,
        version: raw.try_get("version")?,
        started_at: raw.try_get("started_at")?,
        seen_at: raw.try_get("seen_at")?,
        concurrency: small("concurrency")?,
        running: match raw.try_get("kind")? {
            Some(kind) => BTreeMap::from([(kind, small("running")?)]),
            None => BTreeMap::new(),
        },
    })
}

fn hour_count(raw: &DbRow) -> Result<HourCount, StoreError> {
    let word: String = raw.try_get("event")?;
    let event = HourEvent::ALL.into_iter().find(|event| event.as_str() == word);
    Ok(HourCount {
        hour: raw.try_get("hour")?,
        kind: raw.try_get("kind")?,
        event: event.ok_or_else(|| map::corrupt("event", &word))?,
        tasks: raw.try_get("tasks")?,
    })
}

#[async_trait]
impl OperatorRows for This {
    async fn pause(
        &self,
        scope: PauseScope,
        name: &str,
        audit: Option<&NewAudit>,
    ) -> Result<(), StoreError> {
        let mut tx = self.db.write().await?;
        let now = self.now_in(&mut tx).await?;
        let query = sqlx::query(PAUSE).bind(scope.as_str()).bind(storable(name)).bind(now);
        let paused = tx.execute(query).await?;
        audit::write(&mut tx, audit.filter(|_| paused > 0), now).await?;
        tx.commit().await
    }

    async fn resume(
        &self,
        scope: PauseScope,
        name: &str,
        audit: Option<&NewAudit>,
    ) -> Result<bool, StoreError> {
        let mut tx = self.db.write().await?;
        let now = self.now_in(&mut tx).await?;
        let query = sqlx::query(RESUME).bind(scope.as_str()).bind(storable(name));
        let ended = tx.execute(query).await? > 0;
        audit::write(&mut tx, audit.filter(|_| ended), now).await?;
        self.announce(&mut tx, &[Change::Queued]).await?;
        tx.commit().await?;
        Ok(ended)
    }

    async fn pauses(&self) -> Result<Vec<Pause>, StoreError> {
        let rows = self.read_all(sqlx::query(PAUSES)).await?;
        let pause = |raw: &DbRow| {
            let word: String = raw.try_get("scope")?;
            Ok(Pause::new(scope(&word)?, raw.try_get("name")?, raw.try_get("paused_at")?))
        };
        rows.iter().map(pause).collect()
    }

    async fn report_worker(&self, worker: &Worker) -> Result<(), StoreError> {
        let mut tx = self.db.write().await?;
        let now = self.now_in(&mut tx).await?;
        let query = sqlx::query(REPORT_WORKER)
            .bind(&worker.id)
            .bind(storable(&worker.name))
            .bind(&worker.version)
            .bind(worker.started_at)
            .bind(now)
            .bind(i64::from(worker.concurrency));
        tx.execute(query).await?;
        tx.execute(sqlx::query(FORGET_LOST_WORKERS).bind(now.saturating_sub(DAY_MS))).await?;
        tx.commit().await
    }

    async fn forget_worker(&self, id: &str) -> Result<(), StoreError> {
        let mut tx = self.db.write().await?;
        tx.execute(sqlx::query(FORGET_WORKER).bind(id)).await?;
        tx.commit().await
    }

    async fn workers(&self) -> Result<Vec<Worker>, StoreError> {
        let mut workers: Vec<Worker> = Vec::new();
        for raw in &self.read_all(sqlx::query(WORKERS)).await? {
            let mut next = worker(raw)?;
            match workers.last_mut().filter(|last| last.id == next.id) {
                Some(last) => last.running.append(&mut next.running),
                None => workers.push(next),
            }
        }
        Ok(workers)
    }

    async fn add_hour_counts(&self, counts: &[HourCount]) -> Result<(), StoreError> {
        if counts.is_empty() {
            return Ok(());
        }
        let mut counts = counts.to_vec();
        counts.sort_unstable();
        let rows: Vec<_> = counts
            .iter()
            .map(|count| (count.hour, storable(&count.kind), count.event.as_str(), count.tasks))
            .collect();
        let rows = serde_json::to_string(&rows).map_err(|error| map::corrupt("event", error))?;
        let mut tx = self.db.write().await?;
        let now = self.now_in(&mut tx).await?;
        tx.execute(sqlx::query(ADD_HOUR_COUNTS).bind(rows)).await?;
        tx.execute(sqlx::query(FORGET_HOURS).bind(now / HOUR_MS - MAX_HOURS)).await?;
        tx.commit().await
    }

    async fn hour_counts(&self, since: i64) -> Result<Vec<HourCount>, StoreError> {
        let rows = self.read_all(sqlx::query(HOUR_COUNTS).bind(since)).await?;
        rows.iter().map(hour_count).collect()
    }

    async fn busiest_accounts(&self, limit: u32) -> Result<Vec<AccountTasks>, StoreError> {
        let rows = self.read_all(sqlx::query(BUSIEST_ACCOUNTS).bind(i64::from(limit))).await?;
        let account = |raw: &DbRow| {
            Ok(AccountTasks {
                account: raw.try_get("name")?,
                queued: raw.try_get("queued")?,
                running: raw.try_get("running")?,
            })
        };
        rows.iter().map(account).collect()
    }

    async fn longest_running(&self, limit: u32) -> Result<Vec<Row>, StoreError> {
        let rows = self.read_all(sqlx::query(LONGEST_RUNNING).bind(i64::from(limit))).await?;
        let now = self.local_now();
        rows.iter().map(|raw| map::row(raw, now)).collect()
    }

    async fn list_all(&self, query: &AllTasksQuery) -> Result<AllTasks, StoreError> {
        let texts = [&query.kind, &query.owner, &query.tag, &query.q];
        if texts.into_iter().flatten().any(|text| text.contains('\0')) {
            return Ok(AllTasks::default());
        }
        let unfinished =
            !query.statuses.is_empty() && query.statuses.iter().all(|status| !status.is_terminal());
        let (list, last) = match unfinished {
            true => (LIST_UNFINISHED, LAST_UNFINISHED),
            false => (LIST_ALL, LAST_OF_ALL),
        };
        let (at, id) =
            query.before.map_or((i64::MAX, String::new()), |(at, id)| (at, id.to_string()));
        let words: Vec<_> = query.statuses.iter().map(|status| status.as_str()).collect();
        let statuses =
            serde_json::to_string(&words).map_err(|error| map::corrupt("status", error))?;
        let statement = sqlx::query(list)
            .bind(at)
            .bind(id.clone())
            .bind(i64::from(query.examine))
            .bind(i64::from(query.limit))
            .bind(query.q.as_deref().map(searchable))
            .bind(&query.kind)
            .bind((!words.is_empty()).then_some(statuses))
            .bind(&query.owner)
            .bind(&query.tag)
            .bind(query.since)
            .bind(query.search_inputs);
        let mut session = self.db.read().await?;
        let now = self.now_in(&mut session).await?;
        let rows = session.all(statement).await?;
        let offset = i64::from(query.examine.saturating_sub(1));
        let last = sqlx::query(last).bind(at).bind(id).bind(offset);
        let last = session.first(last).await?;
        let last = last.map(|raw| -> Result<(i64, TaskId), StoreError> {
            Ok((raw.try_get("created_at")?, map::task_id(&raw)?))
        });
        let rows = rows.iter().map(|raw| map::row(raw, now)).collect::<Result<_, _>>()?;
        Ok(AllTasks { rows, examined_to: last.transpose()? })
    }
}
