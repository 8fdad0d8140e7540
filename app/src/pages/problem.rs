//! The pages for what is not there and for what failed.

use leptos::prelude::*;
use leptos_meta::Title;
use milepost::task::Problem;

use crate::context::set_status;

/// No page has this path.
#[component]
pub fn NotFound() -> impl IntoView {
    view! { <ProblemPage problem=Problem::new(404, "Not Found", "There is no page here.") /> }
}

/// A problem as a page of its own, with its status.
#[component]
pub fn ProblemPage(
    /// What is wrong.
    problem: Problem,
) -> impl IntoView {
    set_status(problem.status);
    let (title, hint) = match problem.status {
        404 if problem.detail == Problem::task_not_found().detail => (
            "Not found",
            "Either it never was, or it belongs to another session, or its time is over. The three \
             look the same from outside.",
        ),
        404 => ("Not found", "The address may be misspelt."),
        409 => ("Not yet", "Its page tells how far it is."),
        410 => ("No longer here", "Results are kept for a while and then removed."),
        429 | 503 => ("One moment, please", "Try again in a few seconds."),
        400..500 => ("That did not work", "Go back and try it in another way."),
        _ => {
            ("Something broke", "It is not your fault. It has been written down for the operator.")
        }
    };
    view! {
        <Title text=title />
        <div class="lost">
            <p class="kicker">{problem.status}</p>
            <h1 class="h">{title}</h1>
            <p class="lead">{problem.detail}</p>
            <p class="soft">{hint}</p>
            <p class="acts">
                <a class="btn primary" href="/">
                    "Start a task"
                </a>
                <a class="btn" href="/tasks">
                    "My tasks"
                </a>
            </p>
        </div>
    }
}
