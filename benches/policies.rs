//! Every policy on five shapes of progress and three laws of duration, in virtual time: the real
//! client machine against the real rules of the server.
//! `cargo bench -p milepost --features ssr --bench policies`
//!
//! The same figures in each run, by seed. Exits 1 where the paced policy does not have fewer requests
//! and a lower mean and 95th percentile of the overshoot than each of the others in each scenario.

#![expect(clippy::print_stdout, reason = "the report is what a benchmark is for")]

#[path = "support/course.rs"]
mod course;
#[path = "support/follow.rs"]
mod follow;
#[path = "support/scenarios.rs"]
mod scenarios;

use std::process::ExitCode;

use course::{Law, Shape};
use scenarios::{misses, run};

/// Tasks in each scenario.
const TASKS: u32 = 300;
const SEED: u64 = 2_026;
const LAWS: [Law; 3] = [Law::Uniform, Law::Lognormal, Law::TwoKinds];

fn main() -> ExitCode {
    println!("{TASKS} tasks in each scenario; overshoot: from a task's end until its client knows");
    let mut missed = 0;
    for law in LAWS {
        for shape in Shape::ALL {
            println!("\n{}, {}", law.name(), shape.name());
            println!("  policy         requests   mean s    p95 s   bar error");
            let figures = run(shape, law, TASKS, SEED);
            for row in &figures {
                let error = row.bar_error.map_or("-".to_owned(), |e| format!("{:.2} %", e * 100.0));
                println!(
                    "  {:<14} {:>8.2} {:>8.3} {:>8.3} {error:>11}",
                    row.policy, row.requests, row.mean_overshoot_s, row.p95_overshoot_s
                );
            }
            for miss in misses(&figures) {
                missed += 1;
                println!("  MISSED {miss}");
            }
        }
    }
    let scenarios = LAWS.len() * Shape::ALL.len();
    println!("\npaced against the other four in {scenarios} scenarios: {missed} figures missed");
    if missed == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
