//! A task that does nothing but note when it began.

use std::{collections::HashMap, sync::Arc, time::Instant};

use parking_lot::Mutex;

use milepost::engine::{Context, Output, Stages, Task, TaskError};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tokio::sync::watch;

/// When each task began, by its number.
#[derive(Clone)]
pub(crate) struct Begun(Arc<Inner>);

struct Inner {
    at: Mutex<HashMap<u64, Instant>>,
    count: watch::Sender<usize>,
}

impl Begun {
    pub(crate) fn new() -> Self {
        let at = Mutex::default();
        Self(Arc::new(Inner { at, count: watch::Sender::new(0) }))
    }

    fn note(&self, number: u64) {
        let mut at = self.0.at.lock();
        at.insert(number, Instant::now());
        let count = at.len();
        drop(at);
        self.0.count.send_replace(count);
    }

    /// When this task began, if it has.
    pub(crate) fn at(&self, number: u64) -> Option<Instant> {
        self.0.at.lock().get(&number).copied()
    }

    /// Waits until so many tasks have begun.
    pub(crate) async fn reach(&self, count: usize) {
        let mut counted = self.0.count.subscribe();
        // The sender lives as long as `self`.
        drop(counted.wait_for(|begun| *begun >= count).await);
    }
}

/// See the module.
#[derive(Serialize, Deserialize, JsonSchema)]
pub(crate) struct Noop {
    pub(crate) number: u64,
}

impl Task for Noop {
    const KIND: &'static str = "noop";
    const TITLE: &'static str = "No-op";
    const DESCRIPTION: &'static str = "Does nothing.";
    type Deps = Begun;

    fn title(&self) -> String {
        format!("No-op {}", self.number)
    }

    fn stages(&self) -> Stages {
        Stages::none()
    }

    async fn run(self, _: Context, begun: Arc<Begun>) -> Result<Output, TaskError> {
        begun.note(self.number);
        Ok(Output::markdown("done".to_owned(), "done.md"))
    }
}
