//! Searching a task's log.

use std::collections::VecDeque;

use super::{Caller, Service, ServiceError, log::log_lines};
use crate::{
    engine::{ValidationError, store::LogEntry},
    task::{LogLine, TaskId, is_in_line},
};

/// Log lines that contain a text.
#[derive(Clone, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct FoundLines {
    /// The latest matches, oldest first; the first one carries how many earlier matches are left
    /// out.
    pub lines: Vec<LogLine>,
    /// The number of the last line searched; continue after it.
    pub seq: i64,
}

impl Service {
    /// Returns the first [`EngineOptions::max_log_lines_per_response`] lines after number `after`
    /// that contain a text, ignoring case and ANSI colours. Lines between matches are not counted
    /// as left out. `None` if there is no task that this caller may see.
    ///
    /// [`EngineOptions::max_log_lines_per_response`]: crate::engine::EngineOptions::max_log_lines_per_response
    ///
    /// # Errors
    /// When the text is empty or too long, when the task has expired, and when the store fails.
    pub async fn log_with(
        &self,
        caller: &Caller,
        id: TaskId,
        after: i64,
        text: &str,
    ) -> Result<Option<Vec<LogLine>>, ServiceError> {
        self.may_search("contains", text)?;
        if !self.sees(caller, id).await? {
            return Ok(None);
        }
        let most = self.engine.inner().options.max_log_lines_per_response as usize;
        let mut found = Vec::new();
        self.look_through(id, after, text, |line| {
            found.push(line);
            found.len() < most
        })
        .await?;
        Ok(Some(as_lines(found)))
    }

    /// Returns the latest `most` lines after number `after` that contain a text, matched as by
    /// [`Service::log_with`].
    ///
    /// # Errors
    /// As there.
    pub async fn log_end_with(
        &self,
        caller: &Caller,
        id: TaskId,
        after: i64,
        text: &str,
        most: u32,
    ) -> Result<Option<FoundLines>, ServiceError> {
        self.may_search("contains", text)?;
        if !self.sees(caller, id).await? {
            return Ok(None);
        }
        self.latest_with(id, after, text, most).await.map(Some)
    }

    /// [`Service::log_end_with`] for a task that the caller may see, and a valid text.
    pub(super) async fn latest_with(
        &self,
        id: TaskId,
        after: i64,
        text: &str,
        most: u32,
    ) -> Result<FoundLines, ServiceError> {
        let (mut latest, mut earlier) = (VecDeque::new(), 0);
        let seq = self
            .look_through(id, after, text, |line| {
                latest.push_back(line);
                if latest.len() > most as usize {
                    latest.pop_front();
                    earlier += 1;
                }
                true
            })
            .await?;
        let mut lines = as_lines(latest.into());
        if let Some(first) = lines.first_mut() {
            first.left_out = earlier;
        }
        Ok(FoundLines { lines, seq })
    }

    pub(super) fn may_search(&self, field: &str, text: &str) -> Result<(), ValidationError> {
        let max = self.engine.inner().options.max_search_chars;
        if (1..=max).contains(&text.chars().count()) {
            return Ok(());
        }
        Err(ValidationError::field(field, format!("has 1 to {max} characters")))
    }

    /// Passes each line after `after` that contains the text to `go_on`, until it returns false.
    /// Returns the number of the last line searched.
    async fn look_through(
        &self,
        id: TaskId,
        mut after: i64,
        text: &str,
        mut go_on: impl FnMut(LogEntry) -> bool + Send,
    ) -> Result<i64, ServiceError> {
        let inner = self.engine.inner();
        let piece = inner.options.max_log_lines_per_response.max(1);
        loop {
            // Read in pieces, so that a whole log is never in memory.
            let entries = inner.store.log(id, after, piece).await?;
            let Some(last) = entries.last() else { return Ok(after) };
            after = last.seq;
            for entry in entries {
                let seq = entry.seq;
                if is_in_line(&entry.text, text) && !go_on(entry) {
                    return Ok(seq);
                }
            }
        }
    }
}

/// Lines between matches do not count as left out.
fn as_lines(entries: Vec<LogEntry>) -> Vec<LogLine> {
    let mut lines = log_lines(0, entries);
    lines.iter_mut().for_each(|line| line.left_out = 0);
    lines
}
