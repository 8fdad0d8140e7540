//! The span of a run, where the embedder records any.

use crate::{
    engine::{
        inner::Inner,
        running::RunningTask,
        store::{Ending, Row, StoredTrace},
        trace::{RunOutcome, RunSpan, TracedRun},
    },
    task::{Status, TraceParent},
};

/// A run as a part of a trace.
pub(super) struct Traced {
    span: Option<Box<dyn RunSpan>>,
    kept: StoredTrace,
}

impl Traced {
    /// Begins the span of a run whose task keeps these positions.
    pub(super) fn begin(inner: &Inner, running: &RunningTask, kept: StoredTrace) -> Self {
        let run = TracedRun {
            parent: kept.start,
            previous: kept.last_run,
            ..TracedRun::new(running.id, &running.kind, running.attempt)
        };
        Self { span: inner.options.run_tracer.as_ref().map(|tracer| tracer.begin(&run)), kept }
    }

    /// The span of the run.
    pub(super) fn own(&self) -> Option<TraceParent> {
        self.span.as_ref()?.traceparent()
    }

    /// What the run passes on.
    pub(super) fn passed_on(&self) -> Option<TraceParent> {
        self.own().or(self.kept.start)
    }

    /// Ends the span of a run with this ending, as far as the row shows it. `None`: nothing was written.
    pub(super) fn end(self, written: Option<(&Ending, &Row)>) {
        if let Some(span) = self.span {
            span.end(written.map_or(RunOutcome::Lost, |(ending, row)| outcome(ending, row)));
        }
    }
}

/// A cancel request may have ended a task that would have been retried.
fn outcome<'r>(ending: &'r Ending, row: &'r Row) -> RunOutcome<'r> {
    match (row.status, ending) {
        (Status::Completed, _) => RunOutcome::Completed,
        (Status::Cancelled, _) => RunOutcome::Cancelled,
        (Status::Error, _) => {
            RunOutcome::Failed(row.error.as_ref().map_or("", |(_, message, _)| message))
        }
        (_, Ending::Again { message, .. }) => RunOutcome::Retried(message),
        (_, Ending::Waiting { .. }) => RunOutcome::Waiting,
        _ => RunOutcome::Released,
    }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;
    use crate::task::TaskId;

    #[test]
    fn the_outcome_is_what_the_row_shows() {
        let row = |status| {
            Row::new(TaskId::from_uuid(Uuid::nil()), "kind", "title").with(|row| {
                row.status = status;
                row.error = Some(("code".to_owned(), "first\nsecond".to_owned(), false));
            })
        };
        let again = Ending::Again { after_ms: 0, message: "busy\nnow".to_owned() };
        let waiting = Ending::Waiting { after_ms: 0, message: "busy".to_owned() };
        for (status, ending, name, error) in [
            (Status::Completed, &Ending::Released, "completed", None),
            (Status::Error, &again, "error", Some("first")),
            (Status::Cancelled, &again, "cancelled", None),
            (Status::Queued, &again, "retry", Some("busy")),
            (Status::Queued, &waiting, "waiting", None),
            (Status::Queued, &Ending::Released, "released", None),
        ] {
            let row = row(status);
            let outcome = outcome(ending, &row);
            assert_eq!((outcome.as_str(), outcome.error()), (name, error));
        }
        assert_eq!(RunOutcome::Lost.as_str(), "lost");
    }
}
