//! What a screen reader hears: changes of the stage and the end, never each percent.

use leptos::prelude::*;

use crate::view::{TaskView, text};

/// A polite live region that stays calm.
#[component]
pub fn LiveRegion(
    /// The task.
    #[prop(into)]
    view: Signal<TaskView>,
) -> impl IntoView {
    let line = Memo::new(move |_| view.with(|view| text::step_line(view)));
    view! { <p class="sr" aria-live="polite">{line}</p> }
}
