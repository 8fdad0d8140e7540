//! `Step 3 of 4: Writing`, and the percent beside it.

use leptos::prelude::*;

use super::reads::says;
use crate::view::{TaskView, text};

/// The present step, and what the task says of itself.
#[component]
pub fn StepText(
    /// The task.
    #[prop(into)]
    view: Signal<TaskView>,
) -> impl IntoView {
    view! { <p class="step">{says(view, text::step_line)}</p> }
}

/// The percent as a number; nothing where the task cannot tell.
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
