//! Current step, such as `Step 3 of 4: Writing`, and the percent.

use leptos::prelude::*;

use super::reads::says;
use crate::view::{TaskView, text};

/// Current step and the task's message.
#[component]
pub fn StepText(
    /// The task.
    #[prop(into)]
    view: Signal<TaskView>,
) -> impl IntoView {
    view! { <p class="step" dir="auto">{says(view, text::step_line)}</p> }
}

/// Progress in percent; empty if unknown.
#[component]
pub fn Percent(
    /// The task.
    #[prop(into)]
    view: Signal<TaskView>,
) -> impl IntoView {
    view! {
        <p class="pct" aria-hidden="true">
            {says(view, text::percent)}
        </p>
    }
}
