//! How a test run ended, and what it left.

use std::{collections::BTreeMap, sync::Arc};

use futures_util::TryStreamExt as _;
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::Report;
use crate::{
    engine::{Artifacts, Output, StoredFile, TaskError, store::Store},
    task::{FileInfo, StageInfo, TaskId},
};

/// How a test run ended.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum TestEnding {
    /// It completed with this result.
    Completed(Output),
    /// It failed, or asks to be run again: the variant of the error decides.
    Failed(TaskError),
    /// It was cancelled by the test, and stopped.
    Cancelled,
    /// It was cancelled by the test, and did not stop within
    /// [`KindOptions::cancel_grace`](crate::engine::KindOptions::cancel_grace).
    Forced,
    /// It took longer than [`KindOptions::timeout`](crate::engine::KindOptions::timeout).
    TimedOut,
}

/// The outcome of a [`TestRun`](super::TestRun).
#[non_exhaustive]
pub struct TestOutcome {
    /// How it ended.
    pub ending: TestEnding,
    /// Everything that it reported, in the order of its calls.
    pub reports: Vec<Report>,
    /// The title of the task.
    pub title: String,
    /// The stages that it declared.
    pub stages: Vec<StageInfo>,
    /// Number of this run, from 1.
    pub attempt: u32,
    pub(super) id: TaskId,
    pub(super) checkpoints: BTreeMap<String, Value>,
    pub(super) store: Arc<dyn Store>,
    pub(super) artifacts: Option<Artifacts>,
}

impl TestOutcome {
    /// The result, if it completed.
    pub fn output(&self) -> Option<&Output> {
        match &self.ending {
            TestEnding::Completed(output) => Some(output),
            _ => None,
        }
    }

    /// All checkpoints after the run, with those that it began with.
    pub fn checkpoints(&self) -> &BTreeMap<String, Value> {
        &self.checkpoints
    }

    /// A checkpoint; `None` if there is none under this key, or it does not fit the type.
    pub fn checkpoint<T: DeserializeOwned>(&self, key: &str) -> Option<T> {
        serde_json::from_value(self.checkpoints.get(key)?.clone()).ok()
    }

    /// The last preview that it showed: media type and text.
    pub fn preview(&self) -> Option<(&str, &str)> {
        self.reports.iter().rev().find_map(|report| match report {
            Report::Preview(media_type, text) => Some((media_type.as_str(), text.as_str())),
            _ => None,
        })
    }

    /// The files that it saved, by name.
    pub async fn files(&self) -> Vec<FileInfo> {
        let files = self.store.artifacts_of(self.id).await.unwrap_or_default();
        files.iter().map(crate::engine::artifacts::file_info).collect()
    }

    /// The bytes of a file that it saved; `None` if there is no such file.
    pub async fn file(&self, name: &str) -> Option<Vec<u8>> {
        let artifact = self.store.artifact_of(self.id, name).await.ok()??;
        let file = StoredFile { artifact, artifacts: self.artifacts.clone()? };
        let pieces: Vec<_> = file.read(0..file.size()).await.ok()?.try_collect().await.ok()?;
        Some(pieces.concat())
    }
}
