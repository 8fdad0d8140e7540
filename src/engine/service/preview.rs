//! Previews of running tasks: in the response of a poll, and by themselves.

use std::collections::HashSet;

use super::{Caller, Service, ServiceError};
use crate::{
    engine::preview,
    task::{PollRequest, PollResponse, Preview, TaskId},
};

/// Previews are added to the response of a poll until they have this size, in bytes; the rest follows in
/// the next one.
const MAX_RESPONSE_BYTES: usize = 1 << 20;

impl Service {
    /// Returns what changed of a task's preview after this version of it, 0 for the whole; `None` inside
    /// if nothing did, or there is no preview. `None` if there is no task that this caller may see.
    ///
    /// # Errors
    /// When the task has expired, and when the store fails.
    pub async fn preview(
        &self,
        caller: &Caller,
        id: TaskId,
        after: i64,
    ) -> Result<Option<Option<Preview>>, ServiceError> {
        if !self.sees(caller, id).await? {
            return Ok(None);
        }
        Ok(Some(self.changed_preview(id, after).await?))
    }

    /// Adds what changed of the previews of the tasks in the response.
    ///
    /// What cannot be read now is read with the next change: the client still asks for it.
    pub(super) async fn add_previews(&self, request: &PollRequest, response: &mut PollResponse) {
        let (mut seen, mut room) = (HashSet::new(), MAX_RESPONSE_BYTES);
        for watch in &request.watch {
            if room == 0 || !seen.insert(watch.id) {
                continue;
            }
            let Some(after) = watch.preview_after else { continue };
            let runs =
                |id| response.tasks.iter().any(|task| task.id == id && !task.status.is_terminal());
            if !runs(watch.id) {
                continue;
            }
            match self.changed_preview(watch.id, after).await {
                Ok(preview) => {
                    let size = preview.as_ref().map_or(0, |preview| preview.text.len());
                    room = room.saturating_sub(size);
                    response.preview.extend(preview);
                }
                Err(error) => {
                    tracing::warn!(task.id = %watch.id, %error, "the preview could not be read");
                }
            }
        }
    }

    async fn changed_preview(
        &self,
        id: TaskId,
        after: i64,
    ) -> Result<Option<Preview>, ServiceError> {
        let inner = self.engine.inner();
        let known = inner.running.get(id).and_then(|running| running.preview_after(after));
        Ok(match known {
            Some(preview) => preview,
            None => preview::of_pieces(id, inner.store.preview(id, after).await?),
        })
    }
}
