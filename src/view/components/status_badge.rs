//! The status as a sign and a word, never as a colour alone.

use leptos::prelude::*;

use crate::{task::Status, view::text};

/// The status as a sign and a word.
#[component]
pub fn StatusBadge(
    /// The status.
    #[prop(into)]
    status: Signal<Status>,
) -> impl IntoView {
    view! {
        <span class="badge" data-status=move || status.get().as_str()>
            <span aria-hidden="true">{move || text::status_sign(status.get())}</span>
            " "
            {move || text::status_word(status.get())}
        </span>
    }
}
