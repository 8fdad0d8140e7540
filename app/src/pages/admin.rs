//! `/admin`: what runs, waits, fails and hangs, over all owners; for operators, and to look at for viewers.

pub mod audit;
pub mod chart;
pub mod tasks;

use leptos::prelude::*;
use leptos_meta::Title;
use leptos_router::hooks::use_query_map;
use milepost::{
    engine::{Caller, Oversight, Role, Service},
    task::{AccountLoad, KindLoad, Overview, Problem, WorkerLoad},
    view::{server_fns::PagePart, text},
};

pub(crate) use self::tasks::filter_from;
use self::{
    chart::HourChart,
    tasks::{AllTasks, GoOn},
};
use super::{
    data::{DeletedData, DeletedNote, OwnersData, deleted_from},
    parts::{NoticeNote, Refresh, ask},
    style::{AdminStyle, FormStyle},
};
use crate::{
    chunks::Preload,
    islands::{TaskListIsland, platform::embed_state, task_list::ListState},
    outcome::Notice,
    wire::LIVE,
};

/// Seconds between two reloads of the page without a script.
const REFRESH_S: i64 = 10;

/// What runs, waits, fails and hangs. Kept up to date by polling; complete without a script, and then loads itself again
/// every 10 s if asked to. A viewer gets it without what acts.
#[component]
pub fn AdminPage() -> impl IntoView {
    let notice = use_context::<Notice>();
    let query = use_query_map().get_untracked();
    let filter = tasks::filter_of(&query);
    let cursor = query.get("cursor").filter(|cursor| !cursor.is_empty());
    let done = query.get("done").zip(query.get("refused"));
    let deleted = deleted_from(&query);
    let next = query.get("act").zip(query.get("next"));
    let is_live = query.get(LIVE).is_some() && notice.is_none() && filter.is_none();
    ask(move |service, caller| async move {
        let oversight = service.oversight(&caller)?;
        let operates = oversight == Oversight::Operate;
        let overview = service.overview(&caller).await?;
        let operation = ListState {
            tasks: vec![service.operation(&caller).await?],
            whole: false,
            is_part: false,
            by_day: false,
        };
        let found = match &filter {
            Some(filter) => Some(service.list_all(&caller, filter, cursor.as_deref(), None).await?),
            None => None,
        };
        let is_admin = caller.role() == Role::Admin;
        let kinds: Vec<_> = overview.kinds.iter().map(|kind| kind.kind.clone()).collect();
        Ok(view! {
            <Title text="Operation" />
            <FormStyle />
            <AdminStyle />
            <h1 class="h">"Operation"</h1>
            {embed_state(operation)}
            <Preload island="task_list_island" />
            <div class="head">
                <p class="soft">"As of " <span id=AT inner_html=as_of(&overview)></span> "."</p>
                <TaskListIsland />
            </div>
            <Refresh seconds=is_live.then_some(REFRESH_S) />
            {if is_live {
                view! {
                    <noscript>
                        <a href="admin">"Stop updating"</a>
                    </noscript>
                }
                    .into_any()
            } else {
                view! {
                    <noscript>
                        <a href=format!("admin?{LIVE}")>"Update every 10 s"</a>
                    </noscript>
                }
                    .into_any()
            }}
            {operates
                .then(|| {
                    view! {
                        <p>
                            <a href="admin/audit">"Audit log"</a>
                        </p>
                    }
                })}
            {is_admin.then(|| view! { <OwnersData left=deleted.as_ref().and_then(DeletedData::left) /> })}
            {deleted.map(|deleted| view! { <DeletedNote deleted /> })}
            {notice.map(|Notice(problem)| view! { <NoticeNote problem /> })}
            {done.map(|(done, refused)| {
                let number = |text: String| text.parse::<u32>().unwrap_or_default();
                let (done, refused) = (number(done), number(refused));
                view! {
                    <p class="note" role="status">
                        {format!("Done for {done} tasks, not possible for {refused}.")}
                    </p>
                }
            })}
            {next
                .zip(filter.clone())
                .filter(|_| operates)
                .map(|((act, cursor), filter)| view! { <GoOn act cursor filter /> })}
            <Now overview oversight />
            <AllTasks oversight kinds filter=filter.unwrap_or_default() found />
        })
    })
}

