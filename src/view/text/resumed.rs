//! How an attempt was resumed, as a sentence.

use super::{clock, duration};
use crate::task::{ResumeReason, Snapshot};

/// `The worker was lost. Resumed at step 3 of 4, saved 14:02:11 UTC, 38 s repeated.`; empty if the
/// task was not resumed.
pub fn resumed(snapshot: &Snapshot) -> String {
    let Some(resumed) = &snapshot.resumed else { return String::new() };
    let reason = match resumed.reason {
        ResumeReason::WorkerLost => "The worker was lost. ",
        ResumeReason::Released => "The worker was stopped. ",
        ResumeReason::Retry => "An attempt failed. ",
        ResumeReason::Unknown => "",
    };
    let mut note = reason.to_owned();
    note.push_str("Resumed");
    if let (Some(step), Some(total)) = (resumed.step, snapshot.total_steps) {
        note.push_str(&format!(" at step {step} of {total}"));
    }
    match &resumed.checkpoint_at {
        Some(at) => note.push_str(&format!(", saved {} UTC", clock(at))),
        None => note.push_str(" from the beginning"),
    }
    if resumed.redone_ms >= 1_000 {
        note.push_str(&format!(", {} repeated", duration(resumed.redone_ms)));
    }
    note.push('.');
    note
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        task::{Resumed, TaskId},
        view::Seed,
    };

    #[test]
    fn a_resumed_attempt_says_where_why_and_what_it_costs() {
        let id: TaskId = "4bf9e1a2-6a4e-4d0e-9b1f-0c7f6f3f1d55".parse().expect("an id");
        let mut snapshot = Seed::from(id).into_snapshot();
        assert_eq!(resumed(&snapshot), "");
        snapshot.total_steps = Some(4);
        let mut note = Resumed {
            at: "2026-11-23T14:05:00Z".to_owned(),
            reason: ResumeReason::WorkerLost,
            step: Some(3),
            checkpoint_at: Some("2026-11-23T14:02:11Z".to_owned()),
            redone_ms: 38_000,
        };
        snapshot.resumed = Some(note.clone());
        let told =
            "The worker was lost. Resumed at step 3 of 4, saved 14:02:11 UTC, 38 s repeated.";
        assert_eq!(resumed(&snapshot), told);
        (note.checkpoint_at, note.step, note.redone_ms) = (None, None, 20);
        note.reason = ResumeReason::Retry;
        snapshot.resumed = Some(note);
        assert_eq!(resumed(&snapshot), "An attempt failed. Resumed from the beginning.");
    }
}
