//! The machine: one loop for everything that is watched.

use super::{Action, Config, Event, Policy, Stats, TaskView};
use crate::task::TaskId;

/// The polling loop as a state machine; see the [module](super).
#[derive(Clone, Debug)]
pub struct Machine {
    config: Config,
}

impl Machine {
    /// A machine that watches nothing yet; visible and online.
    pub fn new(config: Config) -> Self {
        Self { config }
    }

    /// Takes one event and tells what to do. `now`: monotonic milliseconds. `random`: uniform in
    /// `0.0..1.0`.
    pub fn handle(
        &mut self,
        event: Event,
        now: u64,
        random: &mut dyn FnMut() -> f64,
    ) -> Vec<Action> {
        let _ = (event, now, random);
        Vec::new()
    }

    /// What to draw for a task now; `None` if nobody watches it.
    pub fn view(&self, id: TaskId, now: u64) -> Option<TaskView<'_>> {
        let _ = (id, now);
        None
    }

    /// The counters.
    pub fn stats(&self, now: u64) -> Stats {
        let _ = now;
        Stats {
            requests: 0,
            answers: 0,
            failures: 0,
            failures_in_a_row: 0,
            bytes: 0,
            in_flight: false,
            hold_ms: 0,
            next_in_ms: None,
            last: None,
            policy: self.config.policy,
        }
    }

    /// The policy in force.
    pub fn policy(&self) -> Policy {
        self.config.policy
    }
}
