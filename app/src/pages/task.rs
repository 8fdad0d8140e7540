//! `/tasks/{id}`: one task.

use leptos::prelude::*;
use leptos_meta::Title;
use leptos_router::hooks::use_params_map;
use milepost::{
    task::{LogLine, Problem, TaskId},
    view::{TaskView, text},
};

use super::parts::{Refresh, ask};
use crate::{
    context::{self, set_status},
    forms::Notice,
    islands::{TaskIsland, server::plant},
    pages::result::Rendered,
};

/// Log lines that the page shows.
const LOG_LINES: usize = 200;
/// The page does not load itself again sooner than this, in milliseconds.
const FASTEST_REFRESH_MS: i64 = 2_000;

/// One task, followed by its island; complete without a script, too.
#[component]
pub fn TaskPage() -> impl IntoView {
    let id = task_id();
    let notice = use_context::<Notice>();
    let viewers = context::viewers();
    ask(|service, caller| async move {
        let id = id?;
        let snapshot = service.get(&caller, id).await?.ok_or_else(Problem::task_not_found)?;
        let log = service.log(&caller, id, 0).await?.unwrap_or_default();
        let result = match snapshot.result {
            Some(_) => Some(context::result(&service, &caller, &viewers, id).await?),
            None => None,
        };
        let kind = service.kind(&snapshot.kind).map(|kind| kind.title);
        let title = text::tab_title(&TaskView::new(snapshot.clone()));
        let refresh = (!snapshot.status.is_terminal())
            .then(|| (snapshot.poll_after_ms.max(FASTEST_REFRESH_MS) + 999) / 1000);
        Ok(view! {
            <Title text=title />
            <Refresh seconds=refresh />
            <p class="kicker">{kind.unwrap_or_else(|| snapshot.kind.clone())}</p>
            <h1 class="h">{snapshot.title.clone()}</h1>
            {notice.map(|Notice(problem)| view! { <NoticeNote problem /> })}
            {plant(snapshot)}
            <TaskIsland />
            {result
                .map(|result| {
                    view! {
                        <section class="card" aria-label="The result">
                            <Rendered result />
                        </section>
                    }
                })}
            <Log lines=log />
        })
    })
}

/// The id in the path; a text that is none is a task that is not there.
pub(super) fn task_id() -> Result<TaskId, Problem> {
    let id = use_params_map().with_untracked(|params| params.get("id"));
    id.and_then(|id| id.parse().ok()).ok_or_else(Problem::task_not_found)
}

#[component]
fn NoticeNote(problem: Problem) -> impl IntoView {
    set_status(problem.status);
    view! {
        <p class="note bad" role="alert">
            {problem.detail}
        </p>
    }
}

#[component]
fn Log(mut lines: Vec<LogLine>) -> impl IntoView {
    let left_out = lines.len().saturating_sub(LOG_LINES);
    let lines = lines.split_off(left_out);
    let mut log = String::new();
    for line in &lines {
        log.push_str(text::clock(&line.at));
        log.push_str("  ");
        log.push_str(&line.text);
        log.push('\n');
    }
    (!lines.is_empty()).then(|| {
        view! {
            <section class="card" aria-labelledby="log">
                <h2 id="log">"Log"</h2>
                {(left_out > 0)
                    .then(|| view! { <p class="soft">{left_out} " earlier lines are left out."</p> })}
                <pre class="log" tabindex="0" role="region" aria-labelledby="log">
                    {log}
                </pre>
            </section>
        }
    })
}
