//! The facts under the bar, and the times of a task's life.

use leptos::prelude::*;

use super::FreshnessText;
use crate::{
    task::Status,
    view::{TaskView, text},
};

/// Running for, how much is left, how old the news is.
#[component]
pub fn Facts(
    /// The task.
    #[prop(into)]
    view: Signal<TaskView>,
) -> impl IntoView {
    let spent_label = move || match view.with(|view| view.status) {
        Status::Queued => "Waiting for",
        status if status.is_terminal() => "Took",
        _ => "Running for",
    };
    let remaining = Memo::new(move |_| {
        view.with(|view| match view.status {
            Status::Running => view.eta_ms.map(text::remaining),
            _ => None,
        })
    });
    let attempt = Memo::new(move |_| view.with(|view| view.snapshot.attempt));
    view! {
        <dl class="facts">
            <div>
                <dt>{spent_label}</dt>
                <dd>{move || text::duration(view.with(|view| view.elapsed_ms))}</dd>
            </div>
            <div hidden=move || remaining.with(Option::is_none)>
                <dt>"Left"</dt>
                <dd>{move || remaining.get().unwrap_or_default()}</dd>
            </div>
            <div>
                <dt>"Last news"</dt>
                <dd>
                    <FreshnessText freshness=Signal::derive(move || view.with(|view| view.freshness)) />
                </dd>
            </div>
            <div hidden=move || attempt.get() < 2>
                <dt>"Attempt"</dt>
                <dd>{move || attempt.get()}</dd>
            </div>
        </dl>
    }
}

/// When the task was queued, started and ended, and until when its result is kept.
#[component]
pub fn Times(
    /// The task.
    #[prop(into)]
    view: Signal<TaskView>,
) -> impl IntoView {
    let time = move |label: &'static str, at: fn(&TaskView) -> Option<String>| {
        let at = Memo::new(move |_| view.with(at));
        view! {
            <div hidden=move || at.with(Option::is_none)>
                <dt>{label}</dt>
                <dd>
                    <time datetime=move || {
                        at.get()
                    }>{move || at.with(|at| at.as_deref().map(text::date_time))}</time>
                </dd>
            </div>
        }
    };
    view! {
        <dl class="times">
            {time("Queued", |view| Some(view.snapshot.created_at.clone()))}
            {time("Started", |view| view.snapshot.started_at.clone())}
            {time(
                "Cancel asked for",
                |view| view.snapshot.cancel.as_ref().map(|cancel| cancel.requested_at.clone()),
            )} {time("Ended", |view| view.snapshot.finished_at.clone())}
            {time("Kept until", |view| view.snapshot.expires_at.clone())}
        </dl>
    }
}
