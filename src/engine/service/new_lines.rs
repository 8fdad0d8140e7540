//! Log lines that travel in the response of a poll.

use super::{Service, ServiceError, log::log_lines};
use crate::task::{PollRequest, PollResponse, TaskId, TaskLog};

impl Service {
    /// Checks the text that log lines must contain.
    pub(super) fn may_search_logs(&self, request: &PollRequest) -> Result<(), ServiceError> {
        match request.log_contains.as_str() {
            "" => Ok(()),
            text => Ok(self.may_search("log_contains", text)?),
        }
    }

    /// Adds the new lines of the tasks in the response whose log is shown; of all of them at most
    /// [`EngineOptions::max_log_lines_per_response`].
    ///
    /// Lines that cannot be read now are read with the next change: the client still asks for them.
    ///
    /// [`EngineOptions::max_log_lines_per_response`]: crate::engine::EngineOptions::max_log_lines_per_response
    pub(super) async fn add_log(&self, request: &PollRequest, response: &mut PollResponse) {
        let mut room = self.engine.inner().options.max_log_lines_per_response;
        for watch in &request.watch {
            let Some(after) = watch.log_after else { continue };
            if room == 0 || !response.tasks.iter().any(|task| task.id == watch.id) {
                continue;
            }
            match self.new_lines(watch.id, after, &request.log_contains, room).await {
                Ok(log) => {
                    room = room.saturating_sub(u32::try_from(log.lines.len()).unwrap_or(u32::MAX));
                    response.log.push(log);
                }
                Err(error) => {
                    tracing::warn!(task.id = %watch.id, %error, "log lines could not be read");
                }
            }
        }
    }

    /// The latest `most` lines after line `after`, if `text` is not empty only those with it.
    async fn new_lines(
        &self,
        id: TaskId,
        after: i64,
        text: &str,
        most: u32,
    ) -> Result<TaskLog, ServiceError> {
        let (lines, seq) = if text.is_empty() {
            let store = &self.engine.inner().store;
            let mut entries = store.log(id, after, most).await?;
            if entries.len() >= most as usize {
                entries = store.log_end(id, most).await?;
                entries.retain(|entry| entry.seq > after);
            }
            let seq = entries.last().map_or(after, |entry| entry.seq);
            (log_lines(after, entries), seq)
        } else {
            let found = self.latest_with(id, after, text, most).await?;
            (found.lines, found.seq)
        };
        Ok(TaskLog { id, seq, lines })
    }
}
