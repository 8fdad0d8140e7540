//! Each policy on each scenario, and what the paced one must reach there.

use milepost::poll::Policy;

use crate::{
    course::{Course, Law, Random, Shape},
    follow::{Outcome, follow},
};

/// The one that must win, then those that it must beat.
pub(crate) const POLICIES: [(&str, Policy); 5] = [
    ("paced", Policy::Paced),
    ("interval 1 s", Policy::Interval { every_ms: 1_000 }),
    ("interval 2 s", Policy::Interval { every_ms: 2_000 }),
    ("adaptive", Policy::Adaptive),
    ("backoff", Policy::Backoff),
];

/// How a policy did on a scenario.
pub(crate) struct Figures {
    pub(crate) policy: &'static str,
    /// Mean per task.
    pub(crate) requests: f64,
    /// From a task's end until its client knows, in seconds.
    pub(crate) mean_overshoot_s: f64,
    pub(crate) p95_overshoot_s: f64,
    /// Mean, 0..=1; `None` where the tasks report no progress.
    pub(crate) bar_error: Option<f64>,
}

/// Lets every policy follow the same `tasks` tasks.
pub(crate) fn run(shape: Shape, law: Law, tasks: u32, seed: u64) -> Vec<Figures> {
    let mut random = Random::seeded(seed);
    let courses: Vec<_> = (0..tasks).map(|_| Course::new(shape, law, &mut random)).collect();
    let figures = POLICIES.map(|(name, policy)| {
        let follow = |(n, course)| follow(course, policy, seed ^ (n << 32));
        figures(name, (0_u64..).zip(&courses).map(follow).collect())
    });
    figures.into()
}

fn figures(policy: &'static str, outcomes: Vec<Outcome>) -> Figures {
    let count = outcomes.len() as f64;
    let mut overshoots: Vec<_> = outcomes.iter().map(|outcome| outcome.overshoot_s).collect();
    overshoots.sort_by(f64::total_cmp);
    let requests: f64 = outcomes.iter().map(|outcome| f64::from(outcome.requests)).sum();
    let errors: Vec<_> = outcomes.iter().filter_map(|outcome| outcome.bar_error).collect();
    Figures {
        policy,
        requests: requests / count,
        mean_overshoot_s: overshoots.iter().sum::<f64>() / count,
        p95_overshoot_s: overshoots[(overshoots.len() * 95).div_ceil(100) - 1],
        bar_error: (!errors.is_empty()).then(|| errors.iter().sum::<f64>() / errors.len() as f64),
    }
}

/// Where the first of these is not better than each of the others: fewer requests, and a lower mean
/// and 95th percentile of the overshoot.
pub(crate) fn misses(figures: &[Figures]) -> Vec<String> {
    let Some((paced, others)) = figures.split_first() else { return Vec::new() };
    let mut misses = Vec::new();
    for other in others {
        for (what, ours, theirs) in [
            ("requests", paced.requests, other.requests),
            ("mean overshoot", paced.mean_overshoot_s, other.mean_overshoot_s),
            ("p95 overshoot", paced.p95_overshoot_s, other.p95_overshoot_s),
        ] {
            if ours >= theirs {
                misses.push(format!("{what}: {ours:.3}, {} has {theirs:.3}", other.policy));
            }
        }
    }
    misses
}
