//! What a screen reader announces of a task, and when.

use super::{TaskView, segments, text};
use crate::task::Status;

/// Minimum time between two announcements, in milliseconds. Only a cancel and the end come sooner.
const MIN_PAUSE_MS: i64 = 15_000;

/// Decides what is announced: each stage, the quarters of a long one, and the end. Of what came
/// within the pause, only the latest is announced after it.
#[derive(Clone, Debug)]
pub(super) struct Announcer {
    /// The last announcement.
    text: String,
    /// Time since it, in milliseconds.
    quiet_ms: i64,
    /// [`TaskView::elapsed_ms`] of the last view.
    elapsed_ms: i64,
}

impl Announcer {
    /// Begins with what the page shows when it is loaded, which is not announced.
    pub(super) fn new(view: &TaskView) -> Self {
        Self { text: announcement(view), quiet_ms: 0, elapsed_ms: view.elapsed_ms }
    }

    /// Takes in what is shown now. Returns the text of the live region: it is announced if it
    /// differs from the last one.
    pub(super) fn update(&mut self, view: &TaskView) -> &str {
        // The time starts from 0 when a waiting task begins.
        let passed = view.elapsed_ms - self.elapsed_ms;
        self.quiet_ms += if passed < 0 { view.elapsed_ms } else { passed };
        self.elapsed_ms = view.elapsed_ms;
        if self.quiet_ms >= MIN_PAUSE_MS || matters(view.status) {
            let text = announcement(view);
            if text != self.text {
                self.text = text;
                self.quiet_ms = 0;
            }
        }
        &self.text
    }
}

/// `Step 3 of 4: Writing, 50 %`: the stage and the quarter of it that is done.
fn announcement(view: &TaskView) -> String {
    let mut text = text::stage_line(view);
    let snapshot = &view.snapshot;
    let stages = segments(&snapshot.stages, view.permille);
    // Without stages, the task is one.
    let index = snapshot.step.map_or(0, |step| step.saturating_sub(1)) as usize;
    let quarter = stages.get(index).map_or(0, |stage| (stage.done / 250 * 25).min(75));
    if view.status == Status::Running && quarter > 0 {
        text.push_str(&format!(", {quarter} %"));
    }
    text
}

/// Whether a status is announced at once.
const fn matters(status: Status) -> bool {
    !matches!(status, Status::Queued | Status::Running)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        task::{Snapshot, StageInfo, TaskId},
        view::Seed,
    };

    fn snapshot() -> Snapshot {
        let id: TaskId = "4bf9e1a2-6a4e-4d0e-9b1f-0c7f6f3f1d55".parse().expect("an id");
        Seed::from(id).into_snapshot()
    }

    /// A view after so many seconds.
    fn view(status: Status, step: Option<u32>, permille: Option<u32>, seconds: i64) -> TaskView {
        let mut snapshot = snapshot();
        snapshot.status = status;
        if let Some(step) = step {
            snapshot.stages = ["Reading", "Writing"].map(|name| StageInfo::new(name, 1.0)).into();
            snapshot.current_step = Some(snapshot.stages[step as usize - 1].name.clone());
            (snapshot.step, snapshot.total_steps) = (Some(step), Some(2));
        }
        let mut view = TaskView::new(snapshot);
        (view.permille, view.elapsed_ms) = (permille, seconds * 1_000);
        view
    }

    /// What is announced of these views, with the second of each.
    fn announced(views: impl IntoIterator<Item = TaskView>) -> Vec<(i64, String)> {
        let mut views = views.into_iter();
        let mut announcer = Announcer::new(&views.next().expect("a first view"));
        let mut before = announcer.text.clone();
        let mut announced = Vec::new();
        for view in views {
            let text = announcer.update(&view).to_owned();
            if text != before {
                announced.push((view.elapsed_ms / 1_000, text.clone()));
                before = text;
            }
        }
        announced
    }

    fn expect(views: impl IntoIterator<Item = TaskView>, expected: &[(i64, &str)]) {
        let expected: Vec<_> =
            expected.iter().map(|(at, text)| (*at, (*text).to_owned())).collect();
        assert_eq!(announced(views), expected);
    }

    #[test]
    fn the_quarters_of_a_long_stage_are_announced() {
        let long = (0..=200)
            .map(|second| view(Status::Running, Some(1), Some(second as u32 * 5 / 2), second));
        expect(
            long,
            &[
                (50, "Step 1 of 2: Reading, 25 %"),
                (100, "Step 1 of 2: Reading, 50 %"),
                (150, "Step 1 of 2: Reading, 75 %"),
            ],
        );
        // Without stages, of the whole task.
        let whole =
            (0..=100).map(|second| view(Status::Running, None, Some(second as u32 * 9), second));
        expect(
            whole,
            &[(28, "In progress, 25 %"), (56, "In progress, 50 %"), (84, "In progress, 75 %")],
        );
        // Nothing is known: nothing is announced.
        expect((0..=100).map(|second| view(Status::Running, None, None, second)), &[]);
    }

    #[test]
    fn nothing_is_announced_sooner_than_15_s_after_the_last_but_the_end() {
        // A whole stage in 10 s, the next in 40 s, then the end.
        let at = |second: i64| match second {
            0..10 => view(Status::Running, Some(1), Some(second as u32 * 50), second),
            10..50 => view(Status::Running, Some(2), Some(500 + (second as u32 - 10) * 12), second),
            _ => view(Status::Completed, Some(2), Some(1000), second),
        };
        expect(
            (0..60).map(at),
            &[
                (15, "Step 2 of 2: Writing"),
                (30, "Step 2 of 2: Writing, 25 %"),
                (45, "Step 2 of 2: Writing, 75 %"),
                (50, "Completed"),
            ],
        );
    }

    #[test]
    fn a_task_that_flips_between_waiting_and_running_is_announced_every_15_s_at_most() {
        // Each status lasts 2 s, and its time starts from 0.
        let flips = (0..120).map(|second| {
            let status = if second / 2 % 2 == 0 { Status::Queued } else { Status::Running };
            view(status, None, None, second % 2)
        });
        let mut announcer = Announcer::new(&view(Status::Queued, None, None, 0));
        let (mut last, mut before) = (None, announcer.text.clone());
        for (second, view) in flips.enumerate() {
            let text = announcer.update(&view).to_owned();
            if text != before {
                assert!(last.is_none_or(|last| second - last >= 15), "{last:?} {second}");
                (last, before) = (Some(second), text);
            }
        }
        assert!(last.is_some());
    }

    #[test]
    fn a_cancel_and_the_end_are_announced_at_once() {
        let views = [
            view(Status::Running, Some(1), Some(10), 1),
            view(Status::Cancelling, Some(1), Some(10), 2),
            view(Status::Cancelled, Some(1), Some(10), 3),
        ];
        expect(views, &[(2, "Cancelling…"), (3, "This task was cancelled")]);
    }
}
