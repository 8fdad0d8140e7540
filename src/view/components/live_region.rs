//! What a screen reader hears: changes of the stage and the end, never each percent.

use leptos::prelude::*;

use super::reads::says;
use crate::view::{TaskView, text};

/// A polite live region that stays calm.
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
