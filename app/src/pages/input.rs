//! What a task was started with: its input as facts, by whom, and earlier runs of the same input. Rendered on the server only, because it does not change.

use leptos::prelude::*;
use milepost::{
    engine::{Caller, ListFilter, Service, ServiceError, StartedWith},
    schema::{self, Field, FieldType},
    task::{BatchId, KindInfo, Snapshot, TaskId},
    view::text,
};
use serde_json::Value;

/// Maximum number of characters shown of a value.
const MAX_CHARS: usize = 200;
/// Maximum number of characters of a value in the summary.
const MAX_SUMMARY_CHARS: usize = 60;
/// Maximum number of values in the summary.
const MAX_SUMMARY_FACTS: usize = 4;
/// Maximum number of tasks of the same title whose input is compared.
const MAX_COMPARED: u32 = 5;

/// What a task was started with.
#[derive(Clone, Debug)]
pub(super) struct Started {
    /// Labels and values.
    facts: Vec<(String, String)>,
    with: StartedWith,
    /// Earlier runs of the same input that have ended, newest first.
    earlier: Vec<Snapshot>,
    id: TaskId,
}

impl Started {
    /// The batch that the task belongs to.
    pub(super) const fn batch(&self) -> Option<BatchId> {
        self.with.batch
    }

    /// Reads what a task was started with; `None` if its kind is not known any more, or the caller may
    /// not see it.
    pub(super) async fn read(
        service: &Service,
        caller: &Caller,
        task: &Snapshot,
        kind: &KindInfo,
    ) -> Result<Option<Self>, ServiceError> {
        let with = match service.started_with(caller, task.id).await {
            // Who may see a task may not see its input.
            Err(ServiceError::Forbidden(_)) => None,
            with => with?,
        };
        let Some(with) = with else { return Ok(None) };
        let mut facts = Vec::new();
        for field in schema::fields(&kind.input_schema) {
            let Some(value) = with.start.input.get(&field.name) else { continue };
            if let Some(value) = shown(service, caller, &field, value).await {
                facts.push((field.label, value));
            }
        }
        let earlier = earlier(service, caller, task, &with.start.input).await;
        Ok(Some(Self { facts, with, earlier, id: task.id }))
    }
}

/// A value as text; `None` for nothing.
async fn shown(service: &Service, caller: &Caller, field: &Field, value: &Value) -> Option<String> {
    if field.sort == FieldType::File
        && let Some(id) = value.as_str().and_then(|id| id.parse().ok())
        && let Ok(Some(upload)) = service.uploaded(caller, id).await
    {
        return Some(format!("{}, {}", upload.name, text::bytes(upload.size_bytes)));
    }
    plain(value)
}

/// A value as text of limited length; `None` for nothing.
fn plain(value: &Value) -> Option<String> {
    let whole = match value {
        Value::Null => return None,
        Value::Bool(yes) => if *yes { "Yes" } else { "No" }.to_owned(),
        Value::String(text) if text.trim().is_empty() => return None,
        Value::String(text) => return Some(cut(text.trim(), MAX_CHARS)),
        Value::Array(items) if items.is_empty() => return None,
        Value::Array(items) => {
            items.iter().take(MAX_CHARS).filter_map(plain).collect::<Vec<_>>().join(", ")
        }
        other => other.to_string(),
    };
    Some(cut(&whole, MAX_CHARS))
}

/// At most so many characters of a text, with its size if that is not all.
fn cut(text: &str, max: usize) -> String {
    match text.char_indices().nth(max) {
        None => text.to_owned(),
        Some((end, _)) => {
            let size = text::bytes(i64::try_from(text.len()).unwrap_or(i64::MAX));
            format!("{}… ({size})", &text[..end])
        }
    }
}

