//! What a worker claims, and how a run ends.

use std::{borrow::Cow, collections::HashMap};

use super::{Row, SharedLimits, Store, StoreError};
use crate::task::{TaskId, TraceParent};

/// What a worker can claim.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Claim {
    /// A random id of this process.
    pub lease_owner: String,
    /// The name of this worker: one that is paused claims nothing.
    pub worker: String,
    /// Duration of the lease, in milliseconds.
    pub lease_ms: i64,
    /// Free slots by kind.
    pub slots: Vec<(String, u32)>,
    /// Free slots in total.
    pub total: u32,
    /// The shared limits of those kinds that have any.
    pub limits: HashMap<String, SharedLimits>,
}

impl Claim {
    /// Creates a claim by the process `lease_owner`, of at most `total` tasks, by kind at most as many as `slots`, without
    /// shared limits.
    pub fn new(
        lease_owner: impl Into<String>,
        lease_ms: i64,
        slots: Vec<(String, u32)>,
        total: u32,
    ) -> Self {
        let lease_owner = lease_owner.into();
        let worker = lease_owner.clone();
        Self { lease_owner, worker, lease_ms, slots, total, limits: HashMap::new() }
    }
}

crate::with::with!(Claim);

/// A claimed task and its input; `None`: the input could not be read.
pub type ClaimedTask = (Row, Option<StoredInput>);

/// A run that a worker still holds.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Renewal {
    /// The task's id.
    pub id: TaskId,
    /// The run's number.
    pub run_seq: i64,
    /// The row's version.
    pub version: i64,
    /// When and by whom cancellation was requested.
    pub cancel: Option<(i64, String)>,
}

/// How a run ends.
#[derive(Clone, Debug, PartialEq)]
pub enum Ending {
    /// Completed with a result.
    Completed(StoredResult),
    /// Failed, without another attempt.
    Failed {
        /// A stable code for programs.
        code: Cow<'static, str>,
        /// A sentence for people.
        message: String,
        /// Whether a new start may help.
        retryable: bool,
    },
    /// Stopped by the task after cancellation was requested.
    Cancelled,
    /// Cancelled, but still running at the end of the grace period; its future was dropped.
    Forced,
    /// The task waits and then goes on; the attempt does not count.
    Waiting {
        /// The delay, in milliseconds from now.
        after_ms: i64,
        /// What it waits for.
        message: String,
    },
    /// Another attempt follows after a delay.
    Again {
        /// The delay, in milliseconds from now.
        after_ms: i64,
        /// Why the attempt failed.
        message: String,
    },
    /// Returned to the queue unfinished, without costing an attempt.
    Released,
}

/// The end of one run among several.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct RunEnd {
    /// The task's id.
    pub id: TaskId,
    /// The run's number.
    pub run_seq: i64,
    /// How it ends.
    pub ending: Ending,
    /// The task's kind.
    pub kind: String,
    /// How long its stages took, by name in milliseconds; stored if it is completed.
    pub stage_times: Vec<(String, i64)>,
    /// Number of times retained per stage.
    pub stage_history: u32,
    /// The span of the run, for a link from the next one; stored if the task returns to the queue.
    pub traceparent: Option<TraceParent>,
}

impl RunEnd {
    /// Creates the end of the run that `row` shows, without times of its stages.
    pub fn new(row: &Row, ending: Ending) -> Self {
        Self {
            id: row.id,
            run_seq: row.run_seq,
            ending,
            kind: row.kind.clone(),
            stage_times: Vec::new(),
            stage_history: 0,
            traceparent: None,
        }
    }
}

crate::with::with!(RunEnd);

/// The stored input of a task.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct StoredInput {
    /// The input as JSON; stored as long as the task.
    pub text: String,
    /// Sealed secrets of the input, unreadable without a key. Dropped by the write that ends the
    /// task.
    pub sealed: Option<String>,
    /// The trace that its runs belong to.
    pub trace: StoredTrace,
}

/// The positions in traces that a task keeps.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct StoredTrace {
    /// That of its start.
    pub start: Option<TraceParent>,
    /// The span of the last run that returned it to the queue.
    pub last_run: Option<TraceParent>,
}

/// A result.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct StoredResult {
    /// Its media type.
    pub media_type: String,
    /// File name for downloads.
    pub file_name: String,
    /// The bytes.
    pub bytes: Vec<u8>,
}

impl StoredResult {
    /// Creates a result.
    pub fn new(
        media_type: impl Into<String>,
        file_name: impl Into<String>,
        bytes: impl Into<Vec<u8>>,
    ) -> Self {
        Self { media_type: media_type.into(), file_name: file_name.into(), bytes: bytes.into() }
    }
}

/// [`Store::claim`], then [`Store::inputs`].
pub(super) async fn claim_with_inputs(
    store: &(impl Store + ?Sized),
    claim: &Claim,
) -> Result<Vec<ClaimedTask>, StoreError> {
    let rows = store.claim(claim).await?;
    let ids: Vec<_> = rows.iter().map(|row| row.id).collect();
    let inputs = match ids.as_slice() {
        [] => Ok(Vec::new()),
        ids => store.inputs(ids).await,
    };
    if let Err(error) = &inputs {
        tracing::warn!(%error, tasks = ids.len(), "the inputs could not be read");
    }
    let is_read = inputs.is_ok();
    let mut inputs: HashMap<_, _> = inputs.unwrap_or_default().into_iter().collect();
    let mut input = |id| is_read.then(|| inputs.remove(&id).unwrap_or_default());
    Ok(rows.into_iter().map(|row| (input(row.id), row)).map(|(input, row)| (row, input)).collect())
}
