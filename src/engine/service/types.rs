//! Arguments and results of the service.

use std::io;

use super::DataCall;
use crate::{
    engine::{
        BudgetUsedUp, Full, LittleSpace, QuotaReached, TooOften, ValidationError,
        artifacts::{ArtifactsError, ReadError},
        store::{ScheduledBy, StoreError, StoredResult},
    },
    task::{ExpiredTask, FieldError, Problem, ProblemCode, Snapshot, StartReceipt, Status},
};

/// Which tasks to list.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct ListFilter {
    /// Only with this status.
    pub status: Option<Status>,
    /// Only of this kind.
    pub kind: Option<String>,
    /// Only whose title contains this.
    pub q: Option<String>,
    /// Only with this tag.
    pub tag: Option<String>,
    /// From an earlier page's `next_cursor`.
    pub cursor: Option<String>,
    /// Rows per page. Default:
    /// [`EngineOptions::list_rows`](crate::engine::EngineOptions::list_rows), at most
    /// [`EngineOptions::max_list_rows`](crate::engine::EngineOptions::max_list_rows).
    pub limit: Option<u32>,
}

crate::with::with!(ListFilter);

/// A task that was started, or existed already.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Started {
    /// The task's id, and whether it existed.
    pub receipt: StartReceipt,
    /// The task.
    pub snapshot: Snapshot,
}

/// The result of a cancel request.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Cancelled {
    /// False if the task had ended already.
    pub accepted: bool,
    /// The task.
    pub snapshot: Snapshot,
}

/// The state of a task's result.
#[derive(Clone, Debug, PartialEq)]
pub enum ResultState {
    /// The result.
    Ready(StoredResult),
    /// The task has not ended, or ended without a result.
    None(Status),
}

