//! What one may do with the log of a task: find something in it, download it. Rendered on the server
//! alone; the island shows it as it is.

use leptos::prelude::*;
use milepost::task::TaskId;

/// Under the log, as HTML.
pub(super) fn acts(
    id: TaskId,
    // What is looked for; `None`: nobody has asked to look for anything.
    find: Option<&str>,
    // Whether the page loads itself again where there is no script.
    refreshes: bool,
) -> String {
    let page = format!("/tasks/{id}");
    let file = format!("/api/v1/tasks/{id}/log?format=text");
    let looked = find.filter(|find| !find.is_empty()).map(str::to_owned);
    let all = looked.is_some().then(|| {
        view! { <a href=format!("{page}#log-title")>"All lines"</a> }
    });
    // Loading the page again would take away what is being typed.
    let instead = refreshes.then(|| {
        view! {
            <noscript>
                <a href=format!("{page}?log=#log-title")>"Find in the log"</a>
            </noscript>
        }
    });
    let class = if refreshes { "find js" } else { "find" };
    view! {
        <form class=class role="search" action=format!("{page}#log-title")>
            <input
                type="search"
                name="log"
                aria-label="Find in the log"
                placeholder="Find in the log"
                maxlength="200"
                value=looked.unwrap_or_default()
            />
            <button>"Find"</button>
        </form>
        {all}
        {instead}
        <a href=file download>
            "Download the log"
        </a>
    }
    .to_html()
}
