//! The wire types of a task, shared by server, browser and command line.
//!
//! Depends only on serde (and uuid for ids) and compiles to WASM.

mod annotate;
mod ansi;
mod audit;
mod batch;
mod data;
mod expired;
mod file;
mod find;
mod id;
mod kind;
mod operate;
mod poll;
mod preview;
mod problem;
mod share;
mod snapshot;
mod status;
mod traceparent;

pub use annotate::Annotate;
pub use ansi::{AnsiStyle, plain, spans as ansi_spans};
pub use audit::{AuditEntry, AuditFilter, AuditPage};
pub use batch::{Batch, BatchList, BatchSummary, StartBatch, StatusCounts, batch_input};
pub use data::DataDeleted;
pub use expired::ExpiredTask;
pub use file::{FileInfo, FileList, Upload};
pub use find::{hits as hits_in_line, is_in as is_in_line};
pub use id::{BatchId, InvalidBatchId, InvalidTaskId, InvalidUploadId, TaskId, UploadId};
pub use kind::{KindInfo, PRIORITIES, StageInfo, StartReceipt, StartTask, StartedTask};
pub use operate::{
    AccountLoad, HourLoad, KindLoad, ManyDone, OPERATION, OperatorFilter, OperatorTask,
    OperatorTasks, Overview, PauseTarget, Paused, WorkerLoad,
};
pub use poll::{AnswerReason, Gone, GoneReason, PollRequest, PollResponse, TaskLog, Watch};
pub use preview::Preview;
pub use problem::{FieldError, Problem, ProblemCode};
pub use share::{CreatedShare, Share, ShareList, ShareRequest};
pub use snapshot::{
    CancelOutcome, CancelReceipt, EtaRange, LogLine, LogPage, LogStream, ResultLink, ResumeReason,
    Resumed, Snapshot, TaskFailure, TaskList,
};
pub use status::Status;
pub use traceparent::{InvalidTraceParent, TraceParent};