/// The caller's earlier tasks of the same kind and input that have ended, newest first. A problem of
/// the search leaves them out.
async fn earlier(
    service: &Service,
    caller: &Caller,
    task: &Snapshot,
    input: &Value,
) -> Vec<Snapshot> {
    let filter = ListFilter::default().with(|o| {
        o.kind = Some(task.kind.clone());
        o.q = Some(task.title.clone());
        o.limit = Some(MAX_COMPARED);
    });
    let Ok(list) = service.list(caller, &filter).await else { return Vec::new() };
    let mut earlier = Vec::new();
    for other in list.tasks {
        let candidate = other.title == task.title
            && other.created_at < task.created_at
            && other.status.is_terminal();
        if candidate
            && let Ok(Some(with)) = service.started_with(caller, other.id).await
            && with.start.input == *input
        {
            earlier.push(other);
        }
    }
    earlier
}

/// What a task was started with, as one line that opens.
pub(super) fn started_note(started: Started) -> impl IntoView {
    let Started { facts, with, earlier, id } = started;
    let summary = facts.iter().take(MAX_SUMMARY_FACTS).map(|(label, value)| {
        let line = value.split_whitespace().collect::<Vec<_>>().join(" ");
        let value = match line.char_indices().nth(MAX_SUMMARY_CHARS) {
            Some((end, _)) => format!("{}…", &line[..end]),
            None => line,
        };
        view! { <span>{label.clone()} " " <bdi>{value}</bdi></span> }
    });
    let summary = summary.collect::<Vec<_>>();
    let none = facts.is_empty();
    let facts = facts.into_iter().map(|(label, value)| {
        view! {
            <div>
                <dt>{label}</dt>
                <dd dir="auto">{value}</dd>
            </div>
        }
    });
    let facts = facts.collect::<Vec<_>>();
    let by = match &with.user {
        _ if with.is_own => "Started by you".to_owned(),
        Some(user) => format!("Started by {user}"),
        None if with.is_owned => "Started in another session".to_owned(),
        None => "Started without a session".to_owned(),
    };
    let earlier = (!earlier.is_empty()).then(|| view! { <Earlier runs=earlier /> });
    view! {
        <details class="input">
            <summary>
                {if none { "Started without input".into_any() } else { summary.into_any() }}
            </summary>
            {(!none).then(|| view! { <dl>{facts}</dl> })}
            <p>
                {by} ". "
                <a href=format!("start/{}?from={id}", with.start.kind)>"Start with other values"</a>
                " "
                <a href=format!("tasks/{id}/labels")>"Tags and note"</a>
            </p>
            {earlier}
        </details>
    }
}

#[component]
fn Earlier(runs: Vec<Snapshot>) -> impl IntoView {
    let runs = runs.into_iter().map(|task| {
        let ended = task.finished_at.clone().unwrap_or_default();
        let status = text::status_word(task.status);
        let took = text::duration(task.elapsed_ms);
        view! {
            <li>
                <a href=format!("tasks/{}", task.id)>
                    {status} " after " {took}
                </a>
                ", "
                <time datetime=ended.clone()>{text::date_time(&ended)}</time>
            </li>
        }
    });
    view! {
        <p>"Earlier runs of the same input:"</p>
        <ul>{runs.collect::<Vec<_>>()}</ul>
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_value_is_a_short_text_and_nothing_is_left_out() {
        for (value, expected) in [
            (json!("lighthouse"), Some("lighthouse")),
            (json!(" "), None),
            (json!(null), None),
            (json!(true), Some("Yes")),
            (json!(7.5), Some("7.5")),
            (json!(["a", "", "b"]), Some("a, b")),
            (json!([]), None),
            (json!({"a": 1}), Some("{\"a\":1}")),
        ] {
            assert_eq!(plain(&value).as_deref(), expected, "{value}");
        }
        let long = plain(&json!("ä".repeat(1_000_000))).unwrap();
        assert_eq!(long, format!("{}… (2 MB)", "ä".repeat(MAX_CHARS)));
    }
}