/// Ids of the elements that change while the page is open.
const AT: &str = "now-at";
const KINDS: &str = "now-kinds";
const BARS: &str = "now-bars";
const HOURS: &str = "now-hours";
const WORKERS: &str = "now-workers";
const ACCOUNTS: &str = "now-owners";
const STUCK: &str = "now-stuck";
const SLOWEST: &str = "now-slowest";
const FAILED: &str = "now-failed";

/// What changes while the page is open: each part is the content of the element with its id.
fn parts(overview: &Overview, oversight: Oversight) -> [PagePart; 9] {
    let none_stuck = "Every running task has had news lately.";
    [
        (AT, as_of(overview)),
        (KINDS, kinds(&overview.kinds, oversight)),
        (BARS, chart::bars(&overview.hours)),
        (HOURS, chart::figures(&overview.hours)),
        (WORKERS, workers(&overview.workers, oversight)),
        (ACCOUNTS, accounts(&overview.accounts)),
        (STUCK, tasks::operator_rows(STUCK, &overview.stuck, none_stuck)),
        (SLOWEST, tasks::operator_rows(SLOWEST, &overview.slowest, "No task is running.")),
        (FAILED, tasks::operator_rows(FAILED, &overview.failed, "No task has failed lately.")),
    ]
    .map(|(element, html)| PagePart { element, keep: 0, html })
}

/// The parts of the page as they are now.
pub(super) async fn changed_parts(
    service: &Service,
    caller: &Caller,
) -> Result<Vec<PagePart>, Problem> {
    let oversight = service.oversight(caller)?;
    Ok(parts(&service.overview(caller).await?, oversight).into())
}

fn as_of(overview: &Overview) -> String {
    let at = overview.at.clone();
    view! { <time datetime=at>{text::date_time(&overview.at)}</time> }.to_html()
}

#[component]
fn Now(overview: Overview, oversight: Oversight) -> impl IntoView {
    let [_, kinds, bars, hours, workers, accounts, stuck, slowest, failed] =
        parts(&overview, oversight);
    let tasks = [
        ("Without news for longer than usual", stuck),
        ("Running longest", slowest),
        ("Failed last", failed),
    ];
    let tasks = tasks.map(|(title, PagePart { element, html, .. })| {
        view! {
            <section>
                <h2>{title}</h2>
                <div id=element inner_html=html></div>
            </section>
        }
    });
    view! {
        <Table caption="Kinds" columns=KIND_COLUMNS rows=kinds />
        <HourChart bars hours />
        <Table caption="Workers" columns=WORKER_COLUMNS rows=workers />
        <Table caption="Owners with the most unfinished tasks" columns=ACCOUNT_COLUMNS rows=accounts />
        {tasks.into_iter().collect::<Vec<_>>()}
    }
}

/// Whether a kind or a worker takes tasks: for an operator a form with one button, which pauses or resumes it.
#[component]
fn Takes(
    oversight: Oversight,
    id: String,
    /// The name of the field, and its value.
    field: &'static str,
    name: String,
    is_paused: bool,
) -> impl IntoView {
    if oversight != Oversight::Operate {
        return if is_paused { "No" } else { "Yes" }.into_any();
    }
    let (action, label) =
        if is_paused { ("admin/resume", "Resume") } else { ("admin/pause", "Pause") };
    let what = format!("{label} {name}");
    view! {
        <form method="post" action=action>
            <input type="hidden" name=field value=name />
            <button id=id aria-label=what>{label}</button>
        </form>
    }
    .into_any()
}

