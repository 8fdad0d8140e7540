//! Parts shared by several pages.

use std::future::Future;

use leptos::prelude::*;
use leptos_router::hooks::use_params_map;
use milepost::{
    engine::{Caller, Service},
    task::{Problem, Snapshot, TaskId},
    view::server_fns::ApiError,
};

use super::problem::{ProblemPage, reload};
use crate::{
    chunks::Preload,
    context::{self, set_status},
    islands::{TaskListIsland, platform::embed_state, task_list::ListState},
};

/// Loads data from the service for a page; a problem is shown as the page, with its status.
pub(super) fn ask<F, V>(load: impl FnOnce(Service, Caller) -> F) -> impl IntoView
where
    F: Future<Output = Result<V, Problem>> + Send + 'static,
    V: IntoView + 'static,
{
    let asked = context::service().map(|(service, caller)| load(service, caller));
    Suspend::new(async move {
        let answer = match asked {
            Ok(asked) => asked.await,
            Err(ApiError(problem)) => Err(problem),
        };
        match answer {
            Ok(view) => view.into_any(),
            Err(problem) => view! { <ProblemPage problem /> }.into_any(),
        }
    })
}

/// Tasks that are followed while the page is open.
#[component]
pub fn LiveList(
    /// The tasks.
    tasks: Vec<Snapshot>,
    /// URL of a reload link for pages without a script. Without it the page reloads itself, which
    /// would discard what is being typed into a form.
    #[prop(optional)]
    again: Option<String>,
    /// Whether to show one bar for all tasks above the list.
    #[prop(optional)]
    whole: bool,
    /// The state of the batch of which these are some tasks: one bar for all of it above the list.
    #[prop(optional)]
    of: Option<Snapshot>,
    /// Whether to group the tasks by the day on which they were queued.
    #[prop(optional)]
    by_day: bool,
) -> impl IntoView {
    let is_part = of.is_some();
    let tasks: Vec<_> = of.into_iter().chain(tasks).collect();
    let moves = tasks.iter().any(|task| !task.status.is_terminal());
    let refresh = (moves && again.is_none()).then_some(5);
    let again = again.filter(|_| moves).map(|href| {
        view! {
            <noscript>
                <p>
                    <a href=href>"Refresh"</a>
                </p>
            </noscript>
        }
    });
    view! {
        {embed_state(ListState { tasks, whole, is_part, by_day })}
        <Preload island="task_list_island" />
        <TaskListIsland />
        {again}
        <Refresh seconds=refresh />
    }
    .into_any()
}

/// Reloads the page after some time if there is no script.
#[component]
pub fn Refresh(
    /// Delay in seconds; `None` disables the reload.
    seconds: Option<i64>,
) -> impl IntoView {
    seconds.map(|seconds| {
        view! {
            <noscript>
                <meta http-equiv="refresh" content=reload(seconds) />
            </noscript>
        }
    })
}

/// Task id in the path; an invalid id is reported as an unknown task.
pub(super) fn task_id() -> Result<TaskId, Problem> {
    let id = use_params_map().with_untracked(|params| params.get("id"));
    id.and_then(|id| id.parse().ok()).ok_or_else(Problem::task_not_found)
}

/// Problem of a rejected action, above the content of a page.
#[component]
pub(super) fn NoticeNote(problem: Problem) -> impl IntoView {
    set_status(problem.status);
    view! {
        <p class="note bad" role="alert">
            {problem.detail}
        </p>
    }
}
