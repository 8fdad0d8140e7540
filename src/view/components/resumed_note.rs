//! Note about a resumed attempt.

use leptos::prelude::*;

use super::reads::{holds, says};
use crate::view::{TaskView, text};

/// "The worker was lost. Resumed at step 3 of 4, saved 14:02:11 UTC, 38 s repeated."
#[component]
pub fn ResumedNote(
    /// The task.
    #[prop(into)]
    view: Signal<TaskView>,
) -> impl IntoView {
    view! {
        <p class="note" id="resumed" hidden=holds(view, |view| view.snapshot.resumed.is_none())>
            {says(view, |view| text::resumed(&view.snapshot))}
        </p>
    }
}
