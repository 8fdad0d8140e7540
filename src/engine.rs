//! The engine: a durable queue, the task runner, and the current state of running tasks.
//!
//! Depends on neither Leptos nor axum. Each task is one row of a [`store::Store`]. A worker runs it
//! under a lease, and each of its writes carries the run's number (`run_seq`) as a fence: a worker
//! that lost its lease can no longer change the row.

mod admission;
pub mod artifacts;
pub mod audit;
mod audit_writes;
mod budget;
mod builder;
mod changes;
mod client;
pub mod clock;
mod commit_group;
mod context;
mod disk;
mod ended;
mod eta;
mod inner;
pub(crate) mod keyed_hash;
mod kind;
mod leases;
mod lifecycle;
mod log;
pub mod long_poll;
mod metrics;
mod options;
mod pauses;
mod preview;
mod pruner;
mod queue_positions;
mod quota;
mod rates;
mod registry;
mod reporter;
mod run_rate;
mod runner;
mod running;
mod service;
mod sets;
mod shared_limits;
mod slots;
mod snapshot;
pub mod store;
mod subscriptions;
mod suggestion;
#[cfg(feature = "testing")]
pub mod testing;
mod title;
mod trace;

pub use admission::{Admission, Full, MaxPlaces, Place};
pub use artifacts::{Artifacts, FileOptions, OpenFile, StoredFile};
pub use budget::{BudgetFigures, BudgetUsedUp, DailyBudget, DailyLimit, Reservation};
pub use builder::EngineBuilder;
pub use client::ClientAddress;
pub use context::{Context, RERUN_KEYS};
pub use disk::{Disk, DiskSpace, LittleSpace};
pub use eta::Accuracy;
pub use kind::{Check, KindOptions, Output, Stages, Task, TaskError, ValidationError};
pub use lifecycle::Engine;
pub use options::{EngineOptions, Invalid, LongPollOptions, RetentionOptions, StorageOptions};
pub use preview::PreviewContent;
pub use queue_positions::MAX_PLACES;
pub use quota::{QuotaReached, Stored, Whose};
pub use rates::{RateLimit, RateOptions, TooOften};
pub use registry::{DynamicKind, DynamicTask, Prepared, Registry};
pub use run_rate::{InvalidRate, RunRate};
pub use running::Meter;
pub use service::{
    BatchFilter, BatchOrder, Browser, Caller, Cancelled, DataCall, Deleted, Export, ExportedTask,
    FoundLines, Kept, ListFilter, MadeShare, Oversight, ResultState, RevokedShare, Role, Service,
    ServiceError, Started, StartedNow, StartedWith, TaskAction, TokenRequest, WaitFor,
    is_user_name, is_user_or_group, make_token,
};
pub use subscriptions::{LongPollFigures, LongPollLimit};
pub use suggestion::Suggestion;
pub use trace::{RunOutcome, RunSpan, RunTracer, TracedRun};

#[cfg(feature = "http")]
pub(crate) use rates::WrongTries;
#[cfg(feature = "http")]
pub(crate) use service::shares::OpenShares;

/// Converts a duration to the milliseconds that the store uses.
fn millis(duration: std::time::Duration) -> i64 {
    i64::try_from(duration.as_millis()).unwrap_or(i64::MAX)
}
