//! Fault injection: kills the real program at random moments while it works on real tasks, and checks
//! in the store at the end that nothing was lost, duplicated or reported wrongly.
//!
//!     scripts/faults --rounds 300 --seed 7 --database postgres
//!
//! Each round injects one fault: `kill -9` or TERM of one process, or a short outage of the database.
//! Meanwhile clients start, repeat, cancel and follow tasks. The run ends with a table, and with exit
//! code 1 if a check failed. The seed repeats the random choices, but not the timing of the machine.
//!
//! * `workload`, `research`: the inputs, and their results without faults.
//! * `fleet`: the processes, and the faults.
//! * `clients`: start, repeat and cancel; `followers`, `seen`: follow tasks.
//! * `observations`: what clients and followers saw; `audit`: compares it with the store.

#![expect(clippy::unwrap_used, reason = "a harness that cannot continue has failed")]
#![expect(clippy::print_stdout, reason = "the table is the result")]

mod audit;
mod clients;
mod fleet;
mod followers;
mod observations;
#[expect(dead_code, reason = "the harness has one schema and one server")]
#[path = "../../../tests/support/postgres.rs"]
mod postgres_server;
mod research;
mod seen;
mod workload;

use std::{
    path::PathBuf,
    process::ExitCode,
    sync::Arc,
    time::{Duration, Instant},
};

use clap::{Parser, ValueEnum};
use rand::{Rng as _, SeedableRng as _, rngs::StdRng};
use tokio::task::JoinHandle;

use crate::{
    audit::Store,
    fleet::{Fault, Fleet},
    observations::Observations,
    workload::Workload,
};

/// Time limit for unfinished tasks to end after the last fault.
const END_TIMEOUT: Duration = Duration::from_secs(180);

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Database {
    /// One server with a database file.
    Sqlite,
    /// Two servers and three workers with a PostgreSQL server of their own.
    Postgres,
}

/// Kills the real program at random moments and proves that nothing was lost.
#[derive(Parser)]
#[command(name = "faults")]
struct Args {
    /// Number of faults.
    #[arg(long, default_value_t = 50)]
    rounds: u32,
    /// Seed of the random choices; by default random.
    #[arg(long)]
    seed: Option<u64>,
    /// Database of the tasks.
    #[arg(long, value_enum, default_value = "sqlite")]
    database: Database,
    /// Number of concurrent clients.
    #[arg(long, default_value_t = 4)]
    clients: u32,
    /// Maximum number of unfinished tasks.
    #[arg(long, default_value_t = 24)]
    open: usize,
    /// Path of the program; by default in the folder of this program.
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
    let database = args.database.to_possible_value().unwrap();
    let (rounds, database) = (args.rounds, database.get_name());
    println!("repeat with: scripts/faults --rounds {rounds} --database {database} --seed {seed}");
    ExitCode::FAILURE
}

/// Runs everything; returns the number of failed checks.
async fn run(args: &Args, seed: u64) -> usize {
    let start = Instant::now();
    let mut rng = StdRng::seed_from_u64(seed);
    let workload = Arc::new(Workload::new(&args.bin, &mut rng).await);
    let (inputs, seconds) = (workload.jobs().len(), start.elapsed().as_secs_f64());
    println!("{inputs} inputs ran without faults in {seconds:.1} s");
    let observations = Arc::new(Observations::default());
    let postgres = args.database == Database::Postgres;
    let fleet = Fleet::start(&args.bin, postgres, workload.research()).await;
    let store = Arc::new(Store::new(&fleet.database));
    let clients = start_clients(args, &mut rng, &fleet, &observations, &workload);
    let (addresses, watched) = (fleet.addresses(), Arc::clone(&observations));
    let following = tokio::spawn(followers::follow(addresses, watched, rng.random(), postgres));
    let (same_store, watched) = (Arc::clone(&store), Arc::clone(&observations));
    let checking =
        tokio::spawn(async move { same_store.check_checkpoints_repeatedly(&watched).await });
    let faults = inject_faults(args.rounds, &fleet, &store, &observations, &mut rng).await;
    fleet.all_ready().await;
    observations.no_more_starts();
    for client in clients {
        client.await.unwrap();
    }
    let ended = followers::until_all_ended(&observations, END_TIMEOUT).await;
    observations.no_more_polls();
    following.await.unwrap();
    checking.await.unwrap();
    clients::check_keys_and_results(&fleet.addresses(), &observations, &workload).await;
    let exits = fleet.stop().await;
    let checks = audit::audit(&store, &observations, &workload, &exits, ended).await;
    println!("{}", audit::table(&checks));
    let summary = audit::summary(&store, &observations).await;
    println!("{faults}; {summary}; {:.0} s", start.elapsed().as_secs_f64());
    let failed = checks.iter().filter(|check| !check.errors.is_empty()).count();
    println!("checks: {} passed; {failed} failed;", checks.len() - failed);
    failed
}

fn start_clients(
    args: &Args,
    rng: &mut StdRng,
    fleet: &Fleet,
    observations: &Arc<Observations>,
    workload: &Arc<Workload>,
) -> Vec<JoinHandle<()>> {
    let client = |n| {
        let addresses = fleet.addresses();
        let client = clients::Client::new(n, rng.random(), addresses, observations, workload);
        tokio::spawn(client.work(args.open))
    };
    (0..args.clients).map(client).collect()
}

/// Injects one fault in each round, at a random moment.
async fn inject_faults(
    rounds: u32,
    fleet: &Fleet,
    store: &Store,
    observations: &Observations,
    rng: &mut StdRng,
) -> String {
    let (mut kills, mut terms, mut outages) = (0, 0, 0);
    for round in 1..=rounds {
        // Mostly while all processes work, sometimes before the previous fault is repaired.
        if rng.random_bool(0.85) {
            fleet.all_ready().await;
            tokio::time::sleep(Duration::from_millis(rng.random_range(20..1_600))).await;
        } else {
            tokio::time::sleep(Duration::from_millis(rng.random_range(0..120))).await;
        }
        let fault = fleet.choose(rng);
        match fault {
            Fault::Kill(_) => kills += 1,
            Fault::Term(..) => terms += 1,
            Fault::Outage(_) => outages += 1,
        }
        fleet.inject(fault).await;
        store.check_checkpoints(observations).await;
        fleet.recover(fault).await;
        if round % 25 == 0 {
            println!("round {round}: {}", observations.counts());
        }
    }
    format!("{kills} × kill -9, {terms} × TERM, {outages} outages of the database")
}
