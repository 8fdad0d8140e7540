//! The tasks of all owners: search, and for operators cancel and rerun over a filter.

use leptos::prelude::*;
use leptos_router::params::ParamsMap;
use milepost::{
    engine::Oversight,
    http::percent_encoded,
    task::{OperatorFilter, OperatorTask, OperatorTasks, Snapshot, Status},
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
    let time = |name: &str| value(name).map(full_time);
    OperatorFilter::default().with(|filter| {
        filter.status = value("status");
        filter.kind = value("kind");
        filter.owner = value("owner");
        filter.tag = value("tag");
        filter.q = value("q");
        filter.since = time("since");
        filter.until = time("until");
    })
}

/// A time with seconds and zone, as the service takes it; one that is not as a form sends it stays as it is.
pub(super) fn full_time(time: String) -> String {
    if is_of_form(&time) { format!("{time}:00Z") } else { time }
}

/// Whether a time is as a form sends it, in UTC: `2026-12-24T14:02`.
fn is_of_form(time: &str) -> bool {
    time.len() == FORM_TIME && !time.ends_with('Z')
}

/// Length of a time that a form sends.
const FORM_TIME: usize = "2026-12-24T14:02".len();

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

/// Tasks as lines, or the sentence for none. The links have ids that begin with `list`.
pub(super) fn operator_rows(list: &str, tasks: &[OperatorTask], none: &'static str) -> String {
    if tasks.is_empty() {
        return view! { <p class="soft">{none}</p> }.to_html();
    }
    let rows = tasks.iter().map(|task| row(list, task)).collect::<Vec<_>>();
    view! { <ul class="rows">{rows}</ul> }.to_html()
}

fn row(list: &str, task: &OperatorTask) -> impl IntoView + use<> {
    let OperatorTask { owner, stuck_after_ms, snapshot, .. } = task;
    let id = snapshot.id;
    let error = snapshot.error.as_ref().map(|error| format!(", {}", error.message));
    let tags = (!snapshot.tags.is_empty()).then(|| format!(", {}", snapshot.tags.join(", ")));
    view! {
        <li>
            <span>
                <a id=format!("{list}-{id}") href=format!("tasks/{id}") dir="auto">
                    {snapshot.title.clone()}
                </a>
                <small>
                    {snapshot.kind.clone()} ", " {short(owner.as_deref().unwrap_or_default())} ", "
                    <time datetime=snapshot.created_at.clone()>
                        {text::date_time(&snapshot.created_at)}
                    </time> <bdi>{error} {tags}</bdi>
                </small>
            </span>
            <span>{state(snapshot, *stuck_after_ms)}</span>
        </li>
    }
}

/// `Running 42 %, 3 min`, `Waiting, 2nd in line, 20 s`; of a stuck task
/// `Running 42 %, 30 min, no news for 12 min (expected within 2 min)`.
fn state(snapshot: &Snapshot, stuck_after_ms: Option<i64>) -> String {
    let mut words = text::status_word(snapshot.status).to_owned();
    let is_running = matches!(snapshot.status, Status::Running | Status::Cancelling);
    if let Some(progress) = snapshot.progress.filter(|_| is_running) {
        words.push_str(&format!(" {progress:.0} %"));
    }
    if let Some(place) = snapshot.queue_position {
        words.push_str(&format!(", {} in line", text::ordinal(place)));
    }
    words.push_str(&format!(", {}", text::duration(snapshot.elapsed_ms)));
    if let Some(limit_ms) = stuck_after_ms {
        let silent = text::duration(snapshot.updated_age_ms);
        words.push_str(&format!(
            ", no news for {silent} (expected within {})",
            text::duration(limit_ms)
        ));
    }
    words
}

/// A field of a filter.
pub(super) fn field(
    name: &'static str,
    label: &'static str,
    value: Option<String>,
) -> impl IntoView {
    view! {
        <label>
            <span>{label}</span>
            <input name=name value=value maxlength="200" />
        </label>
    }
}

