//! The fault kit: the real program with real tasks, killed again and again at random moments, and at
//! the end a proof, read from the store, that nothing was lost, doubled or told wrongly.
//!
//!     scripts/faults --rounds 300 --seed 7 --database postgres
//!
//! A round is one blow: `kill -9` or TERM to one process, or a short outage of the database, while
//! clients start, repeat, cancel and follow tasks. It ends with a table, and with 1 where a check
//! failed; the seed repeats the choices, though not the timing of the machine.
//!
//! * `work`: what is asked for, and what the answers are when nobody disturbs them.
//! * `fleet`: the processes, and the blows.
//! * `clients`: who starts, repeats and cancels; `watch`: who follows, and what a follower may see.
//! * `audit`: what must be true of the store.

#![expect(clippy::unwrap_used, reason = "a kit that cannot go on has failed")]
#![expect(clippy::print_stdout, reason = "the table is what the kit is for")]

mod audit;
mod book;
mod clients;
mod fleet;
#[expect(dead_code, reason = "the kit has one schema and one server")]
#[path = "../../../tests/support/postgres.rs"]
mod postgres_server;
mod watch;
mod work;

use std::{
    path::PathBuf,
    process::ExitCode,
    sync::Arc,
    time::{Duration, Instant},
};

use clap::{Parser, ValueEnum};
use rand::{Rng as _, SeedableRng as _, rngs::StdRng};

use crate::{
    audit::Store,
    book::Book,
    fleet::{Blow, Fleet},
    work::Pool,
};

/// How long what is under way may take to end once nobody strikes any more.
const LAST_TASKS: Duration = Duration::from_secs(180);

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Database {
    /// One server on a file.
    Sqlite,
    /// Two servers and three workers on a server of their own.
    Postgres,
}

/// Kills the real program at random moments and proves that nothing was lost.
#[derive(Parser)]
#[command(name = "faults")]
struct Args {
    /// Blows in all.
    #[arg(long, default_value_t = 50)]
    rounds: u32,
    /// Where the random choices begin; by default another one each time.
    #[arg(long)]
    seed: Option<u64>,
    /// What the tasks are kept in.
    #[arg(long, value_enum, default_value = "sqlite")]
    database: Database,
    /// Clients that start tasks at the same time.
    #[arg(long, default_value_t = 4)]
    clients: u32,
    /// Unfinished tasks at most.
    #[arg(long, default_value_t = 24)]
    open: usize,
    /// The program; by default the one beside this program.
    #[arg(long, env = "MILEPOST_BIN", default_value_os_t = beside())]
    bin: PathBuf,
}

fn beside() -> PathBuf {
    std::env::current_exe().unwrap().with_file_name("milepost")
}

fn main() -> ExitCode {
    let args = Args::parse();
    let seed = args.seed.unwrap_or_else(|| rand::random_range(0..1_000_000));
    println!("faults: {} rounds on {:?}, seed {seed}", args.rounds, args.database);
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    let failed = runtime.block_on(run(&args, seed));
    if failed == 0 {
        return ExitCode::SUCCESS;
    }
    let word = args.database.to_possible_value().unwrap();
    let (rounds, word) = (args.rounds, word.get_name().to_owned());
    println!("repeat it with: scripts/faults --rounds {rounds} --database {word} --seed {seed}");
    ExitCode::FAILURE
}

/// Runs everything; how many checks failed.
async fn run(args: &Args, seed: u64) -> usize {
    let begin = Instant::now();
    let mut rng = StdRng::seed_from_u64(seed);
    let pool = Arc::new(Pool::undisturbed(&args.bin, &mut rng).await);
    println!(
        "{} inputs ran undisturbed in {:.1} s",
        pool.jobs().len(),
        begin.elapsed().as_secs_f64()
    );
    let book = Arc::new(Book::default());
    let fleet = Fleet::start(&args.bin, args.database == Database::Postgres, &pool).await;
    let store = Arc::new(Store::new(&fleet.database));
    let clients: Vec<_> = (0..args.clients)
        .map(|n| {
            let client = clients::Client::new(n, rng.random(), fleet.addresses(), &book, &pool);
            tokio::spawn(client.work(args.open))
        })
        .collect();
    let watching = tokio::spawn(watch::follow(
        fleet.addresses(),
        Arc::clone(&book),
        rng.random(),
        args.database == Database::Postgres,
    ));
    let looking = {
        let (store, book) = (Arc::clone(&store), Arc::clone(&book));
        tokio::spawn(async move { store.watch_checkpoints(&book).await })
    };
    let blows = strike(args.rounds, &fleet, &store, &book, &mut rng).await;
    fleet.all_ready().await;
    book.no_more_starts();
    for client in clients {
        client.await.unwrap();
    }
    let ended = watch::until_all_ended(&book, LAST_TASKS).await;
    book.no_more_polls();
    watching.await.unwrap();
    looking.await.unwrap();
    clients::ask_once_more(&fleet.addresses(), &book, &pool).await;
    let exits = fleet.stop().await;
    let checks = audit::audit(&store, &book, &pool, &exits, ended).await;
    println!("{}", audit::table(&checks));
    println!(
        "{blows}; {}; {:.0} s",
        audit::summary(&store, &book).await,
        begin.elapsed().as_secs_f64()
    );
    let failed = checks.iter().filter(|check| !check.wrong.is_empty()).count();
    println!("checks: {} passed; {failed} failed;", checks.len() - failed);
    failed
}

/// One blow a round, at a random moment.
async fn strike(
    rounds: u32,
    fleet: &Fleet,
    store: &Store,
    book: &Book,
    rng: &mut StdRng,
) -> String {
    let (mut kills, mut terms, mut outages) = (0, 0, 0);
    for round in 1..=rounds {
        // Now and then before the one before has recovered, mostly in the middle of its work.
        if rng.random_bool(0.85) {
            fleet.all_ready().await;
            tokio::time::sleep(Duration::from_millis(rng.random_range(20..1_600))).await;
        } else {
            tokio::time::sleep(Duration::from_millis(rng.random_range(0..120))).await;
        }
        let blow = fleet.choose(rng);
        match blow {
            Blow::Kill(_) => kills += 1,
            Blow::Term(..) => terms += 1,
            Blow::Outage(_) => outages += 1,
        }
        fleet.strike(blow).await;
        store.look_at_checkpoints(book).await;
        fleet.mend(blow).await;
        if round % 25 == 0 {
            println!("round {round}: {}", book.counts());
        }
    }
    format!("{kills} × kill -9, {terms} × TERM, {outages} outages of the database")
}
