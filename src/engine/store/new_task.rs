//! A task that is to be queued, and what becomes of it.

use super::Row;
use crate::task::{BatchId, StageInfo, TaskId, UploadId};

/// A task to be queued.
#[derive(Clone, Debug)]
pub struct NewTask {
    /// Its id.
    pub id: TaskId,
    /// Whose it is; `None` = nobody's.
    pub owner: Option<String>,
    /// Its kind.
    pub kind: String,
    /// What people call it.
    pub title: String,
    /// Its input as JSON.
    pub input: String,
    /// See [`super::StoredInput::sealed`].
    pub sealed: Option<String>,
    /// Its stages.
    pub stages: Vec<StageInfo>,
    /// From where it is started: a keyed hash of the client address, where that is known.
    pub client: Option<String>,
    /// See [`crate::engine::Task::unique_key`].
    pub unique_key: Option<String>,
    /// See [`crate::engine::Task::lookup_key`].
    pub lookup_key: Option<String>,
    /// The client's key for this start, and a request hash of what it asked for.
    pub idempotency: Option<(String, String)>,
    /// Before those of its owner's waiting tasks that have less.
    pub priority: i32,
    /// Runs in all.
    pub max_attempts: u32,
    /// Retention after its end, in milliseconds; `None` = for ever.
    pub keep_ms: Option<i64>,
    /// Tasks that wait in the queue of this account at most.
    pub max_queued: u32,
    /// Tasks that wait in the queue of this client at most.
    pub max_queued_per_client: u32,
    /// Tasks that wait in the queue in all at most.
    pub max_queued_in_all: u32,
    /// The uploads that its input names.
    pub uploads: Vec<UploadId>,
    /// With which others it is started, and its place among them, from 0.
    pub batch: Option<(BatchId, u32)>,
}

impl NewTask {
    /// Bytes of its input, secrets included.
    pub fn input_bytes(&self) -> usize {
        self.input.len() + self.sealed.as_ref().map_or(0, String::len)
    }

    /// By what limits, turns and keys are counted: the owner, else the client, else `""` for all of
    /// whom neither is known.
    pub fn account(&self) -> &str {
        self.owner.as_deref().or(self.client.as_deref()).unwrap_or_default()
    }
}

/// What became of an insert.
#[derive(Clone, Debug)]
pub enum Inserted {
    /// It is queued.
    Queued(Row),
    /// The same idempotency key was used for the same start: this is its task.
    SameKey(Row),
    /// The same idempotency key was used for another start.
    KeyReused,
    /// The same work is under way: this is its task.
    UnderWay(Row),
    /// The owner has this many queued already.
    Full(u32),
    /// Those who come from the same client address have this many queued already.
    ClientFull(u32),
    /// This many are queued already, of whomever.
    AllFull(u32),
    /// There is no such upload (any more) that the owner may use.
    NoUpload(UploadId),
}

/// What became of an insert of several tasks: all of them or none.
#[derive(Clone, Debug)]
pub enum AllInserted {
    /// They are queued.
    Queued(Vec<Row>),
    /// This one, counted from 0, could not be, so none is.
    Not(usize, Box<Inserted>),
}
