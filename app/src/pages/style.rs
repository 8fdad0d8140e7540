//! Style of the pages that are no task's.

use leptos::{html, nonce::use_nonce, prelude::*};

use crate::context;

/// Style sheet of the pages with forms and lists, and of those of problems. Place it before them.
#[component]
pub fn FormStyle() -> impl IntoView {
    view! { <link rel="stylesheet" href="forms.css" nonce=use_nonce() /> }
}

/// Style sheet of the page for operators. Place it before the page.
#[component]
pub fn AdminStyle() -> impl IntoView {
    view! { <link rel="stylesheet" href="admin.css" nonce=use_nonce() /> }
}

/// Style sheet of a start time, which hides it once the task has started. Place it before it.
#[component]
pub fn ScheduleStyle() -> impl IntoView {
    view! { <link rel="stylesheet" href="schedule.css" nonce=use_nonce() /> }
}

/// Style sheets of shown results and files, and that of the results of a kind, if it has one.
#[component]
pub fn ResultStyle(
    /// The kind of the task.
    kind: String,
    /// Whether the page does not need them yet: a script enables them, and only then they are loaded.
    #[prop(optional)]
    disabled: bool,
) -> impl IntoView {
    let href = context::viewers().style_of(&kind);
    let link = |href| {
        let link = html::link().rel("stylesheet").href(href).nonce(use_nonce());
        link.attr("disabled", disabled)
    };
    view! {
        {link("results.css")}
        {href.map(link)}
    }
}