/// A table that scrolls by itself where the page is narrow.
#[component]
fn Table(
    /// Its name.
    caption: &'static str,
    columns: &'static [&'static str],
    /// Its body.
    rows: PagePart,
    /// Whether its name is shown elsewhere.
    #[prop(optional)]
    hide_caption: bool,
) -> impl IntoView {
    let heads = columns.iter().map(|column| view! { <th scope="col">{*column}</th> });
    view! {
        <div class="scroll" tabindex="0" role="region" aria-label=caption>
            <table>
                {(!hide_caption).then(|| view! { <caption>{caption}</caption> })}
                <thead>
                    <tr>{heads.collect::<Vec<_>>()}</tr>
                </thead>
                <tbody id=rows.element inner_html=rows.html></tbody>
            </table>
        </div>
    }
}

const KIND_COLUMNS: &[&str] =
    &["Kind", "Running", "Waiting", "Oldest waits", "Later", "Takes tasks"];

fn kinds(kinds: &[KindLoad], oversight: Oversight) -> String {
    let rows = kinds.iter().map(|kind| {
        let oldest = (kind.waiting > 0).then(|| text::duration(kind.oldest_ms));
        let (name, is_paused) = (kind.kind.clone(), kind.paused_at.is_some());
        view! {
            <tr>
                <th scope="row">
                    <a
                        id=format!("kind-{name}")
                        href=format!("admin?kind={name}&status=queued,running,cancelling")
                    >
                        {name.clone()}
                    </a>
                    {is_paused.then_some(" (paused)")}
                </th>
                <td>{kind.running}</td>
                <td>{kind.waiting}</td>
                <td>{oldest}</td>
                <td>{kind.scheduled}</td>
                <td>
                    <Takes oversight id=format!("pause-kind-{name}") field="kind" name is_paused />
                </td>
            </tr>
        }
    });
    rows.collect::<Vec<_>>().to_html()
}

const WORKER_COLUMNS: &[&str] =
    &["Worker", "Version", "Since", "Last report", "Runs", "Takes tasks"];

fn workers(workers: &[WorkerLoad], oversight: Oversight) -> String {
    let rows = workers.iter().enumerate().map(|(number, worker)| {
        let (name, is_paused) = (worker.name.clone(), worker.paused_at.is_some());
        view! {
            <tr>
                <th scope="row">{name.clone()} {is_paused.then_some(" (paused)")}</th>
                <td>{worker.version.clone()}</td>
                <td>
                    <time datetime=worker.started_at.clone()>{text::date_time(&worker.started_at)}</time>
                </td>
                <td>{text::duration(worker.seen_age_ms)} " ago"</td>
                <td>{worker.running} " of " {worker.concurrency} {of_kinds(worker)}</td>
                <td>
                    <Takes
                        oversight
                        id=format!("pause-worker-{number}")
                        field="worker"
                        name
                        is_paused
                    />
                </td>
            </tr>
        }
    });
    rows.collect::<Vec<_>>().to_html()
}

/// What a worker runs: `: story 4, dataset 1`.
fn of_kinds(worker: &WorkerLoad) -> Option<String> {
    let kinds: Vec<_> =
        worker.kinds.iter().map(|(kind, tasks)| format!("{kind} {tasks}")).collect();
    (!kinds.is_empty()).then(|| format!(": {}", kinds.join(", ")))
}

const ACCOUNT_COLUMNS: &[&str] = &["Owner", "Running", "Queued"];

fn accounts(accounts: &[AccountLoad]) -> String {
    if accounts.is_empty() {
        return view! { <tr><td colspan="3">"Nobody has an unfinished task."</td></tr> }.to_html();
    }
    let rows = accounts.iter().map(|account| {
        view! {
            <tr>
                <th scope="row">{short(&account.account)}</th>
                <td>{account.running}</td>
                <td>{account.queued}</td>
            </tr>
        }
    });
    rows.collect::<Vec<_>>().to_html()
}

/// So much of an owner's id as tells owners apart.
fn short(owner: &str) -> String {
    match owner.char_indices().nth(16) {
        _ if owner.is_empty() => "anonymous".to_owned(),
        Some((end, _)) => format!("{}…", &owner[..end]),
        None => owner.to_owned(),
    }
}
