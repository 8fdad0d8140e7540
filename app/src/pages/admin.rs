//! `/admin`: what runs, waits, fails and hangs, over all owners; for operators.

pub mod audit;
pub mod chart;
pub mod tasks;

use leptos::prelude::*;
use leptos_meta::Title;
use leptos_router::hooks::use_query_map;
use milepost::{
    task::{AccountLoad, KindLoad, OperatorTask, Overview, WorkerLoad},
    view::text,
};

pub(crate) use self::tasks::filter_from;
use self::{
    chart::HourChart,
    tasks::{AllTasks, GoOn, OperatorRows},
};
use super::{
    parts::{NoticeNote, ask},
    style::{AdminStyle, FormStyle},
};
use crate::{outcome::Notice, wire::LIVE};

/// Seconds between two reloads of the page.
const REFRESH_S: u32 = 10;

/// What runs, waits, fails and hangs. Complete without a script; loads itself again every 10 s if asked to.
#[component]
pub fn AdminPage() -> impl IntoView {
    let notice = use_context::<Notice>();
    let query = use_query_map().get_untracked();
    let filter = tasks::filter_of(&query);
    let cursor = query.get("cursor").filter(|cursor| !cursor.is_empty());
    let done = query.get("done").zip(query.get("refused"));
    let next = query.get("act").zip(query.get("next"));
    let is_live = query.get(LIVE).is_some() && notice.is_none() && filter.is_none();
    ask(move |service, caller| async move {
        let overview = service.overview(&caller).await?;
        let found = match &filter {
            Some(filter) => Some(service.list_all(&caller, filter, cursor.as_deref(), None).await?),
            None => None,
        };
        let kinds: Vec<_> = overview.kinds.iter().map(|kind| kind.kind.clone()).collect();
        Ok(view! {
            <Title text="Operation" />
            <FormStyle />
            <AdminStyle />
            {is_live.then(|| view! { <meta http-equiv="refresh" content=REFRESH_S.to_string() /> })}
            <h1 class="h">"Operation"</h1>
            <p class="soft">
                "As of " <time datetime=overview.at.clone()>{text::date_time(&overview.at)}</time> ". "
                {if is_live {
                    view! { <a href="admin">"Stop updating"</a> }.into_any()
                } else {
                    view! { <a href=format!("admin?{LIVE}")>"Update every 10 s"</a> }.into_any()
                }}
            </p>
            <p>
                <a href="admin/audit">"Audit log"</a>
            </p>
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
                .map(|((act, cursor), filter)| view! { <GoOn act cursor filter /> })}
            <Now overview />
            <AllTasks kinds filter=filter.unwrap_or_default() found />
        })
    })
}

#[component]
fn Now(overview: Overview) -> impl IntoView {
    let Overview { kinds, accounts, hours, workers, slowest, stuck, failed, .. } = overview;
    view! {
        <Kinds kinds />
        <HourChart hours />
        <Workers workers />
        <Accounts accounts />
        <Tasks title="Without news for long" none="Every running task has had news lately." tasks=stuck />
        <Tasks title="Running longest" none="No task is running." tasks=slowest />
        <Tasks title="Failed last" none="No task has failed lately." tasks=failed />
    }
}

/// A form with one button, which pauses or resumes a kind or a worker.
#[component]
fn PauseForm(
    /// The name of the field, and its value.
    field: &'static str,
    name: String,
    is_paused: bool,
) -> impl IntoView {
    let (action, label) =
        if is_paused { ("admin/resume", "Resume") } else { ("admin/pause", "Pause") };
    let what = format!("{label} {name}");
    view! {
        <form method="post" action=action>
            <input type="hidden" name=field value=name />
            <button aria-label=what>{label}</button>
        </form>
    }
}

/// A table that scrolls by itself where the page is narrow.
#[component]
fn Table<R: IntoView + 'static>(
    /// Its name for those who hear the page.
    label: &'static str,
    caption: Option<&'static str>,
    columns: &'static [&'static str],
    rows: Vec<R>,
) -> impl IntoView {
    let heads = columns.iter().map(|column| view! { <th scope="col">{*column}</th> });
    view! {
        <div class="scroll" tabindex="0" role="region" aria-label=label>
            <table>
                {caption.map(|caption| view! { <caption>{caption}</caption> })}
                <thead>
                    <tr>{heads.collect::<Vec<_>>()}</tr>
                </thead>
                <tbody>{rows}</tbody>
            </table>
        </div>
    }
}

#[component]
fn Kinds(kinds: Vec<KindLoad>) -> impl IntoView {
    let rows = kinds.into_iter().map(|kind| {
        let oldest = (kind.waiting > 0).then(|| text::duration(kind.oldest_ms));
        let is_paused = kind.paused_at.is_some();
        view! {
            <tr>
                <th scope="row">
                    <a href=format!("admin?kind={}&status=queued,running,cancelling", kind.kind)>
                        {kind.kind.clone()}
                    </a>
                    {is_paused.then_some(" (paused)")}
                </th>
                <td>{kind.running}</td>
                <td>{kind.waiting}</td>
                <td>{oldest}</td>
                <td>{kind.scheduled}</td>
                <td>
                    <PauseForm field="kind" name=kind.kind is_paused />
                </td>
            </tr>
        }
    });
    let columns = &["Kind", "Running", "Waiting", "Oldest waits", "Later", "Takes tasks"];
    view! { <Table label="Kinds" caption=Some("Kinds") columns rows=rows.collect() /> }
}

#[component]
fn Workers(workers: Vec<WorkerLoad>) -> impl IntoView {
    let rows = workers.into_iter().map(|worker| {
        let is_paused = worker.paused_at.is_some();
        view! {
            <tr>
                <th scope="row">{worker.name.clone()} {is_paused.then_some(" (paused)")}</th>
                <td>{worker.version}</td>
                <td>
                    <time datetime=worker.started_at.clone()>{text::date_time(&worker.started_at)}</time>
                </td>
                <td>{text::duration(worker.seen_age_ms)} " ago"</td>
                <td>{worker.running} " of " {worker.concurrency}</td>
                <td>
                    <PauseForm field="worker" name=worker.name is_paused />
                </td>
            </tr>
        }
    });
    let columns = &["Worker", "Version", "Since", "Last report", "Runs", "Takes tasks"];
    view! { <Table label="Workers" caption=Some("Workers") columns rows=rows.collect() /> }
}

#[component]
fn Accounts(accounts: Vec<AccountLoad>) -> impl IntoView {
    let rows = accounts.into_iter().map(|account| {
        view! {
            <tr>
                <th scope="row">{short(&account.account)}</th>
                <td>{account.running}</td>
                <td>{account.queued}</td>
            </tr>
        }
    });
    let (columns, rows) = (&["Owner", "Running", "Queued"], rows.collect::<Vec<_>>());
    let caption = Some("Owners with the most unfinished tasks");
    (!rows.is_empty()).then(|| view! { <Table label="Owners" caption columns rows /> })
}

/// So much of an owner's id as tells owners apart.
fn short(owner: &str) -> String {
    match owner.char_indices().nth(16) {
        _ if owner.is_empty() => "anonymous".to_owned(),
        Some((end, _)) => format!("{}…", &owner[..end]),
        None => owner.to_owned(),
    }
}

#[component]
fn Tasks(title: &'static str, none: &'static str, tasks: Vec<OperatorTask>) -> impl IntoView {
    let is_empty = tasks.is_empty();
    view! {
        <section>
            <h2>{title}</h2>
            {is_empty.then(|| view! { <p class="soft">{none}</p> })}
            <OperatorRows tasks />
        </section>
    }
}
