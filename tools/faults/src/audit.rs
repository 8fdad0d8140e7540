//! What must be true of the store, whatever was done to the processes.

use std::{collections::BTreeMap, fmt::Write as _, sync::atomic::Ordering, time::Duration};

use sqlx::{
    Connection as _, PgConnection, SqliteConnection, postgres::PgConnectOptions,
    sqlite::SqliteConnectOptions,
};

use crate::{book::Book, clients, watch, work::Pool};

const LOST: &str = "accepted tasks in the store, and no others";
const WAITING: &str = "tasks ended or waiting, none a ghost";
const ATTEMPTS: &str = "tasks within their attempts";
const ERRORS: &str = "failures that say that attempts are used up";
const CANCELLED: &str = "cancelled tasks that stayed so and never ran again";
const FRESH: &str = "tasks that are what was last told of them";
const PAID: &str = "checkpoints paid for once";
const CHAPTERS: &str = "chapters finished once";
const SIZES: &str = "results of the size that the task tells";
const EXITS: &str = "processes that lived and ended as told";

/// Between two looks at the checkpoints.
const LOOK: Duration = Duration::from_millis(50);

/// What the store holds of one task.
#[derive(sqlx::FromRow)]
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

const TASKS: &str = "SELECT id, status, attempt, max_attempts, run_seq, version, lease_owner, \
    cancel_requested_at, started_at, error_code, result_size FROM tasks";

// Reserved tokens are written before and after each call; the rest is work.
const CHECKPOINTS: &str = "SELECT task_id, key, saved_at FROM checkpoints WHERE key <> 'tokens'";

const FINISHED: &str =
    "SELECT task_id, text FROM log_lines WHERE text LIKE 'Chapter % is finished%'";

/// The store, read only. Each look has a connection of its own: nothing is kept open that the next
/// process would not find after a crash.
pub(crate) enum Store {
    Sqlite(SqliteConnectOptions),
    Postgres(PgConnectOptions),
}

/// Reads rows from either.
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

    /// Each checkpoint that is kept was kept once: work that is done again would save it again. A
    /// store that does not answer is looked at the next time.
    pub(crate) async fn look_at_checkpoints(&self, book: &Book) {
        let found = self.checkpoints().await;
        let mut known = book.checkpoints.lock().unwrap();
        for (task, key, saved_at) in found.unwrap_or_default() {
            let before = known.insert((task.clone(), key.clone()), saved_at);
            match before {
                None => book.looked(PAID),
                Some(before) if before == saved_at => {}
                Some(before) => {
                    book.wrong(PAID, format!("{task}: {key} at {before} and again at {saved_at}"));
                }
            }
        }
    }

    /// Looks often enough that no checkpoint of a story comes and goes unseen.
    pub(crate) async fn watch_checkpoints(&self, book: &Book) {
        while book.may_poll() {
            self.look_at_checkpoints(book).await;
            tokio::time::sleep(LOOK).await;
        }
    }

    async fn checkpoints(&self) -> Result<Vec<(String, String, i64)>, sqlx::Error> {
        read!(self, CHECKPOINTS)
    }

    async fn tasks(&self) -> Result<Vec<Task>, sqlx::Error> {
        read!(self, TASKS)
    }

    /// Task and line of each chapter that was reported as finished.
    async fn finished_chapters(&self) -> Result<Vec<(String, String)>, sqlx::Error> {
        read!(self, FINISHED)
    }
}

/// One thing that was checked.
pub(crate) struct Check {
    name: &'static str,
    looked: u64,
    pub(crate) wrong: Vec<String>,
}

