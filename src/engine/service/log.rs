//! The log of a task.

use super::{Caller, Service, ServiceError};
use crate::{
    engine::{clock, log, store::LogEntry},
    task::{LogLine, TaskId},
};

impl Service {
    /// Returns at most [`EngineOptions::max_log_lines_per_response`] log lines after number
    /// `after`. `None` if there is no task that this caller may see.
    ///
    /// [`EngineOptions::max_log_lines_per_response`]: crate::engine::EngineOptions::max_log_lines_per_response
    ///
    /// # Errors
    /// When the task has expired, and when the store fails.
    pub async fn log(
        &self,
        caller: &Caller,
        id: TaskId,
        after: i64,
    ) -> Result<Option<Vec<LogLine>>, ServiceError> {
        if !self.sees(caller, id).await? {
            return Ok(None);
        }
        let inner = self.engine.inner();
        let entries = inner.store.log(id, after, inner.options.max_log_lines_per_response).await?;
        Ok(Some(log_lines(after, entries)))
    }

    /// Returns at most `most` of the latest log lines after number `after`, oldest first; the first
    /// line carries how many lines before it are left out. `None` if there is no task that this
    /// caller may see.
    ///
    /// # Errors
    /// When the task has expired, and when the store fails.
    pub async fn log_since(
        &self,
        caller: &Caller,
        id: TaskId,
        after: i64,
        most: u32,
    ) -> Result<Option<Vec<LogLine>>, ServiceError> {
        if !self.sees(caller, id).await? {
            return Ok(None);
        }
        let inner = self.engine.inner();
        let most = most.min(inner.options.max_log_lines_per_response);
        let mut entries = inner.store.log_end(id, most).await?;
        entries.retain(|entry| entry.seq > after);
        Ok(Some(log_lines(after, entries)))
    }
}

/// Converts log entries to wire lines, each with the number of lines left out before it; `before`
/// is the number of the line before the first.
pub(super) fn log_lines(mut before: i64, entries: Vec<LogEntry>) -> Vec<LogLine> {
    let line = |entry: LogEntry| {
        let LogEntry { seq, at, stream, text } = entry;
        let left_out = log::left_out(std::mem::replace(&mut before, seq), seq);
        LogLine { seq, at: clock::rfc3339(at), stream, left_out, text }
    };
    entries.into_iter().map(line).collect()
}
