//! Result of a task: text is shown, other media types are linked.

use leptos::{prelude::*, task::spawn_local_scoped_with_cancellation};

use crate::{
    task::ResultLink,
    view::{
        TaskView,
        components::reads::{holds, tells},
        server_fns::get_text,
    },
};

/// Maximum size of a text that is shown, in bytes; larger texts are linked.
const MAX_TEXT_BYTES: i64 = 1 << 20;

/// The result, once there is one.
pub(super) fn result_text(view: Signal<TaskView>) -> impl IntoView {
    let text = RwSignal::new(String::new());
    let href = Memo::new(move |_| view.with(|view| text_of(view)?.href.clone()));
    Effect::new(move |_| {
        let Some(href) = href.get() else { return };
        spawn_local_scoped_with_cancellation(async move {
            let shown = match get_text(&href).await {
                Ok(shown) => shown,
                Err(problem) => format!("The result could not be loaded. {}", problem.detail),
            };
            text.set(shown);
        });
    });
    view! {
        <p hidden=holds(view, |view| href_of(view).is_none())>
            <a href=tells(view, href_of)>
                "Open the result"
            </a>
        </p>
        <pre class="result" tabindex="0" hidden=move || text.with(String::is_empty)>
            {text}
        </pre>
    }
}

fn href_of(view: &TaskView) -> Option<String> {
    view.snapshot.result.as_ref()?.href.clone()
}

fn text_of(view: &TaskView) -> Option<&ResultLink> {
    let link = view.snapshot.result.as_ref()?;
    let text = link.media_type.starts_with("text/") || link.media_type.contains("json");
    (text && link.size_bytes <= MAX_TEXT_BYTES).then_some(link)
}
