//! `Step 3 of 4: Writing`, and the percent beside it.

use leptos::prelude::*;

use crate::view::{TaskView, text};

/// The present step, and what the task says of itself.
#[component]
pub fn StepText(
    /// The task.
    #[prop(into)]
    view: Signal<TaskView>,
) -> impl IntoView {
    let message = move || {
        view.with(|view| {
            let snapshot = &view.snapshot;
            snapshot
                .message
                .clone()
                .filter(|message| Some(message) != snapshot.current_step.as_ref())
                .filter(|_| !view.status.is_terminal())
                .unwrap_or_default()
        })
    };
    view! {
        <p class="step">{move || view.with(|view| text::step_line(view))}</p>
        <p class="message">{message}</p>
    }
}

/// The percent as a number; nothing where the task cannot tell.
#[component]
pub fn Percent(
    /// The task.
    #[prop(into)]
    view: Signal<TaskView>,
) -> impl IntoView {
    let percent = Memo::new(move |_| view.with(TaskView::percent));
    view! {
        <p class="pct" aria-hidden="true">
            {move || percent.get().map(|percent| text::join(i64::from(percent), " %"))}
        </p>
    }
}
