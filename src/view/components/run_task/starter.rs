//! How the embedding application starts tasks.

use std::{future::Future, pin::Pin, sync::Arc};

use crate::{
    task::{Problem, StartReceipt, StartTask},
    view::server_fns,
};

type Sent = Pin<Box<dyn Future<Output = Result<StartReceipt, Problem>>>>;

type Start = dyn Fn(StartTask, String) -> Sent + Send + Sync;

/// Function that starts a task. Default: the ready-made server function
/// [`run_task`](server_fns::run_task).
#[derive(Clone)]
pub struct Starter(Arc<Start>);

impl Starter {
    /// Starts tasks with this function, such as a server function of the application. It receives
    /// the start and an `Idempotency-Key`, which stays the same when a start without a response is
    /// repeated.
    pub fn new<F, E>(start: impl Fn(StartTask, String) -> F + Send + Sync + 'static) -> Self
    where
        F: Future<Output = Result<StartReceipt, E>> + 'static,
        E: Into<Problem>,
    {
        Self(Arc::new(move |task, key| {
            let sent = start(task, key);
            Box::pin(async move { sent.await.map_err(Into::into) })
        }))
    }

    /// Starts a task.
    pub fn start(&self, task: StartTask, key: String) -> Sent {
        (self.0)(task, key)
    }
}

impl Default for Starter {
    fn default() -> Self {
        Self::new(|StartTask { kind, input, .. }, key| server_fns::run_task(kind, input, Some(key)))
    }
}
