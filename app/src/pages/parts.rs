//! What several pages are made of.

use std::future::Future;

use leptos::prelude::*;
use leptos_router::hooks::use_location;
use milepost::{
    engine::{Caller, Service},
    task::{Problem, Snapshot},
};

use super::problem::ProblemPage;
use crate::{
    api::ApiError,
    chunks::Preload,
    context,
    islands::{TaskListIsland, server::embed_state, task_list::ListState},
};

/// A page that asks the service for something first; a problem becomes the page, with its status.
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

/// Tasks that are followed as long as the page is open.
#[component]
pub fn LiveList(
    /// The tasks.
    tasks: Vec<Snapshot>,
    /// Where a link loads the page again, where there is no script. Without it the page loads itself
    /// again, which would take away what is being typed into a form.
    #[prop(optional)]
    again: Option<String>,
    /// Whether one bar for all of them stands above.
    #[prop(optional)]
    whole: bool,
) -> impl IntoView {
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
        {embed_state(ListState { tasks, whole })}
        <Preload island="task_list_island" />
        <TaskListIsland />
        {again}
        <Refresh seconds=refresh />
    }
    .into_any()
}

/// Loads the page again after a while, where there is no script.
#[component]
pub fn Refresh(
    /// How long a while; not at all where there is none.
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

/// What loads this page again after so many seconds. It names the page: what a form has posted to is
/// no page that could be loaded.
pub(super) fn reload(seconds: i64) -> String {
    let here = use_location();
    let (path, query) = (here.pathname.get_untracked(), here.search.get_untracked());
    let query = if query.is_empty() { query } else { format!("?{query}") };
    // Two slashes would begin another host's name.
    format!("{seconds}; url=/{}{query}", path.trim_start_matches('/'))
}
