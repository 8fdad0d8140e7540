//! Tags and notes of tasks, and when a task may start.

use super::{Caller, Service, ServiceError, TaskAction};
use crate::{
    engine::{ValidationError, audit::Action, millis, store::LabelChange},
    task::{Annotate, Snapshot, TaskId},
};

/// The result of [`Service::start_now`].
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct StartedNow {
    /// False if the task has ended: it cannot start any more.
    pub accepted: bool,
    /// The task.
    pub snapshot: Snapshot,
}

/// What a start sets besides kind, input and priority.
#[derive(Clone, Debug, Default)]
pub(super) struct Extras {
    /// Valid tags, each once.
    pub(super) tags: Vec<String>,
    /// When the task may start; `None`: at once.
    pub(super) run_at: Option<i64>,
}

/// The parameters of a start that [`Extras`] are made of, as they were sent.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Asked<'s> {
    pub(super) tags: &'s [String],
    pub(super) run_at: Option<&'s str>,
    pub(super) delay_s: Option<i64>,
}

impl Asked<'_> {
    /// Distinguishes starts with one idempotency key; empty if nothing was asked for.
    pub(super) fn comparable(&self) -> String {
        let Self { tags, run_at, delay_s } = self;
        match (tags, run_at, delay_s) {
            ([], None, None) => String::new(),
            _ => serde_json::json!([tags, run_at, delay_s]).to_string(),
        }
    }
}

impl Service {
    /// Validates what a start sets besides kind, input and priority.
    pub(super) fn extras(&self, asked: Asked<'_>) -> Result<Extras, ValidationError> {
        Ok(Extras { tags: self.valid_tags(asked.tags)?, run_at: self.valid_run_at(asked)? })
    }

    fn valid_run_at(&self, asked: Asked<'_>) -> Result<Option<i64>, ValidationError> {
        let now = self.engine.inner().clock.now_ms();
        let (field, run_at) = match (asked.run_at, asked.delay_s) {
            (None, None) => return Ok(None),
            (Some(_), Some(_)) => {
                let detail = "has no effect beside delay_s; give one of them";
                return Err(ValidationError::field("run_at", detail));
            }
            (Some(text), None) => {
                let at = text.trim().parse::<jiff::Timestamp>().map_err(|_| {
                    let detail = "is a time in RFC 3339, such as 2026-12-24T14:02:11Z";
                    ValidationError::field("run_at", detail)
                })?;
                ("run_at", at.as_millisecond())
            }
            (None, Some(delay_s)) if delay_s < 0 => {
                return Err(ValidationError::field("delay_s", "is not negative"));
            }
            (None, Some(delay_s)) => ("delay_s", now.saturating_add(delay_s.saturating_mul(1_000))),
        };
        let max = self.engine.inner().options.max_start_delay;
        if run_at.saturating_sub(now) > millis(max) {
            let detail =
                format!("is at most {} s from now (engine.max_start_delay_s)", max.as_secs());
            return Err(ValidationError::field(field, detail));
        }
        Ok(Some(run_at))
    }

    fn valid_tags(&self, tags: &[String]) -> Result<Vec<String>, ValidationError> {
        let options = &self.engine.inner().options;
        let (max, max_chars) = (options.max_tags, options.max_tag_chars);
        let mut valid: Vec<String> = Vec::with_capacity(tags.len().min(max));
        for tag in tags {
            let tag = tag.trim();
            let is_text = !tag.is_empty() && !tag.contains(|c: char| c == ',' || c.is_control());
            if !is_text || tag.chars().count() > max_chars {
                let detail = format!(
                    "a tag has 1 to {max_chars} characters (engine.max_tag_chars), without commas and control characters"
                );
                return Err(ValidationError::field("tags", detail));
            }
            if !valid.iter().any(|known| known == tag) {
                if valid.len() == max {
                    let detail = format!("at most {max} (engine.max_tags)");
                    return Err(ValidationError::field("tags", detail));
                }
                valid.push(tag.to_owned());
            }
        }
        Ok(valid)
    }

    fn valid_note(&self, note: &str) -> Result<String, ValidationError> {
        let max = self.engine.inner().options.max_note_chars;
        let note = note.trim().replace("\r\n", "\n");
        let is_odd = |c: char| c.is_control() && !matches!(c, '\n' | '\t');
        if note.chars().count() > max || note.contains(is_odd) {
            let detail = format!(
                "has at most {max} characters (engine.max_note_chars), without control characters"
            );
            return Err(ValidationError::field("note", detail));
        }
        Ok(note)
    }

    /// See [`Service::annotate`].
    pub(super) async fn annotate_task(
        &self,
        caller: &Caller,
        id: TaskId,
        annotate: &Annotate,
    ) -> Result<Option<Snapshot>, ServiceError> {
        let tags = annotate.tags.as_deref().map(|tags| self.valid_tags(tags)).transpose()?;
        let note = annotate.note.as_deref().map(|note| self.valid_note(note)).transpose()?;
        if self.row_for(caller, id, TaskAction::Annotate).await?.is_none() {
            return Ok(None);
        }
        let inner = self.engine.inner();
        let audit = caller.audits_about(Action::Annotate, id);
        let change = LabelChange { tags, note };
        let changed = inner.store.set_labels(id, &change, Some(&audit)).await;
        // Also if the answer was lost: they may have been changed.
        inner.ended.forget(id);
        let Some(row) = changed? else { return Ok(None) };
        if let Some(running) = inner.running.get(id) {
            running.set_labels(row.labels.clone());
        }
        inner.subscriptions.tell(&row);
        Ok(Some(self.show(&row).await))
    }

    /// See [`Service::start_now`].
    pub(super) async fn start_task_now(
        &self,
        caller: &Caller,
        id: TaskId,
    ) -> Result<Option<StartedNow>, ServiceError> {
        let Some(row) = self.row_for(caller, id, TaskAction::Annotate).await? else {
            return Ok(None);
        };
        if row.status.is_terminal() {
            return Ok(Some(StartedNow { accepted: false, snapshot: self.show(&row).await }));
        }
        let inner = self.engine.inner();
        inner.rates.starts.take(caller.client(), 1)?;
        let audit = caller.audits_about(Action::StartNow, id);
        let Some(row) = inner.store.start_now(id, Some(&audit)).await? else { return Ok(None) };
        inner.wake_claimer();
        inner.subscriptions.tell(&row);
        let accepted = !row.status.is_terminal();
        Ok(Some(StartedNow { accepted, snapshot: self.show(&row).await }))
    }
}
