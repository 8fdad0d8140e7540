//! How long a page of a list takes: 100,000 tasks of one owner among 1,000,000; and what operators see of all of them.

use std::time::{Duration, Instant};

use anyhow::Context as _;
use milepost::{
    engine::{Caller, Engine, EngineOptions, ListFilter, Registry, Role, Service},
    task::{OperatorFilter, Status},
};
use sqlx::{AssertSqlSafe, Connection as _, Executor as _, PgConnection, SqliteConnection};

use crate::{
    database::{Database, Databases, Kind},
    measure::Quantiles,
};

/// Pages per list.
const PAGES: u32 = 200;
/// Pages per list of an operator, which examines 2,500 tasks.
const OPERATOR_PAGES: u32 = 20;

/// One task in ten is ada's, and one in 2,000 runs. Titles with many, few and no hits; a rare status and a rare kind.
const COLUMNS: &str = "INSERT INTO tasks (id, owner, kind, title, search_title, stages, status, run_at, \
    max_attempts, version, created_at, updated_at, started_at, finished_at, input)";
const VALUES: &str = "CASE WHEN i % 10 = 0 THEN 'ada' ELSE 'owner ' || (i % 97) END, \
    CASE WHEN i % 50000 = 0 THEN 'rare' ELSE 'report' END, \
    'A report on ' || i || CASE WHEN i % 200000 = 0 THEN ' lighthouses' ELSE ' things' END, \
    'a report on ' || i || CASE WHEN i % 200000 = 0 THEN ' lighthouses' ELSE ' things' END, \
    '[]', CASE WHEN i % 10000 = 0 THEN 'error' WHEN i % 2000 = 1 THEN 'running' ELSE 'completed' END, \
    i, 3, 1, i, i, i, CASE WHEN i % 2000 = 1 THEN NULL ELSE i END, '{}'";

/// Fills a database with tasks.
async fn fill(database: &Database, kind: Kind, tasks: u64) -> anyhow::Result<()> {
    let id = "'-0000-4000-8000-000000000000'";
    let statement = match kind {
        Kind::Sqlite => format!(
            "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {tasks}) \
             {COLUMNS} SELECT printf('%08x', i) || {id}, {VALUES} FROM n"
        ),
        Kind::Postgres => format!(
            "{COLUMNS} SELECT lpad(to_hex(i), 8, '0') || {id}, {VALUES} FROM generate_series(1, {tasks}) i"
        ),
    };
    execute(database, kind, statement).await
}

async fn execute(database: &Database, kind: Kind, statement: String) -> anyhow::Result<()> {
    let statement = sqlx::raw_sql(AssertSqlSafe(statement));
    match kind {
        Kind::Sqlite => {
            SqliteConnection::connect(&database.url).await?.execute(statement).await?;
        }
        Kind::Postgres => {
            PgConnection::connect(&database.url).await?.execute(statement).await?;
        }
    }
    Ok(())
}

/// The lists that are measured: what each is, its filter, and the number of tasks that it must find.
fn lists(tasks: u64) -> Vec<(&'static str, ListFilter, Option<usize>)> {
    let list = |change: &dyn Fn(&mut ListFilter)| ListFilter::default().with(change);
    let words = |words: &'static str| list(&move |o| o.q = Some(words.to_owned()));
    let deep = format!("{}.ffffffff-0000-4000-8000-000000000000", tasks / 20);
    vec![
        ("first page", list(&|_| {}), Some(50)),
        ("deep page", list(&|o| o.cursor = Some(deep.clone())), Some(50)),
        ("a common status", list(&|o| o.status = Some(Status::Completed)), Some(50)),
        ("a rare status", list(&|o| o.status = Some(Status::Error)), None),
        ("a status that none has", list(&|o| o.status = Some(Status::Cancelled)), Some(0)),
        ("a common kind", list(&|o| o.kind = Some("report".to_owned())), Some(50)),
        ("a rare kind", list(&|o| o.kind = Some("rare".to_owned())), None),
        ("a kind that none has", list(&|o| o.kind = Some("none".to_owned())), Some(0)),
        (
            "a status and a kind",
            list(&|o| {
                (o.status, o.kind) = (Some(Status::Completed), Some("rare".to_owned()));
            }),
            None,
        ),
        (
            "words and a kind",
            list(&|o| {
                (o.q, o.kind) = (Some("zebra".to_owned()), Some("report".to_owned()));
            }),
            Some(0),
        ),
        ("words with many hits", words("report"), Some(50)),
        ("words with few hits", words("LIGHT"), None),
        ("words with no hits", words("zebra"), Some(0)),
        (
            "words with no hits, deep",
            list(&|o| (o.q, o.cursor) = (Some("zebra".to_owned()), Some(deep.clone()))),
            Some(0),
        ),
    ]
}

