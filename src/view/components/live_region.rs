//! Announcements for screen readers: stage changes and the end, never each percent.

use leptos::prelude::*;

use super::reads::says;
use crate::view::{TaskView, text};

/// Polite live region that announces stage changes and the end.
#[component]
pub fn LiveRegion(
    /// The task.
    #[prop(into)]
    view: Signal<TaskView>,
) -> impl IntoView {
    view! {
        <p class="sr" role="status">
            {says(view, text::stage_line)}
        </p>
    }
}
