//! `/tasks`: the caller's tasks, live.

use leptos::prelude::*;
use leptos_meta::Title;
use leptos_router::hooks::use_query_map;
use milepost::{
    engine::ListFilter,
    http::percent_encoded,
    task::{KindInfo, Status},
    view::text,
};

use super::{
    parts::{LiveList, ask},
    style::FormStyle,
};

/// Rows per page; one poll covers all of them.
const ROWS: u32 = 50;
const STRAYED: &str = "This link leads to no place in the list. The newest tasks are shown.";

/// The caller's tasks, newest first, filtered by status, kind and title.
#[component]
pub fn TasksPage() -> impl IntoView {
    let query = use_query_map();
    let asked = |name: &str| {
        query.with_untracked(|query| query.get(name)).filter(|text| !text.trim().is_empty())
    };
    let mut filter = ListFilter::default().with(|o| {
        o.status = asked("status").and_then(|word| Status::from_word(&word));
        o.kind = asked("kind");
        o.q = asked("q");
        o.tag = asked("tag");
        o.cursor = asked("cursor");
        o.limit = Some(ROWS);
    });
    // An old or invalid link still shows the list, while the API reports an error.
    let strayed = !filter.has_valid_cursor();
    if strayed {
        filter.cursor = None;
    }
    ask(move |service, caller| async move {
        let list = service.list(&caller, &filter).await?;
        let filtered = is_filtered(&filter);
        let searched = list.searched.map(|tasks| {
            let text = format!("{tasks} tasks were searched. \u{201c}Older\u{201d} searches on.");
            view! { <p class="soft" role="status">{text}</p> }
        });
        let older = list.next_cursor.map(|cursor| link(&filter, &cursor));
        let newest = filter.cursor.is_some().then(|| link(&filter, ""));
        let again = link(&filter, filter.cursor.as_deref().unwrap_or_default());
        let body = match list.tasks.is_empty() {
            true if searched.is_some() => ().into_any(),
            true => view! { <Empty filtered /> }.into_any(),
            false => view! { <LiveList tasks=list.tasks again by_day=true /> }.into_any(),
        };
        let kinds = service.kinds_for(&caller);
        Ok(view! {
            <Title text="My tasks" />
            <FormStyle />
            <h1 class="h">"My tasks"</h1>
            <Filters kinds filter />
            {strayed.then(|| view! { <p class="soft" role="status">{STRAYED}</p> })}
            {body}
            {searched}
            <nav class="acts" aria-label="Pages">
                {newest.map(|href| view! { <a class="btn" href=href>"Newest"</a> })}
                {older.map(|href| view! { <a class="btn" href=href rel="next">"Older"</a> })}
            </nav>
        })
    })
}

fn is_filtered(filter: &ListFilter) -> bool {
    let texts = [&filter.kind, &filter.q, &filter.tag];
    filter.status.is_some() || texts.into_iter().any(Option::is_some)
}

#[component]
fn Filters(kinds: Vec<KindInfo>, filter: ListFilter) -> impl IntoView {
    let is_filtered = is_filtered(&filter);
    let statuses = [
        Status::Queued,
        Status::Running,
        Status::Cancelling,
        Status::Completed,
        Status::Error,
        Status::Cancelled,
    ];
    let statuses = statuses.map(|status| {
        view! {
            <option value=status.as_str() selected=filter.status == Some(status)>
                {text::status_word(status)}
            </option>
        }
    });
    let kinds = kinds.into_iter().map(|kind| {
        let selected = filter.kind.as_ref() == Some(&kind.kind);
        view! {
            <option value=kind.kind selected=selected>
                {kind.title}
            </option>
        }
    });
    let kinds = kinds.collect::<Vec<_>>();
    view! {
        <form class="filters" method="get" action="tasks" role="search" aria-label="My tasks">
            <label>
                <span>"Search titles"</span>
                <input type="search" name="q" value=filter.q maxlength="200" />
            </label>
            <label>
                <span>"Status"</span>
                <select name="status">
                    <option value="">"Any"</option>
                    {statuses.into_iter().collect::<Vec<_>>()}
                </select>
            </label>
            <label>
                <span>"Kind"</span>
                <select name="kind">
                    <option value="">"Any"</option>
                    {kinds}
                </select>
            </label>
            <label>
                <span>"Tag"</span>
                <input name="tag" value=filter.tag maxlength="200" />
            </label>
            <button>"Filter"</button>
            {is_filtered.then(|| view! { <a href="tasks">"Clear"</a> })}
        </form>
    }
}

#[component]
fn Empty(filtered: bool) -> impl IntoView {
    let (title, hint, href, action) = if filtered {
        ("No tasks match", "None of your tasks matches this filter.", "tasks", "Show all")
    } else {
        (
            "No tasks yet",
            "Tasks that you start in this browser are listed here until they expire.",
            "./",
            "Start a task",
        )
    };
    view! {
        <div class="card empty">
            <h2>{title}</h2>
            <p class="soft">{hint}</p>
            <p class="acts">
                <a class="btn primary" href=href>
                    {action}
                </a>
            </p>
        </div>
    }
}

/// Link to the same list from another cursor.
fn link(filter: &ListFilter, cursor: &str) -> String {
    let status = filter.status.map(Status::as_str);
    let pairs = [
        ("q", filter.q.as_deref()),
        ("status", status),
        ("kind", filter.kind.as_deref()),
        ("tag", filter.tag.as_deref()),
        ("cursor", Some(cursor)),
    ];
    let mut href = "tasks".to_owned();
    let given = pairs.iter().filter_map(|(name, text)| Some((*name, (*text)?)));
    for (name, text) in given.filter(|(_, text)| !text.is_empty()) {
        href.push(if href.contains('?') { '&' } else { '?' });
        href.push_str(name);
        href.push('=');
        href.extend(percent_encoded(text));
    }
    href
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_link_keeps_the_filter_whatever_was_searched_for() {
        let filter = ListFilter::default().with(|o| {
            o.status = Some(Status::Error);
            o.q = Some("a&b=ü".to_owned());
        });
        assert_eq!(link(&filter, "1.x"), "tasks?q=a%26b%3D%C3%BC&status=error&cursor=1.x");
        assert_eq!(link(&ListFilter::default(), ""), "tasks");
    }
}
