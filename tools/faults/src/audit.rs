//! Checks of the store, which must hold whatever happened to the processes.

use std::{collections::BTreeMap, fmt::Write as _, sync::atomic::Ordering, time::Duration};

use sqlx::{
    Connection as _, PgConnection, SqliteConnection, postgres::PgConnectOptions,
    sqlite::SqliteConnectOptions,
};

use crate::{clients, observations::Observations, seen, workload::Workload};

const LOST: &str = "accepted tasks in the store, and no others";
const WAITING: &str = "tasks ended or queued, none stuck in a run";
const ATTEMPTS: &str = "tasks within their attempts";
const ERRORS: &str = "failures only after the last attempt";
const CANCELLED: &str = "cancelled tasks that stayed cancelled";
const FRESH: &str = "tasks in the state that was last reported";
const PAID: &str = "checkpoints saved once";
const CHAPTERS: &str = "chapters finished once";
const SIZES: &str = "results of the size in the task's row";
const EXITS: &str = "processes that ran and exited as expected";

/// All checks, in the order of the table.
const NAMES: [&str; 18] = [
    clients::STARTS,
    clients::KEYS,
    clients::CANCELS,
    LOST,
    WAITING,
    seen::KNOWN,
    seen::VERSIONS,
    seen::BARS,
    seen::ENDS,
    FRESH,
    ATTEMPTS,
    ERRORS,
    CANCELLED,
    PAID,
    CHAPTERS,
    clients::RESULTS,
    SIZES,
    EXITS,
];

/// Interval of checking checkpoints.
const CHECK_INTERVAL: Duration = Duration::from_millis(50);

/// Columns of a task, in the order of [`TASKS`].
type TaskRow = (
    String,
    String,
    i64,
    i64,
    i64,
    i64,
    Option<String>,
    Option<i64>,
    Option<i64>,
    Option<String>,
    Option<i64>,
);

/// Row of a task.
struct Task {
    id: String,
    status: String,
    attempt: i64,
    max_attempts: i64,
    run_seq: i64,
    version: i64,
    lease_owner: Option<String>,
    cancel_requested_at: Option<i64>,
    started_at: Option<i64>,
    error_code: Option<String>,
    result_size: Option<i64>,
}

impl From<TaskRow> for Task {
    fn from(row: TaskRow) -> Self {
        let (
            id,
            status,
            attempt,
            max_attempts,
            run_seq,
            version,
            lease_owner,
            asked,
            started,
            code,
            size,
        ) = row;
        Self {
            id,
            status,
            attempt,
            max_attempts,
            run_seq,
            version,
            lease_owner,
            cancel_requested_at: asked,
            started_at: started,
            error_code: code,
            result_size: size,
        }
    }
}

const TASKS: &str = "SELECT id, status, attempt, max_attempts, run_seq, version, lease_owner, \
    cancel_requested_at, started_at, error_code, result_size FROM tasks";

// Reserved tokens are written before and after each call; the rest is work.
const CHECKPOINTS: &str = "SELECT task_id, key, saved_at FROM checkpoints WHERE key <> 'tokens'";

const FINISHED: &str =
    "SELECT task_id, text FROM log_lines WHERE text LIKE 'Chapter % is finished%'";

/// The store, read only. Each read opens a connection of its own, so that none outlives a crash of
/// the database.
pub(crate) enum Store {
    Sqlite(SqliteConnectOptions),
    Postgres(PgConnectOptions),
}

/// Reads rows from either database.
macro_rules! read {
    ($store:expr, $statement:expr) => {
        match $store {
            Store::Sqlite(options) => {
                let mut connection = SqliteConnection::connect_with(options).await?;
                let rows = sqlx::query_as($statement).fetch_all(&mut connection).await;
                connection.close().await?;
                rows
            }
            Store::Postgres(options) => {
                let mut connection = PgConnection::connect_with(options).await?;
                let rows = sqlx::query_as($statement).fetch_all(&mut connection).await;
                connection.close().await?;
                rows
            }
        }
    };
}

impl Store {
    pub(crate) fn new(url: &str) -> Self {
        match url.strip_prefix("sqlite://") {
            Some(file) => Self::Sqlite(SqliteConnectOptions::new().filename(file).read_only(true)),
            None => {
                let options: PgConnectOptions = url.parse().unwrap();
                Self::Postgres(options.options([("default_transaction_read_only", "on")]))
            }
        }
    }

    /// Checks that each checkpoint was saved once, because repeated work would save it again. Skips a
    /// store that does not answer.
    pub(crate) async fn check_checkpoints(&self, observations: &Observations) {
        let found = self.checkpoints().await;
        let mut known = observations.checkpoints.lock().unwrap();
        for (task, key, saved_at) in found.unwrap_or_default() {
            let before = known.insert((task.clone(), key.clone()), saved_at);
            match before {
                None => observations.count(PAID),
                Some(before) if before == saved_at => {}
                Some(before) => {
                    observations
                        .report(PAID, format!("{task}: {key} saved at {before} and at {saved_at}"));
                }
            }
        }
    }

    /// Checks often enough to see each checkpoint of a story before it is removed.
    pub(crate) async fn check_checkpoints_repeatedly(&self, observations: &Observations) {
        while observations.may_poll() {
            self.check_checkpoints(observations).await;
            tokio::time::sleep(CHECK_INTERVAL).await;
        }
    }

    async fn checkpoints(&self) -> Result<Vec<(String, String, i64)>, sqlx::Error> {
        read!(self, CHECKPOINTS)
    }

