//! Every policy on five shapes of progress and three laws of duration, of silent tasks, of tasks with a
//! message each second and of tasks with 20 log lines a second, in virtual time: the real client
//! machine against the real rules of the server.
//! `cargo bench -p milepost --features sqlite,http --bench policies`
//!
//! The same figures in each run, by seed. `bar error` is the mean distance of the bar from what the
//! task has reported. Exits 1 where the paced policy does not have fewer requests
//! and a lower mean and 95th percentile of the overshoot than each of the others in each scenario, and
//! where a page that shows one task large has a log line later than after 3 s, or is not better than
//! each interval.
//!
//! With `-- --real` some of the same tasks are then run by a real engine and followed over HTTP, in
//! real time (about a minute), and the figures of both are printed side by side.

#![expect(clippy::unwrap_used, reason = "a benchmark that cannot go on fails")]
#![expect(clippy::print_stdout, reason = "the report is what a benchmark is for")]

#[path = "support/course.rs"]
mod course;
#[path = "support/driver.rs"]
mod driver;
#[path = "support/follow.rs"]
mod follow;
#[path = "support/played.rs"]
mod played;
#[path = "support/real.rs"]
mod real;
#[path = "support/scenarios.rs"]
mod scenarios;
#[path = "support/wire.rs"]
mod wire;

use std::process::ExitCode;

use course::{Chatter, Law, Shape};
use scenarios::{Figures, courses, misses, run};

/// Tasks in each scenario.
const TASKS: u32 = 300;
/// Tasks of each shape in real time, all of them at once. They take a minute at most; those of the next
/// kind follow.
const REAL_TASKS: u32 = 60;
const REAL_LAW: Law = Law::Uniform;
const SEED: u64 = 2_026;
const LAWS: [Law; 3] = [Law::Uniform, Law::Lognormal, Law::TwoKinds];

fn main() -> ExitCode {
    let missed = in_virtual_time() + if asked_for("--real") { in_real_time() } else { 0 };
    if missed == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

fn asked_for(word: &str) -> bool {
    std::env::args().any(|argument| argument == word)
}

fn in_virtual_time() -> usize {
    println!("{TASKS} tasks in each scenario; overshoot: from a task's end until its client knows");
    let mut missed = 0;
    for chatter in Chatter::ALL {
        for law in LAWS {
            for shape in Shape::ALL {
                println!("\n{}, {}, {}", chatter.name(), law.name(), shape.name());
                println!("  policy         requests   mean s    p95 s   bar error   log behind");
                let figures = run(&courses(shape, chatter, law, TASKS, SEED), SEED);
                for row in &figures {
                    println!(
                        "  {:<14} {:>8.2} {:>8.3} {:>8.3} {:>11} {:>12}",
                        row.way.name,
                        row.requests,
                        row.mean_overshoot_s,
                        row.p95_overshoot_s,
                        percent(row),
                        lag(row)
                    );
                }
                missed += tell(&misses(&figures));
            }
        }
    }
    let scenarios = Chatter::ALL.len() * LAWS.len() * Shape::ALL.len();
    println!("\npaced against the other four in {scenarios} scenarios: {missed} figures missed");
    missed
}

fn in_real_time() -> usize {
    let missed: usize = Chatter::ALL.into_iter().map(one_in_real_time).sum();
    println!("\npaced against the other four in real time: {missed} figures missed");
    missed
}

fn one_in_real_time(chatter: Chatter) -> usize {
    println!(
        "\n{REAL_TASKS} tasks of each shape, {}, {}: in virtual time | by a real engine, over HTTP",
        chatter.name(),
        REAL_LAW.name()
    );
    let all = Shape::ALL.map(|shape| courses(shape, chatter, REAL_LAW, REAL_TASKS, SEED));
    let simulated: Vec<_> = all.iter().map(|courses| run(courses, SEED)).collect();
    let real = real::run(all.into(), SEED);
    let mut missed = 0;
    for ((shape, simulated), real) in Shape::ALL.into_iter().zip(&simulated).zip(&real) {
        println!("\n{}", shape.name());
        println!(
            "  policy              requests          mean s           p95 s         bar error      \
             log behind"
        );
        for (one, other) in simulated.iter().zip(real) {
            println!(
                "  {:<14} {:>6.2} | {:>5.2} {:>7.3} | {:>5.3} {:>7.3} | {:>5.3} {:>8} | {:>6} {:>7} | {:>6}",
                one.way.name,
                one.requests,
                other.requests,
                one.mean_overshoot_s,
                other.mean_overshoot_s,
                one.p95_overshoot_s,
                other.p95_overshoot_s,
                percent(one),
                percent(other),
                lag(one),
                lag(other)
            );
        }
        missed += tell(&misses(real));
    }
    missed
}

/// Only pages that show one task large show its log.
fn lag(row: &Figures) -> String {
    if row.log_lag_s > 0.0 { format!("{:.2} s", row.log_lag_s) } else { "-".to_owned() }
}

fn tell(misses: &[String]) -> usize {
    for miss in misses {
        println!("  MISSED {miss}");
    }
    misses.len()
}

fn percent(row: &Figures) -> String {
    row.bar_error.map_or("-".to_owned(), |error| format!("{:.2} %", error * 100.0))
}
