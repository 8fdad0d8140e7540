//! `/tasks/{id}`: one task.

use leptos::prelude::*;
use leptos_meta::Title;
use leptos_router::hooks::use_query_map;
use milepost::{
    engine::{Caller, Service, ServiceError, TaskAction},
    task::{Problem, Snapshot},
    view::{TaskView, text},
};

use super::{
    files,
    input::{Started, started_note},
    keep,
    labels::labels,
    log,
    parts::{NoticeNote, Refresh, ask, task_id},
    rerun,
    result::Rendered,
    share,
    style::ResultStyle,
};
use crate::{
    context,
    islands::{TaskDetailsIsland, TaskIsland, platform::embed_state, task_island::TaskState},
    links, log_view,
    outcome::Notice,
    viewers::Viewers,
    wire::{EXISTING, LogPiece, SHOW_RESULT},
};

/// Minimum delay before the page reloads itself, in milliseconds.
const FASTEST_REFRESH_MS: i64 = 2_000;

/// One task, followed by its island; complete without a script.
#[component]
pub fn TaskPage() -> impl IntoView {
    let id = task_id();
    let notice = use_context::<Notice>();
    // Also set if the search text is still empty, which shows the search field.
    let asked = use_query_map().with_untracked(|query| query.get("log"));
    let existing = use_query_map().with_untracked(|query| query.get(EXISTING)).is_some();
    let show_result = use_query_map().with_untracked(|query| query.get(SHOW_RESULT)).is_some();
    let viewers = context::viewers();
    let limits = viewers.html_limits();
    ask(move |service, caller| async move {
        let id = id?;
        let mut snapshot = service.get(&caller, id).await?.ok_or_else(Problem::task_not_found)?;
        links::api().fill_in([&mut snapshot]);
        let kind = service.kind(&snapshot.kind);
        let moves = !snapshot.status.is_terminal();
        let unfinished = moves && kind.as_ref().is_some_and(|kind| kind.makes_files);
        let files = service.files(&caller, id).await?.unwrap_or_default();
        let files = files::listed(id, files, unfinished);
        let shown = shown_result(&service, &caller, &viewers, &snapshot, show_result).await?;
        let rerun = acts(&service, &caller, &snapshot, kind.is_some()).await?;
        let started = match &kind {
            Some(kind) => Started::read(&service, &caller, &snapshot, kind).await?,
            None => None,
        };
        let batch = started.as_ref().and_then(Started::batch).map(|batch| {
            view! {
                ", "
                <a href=format!("batches/{batch}")>"All tasks of this batch"</a>
            }
        });
        let find = asked.as_deref().unwrap_or_default().trim().to_owned();
        let lines = log_view::read_on(&service, &caller, id, 0, &find, limits).await?;
        let mut lines = lines.unwrap_or_else(|| LogPiece { html: String::new(), seq: 0 });
        if lines.html.is_empty() && !find.is_empty() {
            lines.html.push_str(log_view::NOTHING_FOUND);
        }
        let title = text::tab_title(&TaskView::new(snapshot.clone()));
        let log_acts = log::acts(id, asked.as_deref(), moves && asked.is_none());
        let refresh = (moves && asked.is_none())
            .then(|| (snapshot.poll_after_ms.max(FASTEST_REFRESH_MS) + 999) / 1000);
        Ok(view! {
            <Title text=title />
            <Refresh seconds=refresh />
            {(!shown.is_empty()).then(|| view! { <ResultStyle kind=snapshot.kind.clone() /> })}
            <p class="kicker">
                {kind.map_or_else(|| snapshot.kind.clone(), |kind| kind.title)} {batch}
            </p>
            <h1 class="h" dir="auto">{snapshot.title.clone()}</h1>
            {labels(&snapshot)}
            {started.map(started_note)}
            {notice.map(|Notice(problem)| view! { <NoticeNote problem /> })}
            {existing
                .then(|| {
                    view! {
                        <p class="note" role="status">
                            "This work was already under way: nothing new was started."
                        </p>
                    }
                })}
            {embed_state(TaskState {
                snapshot,
                log_seq: lines.seq,
                log: lines.html,
                find,
                log_acts,
                shown,
                files,
                rerun,
            })}
            <TaskIsland />
            <TaskDetailsIsland />
        })
    })
}

/// What the visitor may do with the task besides cancelling it, as HTML.
async fn acts(
    service: &Service,
    caller: &Caller,
    task: &Snapshot,
    is_known_kind: bool,
) -> Result<String, ServiceError> {
    let may = async |action| service.permits(caller, task.id, action).await;
    let mut acts = String::new();
    if is_known_kind && may(TaskAction::Rerun).await? {
        acts.push_str(&rerun::forms(task.id, &task.kind));
    }
    let expires = service.expires() || task.expires_at.is_some();
    if expires && may(TaskAction::Keep).await? {
        acts.push_str(&keep::note(task));
    }
    let (share, delete) = (may(TaskAction::Share).await?, may(TaskAction::Delete).await?);
    acts.push_str(&share::links(task.id, share, delete));
    if !may(TaskAction::Cancel).await? {
        // The style sheet hides the button of the island beside it.
        let note = view! { <p class="follows soft">"You can follow this task, not change it."</p> };
        acts.push_str(&note.to_html());
    }
    Ok(acts)
}

/// The result as HTML if it is asked for or small enough, and has a viewer; else empty.
async fn shown_result(
    service: &Service,
    caller: &Caller,
    viewers: &Viewers,
    task: &Snapshot,
    is_asked_for: bool,
) -> Result<String, Problem> {
    let Some(link) = &task.result else { return Ok(String::new()) };
    let is_small =
        usize::try_from(link.size_bytes).is_ok_and(|size| size <= viewers.max_inline_bytes());
    if !is_small && !is_asked_for {
        return Ok(String::new());
    }
    let result = context::result(service, caller, viewers, task.id).await?;
    Ok(match result.html {
        None if is_asked_for => view! { <Rendered result /> }.to_html(),
        html => html.unwrap_or_default(),
    })
}
