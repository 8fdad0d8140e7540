//! The paced policy against the others, in virtual time: the benchmark `policies` with fewer tasks.

#[path = "../benches/support/course.rs"]
mod course;
#[path = "../benches/support/follow.rs"]
mod follow;
#[path = "../benches/support/scenarios.rs"]
mod scenarios;

use course::{Chatter, Law, Shape};
use scenarios::{WAYS, courses, misses, run};

/// Tasks in each scenario.
const TASKS: u32 = 40;
const SEED: u64 = 7;

fn paced_is_best_at_everything(law: Law) {
    for (chatter, shape) in Chatter::ALL.into_iter().flat_map(|c| Shape::ALL.map(|s| (c, s))) {
        let figures = run(&courses(shape, chatter, law, TASKS, SEED), SEED);
        assert_eq!(figures.len(), WAYS.len());
        let (missed, says) = (misses(&figures), chatter.name());
        assert!(missed.is_empty(), "{says}, {}, {}: {missed:#?}", law.name(), shape.name());
    }
}

#[test]
fn paced_asks_less_and_hears_of_the_end_sooner_on_tasks_of_a_minute() {
    paced_is_best_at_everything(Law::Uniform);
}

#[test]
fn paced_asks_less_and_hears_of_the_end_sooner_on_tasks_of_up_to_an_hour() {
    paced_is_best_at_everything(Law::Lognormal);
}

#[test]
fn paced_asks_less_and_hears_of_the_end_sooner_on_tasks_of_two_seconds_or_ten_minutes() {
    paced_is_best_at_everything(Law::TwoKinds);
}

#[test]
fn the_paced_bar_is_within_two_percent_on_average_where_progress_is_steady() {
    let figures = run(&courses(Shape::Linear, Chatter::Silent, Law::Uniform, TASKS, SEED), SEED);
    let error = figures[0].bar_error.expect("these tasks report");
    assert!(error < 0.02, "{error}");
}
