//! `/batches/{id}`: the tasks of a batch.

use leptos::prelude::*;
use leptos_meta::Title;
use leptos_router::hooks::{use_params_map, use_query_map};
use milepost::{
    engine::{BatchFilter, BatchOrder, Caller, Service, ServiceError, TaskAction},
    http::percent_encoded,
    task::{Batch, BatchId, Problem, Snapshot, Status},
    view::text,
};

use super::{
    parts::{LiveList, NoticeNote, ask},
    style::FormStyle,
};
use crate::{outcome::Notice, wire::KEY_FIELD};

/// Tasks per page of a batch that has more than one page.
const ROWS: u32 = 50;

/// All tasks of a batch with one bar. A batch of more tasks than one poll covers is shown page by
/// page: what failed first, then what runs.
#[component]
pub fn BatchPage() -> impl IntoView {
    let id = use_params_map().with_untracked(|params| params.get("id"));
    let id = id.and_then(|id| id.parse::<BatchId>().ok());
    let notice = use_context::<Notice>();
    let query = use_query_map();
    let asked = |name: &str| {
        query.with_untracked(|query| query.get(name)).filter(|text| !text.trim().is_empty())
    };
    let filter = BatchFilter::default().with(|o| {
        o.order = BatchOrder::Attention;
        o.status = asked("status").and_then(|word| Status::from_word(&word));
        o.cursor = asked("cursor");
        o.limit = Some(ROWS);
    });
    ask(move |service, caller| async move {
        let id = id.ok_or_else(Problem::batch_not_found)?;
        let read = read(&service, &caller, id, &filter).await?;
        let (batch, whole) = read.ok_or_else(Problem::batch_not_found)?;
        let kind = service.kind(&batch.kind).map_or(batch.kind.clone(), |kind| kind.title);
        let title = format!("{} × {kind}", batch.total);
        let (failed, unfinished) = (batch.counts.error, batch.unfinished > 0);
        let may = async |action| service.permits_of_batch(&caller, id, action).await;
        let cancels = unfinished && may(TaskAction::Cancel).await?;
        let reruns = (unfinished || failed > 0) && may(TaskAction::Rerun).await?;
        let shares = may(TaskAction::Share).await?;
        let paged = whole.is_some();
        let next = batch.next_cursor.clone().map(|cursor| link(id, filter.status, &cursor));
        let first = filter.cursor.is_some().then(|| link(id, filter.status, ""));
        Ok(view! {
            <Title text=title.clone() />
            <FormStyle />
            <p class="kicker">"Started together"</p>
            <h1 class="h">{title}</h1>
            {notice.map(|Notice(problem)| view! { <NoticeNote problem /> })}
            {cancels.then(|| view! { <CancelAll id /> })}
            {reruns.then(|| view! { <RunFailed id failed unfinished /> })}
            {paged.then(|| view! { <Counts id batch=batch.clone() shown=filter.status /> })}
            {match whole {
                Some(state) => view! { <LiveList tasks=batch.tasks of=state /> }.into_any(),
                None => view! { <LiveList tasks=batch.tasks whole=true /> }.into_any(),
            }}
            {paged
                .then(|| {
                    view! {
                        <nav class="acts" aria-label="Pages">
                            {first.map(|href| view! { <a class="btn" href=href>"First"</a> })}
                            {next.map(|href| view! { <a class="btn" href=href rel="next">"Next"</a> })}
                        </nav>
                    }
                })}
            {shares
                .then(|| {
                    view! {
                        <p class="soft">
                            <a href=format!("batches/{id}/share")>"Share"</a>
                        </p>
                    }
                })}
        })
    })
}

/// Reads a batch; if it has more than one page, a page of it, and its state as one task.
async fn read(
    service: &Service,
    caller: &Caller,
    id: BatchId,
    filter: &BatchFilter,
) -> Result<Option<(Batch, Option<Snapshot>)>, ServiceError> {
    let Some(batch) = service.batch(caller, id).await? else { return Ok(None) };
    if batch.next_cursor.is_none() {
        return Ok(Some((batch, None)));
    }
    let page = match service.batch_page(caller, id, filter).await {
        // An old or invalid link still shows the batch, while the API reports an error.
        Err(ServiceError::Refused(_)) => {
            let filter = filter.clone().with(|filter| filter.cursor = None);
            service.batch_page(caller, id, &filter).await?
        }
        page => page?,
    };
    let state = service.batch_state(caller, id).await?;
    Ok(page.zip(state).map(|(page, state)| (page, Some(state))))
}

/// Link to a page of the batch.
fn link(id: BatchId, status: Option<Status>, cursor: &str) -> String {
    let pairs = [("status", status.map_or("", Status::as_str)), ("cursor", cursor)];
    let mut href = format!("batches/{id}");
    for (name, text) in pairs.iter().filter(|(_, text)| !text.is_empty()) {
        href.push(if href.contains('?') { '&' } else { '?' });
        href.push_str(name);
        href.push('=');
        href.extend(percent_encoded(text));
    }
    href
}

/// Number of tasks with each status when the page was made; each links to these tasks.
#[component]
fn Counts(id: BatchId, batch: Batch, shown: Option<Status>) -> impl IntoView {
    let counts = batch.counts;
    let counts = [
        (Status::Error, counts.error),
        (Status::Running, counts.running),
        (Status::Cancelling, counts.cancelling),
        (Status::Queued, counts.queued),
        (Status::Cancelled, counts.cancelled),
        (Status::Completed, counts.completed),
    ];
    let one = |status: Option<Status>, label: String| {
        let current = (status == shown).then_some("page");
        view! {
            <a class="btn" href=link(id, status, "") aria-current=current>
                {label}
            </a>
        }
    };
    let all = one(None, format!("All {}", batch.total));
    let counts = counts.into_iter().filter(|(_, tasks)| *tasks > 0);
    let counts = counts
        .map(|(status, tasks)| one(Some(status), format!("{} {tasks}", text::status_word(status))));
    view! {
        <nav class="acts" aria-label="Status">
            {all}
            {counts.collect::<Vec<_>>()}
        </nav>
    }
}

#[component]
fn CancelAll(id: BatchId) -> impl IntoView {
    view! {
        <form class="acts all" method="post" action=format!("batches/{id}/cancel")>
            <button class="cancel">"Cancel all unfinished"</button>
        </form>
    }
}

/// Form to rerun the failed tasks. While none has failed, it is hidden until the first does.
#[component]
fn RunFailed(id: BatchId, failed: u32, unfinished: bool) -> impl IntoView {
    let key = uuid::Uuid::new_v4().to_string();
    let words = match (unfinished, failed) {
        // More tasks may fail while the page is open.
        (true, _) => "Some tasks failed. Their pages show the errors.".to_owned(),
        (false, 1) => "One task failed. Its page shows the error.".to_owned(),
        (false, n) => format!("{n} of them failed. Their pages say why."),
    };
    view! {
        <form class="note retry" method="post" action=format!("batches/{id}/rerun")>
            <input type="hidden" name=KEY_FIELD value=key />
            <p>{words}</p>
            <button>"Rerun failed tasks"</button>
        </form>
    }
}