/// Why a call failed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ServiceError {
    /// The request is invalid.
    #[error("{0}")]
    Refused(#[from] ValidationError),
    /// There is no such kind.
    #[error("{0}")]
    UnknownKind(String),
    /// Callers without a session may not start tasks here.
    #[error("starting a task needs a session here: open the page first, or send its cookie")]
    SessionNeeded,
    /// The caller may not do this.
    #[error("{0}")]
    Forbidden(&'static str),
    /// The idempotency key was used for another request.
    #[error("this Idempotency-Key was used for another start; use a new one")]
    KeyReused,
    /// A rerun needs secrets that are no longer stored: the task's start form, filled in from the
    /// task, asks for them.
    #[error("{refusal}")]
    SecretsNeeded {
        /// The kind of the task.
        kind: String,
        /// The fields to be entered.
        refusal: ValidationError,
    },
    /// The task to rerun has not ended.
    #[error("the task is `{0}`; it can be rerun once it has ended")]
    NotEnded(Status),
    /// No task of the batch has failed.
    #[error("nothing to rerun: no task of this batch failed")]
    NothingFailed,
    /// The task has expired and was removed.
    #[error(
        "“{}” ended as `{}` at {}; it was kept until {} and then removed",
        .0.title, .0.status, .0.finished_at, .0.expired_at
    )]
    Expired(Box<ExpiredTask>),
    /// The task was deleted, at this time (RFC 3339).
    #[error("this task was deleted at {0}")]
    Deleted(String),
    /// The owner's queue limit is reached.
    #[error(
        "{queued} of your tasks wait in the queue already, as many as may \
         (engine.max_queued_per_owner); try again when some have started"
    )]
    QueueFull {
        /// Number of queued tasks.
        queued: u32,
    },
    /// The daily budget of the task's kind is used up.
    #[error(transparent)]
    BudgetUsedUp(#[from] BudgetUsedUp),
    /// The queue limit of the client address is reached.
    #[error(
        "{queued} tasks from your network address wait in the queue already, as many as may \
         (engine.max_queued_per_client); try again when some have started"
    )]
    ClientQueueFull {
        /// Number of queued tasks.
        queued: u32,
    },
    /// A limit of scheduled tasks is reached.
    #[error("{}", schedule_full(*.by, *.scheduled))]
    ScheduleFull {
        /// Whose limit.
        by: ScheduledBy,
        /// Number of scheduled tasks.
        scheduled: u32,
    },
    /// The server's queue limit is reached.
    #[error(
        "{queued} tasks wait in the queue of this server already, as many as may \
         (engine.max_queued); try again when some have started"
    )]
    ServerQueueFull {
        /// Number of queued tasks.
        queued: u32,
    },
    /// A storage limit is reached.
    #[error("{0}")]
    StorageFull(QuotaReached),
    /// The disk has too little free space.
    #[error(
        "the disk of the server has {} bytes left, and {} stay free for what runs \
         (storage.min_free_bytes); nothing new is taken in until there is more room",
        .0.free, .0.min
    )]
    DiskFull(LittleSpace),
    /// No storage for files is configured.
    #[error("there is no place for files here; an operator can name one (storage.artifacts)")]
    NoFiles,
    /// The file is larger than the limit.
    #[error("the file has more than {max} bytes, the most that is taken here")]
    TooLarge {
        /// The limit, in bytes.
        max: u64,
    },
    /// The upload ended before it was complete.
    #[error("the file ended before it was whole: {0}")]
    Cut(io::Error),
    /// The owner has too many uploads.
    #[error(
        "you have as many uploads as are kept; start a task with one, or wait until some expire"
    )]
    TooManyUploads,
    /// The same call about all data of this owner is under way.
    #[error("{}", .0.under_way())]
    DataUnderWay(DataCall),
    /// As many calls about all data of an owner are under way as may be: which, and how many.
    #[error("{1} {calls} are under way, as many as may be; try again later", calls = .0.plural())]
    DataCallsFull(DataCall, usize),
    /// The task or the batch has as many share links as may be.
    #[error("{0}")]
    TooManyShares(String),
    /// The owner's files have reached their size limit.
    #[error(
        "your files have as many bytes as are kept, {max} (files.max_bytes_per_owner); \
         wait until some expire"
    )]
    Full {
        /// The limit, in bytes.
        max: u64,
    },
    /// The client exceeds a rate limit.
    #[error(transparent)]
    TooOften(#[from] TooOften),
    /// All upload slots are in use, or all those of the client's address.
    #[error("of the uploads under way {}", uploads_full(.0))]
    UploadsFull(Full),
    /// The server is shutting down.
    #[error("the server stops and takes in no more files; try again soon")]
    Busy {
        /// When to retry, in milliseconds.
        retry_after_ms: i64,
    },
    /// The bytes of a file cannot be read.
    #[error(transparent)]
    File(#[from] ReadError),
    /// The object store is unavailable.
    #[error(transparent)]
    Artifacts(#[from] ArtifactsError),
    /// The store is unavailable, or its data is unreadable.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// When to retry if all upload slots are in use, in milliseconds.
const PLACE_MS: i64 = 5_000;

fn schedule_full(by: ScheduledBy, scheduled: u32) -> String {
    let (whose, setting) = match by {
        ScheduledBy::Account => ("of your tasks", "max_scheduled_per_owner"),
        ScheduledBy::Client => ("tasks from your network address", "max_scheduled_per_client"),
        ScheduledBy::All => ("tasks of this server", "max_scheduled"),
    };
    format!(
        "{scheduled} {whose} wait for their start time already, as many as may (engine.{setting}); \
         start it without run_at and delay_s, or try again when some have started"
    )
}

fn uploads_full(full: &Full) -> String {
    let setting = match full {
        Full::Client { .. } => "max_concurrent_uploads_per_client",
        Full::All { .. } => "max_concurrent_uploads",
    };
    format!("{full} (files.{setting})")
}

/// A 507 response, to be retried after a minute.
fn full(detail: String) -> Problem {
    let mut problem =
        Problem::new(507, "Insufficient Storage", detail).with_code(ProblemCode::StorageFull);
    problem.retry_after_ms = Some(60_000);
    problem
}

impl From<ServiceError> for Problem {
    fn from(error: ServiceError) -> Self {
        let detail = error.to_string();
        match error {
            ServiceError::Refused(refusal) | ServiceError::SecretsNeeded { refusal, .. } => {
                let mut problem = Self::new(400, "Bad Request", refusal.detail)
                    .with_code(ProblemCode::InvalidInput);
                problem.errors = refusal.errors;
                problem
            }
            ServiceError::UnknownKind(_) => {
                let mut problem = Self::new(400, "Bad Request", detail.clone())
                    .with_code(ProblemCode::UnknownKind);
                problem.errors = vec![FieldError { field: "kind".to_owned(), detail }];
                problem
            }
            ServiceError::SessionNeeded => Self::new(401, "Unauthorized", detail),
            ServiceError::Forbidden(_) => Self::new(403, "Forbidden", detail),
            ServiceError::KeyReused => Self::new(422, "Unprocessable Content", detail),
            ServiceError::TooManyShares(_) => Self::new(409, "Conflict", detail),
            ServiceError::NotEnded(_) => {
                Self::new(409, "Conflict", detail).with_code(ProblemCode::NotEnded)
            }
            ServiceError::NothingFailed => {
                Self::new(409, "Conflict", detail).with_code(ProblemCode::NothingFailed)
            }
            ServiceError::Expired(task) => {
                let mut problem = Self::new(410, "Gone", detail);
                problem.task = Some(task);
                problem
            }
            ServiceError::Deleted(_) => {
                Self::new(410, "Gone", detail).with_code(ProblemCode::Deleted)
            }
            ServiceError::NoFiles => Self::new(501, "Not Implemented", detail),
            ServiceError::TooLarge { .. } => Self::new(413, "Content Too Large", detail),
            ServiceError::Cut(error) if error.kind() == io::ErrorKind::TimedOut => {
                Self::new(408, "Request Timeout", detail)
            }
            ServiceError::Cut(_) => {
                Self::new(400, "Bad Request", detail).with_code(ProblemCode::IncompleteBody)
            }
            ServiceError::TooOften(TooOften { retry_after_ms, .. }) => {
                let mut problem = Self::new(429, "Too Many Requests", detail);
                problem.retry_after_ms = Some(retry_after_ms);
                problem
            }
            ServiceError::UploadsFull(full) => {
                let mut problem = match full {
                    Full::Client { .. } => Self::new(429, "Too Many Requests", detail)
                        .with_code(ProblemCode::TooManyUploads),
                    Full::All { .. } => Self::new(503, "Service Unavailable", detail)
                        .with_code(ProblemCode::ServerFull),
                };
                problem.retry_after_ms = Some(PLACE_MS);
                problem
            }
            ServiceError::DataUnderWay(_) => {
                let mut problem = Self::new(429, "Too Many Requests", detail);
                problem.retry_after_ms = Some(PLACE_MS);
                problem
            }
            ServiceError::DataCallsFull(..) => {
                let mut problem = Self::new(503, "Service Unavailable", detail)
                    .with_code(ProblemCode::ServerFull);
                problem.retry_after_ms = Some(PLACE_MS);
                problem
            }
            ServiceError::TooManyUploads => {
                Self::new(429, "Too Many Requests", detail).with_code(ProblemCode::TooManyUploads)
            }
            ServiceError::Full { .. } => {
                Self::new(507, "Insufficient Storage", detail).with_code(ProblemCode::StorageFull)
            }
            ServiceError::Busy { retry_after_ms } => {
                let mut problem = Self::new(503, "Service Unavailable", detail)
                    .with_code(ProblemCode::ShuttingDown);
                problem.retry_after_ms = Some(retry_after_ms);
                problem
            }
            ServiceError::File(ReadError::Missing) => {
                tracing::error!("the bytes of a file are missing");
                Self::new(500, "Internal Server Error", detail)
            }
            ServiceError::Artifacts(error) | ServiceError::File(ReadError::Artifacts(error)) => {
                tracing::error!(%error, "the store of files does not answer");
                let detail = "The store of files does not answer.";
                let mut problem = Self::new(503, "Service Unavailable", detail)
                    .with_code(ProblemCode::FilesUnavailable);
                problem.retry_after_ms = Some(2_000);
                problem
            }
            ServiceError::BudgetUsedUp(used_up) => {
                let mut problem = Self::new(429, "Too Many Requests", detail)
                    .with_code(ProblemCode::BudgetUsedUp);
                problem.retry_after_ms = Some(used_up.begins_anew_in_ms);
                problem
            }
            ServiceError::QueueFull { .. } | ServiceError::ClientQueueFull { .. } => {
                let mut problem =
                    Self::new(429, "Too Many Requests", detail).with_code(ProblemCode::QueueFull);
                problem.retry_after_ms = Some(5_000);
                problem
            }
            ServiceError::ScheduleFull {
                by: ScheduledBy::Account | ScheduledBy::Client, ..
            } => {
                let mut problem = Self::new(429, "Too Many Requests", detail)
                    .with_code(ProblemCode::ScheduleFull);
                problem.retry_after_ms = Some(60_000);
                problem
            }
            ServiceError::ScheduleFull { .. } => {
                let mut problem = Self::new(503, "Service Unavailable", detail)
                    .with_code(ProblemCode::ServerFull);
                problem.retry_after_ms = Some(60_000);
                problem
            }
            ServiceError::ServerQueueFull { .. } => {
                let mut problem = Self::new(503, "Service Unavailable", detail)
                    .with_code(ProblemCode::ServerFull);
                problem.retry_after_ms = Some(5_000);
                problem
            }
            ServiceError::StorageFull(_) | ServiceError::DiskFull(_) => full(detail),
            ServiceError::Store(StoreError::Full(error)) => {
                tracing::error!(%error, "the disk of the database is full");
                full("The disk of the database is full.".to_owned())
            }
            ServiceError::Store(StoreError::Unavailable(error)) => {
                tracing::error!(%error, "the store does not answer");
                let detail = "The database does not answer.";
                let mut problem = Self::new(503, "Service Unavailable", detail)
                    .with_code(ProblemCode::DatabaseUnavailable);
                problem.retry_after_ms = Some(2_000);
                problem
            }
            ServiceError::Store(StoreError::ReadOnly(error)) => {
                tracing::error!(%error, "the database takes no writes");
                let detail = "The database is read-only: it takes no writes now.";
                let mut problem = Self::new(503, "Service Unavailable", detail)
                    .with_code(ProblemCode::DatabaseUnavailable);
                problem.retry_after_ms = Some(2_000);
                problem
            }
            ServiceError::Store(error) => {
                tracing::error!(%error, "the store makes no sense");
                Self::new(500, "Internal Server Error", "Something is wrong on the server.")
            }
        }
    }
}