/// The search form, what it found, and for an operator the buttons that act on all that it found.
#[component]
pub(super) fn AllTasks(
    oversight: Oversight,
    kinds: Vec<String>,
    filter: OperatorFilter,
    found: Option<OperatorTasks>,
) -> impl IntoView {
    let options = kinds.into_iter().map(|kind| {
        let selected = filter.kind.as_ref() == Some(&kind);
        view! { <option selected=selected>{kind}</option> }
    });
    let options = options.collect::<Vec<_>>();
    let results = found.map(|found| view! { <Found oversight filter=filter.clone() found /> });
    let searched = match oversight {
        Oversight::Operate => "Title, error or input",
        _ => "Title or error",
    };
    view! {
        <section>
            <h2 id="all">"All tasks"</h2>
            <form class="filters" method="get" action="admin" role="search" aria-labelledby="all">
                <input type="hidden" name="search" value="" />
                {field("q", searched, filter.q)}
                <label>
                    <span>"Status"</span>
                    <select name="status">{status_options(filter.status.as_deref())}</select>
                </label>
                <label>
                    <span>"Kind"</span>
                    <select name="kind">
                        <option value="">"Any"</option>
                        {options}
                    </select>
                </label>
                {field("owner", "Owner", filter.owner)} {field("tag", "Tag", filter.tag)}
                {time_field("since", "Since (UTC)", filter.since)}
                {time_field("until", "Until (UTC)", filter.until)} <button>"Search"</button>
            </form>
            {results}
        </section>
    }
}

/// Each status, the groups that are searched most, and what the address names besides.
fn status_options(chosen: Option<&str>) -> impl IntoView + use<> {
    let known = [
        ("", "Any"),
        ("queued,running,cancelling", "Unfinished"),
        ("error,cancelled", "Failed or cancelled"),
        ("queued", text::status_word(Status::Queued)),
        ("running", text::status_word(Status::Running)),
        ("cancelling", text::status_word(Status::Cancelling)),
        ("completed", text::status_word(Status::Completed)),
        ("error", text::status_word(Status::Error)),
        ("cancelled", text::status_word(Status::Cancelled)),
    ];
    let chosen = chosen.unwrap_or_default().to_owned();
    let other = known.iter().all(|(value, _)| *value != chosen).then(|| chosen.clone());
    let known = known.map(|(value, label)| {
        let selected = value == chosen;
        view! { <option value=value selected=selected>{label}</option> }
    });
    view! {
        {known.into_iter().collect::<Vec<_>>()}
        {other
            .map(|other| {
                view! {
                    <option value=other.clone() selected=true>
                        {other.clone()}
                    </option>
                }
            })}
    }
}

/// A time in UTC, to the minute; one that the address gives in another way stays a text.
pub(super) fn time_field(
    name: &'static str,
    label: &'static str,
    time: Option<String>,
) -> impl IntoView {
    let time = time.unwrap_or_default();
    let minute = time.strip_suffix(":00Z").filter(|minute| is_of_form(minute));
    let (kind, value) = match (minute, time.is_empty()) {
        (None, false) => ("text", time.clone()),
        (minute, _) => ("datetime-local", minute.unwrap_or_default().to_owned()),
    };
    view! {
        <label>
            <span>{label}</span>
            <input name=name type=kind value=value maxlength="40" />
        </label>
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
fn Found(oversight: Oversight, filter: OperatorFilter, found: OperatorTasks) -> impl IntoView {
    let operates = oversight == Oversight::Operate;
    let is_empty = found.tasks.is_empty() && found.next_cursor.is_none();
    let none = if is_empty { "No task matches." } else { "" };
    let rows = operator_rows("found", &found.tasks, none);
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
        <div inner_html=rows></div>
        {older}
        // Without a filter nothing is cancelled or rerun.
        {(operates && !is_empty && !filter.is_empty())
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

#[cfg(test)]
mod tests {
    use super::*;
    use milepost::task::TaskId;

    #[test]
    fn a_row_says_where_a_task_stands() {
        let id = TaskId::from_uuid(uuid::Uuid::nil());
        let mut task = Snapshot::new(id, "story".to_owned(), "Story".to_owned());
        (task.status, task.elapsed_ms) = (Status::Queued, 20_000);
        task.queue_position = Some(2);
        assert_eq!(state(&task, None), "Waiting, 2nd in line, 20 s");
        task.queue_position = None;
        (task.status, task.progress) = (Status::Running, Some(42.4));
        assert_eq!(state(&task, None), "Running 42 %, 20 s");
        task.updated_age_ms = 720_000;
        let stuck = "Running 42 %, 20 s, no news for 12 min (expected within 2 min)";
        assert_eq!(state(&task, Some(120_000)), stuck);
        task.status = Status::Completed;
        assert_eq!(state(&task, None), "Done, 20 s");
    }

    #[test]
    fn a_time_of_the_form_is_in_utc_and_one_of_the_address_stays() {
        let since = |time: &str| filter_from(&[("since".to_owned(), time.to_owned())]).since;
        assert_eq!(since("2026-12-24T14:02").as_deref(), Some("2026-12-24T14:02:00Z"));
        for time in
            ["2026-12-24T14:02:11Z", "2026-12-24T14:02:00+01:00", "today", "2026-12-24T14:0Z"]
        {
            assert_eq!(since(time).as_deref(), Some(time));
        }
        assert_eq!(since(" "), None);
    }
}
