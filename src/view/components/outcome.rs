//! Outcome of a task: its result or its error.

use leptos::prelude::*;

use super::{
    cancel_button::receipt,
    reads::{holds, says, tells},
};
use crate::{
    task::{ResultLink, Status, TaskFailure},
    view::{TaskView, text},
};

/// Id of the element that shows the result.
pub const RESULT_ELEMENT: &str = "result-shown";

/// The result once there is one; before, its future location, so that the page does not move at
/// the end.
#[component]
pub fn ResultCard(
    /// The task.
    #[prop(into)]
    view: Signal<TaskView>,
    /// URL of the page that shows the result.
    #[prop(into)]
    page: String,
    /// URL of this page with the result.
    #[prop(into)]
    here: String,
    /// The result as HTML, on the server; empty if the page does not show it. Inserted into the page
    /// as is.
    #[prop(into)]
    shown: String,
) -> impl IntoView {
    view! {
        <section
            class="card result"
            aria-labelledby="result-title"
            hidden=holds(view, |view| failure(view).is_some())
        >
            <h2 id="result-title">"Result"</h2>
            <p class="soft" hidden=holds(view, |view| link(view).is_some())>
                {says(view, absence)}
            </p>
            <p class="acts" id="result-acts" hidden=holds(view, |view| link(view).is_none())>
                <a class="btn primary" href=page>
                    "Open the result"
                </a>
                <a
                    class="btn"
                    href=tells(view, |view| link(view)?.href.clone())
                    download=""
                >
                    "Download"
                </a>
                <a class="btn here" href=here>
                    "Show it here"
                </a>
                <span class="soft">{says(view, size)}</span>
            </p>
            <div class="rendered" id=RESULT_ELEMENT dir="auto" tabindex="0" inner_html=shown></div>
        </section>
    }
}

/// Why the task failed, and whether a rerun could help.
#[component]
pub fn ErrorCard(
    /// The task.
    #[prop(into)]
    view: Signal<TaskView>,
) -> impl IntoView {
    view! {
        <section
            class="card failed"
            aria-labelledby="error-title"
            hidden=holds(view, |view| failure(view).is_none())
        >
            <h2 id="error-title">"What went wrong"</h2>
            <p dir="auto">{says(view, |view| failure(view).map(|it| text::sentence(&it.message)).unwrap_or_default())}</p>
            <p class="soft">
                {says(view, hint)} " Code: "
                <code>
                    {says(view, |view| failure(view).map(|it| it.code.clone()).unwrap_or_default())}
                </code>
            </p>
        </section>
    }
}

/// Why there is no result; of a cancelled task the cancel receipt.
fn absence(view: &TaskView) -> String {
    if view.snapshot.cancel.is_some() {
        return receipt(view);
    }
    let absence = match view.status {
        Status::Completed => "This task has no result.",
        _ => "It is not finished yet.",
    };
    absence.to_owned()
}

fn link(view: &TaskView) -> Option<&ResultLink> {
    view.snapshot.result.as_ref()
}

fn size(view: &TaskView) -> String {
    let Some(link) = link(view) else { return String::new() };
    let size = text::bytes(link.size_bytes);
    match text::essence(&link.media_type) {
        // A type of this program, which says nothing to people.
        // A search for a text would be code to load.
        own if own.split('/').nth(1).is_some_and(|subtype| subtype.starts_with("vnd.")) => size,
        other => format!("{other}, {size}"),
    }
}

fn failure(view: &TaskView) -> Option<&TaskFailure> {
    view.snapshot.error.as_ref()
}

fn hint(view: &TaskView) -> String {
    let Some(failure) = failure(view) else { return String::new() };
    let hint = match failure.code.as_str() {
        _ if failure.retryable => "Running it again may help.",
        // These depend on the input alone. Of others, such as an exit code, nobody knows.
        "input" | "file_name" | "file_too_large" | "research_empty" => {
            "Running it again with the same input would fail again."
        }
        _ => "",
    };
    hint.to_owned()
}
