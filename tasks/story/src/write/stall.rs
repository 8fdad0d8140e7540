//! How long a step of a story waits for an endpoint that fails: the outline, or one chapter. Pure.

use std::time::Duration;

use milepost::engine::TaskError;
use serde::{Deserialize, Serialize};

use super::super::{narrator::NarratorError, settings::NarratorSettings};

/// First delay in the queue; doubles with each further one.
const FIRST_WAIT: Duration = Duration::from_secs(5);

/// Limits of the waiting for one step.
#[derive(Clone, Copy, Debug)]
pub(super) struct Patience {
    /// Besides the delays that the endpoint asks for.
    outage: Duration,
    /// Sum of the delays that it asks for.
    requested: Duration,
    /// Maximum delay that it did not ask for.
    wait: Duration,
    /// Attempts that had started to write.
    started: u32,
}

/// A step that failed and has made no progress since.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Stall {
    /// The step.
    step: usize,
    /// When it failed first, in milliseconds.
    since_ms: i64,
    /// Sum of the delays that the endpoint asked for, in milliseconds.
    requested_ms: i64,
    /// Number of failures, and of those that had started to write.
    failures: u32,
    started: u32,
}

impl Patience {
    pub(super) fn new(settings: &NarratorSettings) -> Self {
        Self {
            outage: NarratorSettings::seconds(settings.outage_s),
            requested: NarratorSettings::seconds(settings.max_requested_wait_s),
            wait: NarratorSettings::seconds(settings.max_wait_s),
            started: settings.retries,
        }
    }

    /// Continues after a failure of a step: what to remember and what the task does.
    pub(super) fn after(
        &self,
        before: Option<Stall>,
        step: usize,
        error: &NarratorError,
        now_ms: i64,
    ) -> (Stall, TaskError) {
        let fresh = Stall { step, since_ms: now_ms, requested_ms: 0, failures: 0, started: 0 };
        let mut stall = before.filter(|stall| stall.step == step).unwrap_or(fresh);
        let (code, message) = (error.code().into(), error.to_string());
        if !error.is_transient() {
            let failed = match error.is_hopeless() {
                true => TaskError::fail(code, message),
                false => TaskError::GaveUp { code, message },
            };
            return (stall, failed);
        }
        stall.failures = stall.failures.saturating_add(1);
        stall.started = stall.started.saturating_add(error.had_begun().into());
        let waited = now_ms.saturating_sub(stall.since_ms).saturating_sub(stall.requested_ms);
        let asked = error.after().unwrap_or_default();
        let requested = stall.requested_ms.saturating_add(ms(asked));
        let exhausted = stall.started > self.started
            || waited > ms(self.outage)
            || requested > ms(self.requested);
        if exhausted {
            let tries = stall.failures;
            let message = format!("{message}; given up after {tries} attempts at this step");
            return (stall, TaskError::GaveUp { code, message });
        }
        stall.requested_ms = requested;
        let doubled = FIRST_WAIT.saturating_mul(2_u32.saturating_pow(stall.failures - 1));
        // A reply that broke off is asked for at once.
        let after = (!error.had_begun()).then(|| asked.max(doubled.min(self.wait)));
        (stall, TaskError::Wait { code, message, after })
    }
}

fn ms(duration: Duration) -> i64 {
    i64::try_from(duration.as_millis()).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn patience() -> Patience {
        Patience::new(&NarratorSettings { retries: 2, ..NarratorSettings::default() })
    }

    fn busy(after_s: Option<u64>) -> NarratorError {
        let after = after_s.map(Duration::from_secs);
        NarratorError::Busy { status: 429, detail: String::new(), after }
    }

    /// The delay; `None` if the task gives up.
    fn delay(error: &TaskError) -> Option<Option<u64>> {
        match error {
            TaskError::Wait { after, .. } => Some(after.map(|after| after.as_secs())),
            _ => None,
        }
    }

    #[test]
    fn an_outage_is_waited_for_with_growing_delays_and_then_given_up() {
        let (mut stall, mut now, mut delays) = (None, 0, Vec::new());
        loop {
            let (next, error) = patience().after(stall, 3, &busy(None), now);
            stall = Some(next);
            let Some(after) = delay(&error) else {
                assert!(error.to_string().contains("given up after"), "{error}");
                assert!(matches!(error, TaskError::GaveUp { .. }));
                break;
            };
            now += after.unwrap() as i64 * 1_000;
            delays.push(after.unwrap());
        }
        assert_eq!(delays[..5], [5, 10, 20, 40, 60]);
        assert!((900..1_000).contains(&(now / 1_000)), "{now}");
    }

    #[test]
    fn a_delay_that_the_endpoint_asks_for_counts_apart() {
        let (stall, error) = patience().after(None, 0, &busy(Some(3_600)), 0);
        assert_eq!(delay(&error), Some(Some(3_600)));
        let (stall, error) = patience().after(Some(stall), 0, &busy(None), 3_600_000);
        assert_eq!(delay(&error), Some(Some(10)), "no outage of an hour");
        let (_, error) = patience().after(Some(stall), 0, &busy(Some(86_000)), 3_610_000);
        assert_eq!(delay(&error), None, "but no more than a day in all");
    }

    #[test]
    fn progress_begins_anew() {
        let mut stall = None;
        for step in 0..20 {
            for _ in 0..2 {
                let (next, error) =
                    patience().after(stall, step, &NarratorError::Cut(String::new()), 0);
                assert_eq!(delay(&error), Some(None), "step {step}");
                stall = Some(next);
            }
        }
        let (stall, _) = patience().after(stall, 19, &NarratorError::Cut(String::new()), 0);
        assert_eq!(stall.started, 3);
    }

    #[test]
    fn replies_that_break_off_again_and_again_are_not_paid_for_ever() {
        let mut stall = None;
        for _ in 0..2 {
            let (next, error) = patience().after(stall, 0, &NarratorError::Cut(String::new()), 0);
            assert!(delay(&error).is_some());
            stall = Some(next);
        }
        let (_, error) = patience().after(stall, 0, &NarratorError::Cut(String::new()), 0);
        assert_eq!(delay(&error), None);
    }

    #[test]
    fn a_final_error_ends_the_task_and_says_whether_a_new_start_may_help() {
        let key = NarratorError::WrongKey { status: 401, detail: String::new() };
        let (_, error) = patience().after(None, 0, &key, 0);
        assert!(matches!(error, TaskError::GaveUp { ref code, .. } if code == "narrator_key"));
        let long = NarratorError::Context(String::new());
        assert!(matches!(patience().after(None, 0, &long, 0).1, TaskError::Fail { .. }));
    }
}
