//! Outcome of a task: its result or its error.

use leptos::prelude::*;

use super::reads::{holds, says, tells};
use crate::{
    task::{ResultLink, TaskFailure},
    view::{TaskView, text},
};

/// Links to the result, once there is one.
#[component]
pub fn ResultCard(
    /// The task.
    #[prop(into)]
    view: Signal<TaskView>,
    /// URL of the page that shows the result.
    #[prop(into)]
    page: String,
    /// The result as HTML, once requested. Inserted into the page as is.
    #[prop(into)]
    shown: Signal<String>,
    /// Why the result cannot be shown.
    #[prop(into)]
    problem: Signal<String>,
    /// Called to request the result.
    #[prop(into)]
    on_show: Callback<()>,
) -> impl IntoView {
    view! {
        <section
            class="card result"
            aria-labelledby="result-title"
            hidden=holds(view, |view| view.snapshot.result.is_none())
        >
            <h2 id="result-title">"Result"</h2>
            <p class="acts" id="result-acts">
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
                <button
                    type="button"
                    class="js"
                    hidden=move || shown.with(|shown| !shown.is_empty())
                    on:click=move |_| on_show.run(())
                >
                    "Show it here"
                </button>
                <span class="soft">{says(view, size)}</span>
            </p>
            <div class="rendered" id="result-shown" tabindex="-1" inner_html=shown></div>
            <p class="note" role="alert" hidden=move || problem.with(String::is_empty)>
                {problem}
            </p>
        </section>
    }
}

/// Why the task failed, and whether a retry could help.
#[component]
pub fn ErrorCard(
    /// The task.
    #[prop(into)]
    view: Signal<TaskView>,
    /// URL of the form that starts a task of this kind.
    #[prop(into)]
    again: String,
) -> impl IntoView {
    view! {
        <section
            class="card failed"
            aria-labelledby="error-title"
            hidden=holds(view, |view| failure(view).is_none())
        >
            <h2 id="error-title">"What went wrong"</h2>
            <p>{says(view, |view| failure(view).map(|it| it.message.clone()).unwrap_or_default())}</p>
            <p class="soft">
                {says(view, hint)} " Code: "
                <code>
                    {says(view, |view| failure(view).map(|it| it.code.clone()).unwrap_or_default())}
                </code>
            </p>
            <p class="acts">
                <a class="btn" href=again>
                    "Start another"
                </a>
            </p>
        </section>
    }
}

fn link(view: &TaskView) -> Option<&ResultLink> {
    view.snapshot.result.as_ref()
}

fn size(view: &TaskView) -> String {
    link(view)
        .map(|link| {
            format!("{}, {}", text::essence(&link.media_type), text::bytes(link.size_bytes))
        })
        .unwrap_or_default()
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
