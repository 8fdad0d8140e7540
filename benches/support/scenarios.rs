//! Each policy on each scenario, and what the paced one must reach there.

use milepost::poll::{Config, Policy};

use crate::{
    course::{Chatter, Course, Law, Random, Shape},
    follow::{Outcome, follow},
};

/// A way to follow a task.
#[derive(Clone, Copy)]
pub(crate) struct Way {
    pub(crate) name: &'static str,
    pub(crate) policy: Policy,
    /// Whether the page shows the task large.
    pub(crate) foreground: bool,
}

impl Way {
    /// What its machine is set to.
    pub(crate) fn config(self) -> Config {
        let mut config = Config::default();
        config.policy = self.policy;
        config.foreground = self.foreground;
        config
    }
}

const fn way(name: &'static str, policy: Policy) -> Way {
    Way { name, policy, foreground: false }
}

/// The one that must win, those that it must beat, and how a page follows that shows one task large:
/// with more requests, for a bar that is more exact.
pub(crate) const WAYS: [Way; 6] = [
    way("paced", Policy::Paced),
    way("interval 1 s", Policy::Interval { every_ms: 1_000 }),
    way("interval 2 s", Policy::Interval { every_ms: 2_000 }),
    way("adaptive", Policy::Adaptive),
    way("backoff", Policy::Backoff),
    Way { name: "paced, large", policy: Policy::Paced, foreground: true },
];

/// How a policy did on a scenario.
pub(crate) struct Figures {
    pub(crate) way: Way,
    /// Mean per task.
    pub(crate) requests: f64,
    /// From a task's end until its client knows, in seconds.
    pub(crate) mean_overshoot_s: f64,
    pub(crate) p95_overshoot_s: f64,
    /// Mean, 0..=1; `None` where the tasks report no progress.
    pub(crate) bar_error: Option<f64>,
    /// The longest of all tasks, in seconds.
    pub(crate) log_lag_s: f64,
}

/// Time from writing a log line until a page that shows it has it, at most, in seconds.
const MAX_LOG_LAG_S: f64 = 3.0;

/// The tasks of a scenario.
pub(crate) fn courses(
    shape: Shape,
    chatter: Chatter,
    law: Law,
    tasks: u32,
    seed: u64,
) -> Vec<Course> {
    let mut random = Random::seeded(seed);
    (0..tasks).map(|_| Course::new(shape, chatter, law, &mut random)).collect()
}

/// Lets every policy follow the same tasks, in virtual time.
pub(crate) fn run(courses: &[Course], seed: u64) -> Vec<Figures> {
    let figures = WAYS.map(|way| {
        let follow = |(n, course)| follow(course, way, client_seed(seed, n));
        figures(way, (0_u64..).zip(courses).map(follow).collect())
    });
    figures.into()
}

/// Where the random numbers of the client begin that follows task `n`.
pub(crate) const fn client_seed(seed: u64, n: u64) -> u64 {
    seed ^ (n << 32)
}

/// The figures of a policy from how it did on each task.
pub(crate) fn figures(way: Way, outcomes: Vec<Outcome>) -> Figures {
    let count = outcomes.len() as f64;
    let mut overshoots: Vec<_> = outcomes.iter().map(|outcome| outcome.overshoot_s).collect();
    overshoots.sort_by(f64::total_cmp);
    let requests: f64 = outcomes.iter().map(|outcome| f64::from(outcome.requests)).sum();
    let errors: Vec<_> = outcomes.iter().filter_map(|outcome| outcome.bar_error).collect();
    Figures {
        way,
        requests: requests / count,
        mean_overshoot_s: overshoots.iter().sum::<f64>() / count,
        p95_overshoot_s: overshoots[(overshoots.len() * 95).div_ceil(100) - 1],
        bar_error: (!errors.is_empty()).then(|| errors.iter().sum::<f64>() / errors.len() as f64),
        log_lag_s: outcomes.iter().map(|outcome| outcome.log_lag_s).fold(0.0, f64::max),
    }
}

/// What is not reached. The paced policy has to be better than each of the others: fewer requests, and
/// a lower mean and 95th percentile of the overshoot. A page that shows one task large has its log lines
/// in time and, with them, is better than each interval; the other two leave a log behind.
pub(crate) fn misses(figures: &[Figures]) -> Vec<String> {
    let Some((paced, others)) = figures.split_first() else { return Vec::new() };
    let mut misses = Vec::new();
    for other in others {
        if other.way.foreground {
            let lag = other.log_lag_s;
            if lag > MAX_LOG_LAG_S {
                misses.push(format!("the log of {} is {lag:.3} s behind", other.way.name));
            }
            let intervals = others.iter().filter(|way| is_interval(way.way));
            misses.extend(intervals.flat_map(|interval| worse(other, interval)));
        } else {
            misses.extend(worse(paced, other));
        }
    }
    misses
}

const fn is_interval(way: Way) -> bool {
    matches!(way.policy, Policy::Interval { .. })
}

/// Where the first is not better than the second.
fn worse(ours: &Figures, theirs: &Figures) -> Vec<String> {
    let compared = [
        ("requests", ours.requests, theirs.requests),
        ("mean overshoot", ours.mean_overshoot_s, theirs.mean_overshoot_s),
        ("p95 overshoot", ours.p95_overshoot_s, theirs.p95_overshoot_s),
    ];
    let (one, other) = (ours.way.name, theirs.way.name);
    let missed = compared.into_iter().filter(|(_, ours, theirs)| ours >= theirs);
    missed
        .map(|(what, ours, theirs)| format!("{what}: {one} {ours:.3}, {other} {theirs:.3}"))
        .collect()
}