/// Measures every list on each database, without statistics and with them.
pub(crate) async fn measure(
    kinds: &[Kind],
    tasks: u64,
    print: impl Fn(&str),
) -> anyhow::Result<Vec<Quantiles>> {
    let databases = Databases::start(kinds);
    print("                                            ms: p50/p95/p99");
    let mut all = Vec::new();
    for &kind in kinds {
        let database = databases.open(kind).await?;
        fill(&database, kind, tasks).await.context("filling the database")?;
        let options = EngineOptions::default().with(|o| o.worker = false);
        let (store, clock) = (database.store.clone(), database.clock.clone());
        let engine = Engine::start(store, clock, Registry::new(), options).await?;
        for statistics in ["without statistics", "with statistics"] {
            let mut tell = |name: &str, times: Quantiles| {
                let Quantiles { median, p95, p99 } = times;
                print(&format!(
                    "{:8} {statistics:18} {name:25} {median:6.2} {p95:6.2} {p99:6.2}",
                    format!("{kind:?}")
                ));
                all.push(times);
            };
            let service = engine.service();
            for (name, filter, found) in lists(tasks) {
                tell(name, times(&service, &filter, found).await.context(name)?);
            }
            tell("operator: overview", overviews(&service).await?);
            for (name, filter) in operator_lists() {
                tell(name, operator_times(&service, &filter).await.context(name)?);
            }
            execute(&database, kind, "ANALYZE".to_owned()).await?;
        }
        engine.shutdown().await;
    }
    Ok(all)
}

/// The searches of an operator that are measured.
fn operator_lists() -> [(&'static str, OperatorFilter); 5] {
    let list = |change: &dyn Fn(&mut OperatorFilter)| OperatorFilter::default().with(change);
    let words = |words: &'static str| list(&move |o| o.q = Some(words.to_owned()));
    [
        ("operator: all", list(&|_| {})),
        ("operator: running", list(&|o| o.status = Some("queued,running".to_owned()))),
        ("operator: a rare kind", list(&|o| o.kind = Some("rare".to_owned()))),
        ("operator: many hits", words("report")),
        ("operator: no hits", words("zebra")),
    ]
}

fn operator() -> Caller {
    Caller::owner("operator").with_role(Role::Admin)
}

async fn overviews(service: &Service) -> anyhow::Result<Quantiles> {
    let mut times = Vec::<Duration>::new();
    for _ in 0..OPERATOR_PAGES {
        let from = Instant::now();
        let overview = service.overview(&operator()).await?;
        times.push(from.elapsed());
        anyhow::ensure!(overview.slowest.len() == 10, "{} run", overview.slowest.len());
    }
    Ok(Quantiles::of(times))
}

async fn operator_times(service: &Service, filter: &OperatorFilter) -> anyhow::Result<Quantiles> {
    let mut times = Vec::<Duration>::new();
    for _ in 0..OPERATOR_PAGES {
        let from = Instant::now();
        service.list_all(&operator(), filter, None, None).await?;
        times.push(from.elapsed());
    }
    Ok(Quantiles::of(times))
}

async fn times(
    service: &Service,
    filter: &ListFilter,
    found: Option<usize>,
) -> anyhow::Result<Quantiles> {
    let (ada, mut times) = (Caller::owner("ada"), Vec::<Duration>::new());
    for _ in 0..PAGES {
        let from = Instant::now();
        let list = service.list(&ada, filter).await?;
        times.push(from.elapsed());
        anyhow::ensure!(
            found.is_none_or(|found| list.tasks.len() == found),
            "{}",
            list.tasks.len()
        );
    }
    Ok(Quantiles::of(times))
}
