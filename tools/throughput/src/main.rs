//! How many tasks a second go through an engine, and how soon each begins and ends: no-op tasks
//! through the public API, on SQLite and PostgreSQL.
//!
//!     scripts/throughput --database sqlite --at-once 16 --owners 1 --queue 10000
//!
//! Each line of the table is one [`measure::Scene`] in a new database: the queue is filled by batches
//! of up to 10,000 tasks (`fill/s`), then `starts/s` by 8 callers with the queue full, then `drain/s` from the full queue, then `thru/s` of
//! tasks that are started and run at the same time, each caller waiting for its task. Latencies are
//! from the call of the start, for one task at a time on an empty queue, and for those of `thru/s`.
//! Statements and commits are what sqlx reports. The load shares the machine.
//!
//! `scripts/throughput list` measures pages of lists instead, see [`lists`].

#![expect(clippy::print_stdout, reason = "the table is what the program is for")]

mod database;
mod lists;
mod measure;
mod noop;
#[expect(dead_code, reason = "the tests use more of it")]
#[expect(clippy::unwrap_used, reason = "without a server there is nothing to measure")]
#[path = "../../../tests/support/postgres.rs"]
mod postgres_server;
mod statements;

use clap::Parser;

use crate::{
    database::{Databases, Kind},
    measure::{Figures, Latencies, Quantiles, Scene, measure},
};

/// What to measure.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
enum Mode {
    /// Starts, claims and ends of tasks.
    Tasks,
    /// Pages of lists.
    List,
}

/// See the module.
#[derive(Parser)]
struct Args {
    /// What to measure.
    #[arg(value_enum, default_value_t = Mode::Tasks)]
    mode: Mode,
    /// With `list`: tasks in all, of which a tenth are those of the owner who lists.
    #[arg(long, default_value_t = 1_000_000)]
    rows: u64,
    /// Which database; both if not given.
    #[arg(long, value_enum)]
    database: Vec<Kind>,
    /// Tasks running at once.
    #[arg(long, value_delimiter = ',', default_value = "1,16,64")]
    at_once: Vec<u32>,
    /// Number of owners.
    #[arg(long, value_delimiter = ',', default_value = "1,1000")]
    owners: Vec<u64>,
    /// Length of the queue.
    #[arg(long, value_delimiter = ',', default_value = "100,10000,100000")]
    queue: Vec<u64>,
    /// Tasks per phase.
    #[arg(long, default_value_t = 4_000)]
    tasks: u64,
    /// Also print the statements of a task, and how long each takes.
    #[arg(long)]
    statements: bool,
    /// A few seconds for everything, to see that the program works.
    #[arg(long)]
    short: bool,
}

impl Args {
    fn kinds(&self) -> Vec<Kind> {
        match self.database.as_slice() {
            [] => vec![Kind::Sqlite, Kind::Postgres],
            some => some.to_vec(),
        }
    }

    fn scenes(&self) -> Vec<Scene> {
        let mut scenes = Vec::new();
        for &at_once in &self.at_once {
            for &owners in &self.owners {
                for &queue in &self.queue {
                    scenes.push(Scene { at_once, owners, queue, tasks: self.tasks });
                }
            }
        }
        if self.short {
            scenes = vec![Scene { at_once: 4, owners: 3, queue: 20, tasks: 20 }];
        }
        scenes
    }
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    tracing::subscriber::set_global_default(statements::Counter)?;
    let (args, print) = (Args::parse(), |line: &str| println!("{line}"));
    match args.mode {
        Mode::Tasks => table(&args, print).await.map(drop),
        Mode::List => lists::measure(&args.kinds(), args.rows, print).await.map(drop),
    }
}

/// Measures all scenes; each line is passed to `print` as soon as it is known.
async fn table(args: &Args, print: impl Fn(&str)) -> anyhow::Result<Vec<Figures>> {
    let kinds = args.kinds();
    let databases = Databases::start(&kinds);
    print(HEAD);
    let mut all = Vec::new();
    for kind in kinds {
        for scene in args.scenes() {
            let database = databases.open(kind).await?;
            let figures = measure(&database, scene).await?;
            database.store.close().await;
            print(&line(kind, scene, &figures));
            if args.statements {
                statement_lines(&figures).iter().for_each(|line| print(line));
            }
            all.push(figures);
        }
    }
    Ok(all)
}

const HEAD: &str = "\
                                                                     per task         one at a time, ms                    together, ms
         at once owners  queue |  fill/s starts/s drain/s  thru/s | cpu µs stmts commits | begin p50/p95/p99   end p50/p95/p99 | begin p50/p95/p99   end p50/p95/p99";

fn line(kind: Kind, scene: Scene, figures: &Figures) -> String {
    let Scene { at_once, owners, queue, .. } = scene;
    let Figures {
        filled_per_s, starts_per_s, drained_per_s, through_per_s, cpu_us, counted, ..
    } = figures;
    let (statements, commits) = (counted.statements() as f64, counted.commits() as f64);
    let (statements, commits) =
        (statements / measure::COUNTED as f64, commits / measure::COUNTED as f64);
    format!(
        "{:8} {at_once:7} {owners:6} {queue:6} | {filled_per_s:7.0} {starts_per_s:8.0} {drained_per_s:7.0} \
         {through_per_s:7.0} | {cpu_us:6.0} {statements:5.1} {commits:7.2} | {} | {}",
        format!("{kind:?}"),
        latencies(&figures.alone),
        latencies(&figures.together),
    )
}

fn statement_lines(figures: &Figures) -> Vec<String> {
    let tasks = measure::COUNTED as f64;
    let line = |(name, cost): (&str, statements::Cost)| {
        let each_us = cost.seconds / cost.calls as f64 * 1e6;
        let calls = cost.calls as f64 / tasks;
        format!("  {calls:6.2} a task  {each_us:7.0} µs each  {name}")
    };
    figures.counted.by_time().into_iter().map(line).collect()
}

fn latencies(Latencies { to_begin, to_end }: &Latencies) -> String {
    format!("{}  {}", quantiles(*to_begin), quantiles(*to_end))
}

fn quantiles(Quantiles { median, p95, p99 }: Quantiles) -> String {
    format!("{median:5.1}/{p95:5.1}/{p99:5.1}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(flavor = "multi_thread")]
    async fn lists_find_what_they_must_on_both_databases() -> anyhow::Result<()> {
        let quantiles = lists::measure(&[Kind::Sqlite, Kind::Postgres], 20_000, |_| {}).await?;
        assert_eq!(quantiles.len(), 2 * 2 * (14 + 6));
        Ok(())
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn the_short_run_measures_both_databases() -> anyhow::Result<()> {
        tracing::subscriber::set_global_default(statements::Counter)?;
        let figures = table(&Args::parse_from(["throughput", "--short"]), |_| {}).await?;
        assert_eq!(figures.len(), 2);
        for figures in figures {
            assert!(figures.starts_per_s > 0.0 && figures.drained_per_s > 0.0);
            assert!(figures.through_per_s > 0.0 && figures.alone.to_end.median > 0.0);
            // At the least the row is inserted, claimed and ended.
            assert!(figures.counted.statements() >= 3 * 8, "{:?}", figures.counted);
            assert!(figures.counted.commits() > 0, "{:?}", figures.counted);
        }
        Ok(())
    }
}
