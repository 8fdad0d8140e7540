//! Status as symbol and text, never as colour alone.

use leptos::prelude::*;

use super::reads::says;
use crate::view::{TaskView, text};

/// Status as symbol and text.
#[component]
pub fn StatusBadge(
    /// The task.
    #[prop(into)]
    view: Signal<TaskView>,
) -> impl IntoView {
    view! {
        <span class="badge" data-status=says(view, |view| view.status.as_str().to_owned())>
            <span aria-hidden="true">{says(view, |view| text::status_sign(view.status).to_owned())}</span>
            " "
            {says(view, |view| text::status_word(view.status).to_owned())}
        </span>
    }
}