    async fn tasks(&self) -> Result<Vec<Task>, sqlx::Error> {
        let rows: Vec<TaskRow> = read!(self, TASKS)?;
        Ok(rows.into_iter().map(Task::from).collect())
    }

    /// Task and line of each chapter that was reported as finished.
    async fn finished_chapters(&self) -> Result<Vec<(String, String)>, sqlx::Error> {
        read!(self, FINISHED)
    }
}

/// Result of one check.
pub(crate) struct Check {
    name: &'static str,
    /// Number of comparisons.
    checked: u64,
    pub(crate) errors: Vec<String>,
}

/// Compares the store with the observations.
pub(crate) async fn audit(
    store: &Store,
    observations: &Observations,
    workload: &Workload,
    exits: &[String],
    ended: bool,
) -> Vec<Check> {
    let tasks = store.tasks().await.unwrap();
    for task in &tasks {
        check_task(task, observations, workload);
    }
    let stored: Vec<_> = tasks.iter().map(|task| task.id.as_str()).collect();
    for id in observations.tasks().keys().filter(|id| !stored.contains(&id.as_str())) {
        observations.report(LOST, format!("{id} was accepted and is missing"));
    }
    if !ended {
        observations.report(WAITING, format!("not ended in time: {:?}", observations.open()));
    }
    let mut chapters: BTreeMap<(String, String), u32> = BTreeMap::new();
    for (task, line) in store.finished_chapters().await.unwrap() {
        let chapter = line.split(" of ").next().unwrap_or_default().to_owned();
        *chapters.entry((task, chapter)).or_default() += 1;
    }
    for ((task, chapter), times) in chapters {
        check(observations, CHAPTERS, times == 1, || format!("{task}: {chapter}, {times} times"));
    }
    observations.count(EXITS);
    for exit in exits {
        observations.report(EXITS, exit.clone());
    }
    NAMES
        .map(|name| {
            let (checked, errors) = observations.found(name);
            Check { name, checked, errors }
        })
        .into()
}

fn check(observations: &Observations, check: &'static str, fine: bool, what: impl Fn() -> String) {
    observations.count(check);
    if !fine {
        observations.report(check, what());
    }
}

fn check_task(task: &Task, observations: &Observations, workload: &Workload) {
    let accepted = observations.tasks();
    let Some(known) = accepted.get(&task.id) else {
        return observations.report(LOST, format!("{} is stored but was never accepted", task.id));
    };
    let (id, status) = (&task.id, task.status.as_str());
    observations.count(LOST);
    let ended = matches!(status, "completed" | "error" | "cancelled");
    let loose = task.lease_owner.is_none() && (ended || status == "queued");
    check(observations, WAITING, loose, || format!("{id}: {status} under {:?}", task.lease_owner));
    check(observations, ATTEMPTS, task.attempt <= task.max_attempts, || {
        format!("{id}: {} of {}", task.attempt, task.max_attempts)
    });
    let fresh = known.seen.is(status) && known.seen.version() == task.version;
    check(observations, FRESH, fresh, || {
        format!("{id}: {status} of version {}, reported {:?}", task.version, known.seen)
    });
    if status == "error" {
        // During an outage of the database no checkpoint can be saved, which costs an attempt.
        let code = task.error_code.as_deref();
        let used_up = task.attempt == task.max_attempts;
        let fine = used_up && matches!(code, Some("worker_lost" | "store"));
        check(observations, ERRORS, fine, || format!("{id}: {code:?} in attempt {}", task.attempt));
    }
    if let Some(asked_at) = task.cancel_requested_at {
        // A task that had completed before the cancel stays completed; none may start after it.
        let restarted = task.started_at.is_some_and(|started_at| started_at > asked_at);
        let stayed = known.cancelled.as_deref() != Some("cancelled") || status == "cancelled";
        check(observations, CANCELLED, stayed && !restarted, || {
            format!("{id}: answered {:?}, is {status}, restarted: {restarted}", known.cancelled)
        });
    } else if known.cancelled.as_deref() == Some("cancelling") {
        observations.report(CANCELLED, format!("{id}: the cancel was lost"));
    }
    if status == "completed" {
        let expected = i64::try_from(workload.jobs()[known.job].result.len()).unwrap();
        check(observations, SIZES, task.result_size == Some(expected), || {
            format!("{id}: {:?} bytes, not {expected}", task.result_size)
        });
    }
}

/// Formats the checks, with their number of comparisons and their errors.
pub(crate) fn table(checks: &[Check]) -> String {
    let mut out = format!("\n{:<52} {:>9} {:>7}\n", "check", "compared", "errors");
    for Check { name, checked, errors } in checks {
        writeln!(out, "{name:<52} {checked:>9} {:>7}", errors.len()).unwrap();
        for what in errors.iter().take(5) {
            writeln!(out, "    {what}").unwrap();
        }
    }
    out
}

/// Summary in one line.
pub(crate) async fn summary(store: &Store, observations: &Observations) -> String {
    let tasks = store.tasks().await.unwrap();
    let count = |status| tasks.iter().filter(|task| task.status == status).count();
    let runs: i64 = tasks.iter().map(|task| task.run_seq).sum();
    format!(
        "{} tasks in {runs} runs: {} completed, {} cancelled, {} failed after their last attempt; {} polls",
        tasks.len(),
        count("completed"),
        count("cancelled"),
        count("error"),
        observations.polls.load(Ordering::Relaxed)
    )
}
