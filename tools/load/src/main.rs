//! The load harness: the real program on this machine, ten thousand clients with the real polling
//! machine, and every figure beside its limit.
//!
//!     scripts/load --clients 10000 --tasks 100
//!
//! 1. A hundred stories are told at once; each reports its progress every 50 ms. Every client holds a
//!    request for one of them until it knows of the end. Counted: how long that takes from the moment
//!    at which the finished story is in its place, the last thing that a story does before it reports
//!    its end; what memory the server needs; whether anything is lost or refused.
//! 2. As before, and then the server is killed, is away for a while and is started again; and after
//!    that it is told to stop (TERM) and is started again at once. Counted: how many clients come back
//!    in the worst second, and whether each request that TERM met was answered.
//!
//! * `client`: a client, with the `driver` of its machine and the `wire` to the server, which the
//!   benchmark `policies` has too.
//! * `book`: what is counted; `report`: the table.
//! * `program`: the server's process, its stories, and what the system says of it.

#![expect(clippy::unwrap_used, reason = "a harness that cannot go on has failed")]
#![expect(clippy::print_stdout, reason = "the table is what the harness is for")]

mod book;
mod client;
#[expect(dead_code, reason = "a load draws no bar")]
#[path = "../../../benches/support/driver.rs"]
mod driver;
mod program;
mod report;
#[path = "../../../benches/support/wire.rs"]
mod wire;

use std::{path::PathBuf, process::ExitCode, rc::Rc, time::Duration};

use clap::Parser;
use tokio::{
    task::{JoinSet, LocalSet},
    time::{Instant, sleep, sleep_until},
};

use crate::{
    client::{Scene, follow},
    program::Program,
    report::{Held, Report},
};

/// Between the starts of two stories: they also end one after the other.
const STAGGER: Duration = Duration::from_millis(150);
/// How long everybody waits before it is counted how they wait.
const CALM: Duration = Duration::from_secs(5);
/// Longer than the longest pause after a failure.
const RETURN: Duration = Duration::from_secs(20);
/// How long the last story may take, counted from its start.
const LAST_STORY: Duration = Duration::from_secs(150);
/// More files than clients that the server, or this process, has open.
const MORE_FILES: u64 = 500;

/// Holds ten thousand requests at the real program and prints each figure beside its limit.
#[derive(Parser)]
#[command(name = "watchers")]
struct Args {
    /// Clients, each with a connection of its own.
    #[arg(long, default_value_t = 10_000)]
    clients: usize,
    /// Stories that are told at once.
    #[arg(long, default_value_t = 100)]
    tasks: usize,
    /// How long a story takes, about, in seconds.
    #[arg(long, default_value_t = 60)]
    story_s: u32,
    /// For how long the server is away after it was killed, in seconds.
    #[arg(long, default_value_t = 8.0)]
    away_s: f64,
    /// For how long everybody has been there when it is killed, in seconds. From the longest time for
    /// which a request is held on (20 s), each client was told how many there are.
    #[arg(long, default_value_t = 22.0)]
    settle_s: f64,
    /// Only kills, stops and starts it: the second part.
    #[arg(long)]
    returns_only: bool,
    /// The program; by default the one beside this program.
    #[arg(long, env = "MILEPOST_BIN", default_value_os_t = beside())]
    bin: PathBuf,
}

fn beside() -> PathBuf {
    std::env::current_exe().unwrap().with_file_name("milepost")
}

fn main() -> ExitCode {
    let args = Args::parse();
    let wanted = args.clients as u64 + MORE_FILES;
    if let Err(max) = program::allow_files(wanted) {
        println!(
            "{} clients need {wanted} open files in each process; this system allows {max}. Raise \
             the hard limit (ulimit -Hn, or nofile in limits.conf), or take fewer --clients.",
            args.clients
        );
        return ExitCode::FAILURE;
    }
    println!(
        "{} clients, {} stories of about {} s, {}",
        args.clients,
        args.tasks,
        args.story_s,
        args.bin.display()
    );
    // One thread: the load must not take more of the machine than it has to.
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let mut report = Report::default();
    LocalSet::new().block_on(&runtime, async {
        if !args.returns_only {
            ends(&args, &mut report).await;
        }
        returns(&args, &mut report).await;
    });
    println!("\n{report}");
    if report.is_fine() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// Starts the stories one after the other, and with each of them its clients.
async fn open(args: &Args, program: &Program, scene: &Rc<Scene>) -> JoinSet<()> {
    let mut clients = JoinSet::new();
    let mut due = Instant::now();
    for task in 0..args.tasks {
        let id = program.tell(task).await;
        for seed in (task..args.clients).step_by(args.tasks) {
            clients.spawn_local(follow(Rc::clone(scene), id, task, seed as u64));
        }
        due += STAGGER;
        sleep_until(due).await;
    }
    clients
}

/// Everybody hears of the end of a story, soon.
async fn ends(args: &Args, report: &mut Report) {
    let mut program = Program::new(args.bin.clone(), args.tasks, args.story_s).await;
    program.start().await;
    let scene = Rc::new(Scene::at(program.address()));
    let mut clients = open(args, &program, &scene).await;
    let book = Rc::clone(&scene.book);
    while book.known() < args.clients {
        sleep(Duration::from_millis(50)).await;
    }
    sleep(CALM).await;
    let (mut held, before) = (Held::default(), program.cpu_s());
    let (started, asked) = (Instant::now(), book.requests());
    while book.ended() == 0 {
        held.add(program.held().await);
        sleep(Duration::from_millis(500)).await;
    }
    let seconds = started.elapsed().as_secs_f64();
    report.held(args.clients, &held);
    report.pace((book.requests() - asked) as f64 / seconds, (program.cpu_s() - before) / seconds);
    let over = async { while clients.join_next().await.is_some() {} };
    let in_time = tokio::time::timeout(LAST_STORY, over).await.is_ok();
    report.ends(args.clients, in_time, &book, &program);
    report.memory("first server", program.peak_mb());
    report.lost(&book);
    program.stop().await;
}

/// Everybody comes back, but not all at once.
async fn returns(args: &Args, report: &mut Report) {
    let mut program = Program::new(args.bin.clone(), args.tasks, args.story_s).await;
    program.start().await;
    let scene = Rc::new(Scene::at(program.address()));
    let mut clients = open(args, &program, &scene).await;
    sleep(Duration::from_secs_f64(args.settle_s)).await;

    program.kill().await;
    scene.book.strike();
    sleep(Duration::from_secs_f64(args.away_s)).await;
    program.start().await;
    sleep(RETURN).await;
    let what = format!("kill -9, {} s away", args.away_s);
    report.returned(&what, args.clients, &scene.book);
    report.memory("server after kill -9", program.peak_mb());

    scene.book.strike();
    let code = program.stop().await;
    program.start().await;
    sleep(RETURN).await;
    report.stopped(code, &scene.book);
    report.returned("TERM, started again at once", args.clients, &scene.book);
    report.memory("server after TERM", program.peak_mb());
    clients.abort_all();
    while clients.join_next().await.is_some() {}
    program.stop().await;
}
