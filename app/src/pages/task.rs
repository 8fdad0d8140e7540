//! `/tasks/{id}`: one task.

use leptos::prelude::*;
use leptos_meta::Title;
use leptos_router::hooks::use_query_map;
use milepost::{
    task::Problem,
    view::{TaskView, text},
};

use super::{
    files::Files,
    keep::Keep,
    log,
    parts::{NoticeNote, Refresh, ask, task_id},
    rerun::Rerun,
    style::ResultStyle,
};
use crate::{
    context,
    islands::{TaskDetailsIsland, TaskIsland, platform::embed_state, task_island::TaskState},
    links, log_view,
    outcome::Notice,
    wire::{EXISTING, LogPiece},
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
    let limits = context::viewers().html_limits();
    ask(move |service, caller| async move {
        let id = id?;
        let mut snapshot = service.get(&caller, id).await?.ok_or_else(Problem::task_not_found)?;
        links::api().fill_in([&mut snapshot]);
        let kind = service.kind(&snapshot.kind);
        let makes_files = kind.as_ref().is_some_and(|kind| kind.makes_files);
        let kind = kind.map(|kind| kind.title);
        let files = service.files(&caller, id).await?.unwrap_or_default();
        let unfinished = makes_files && !snapshot.status.is_terminal();
        let find = asked.as_deref().unwrap_or_default().trim().to_owned();
        let lines = log_view::read_on(&service, &caller, id, 0, &find, limits).await?;
        let mut lines = lines.unwrap_or_else(|| LogPiece { html: String::new(), seq: 0 });
        if lines.html.is_empty() && !find.is_empty() {
            lines.html.push_str(log_view::NOTHING_FOUND);
        }
        let known = kind.is_some().then(|| snapshot.kind.clone());
        let batch = service.batch_of(&caller, id).await?;
        let keep = (service.expires() || snapshot.expires_at.is_some()).then(|| snapshot.clone());
        let title = text::tab_title(&TaskView::new(snapshot.clone()));
        let moves = !snapshot.status.is_terminal();
        let log_acts = log::acts(id, asked.as_deref(), moves && asked.is_none());
        let refresh = (moves && asked.is_none())
            .then(|| (snapshot.poll_after_ms.max(FASTEST_REFRESH_MS) + 999) / 1000);
        Ok(view! {
            <Title text=title />
            <Refresh seconds=refresh />
            <ResultStyle kind=snapshot.kind.clone() />
            <p class="kicker">{kind.unwrap_or_else(|| snapshot.kind.clone())}</p>
            <h1 class="h" dir="auto">{snapshot.title.clone()}</h1>
            {notice.map(|Notice(problem)| view! { <NoticeNote problem /> })}
            {existing
                .then(|| {
                    view! {
                        <p class="note" role="status">
                            "This work was already under way: nothing new was started."
                        </p>
                    }
                })}
            {embed_state(TaskState { snapshot, log_seq: lines.seq, log: lines.html, find, log_acts })}
            <TaskIsland />
            <TaskDetailsIsland />
            <Files id files unfinished />
            <Rerun id kind=known batch />
            {keep.map(|snapshot| view! { <Keep snapshot /> })}
        })
    })
}
