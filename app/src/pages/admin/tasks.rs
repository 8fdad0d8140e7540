//! The tasks of all owners: search, cancel and rerun over a filter.

use leptos::prelude::*;
use leptos_router::params::ParamsMap;
use milepost::{
    http::percent_encoded,
    task::{OperatorFilter, OperatorTask, OperatorTasks},
    view::text,
};

use super::short;
use crate::wire::last;

/// The filter of the address; `None`: there is none.
pub(super) fn filter_of(query: &ParamsMap) -> Option<OperatorFilter> {
    let pairs = FIELDS.map(|name| (name.to_owned(), query.get(name).unwrap_or_default()));
    let is_search = query.get("search").is_some();
    let filter = filter_from(&pairs);
    (is_search || filter != OperatorFilter::default()).then_some(filter)
}

/// The names of the fields.
const FIELDS: [&str; 7] = ["status", "kind", "owner", "tag", "q", "since", "until"];

/// Reads the fields of a form or an address; an empty one counts as absent.
pub(crate) fn filter_from(fields: &[(String, String)]) -> OperatorFilter {
    let value = |name: &str| {
        let found = last(fields, name).map(str::trim).filter(|value| !value.is_empty());
        found.map(str::to_owned)
    };
    OperatorFilter::default().with(|filter| {
        filter.status = value("status");
        filter.kind = value("kind");
        filter.owner = value("owner");
        filter.tag = value("tag");
        filter.q = value("q");
        filter.since = value("since");
        filter.until = value("until");
    })
}

fn pairs(filter: &OperatorFilter) -> impl Iterator<Item = (&'static str, &str)> {
    let values = [
        &filter.status,
        &filter.kind,
        &filter.owner,
        &filter.tag,
        &filter.q,
        &filter.since,
        &filter.until,
    ];
    FIELDS.into_iter().zip(values).filter_map(|(name, value)| Some((name, value.as_deref()?)))
}

/// Tasks as lines.
#[component]
pub(super) fn OperatorRows(tasks: Vec<OperatorTask>) -> impl IntoView {
    let rows = tasks.into_iter().map(|task| {
        let OperatorTask { owner, snapshot, .. } = task;
        let error = snapshot.error.as_ref().map(|error| format!(", {}", error.message));
        let tags = (!snapshot.tags.is_empty()).then(|| format!(", {}", snapshot.tags.join(", ")));
        let percent = snapshot.progress.map(|progress| format!(" {progress:.0} %"));
        let progress = percent.filter(|_| !snapshot.status.is_terminal());
        view! {
            <li>
                <span>
                    <a href=format!("tasks/{}", snapshot.id) dir="auto">
                        {snapshot.title.clone()}
                    </a>
                    <small>
                        {snapshot.kind.clone()} ", " {short(owner.as_deref().unwrap_or_default())} ", "
                        <time datetime=snapshot.created_at.clone()>
                            {text::date_time(&snapshot.created_at)}
                        </time> <bdi>{error} {tags}</bdi>
                    </small>
                </span>
                <span>
                    {text::status_word(snapshot.status)} {progress} ", "
                    {text::duration(snapshot.elapsed_ms)}
                </span>
            </li>
        }
    });
    let rows = rows.collect::<Vec<_>>();
    (!rows.is_empty()).then(|| view! { <ul class="rows">{rows}</ul> })
}

/// The search form, what it found, and the buttons that act on all that it found.
#[component]
pub(super) fn AllTasks(
    kinds: Vec<String>,
    filter: OperatorFilter,
    found: Option<OperatorTasks>,
) -> impl IntoView {
    let field = |name: &'static str, label: &'static str, value: Option<String>| {
        view! {
            <label>
                <span>{label}</span>
                <input name=name value=value maxlength="200" />
            </label>
        }
    };
    let options = kinds.into_iter().map(|kind| {
        let selected = filter.kind.as_ref() == Some(&kind);
        view! { <option selected=selected>{kind}</option> }
    });
    let options = options.collect::<Vec<_>>();
    let results = found.map(|found| view! { <Found filter=filter.clone() found /> });
    view! {
        <section>
            <h2 id="all">"All tasks"</h2>
            <form class="filters" method="get" action="admin" role="search" aria-labelledby="all">
                <input type="hidden" name="search" value="" />
                {field("q", "Title or error", filter.q)}
                {field("status", "Status (with commas)", filter.status)}
                <label>
                    <span>"Kind"</span>
                    <select name="kind">
                        <option value="">"Any"</option>
                        {options}
                    </select>
                </label>
                {field("owner", "Owner", filter.owner)} {field("tag", "Tag", filter.tag)}
                {field("since", "Since (RFC 3339)", filter.since)}
                {field("until", "Until (RFC 3339)", filter.until)} <button>"Search"</button>
            </form>
            {results}
        </section>
    }
}

/// The filter as fields of a form.
fn hidden(filter: &OperatorFilter) -> impl IntoView + use<> {
    let inputs = pairs(filter).map(|(name, value)| {
        view! { <input type="hidden" name=name value=value.to_owned() /> }
    });
    inputs.collect::<Vec<_>>()
}

/// A button that goes on with the older tasks of a filter for which an act was done already.
#[component]
pub(super) fn GoOn(act: String, cursor: String, filter: OperatorFilter) -> impl IntoView {
    let (action, label) = match act.as_str() {
        "cancel" => ("admin/cancel", "Cancel the older ones, too"),
        _ => ("admin/rerun", "Run the older ones again, too"),
    };
    view! {
        <form method="post" action=action>
            {hidden(&filter)} <input type="hidden" name="cursor" value=cursor />
            <p>"Older tasks may match, too. " <button>{label}</button></p>
        </form>
    }
}

#[component]
fn Found(filter: OperatorFilter, found: OperatorTasks) -> impl IntoView {
    let is_empty = found.tasks.is_empty() && found.next_cursor.is_none();
    let older = found.next_cursor.map(|cursor| {
        let mut href = format!("admin?cursor={}", percent_encoded(&cursor));
        for (name, value) in pairs(&filter) {
            href.push_str(&format!("&{name}={}", percent_encoded(value)));
        }
        view! {
            <p>
                <a class="btn" href=href rel="next">
                    "Older"
                </a>
            </p>
        }
    });
    view! {
        {is_empty.then(|| view! { <p class="soft">"No task matches."</p> })}
        <OperatorRows tasks=found.tasks />
        {older}
        // Without a filter nothing is cancelled or rerun.
        {(!is_empty && !filter.is_empty())
            .then(|| {
                view! {
                    <div class="acts">
                        <form method="post" action="admin/cancel">
                            {hidden(&filter)} <button>"Cancel the unfinished of them"</button>
                        </form>
                        <form method="post" action="admin/rerun">
                            {hidden(&filter)} <button>"Run the failed of them again"</button>
                        </form>
                    </div>
                }
            })}
    }
}
