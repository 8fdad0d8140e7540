//! Log of a task. New lines are appended, and the scroll position is preserved.

use leptos::prelude::*;
use milepost::view::{TaskView, take_log};

use super::platform::append;

/// Id of the element that contains the lines.
const ELEMENT: &str = "log";

/// Shows the log lines and appends those that come with the task's status.
#[component]
pub fn Log(
    /// View of the task.
    view: Signal<TaskView>,
    /// The lines so far, as HTML.
    html: String,
    /// Number of the last line.
    seq: i64,
    /// Actions for the log, as HTML.
    acts: String,
) -> impl IntoView {
    let empty = RwSignal::new(seq == 0);
    Effect::new(move |before: Option<()>| {
        view.track();
        let html = take_log();
        if before.is_none() || !html.is_empty() {
            append(ELEMENT, &html);
        }
        if !html.is_empty() {
            empty.set(false);
        }
    });
    view! {
        <section class="card" aria-labelledby="log-title" hidden=move || empty.get()>
            <h2 id="log-title">"Log"</h2>
            <pre
                class="log"
                id=ELEMENT
                tabindex="0"
                role="group"
                aria-label="Lines of the log"
                inner_html=html
            ></pre>
            <div class="acts" inner_html=acts></div>
        </section>
    }
}
