//! How a task ended: its result, or why there is none.

use leptos::prelude::*;

use crate::view::{TaskView, text};

/// Where the result is, once there is one.
#[component]
pub fn ResultCard(
    /// The task.
    #[prop(into)]
    view: Signal<TaskView>,
    /// The page that shows the result.
    #[prop(into)]
    page: String,
) -> impl IntoView {
    let link = Memo::new(move |_| view.with(|view| view.snapshot.result.clone()));
    move || {
        link.get().map(|link| {
            let size = [&link.media_type, ", ", &text::bytes(link.size_bytes)].concat();
            view! {
                <section class="card result" aria-labelledby="result-title">
                    <h2 id="result-title">"Result"</h2>
                    <p class="soft">{size}</p>
                    <p class="acts">
                        <a class="btn primary" href=page.clone()>
                            "Open the result"
                        </a>
                        <a class="btn" href=link.href download="">
                            "Download"
                        </a>
                    </p>
                </section>
            }
        })
    }
}

/// Why the task failed, and whether trying again could help.
#[component]
pub fn ErrorCard(
    /// The task.
    #[prop(into)]
    view: Signal<TaskView>,
    /// The form that starts a task of this kind.
    #[prop(into)]
    again: String,
) -> impl IntoView {
    let failure = Memo::new(move |_| view.with(|view| view.snapshot.error.clone()));
    move || {
        failure.get().map(|failure| {
            let hint = if failure.retryable {
                "Starting it again may help."
            } else {
                "Starting it again with the same input would fail in the same way."
            };
            view! {
                <section class="card failed" aria-labelledby="error-title">
                    <h2 id="error-title">"What went wrong"</h2>
                    <p>{failure.message}</p>
                    <p class="soft">{hint} " Code: " <code>{failure.code}</code></p>
                    <p class="acts">
                        <a class="btn" href=again.clone()>
                            "Start another"
                        </a>
                    </p>
                </section>
            }
        })
    }
}
