//! Facts below the bar, and timestamps of a task.

use leptos::prelude::*;

use super::{
    freshness::short,
    reads::{says, tells},
};
use crate::{
    task::Status,
    view::{Freshness, TaskView, text},
};

/// Run time, remaining time, age of the last update, attempt.
#[component]
pub fn Facts(
    /// The task.
    #[prop(into)]
    view: Signal<TaskView>,
) -> impl IntoView {
    view! {
        <dl class="facts now-facts">
            {fact(view, spent_label, spent)}
            {fact(view, |_| "Left".to_owned(), remaining)}
            {fact(view, |_| "Updated".to_owned(), updated)}
            {fact(view, |_| "Attempt".to_owned(), attempt)}
        </dl>
    }
}

/// When the task was queued, started and finished.
#[component]
pub fn Times(
    /// The task.
    #[prop(into)]
    view: Signal<TaskView>,
) -> impl IntoView {
    view! {
        <dl class="facts">
            {time(view, "Queued", queued, |view| words(queued(view)))}
            {time(view, "Started", started, |view| words(started(view)))}
            {time(view, "Ended", ended, |view| words(ended(view)))}
        </dl>
    }
}

/// One time; hidden while it is not known.
fn time(
    view: Signal<TaskView>,
    label: &'static str,
    at: fn(&TaskView) -> Option<String>,
    words: fn(&TaskView) -> String,
) -> impl IntoView {
    view! {
        <div hidden=move || view.with(words).is_empty()>
            <dt>{label}</dt>
            <dd>
                <time datetime=tells(view, at)>{says(view, words)}</time>
            </dd>
        </div>
    }
}

fn words(at: Option<String>) -> String {
    at.map(|at| text::date_time(&at)).unwrap_or_default()
}

fn started(view: &TaskView) -> Option<String> {
    view.snapshot.started_at.clone()
}

fn ended(view: &TaskView) -> Option<String> {
    view.snapshot.finished_at.clone()
}

/// When it was queued, unless it started in the same second.
fn queued(view: &TaskView) -> Option<String> {
    let snapshot = &view.snapshot;
    let second = |at: &str| at.get(..19).map(str::to_owned);
    let started = snapshot.started_at.as_deref().and_then(second);
    let waited = started.is_none() || started != second(&snapshot.created_at);
    waited.then(|| snapshot.created_at.clone())
}

/// One fact; hidden while its value is empty.
fn fact(
    view: Signal<TaskView>,
    label: fn(&TaskView) -> String,
    value: fn(&TaskView) -> String,
) -> impl IntoView {
    view! {
        <div hidden=move || view.with(value).is_empty()>
            <dt>{says(view, label)}</dt>
            <dd>{says(view, value)}</dd>
        </div>
    }
}

fn spent_label(view: &TaskView) -> String {
    let label = match view.status {
        Status::Queued => "Waiting for",
        status if status.is_terminal() && view.snapshot.started_at.is_none() => "Waited",
        status if status.is_terminal() => "Took",
        _ => "Running for",
    };
    label.to_owned()
}

fn spent(view: &TaskView) -> String {
    if view.status.is_terminal() && view.elapsed_ms < 1_000 {
        return "less than 1 s".to_owned();
    }
    text::duration(view.elapsed_ms)
}

fn remaining(view: &TaskView) -> String {
    // Show an estimate only if the server gives a range.
    view.eta_range_ms().map(|(low, high)| text::between(low, high)).unwrap_or_default()
}

/// Age of the last update; empty once nothing changes any more.
fn updated(view: &TaskView) -> String {
    match view.freshness {
        Freshness::Final => String::new(),
        freshness => short(freshness),
    }
}

fn attempt(view: &TaskView) -> String {
    match view.snapshot.attempt {
        0 | 1 => String::new(),
        attempt => attempt.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{task::TaskId, view::Seed};

    #[test]
    fn a_task_that_started_at_once_has_no_time_in_the_queue() {
        let id: TaskId = "4bf9e1a2-6a4e-4d0e-9b1f-0c7f6f3f1d55".parse().expect("an id");
        let mut snapshot = Seed::from(id).into_snapshot();
        snapshot.created_at = "2026-11-23T14:02:11.500Z".to_owned();
        let mut shown = |started: Option<&str>| {
            snapshot.started_at = started.map(str::to_owned);
            queued(&TaskView::new(snapshot.clone())).is_some()
        };
        assert!(shown(None));
        assert!(!shown(Some("2026-11-23T14:02:11.900Z")));
        assert!(shown(Some("2026-11-23T14:02:12.000Z")));
    }
}
