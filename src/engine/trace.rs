//! Runs as spans of a trace. The engine knows no tracing library: it keeps the positions in traces that tasks are
//! given, and calls a [`RunTracer`] of the embedder.

use std::fmt;

use crate::task::{TaskId, TraceParent};

/// Records a span of each run; see [`EngineOptions::run_tracer`](super::EngineOptions::run_tracer).
///
/// It is called between the claim of a task and its run, and must not block.
pub trait RunTracer: fmt::Debug + Send + Sync {
    /// Begins the span of a run.
    fn begin(&self, run: &TracedRun<'_>) -> Box<dyn RunSpan>;
}

/// The span of a run under way. One that is dropped without [`RunSpan::end`] belongs to a process that shuts down.
pub trait RunSpan: Send {
    /// Its position in the trace, which the run passes on ([`Context::traceparent`](super::Context::traceparent)) and
    /// the next run of the same task links to. `None`: there is none.
    fn traceparent(&self) -> Option<TraceParent>;

    /// Ends the span. The outcome is in the store.
    fn end(self: Box<Self>, outcome: RunOutcome<'_>);
}

/// A run that begins.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct TracedRun<'r> {
    /// The task's id.
    pub id: TaskId,
    /// Its kind.
    pub kind: &'r str,
    /// See [`Context::attempt`](super::Context::attempt).
    pub attempt: u32,
    /// The parent of the span: the trace that the start of the task belongs to, if it named any.
    pub parent: Option<TraceParent>,
    /// The span to link to: that of the last run, if it returned the task to the queue.
    pub previous: Option<TraceParent>,
}

impl<'r> TracedRun<'r> {
    /// Creates a run without a parent and without a link.
    pub fn new(id: TaskId, kind: &'r str, attempt: u32) -> Self {
        Self { id, kind, attempt, parent: None, previous: None }
    }
}

/// How a run ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum RunOutcome<'r> {
    /// The task is completed.
    Completed,
    /// The task failed, with this message.
    Failed(&'r str),
    /// The task was cancelled.
    Cancelled,
    /// The run failed, and another one follows; the message says why.
    Retried(&'r str),
    /// The task waits for something, then runs again.
    Waiting,
    /// The process shut down, and the task returned to the queue.
    Released,
    /// Another process has the task, or nothing could be written.
    Lost,
}

impl<'r> RunOutcome<'r> {
    /// Its name: `completed`, `error`, `cancelled`, `retry`, `waiting`, `released` or `lost`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Completed => "completed",
            Self::Failed(_) => "error",
            Self::Cancelled => "cancelled",
            Self::Retried(_) => "retry",
            Self::Waiting => "waiting",
            Self::Released => "released",
            Self::Lost => "lost",
        }
    }

    /// The first line of the message of a run that failed.
    pub fn error(self) -> Option<&'r str> {
        match self {
            Self::Failed(message) | Self::Retried(message) => {
                Some(message.lines().next().unwrap_or_default())
            }
            Self::Lost => Some("the run was lost"),
            _ => None,
        }
    }
}