/// Compares the store with the book.
pub(crate) async fn audit(
    store: &Store,
    book: &Book,
    pool: &Pool,
    exits: &[String],
    ended: bool,
) -> Vec<Check> {
    let tasks = store.tasks().await.unwrap();
    for task in &tasks {
        look(task, book, pool);
    }
    let there: Vec<_> = tasks.iter().map(|task| task.id.as_str()).collect();
    for id in book.tasks().keys().filter(|id| !there.contains(&id.as_str())) {
        book.wrong(LOST, format!("{id} was accepted and is not there"));
    }
    if !ended {
        book.wrong(WAITING, format!("not ended in time: {:?}", book.open()));
    }
    let mut chapters: BTreeMap<(String, String), u32> = BTreeMap::new();
    for (task, line) in store.finished_chapters().await.unwrap() {
        let chapter = line.split(" of ").next().unwrap_or_default().to_owned();
        *chapters.entry((task, chapter)).or_default() += 1;
    }
    for ((task, chapter), times) in chapters {
        must(book, CHAPTERS, times == 1, || format!("{task}: {chapter}, {times} times"));
    }
    book.looked(EXITS);
    for exit in exits {
        book.wrong(EXITS, exit.clone());
    }
    let names = [
        clients::STARTS,
        clients::KEYS,
        clients::CANCELS,
        LOST,
        WAITING,
        watch::KNOWN,
        watch::VERSIONS,
        watch::BARS,
        watch::ENDS,
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
    let check = |name| {
        let (looked, wrong) = book.found(name);
        Check { name, looked, wrong }
    };
    names.map(check).into()
}

fn must(book: &Book, check: &'static str, fine: bool, what: impl Fn() -> String) {
    book.looked(check);
    if !fine {
        book.wrong(check, what());
    }
}

fn look(task: &Task, book: &Book, pool: &Pool) {
    let told = book.tasks();
    let Some(known) = told.get(&task.id) else {
        return book.wrong(LOST, format!("{} is there and was never accepted", task.id));
    };
    let (id, status) = (&task.id, task.status.as_str());
    book.looked(LOST);
    let over = matches!(status, "completed" | "error" | "cancelled");
    let loose = task.lease_owner.is_none() && (over || status == "queued");
    must(book, WAITING, loose, || format!("{id}: {status} under {:?}", task.lease_owner));
    must(book, ATTEMPTS, task.attempt <= task.max_attempts, || {
        format!("{id}: {} of {}", task.attempt, task.max_attempts)
    });
    let fresh = known.seen.is(status) && known.seen.version() == task.version;
    must(book, FRESH, fresh, || {
        format!("{id}: {status} of version {}, told {:?}", task.version, known.seen)
    });
    if status == "error" {
        // During an outage of the database a checkpoint cannot be kept: that costs an attempt.
        let code = task.error_code.as_deref();
        let used_up = task.attempt == task.max_attempts;
        let fine = used_up && matches!(code, Some("worker_lost" | "store"));
        must(book, ERRORS, fine, || format!("{id}: {code:?} in attempt {}", task.attempt));
    }
    if let Some(asked_at) = task.cancel_requested_at {
        // Work that was whole when the cancel came counts; what starts after it does not.
        let ran_again = task.started_at.is_some_and(|started_at| started_at > asked_at);
        let kept = known.cancelled.as_deref() != Some("cancelled") || status == "cancelled";
        must(book, CANCELLED, kept && !ran_again, || {
            format!("{id}: told {:?}, is {status}, ran again: {ran_again}", known.cancelled)
        });
    } else if known.cancelled.as_deref() == Some("cancelling") {
        book.wrong(CANCELLED, format!("{id}: the cancel was forgotten"));
    }
    if status == "completed" {
        let wanted = i64::try_from(pool.jobs()[known.job].result.len()).unwrap();
        must(book, SIZES, task.result_size == Some(wanted), || {
            format!("{id}: {:?} bytes, not {wanted}", task.result_size)
        });
    }
}

/// The checks, how often each looked, and what was found.
pub(crate) fn table(checks: &[Check]) -> String {
    let mut out = format!("\n{:<52} {:>9} {:>7}\n", "what was checked", "looked at", "wrong");
    for Check { name, looked, wrong } in checks {
        writeln!(out, "{name:<52} {looked:>9} {:>7}", wrong.len()).unwrap();
        for what in wrong.iter().take(5) {
            writeln!(out, "    {what}").unwrap();
        }
    }
    out
}

/// How it went, in a line.
pub(crate) async fn summary(store: &Store, book: &Book) -> String {
    let tasks = store.tasks().await.unwrap();
    let count = |status| tasks.iter().filter(|task| task.status == status).count();
    let runs: i64 = tasks.iter().map(|task| task.run_seq).sum();
    format!(
        "{} tasks in {runs} runs: {} completed, {} cancelled, {} with their attempts used up; {} polls",
        tasks.len(),
        count("completed"),
        count("cancelled"),
        count("error"),
        book.polls.load(Ordering::Relaxed)
    )
}
