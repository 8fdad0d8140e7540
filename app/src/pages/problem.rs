//! Pages for missing things and for failures.

use leptos::prelude::*;
use leptos_meta::Title;
use leptos_router::hooks::use_location;
use milepost::{
    task::{ExpiredTask, Problem},
    view::text,
};

use super::style::FormStyle;
use crate::{
    context::{set_retry_after, set_status},
    links,
    outcome::{Notice, no_such_link},
};

/// Reload delay while the server cannot answer, in seconds.
const AGAIN_S: i64 = 3;

/// Page for unknown paths, and for share links that cannot be opened.
#[component]
pub fn NotFound() -> impl IntoView {
    let other = || Problem::new(404, "Not Found", "There is no page here.");
    let problem = use_context::<Notice>().map_or_else(other, |Notice(problem)| problem);
    view! { <ProblemPage problem /> }
}

/// A problem as a page of its own, with its status.
#[component]
pub fn ProblemPage(
    /// The problem.
    problem: Problem,
) -> impl IntoView {
    set_status(problem.status);
    if let Some(ms) = problem.retry_after_ms {
        set_retry_after(ms);
    }
    let (title, hint) = match problem.status {
        404 if somebodys(&problem) => (
            "Not found",
            "Either it never was, or it belongs to another session, or its time was over long ago. \
             The three look the same from outside.",
        ),
        404 if problem == no_such_link() => {
            ("This link is not valid any more", "Ask whoever gave it to you for a new one.")
        }
        404 => ("Not found", "The address may be misspelt."),
        409 => ("Not yet", "Its page shows its progress."),
        410 if problem.task.is_none() => {
            ("Deleted", "Its input, log, result and files were removed.")
        }
        410 => ("Expired", "Tasks and their results are kept for a limited time, then removed."),
        503 => ("Reconnecting", "This page retries automatically until the server answers."),
        507 => {
            ("No room", "New tasks are refused until there is more space. Running tasks continue.")
        }
        429 => ("One moment, please", "Try again in a few seconds."),
        400..500 => ("That did not work", "Go back and check the input."),
        _ => ("Internal error", "This is not your fault. The error was logged for the operator."),
    };
    let (start, again) = match &problem.task {
        Some(task) => (format!("start/{}", task.kind), "Start another"),
        None => ("./".to_owned(), "Start a task"),
    };
    view! {
        <Title text=title />
        {(problem.status == 503)
            .then(|| view! { <meta http-equiv="refresh" content=reload(AGAIN_S) /> })}
        <FormStyle />
        <div class="lost">
            <p class="kicker">{problem.status}</p>
            <h1 class="h">{title}</h1>
            <p class="lead">{problem.detail}</p>
            <p class="soft">{hint}</p>
            {problem.task.map(|task| view! { <WhatItWas task=*task /> })}
            <p class="acts">
                <a class="btn primary" href=start>
                    {again}
                </a>
                <a class="btn" href="tasks">
                    "My tasks"
                </a>
            </p>
        </div>
    }
}

/// Whether the thing may exist for another owner.
fn somebodys(problem: &Problem) -> bool {
    [Problem::task_not_found(), Problem::batch_not_found()]
        .iter()
        .any(|it| it.detail == problem.detail)
}

/// What is still known of a deleted task.
#[component]
fn WhatItWas(task: ExpiredTask) -> impl IntoView {
    view! {
        <dl class="facts">
            <div>
                <dt>"Task"</dt>
                <dd>{task.title}</dd>
            </div>
            <div>
                <dt>"Ended"</dt>
                <dd>
                    {text::status_word(task.status)} ", "
                    <time datetime=task.finished_at.clone()>{text::date_time(&task.finished_at)}</time>
                </dd>
            </div>
            <div>
                <dt>"Removed"</dt>
                <dd>
                    <time datetime=task.expired_at.clone()>{text::date_time(&task.expired_at)}</time>
                </dd>
            </div>
        </dl>
    }
}

/// Content of the refresh tag for this page. It names the page's URL, because the target of a form
/// post cannot be loaded.
pub(super) fn reload(seconds: i64) -> String {
    let here = use_location();
    let (path, query) = (here.pathname.get_untracked(), here.search.get_untracked());
    let query = if query.is_empty() { query } else { format!("?{query}") };
    format!("{seconds}; url={}", links::from_root(&format!("{path}{query}")))
}
