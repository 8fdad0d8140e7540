//! Formats cancel receipts and resumed attempts.

use std::fmt::Write as _;

use milepost::{
    task::{CancelOutcome, CancelReceipt, Snapshot},
    view::text,
};

use super::printable;

/// Prefixes of the first and of further receipt lines; of equal width, so that they align.
const FIRST: &str = "cancel   ";
const NEXT: &str = "         ";

/// Cancel receipt, one line per step; empty if no cancel was requested.
pub(crate) fn receipt(snapshot: &Snapshot) -> String {
    let mut all = String::new();
    for (at, step) in snapshot.cancel.iter().flat_map(steps).enumerate() {
        let before = if at == 0 { FIRST } else { NEXT };
        let _ = writeln!(all, "{before}{}", printable(&step));
    }
    all
}

fn steps(receipt: &CancelReceipt) -> Vec<String> {
    let who = match receipt.requested_by.as_str() {
        "owner" => "its owner",
        "operator" => "an operator",
        "user" => "a user",
        "anyone with the id" => "somebody with its id",
        other => other,
    };
    let mut steps = vec![format!("requested {} by {who}", text::date_time(&receipt.requested_at))];
    let passed = [("delivered", &receipt.delivered_at), ("acknowledged", &receipt.acknowledged_at)];
    for (word, at) in passed {
        steps.extend(at.as_deref().map(|at| format!("{word} {}", text::date_time(at))));
    }
    if let Some(at) = &receipt.stopped_at {
        let at = text::date_time(at);
        steps.push(match receipt.outcome {
            Some(CancelOutcome::Stopped) => format!("stopped {at} by itself"),
            Some(CancelOutcome::Forced) => format!("forced {at}: it had not stopped in time"),
            Some(CancelOutcome::NeverStarted) => format!("stopped {at} before it had started"),
            Some(CancelOutcome::BetweenAttempts) => format!("stopped {at} between two attempts"),
            Some(CancelOutcome::WorkerLost) => format!("stopped {at}: its worker was lost"),
            Some(CancelOutcome::TooLate) => format!("too late: it ended {at}"),
            Some(CancelOutcome::Unknown) | None => format!("over {at}"),
        });
    }
    steps.extend(receipt.preserved.iter().map(|kept| format!("kept: {kept}")));
    steps
}

/// How the current attempt was resumed, if it was.
pub(crate) fn resumed(snapshot: &Snapshot) -> Option<String> {
    snapshot.resumed.as_ref().map(|_| printable(&text::resumed(snapshot)))
}

#[cfg(test)]
mod tests {
    use milepost::task::TaskId;

    use super::*;

    fn snapshot(receipt: CancelReceipt) -> Snapshot {
        let id: TaskId = "4bf9e1a2-6a4e-4d0e-9b1f-0c7f6f3f1d55".parse().unwrap();
        let mut snapshot = Snapshot::new(id, String::new(), String::new());
        snapshot.cancel = Some(receipt);
        snapshot
    }

    #[test]
    fn a_receipt_is_told_as_far_as_it_has_come() {
        let asked = CancelReceipt::new("2026-11-23T14:02:11.5Z", "owner");
        let told = "cancel   requested 2026-11-23 14:02:11 UTC by its owner\n";
        assert_eq!(receipt(&snapshot(asked.clone())), told);
        let at = |second: u32| Some(format!("2026-11-23T14:02:{second}Z"));
        let mut whole = CancelReceipt::new(asked.requested_at, "anyone with the id");
        whole.delivered_at = at(12);
        whole.acknowledged_at = at(13);
        whole.stopped_at = at(14);
        whole.outcome = Some(CancelOutcome::Stopped);
        whole.preserved = Some("2 chapters\nof 7".to_owned());
        let told = "cancel   requested 2026-11-23 14:02:11 UTC by somebody with its id\n         \
                    delivered 2026-11-23 14:02:12 UTC\n         \
                    acknowledged 2026-11-23 14:02:13 UTC\n         \
                    stopped 2026-11-23 14:02:14 UTC by itself\n         \
                    kept: 2 chapters of 7\n";
        assert_eq!(receipt(&snapshot(whole)), told);
    }

    #[test]
    fn a_task_that_nobody_cancelled_and_that_resumed_nothing_has_neither() {
        let id: TaskId = "4bf9e1a2-6a4e-4d0e-9b1f-0c7f6f3f1d55".parse().unwrap();
        let plain = Snapshot::new(id, String::new(), String::new());
        assert_eq!((receipt(&plain), resumed(&plain)), (String::new(), None));
    }
}
