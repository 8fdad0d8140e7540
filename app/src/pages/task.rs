//! `/tasks/{id}`: one task.

use leptos::prelude::*;
use leptos_meta::Title;
use leptos_router::hooks::use_query_map;
use milepost::{
    engine::TaskAction,
    task::Problem,
    view::{TaskView, text},
};

use super::{
    acts::acts,
    input::{Started, started_note},
    labels::labels,
    live::TaskParts,
    log,
    parts::{NoticeNote, Refresh, ask, task_id},
    style::ResultStyle,
};
use crate::{
    context,
    islands::{TaskDetailsIsland, TaskIsland, platform::embed_state, task_island::TaskState},
    links, log_view,
    outcome::Notice,
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
        let parts = TaskParts::read(&service, &caller, &viewers, &snapshot, show_result).await?;
        let TaskParts { shown, preview_version, files } = parts;
        let changes = service.permits(&caller, id, TaskAction::Annotate).await?;
        let acts = acts(&service, &caller, &snapshot, kind.is_some()).await?;
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
        let by =
            snapshot.started_by.clone().map(|name| view! { " · Started by " <bdi>{name}</bdi> });
        let find = asked.as_deref().unwrap_or_default().trim().to_owned();
        let lines = log_view::read_on(&service, &caller, id, 0, &find, limits).await?;
        let mut lines = lines.unwrap_or_else(|| LogPiece { html: String::new(), seq: 0 });
        if lines.html.is_empty() && !find.is_empty() {
            lines.html.push_str(log_view::NOTHING_FOUND);
        }
        // What is shown from the beginning is not moved by a style that comes later.
        let is_shown = !shown.is_empty();
        let style = is_shown.then(|| view! { <ResultStyle kind=snapshot.kind.clone() /> });
        let later_style = (moves && !is_shown)
            .then(|| view! { <ResultStyle kind=snapshot.kind.clone() disabled=true /> });
        let title = text::tab_title(&TaskView::new(snapshot.clone()));
        let log_acts = log::acts(id, asked.as_deref(), moves && asked.is_none());
        let refresh = (moves && asked.is_none())
            .then(|| (snapshot.poll_after_ms.max(FASTEST_REFRESH_MS) + 999) / 1000);
        Ok(view! {
            <Title text=title />
            <Refresh seconds=refresh />
            {style}
            <p class="kicker">
                {kind.map_or_else(|| snapshot.kind.clone(), |kind| kind.title)} {batch} {by}
            </p>
            <h1 class="h" dir="auto">{snapshot.title.clone()}</h1>
            {labels(&snapshot, changes)}
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
                preview_version,
                log: lines.html,
                find,
                log_acts,
                shown,
                files,
                rerun: acts,
            })}
            <TaskIsland />
            <TaskDetailsIsland />
            // What is live does not wait for them.
            {later_style}
        })
    })
}
