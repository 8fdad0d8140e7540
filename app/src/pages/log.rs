//! Actions for the log of a task: search and download. Rendered on the server only; the island
//! inserts them unchanged.

use leptos::prelude::*;
use milepost::task::TaskId;

use crate::links;

/// The actions below the log, as HTML.
pub(super) fn acts(
    id: TaskId,
    // Searched text; `None` if the search was not opened.
    find: Option<&str>,
    // Whether the page reloads itself without a script.
    refreshes: bool,
) -> String {
    let page = format!("tasks/{id}");
    let file = format!("{}?format=text", links::api().log(id));
    let looked = find.filter(|find| !find.is_empty()).map(str::to_owned);
    let all = looked.is_some().then(|| {
        view! { <a href=format!("{page}#log-title")>"All lines"</a> }
    });
    // Reloading the page would discard what is being typed.
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
