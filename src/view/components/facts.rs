//! Facts below the bar, and timestamps of a task.

use leptos::prelude::*;

use super::{freshness::short, reads::says};
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
        <dl class="facts">
            {fact(view, spent_label, |view| text::duration(view.elapsed_ms))}
            {fact(view, |_| "Left".to_owned(), remaining)}
            {fact(view, |_| "Updated".to_owned(), updated)}
            {fact(view, |_| "Attempt".to_owned(), attempt)}
        </dl>
    }
}

/// When the task was queued, started and finished, and when its result expires.
#[component]
pub fn Times(
    /// The task.
    #[prop(into)]
    view: Signal<TaskView>,
) -> impl IntoView {
    view! {
        <dl class="times">
            {fact(view, |_| "Queued".to_owned(), |view| time(Some(&view.snapshot.created_at)))}
            {fact(view, |_| "Started".to_owned(), |view| time(view.snapshot.started_at.as_ref()))}
            {fact(view, |_| "Ended".to_owned(), |view| time(view.snapshot.finished_at.as_ref()))}
            {fact(view, |_| "Kept until".to_owned(), |view| time(view.snapshot.expires_at.as_ref()))}
        </dl>
    }
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
        status if status.is_terminal() => "Took",
        _ => "Running for",
    };
    label.to_owned()
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

fn time(at: Option<&String>) -> String {
    at.map(|at| text::date_time(at)).unwrap_or_default()
}
