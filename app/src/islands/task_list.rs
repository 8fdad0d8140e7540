//! Many tasks, small: a row each, followed by one request.

use leptos::prelude::*;
use milepost::{
    task::{Snapshot, Status},
    view::{
        Freshness, TaskView,
        components::{FreshnessNote, MiniBar, StatusBadge, WatchButton},
        text, use_tasks,
    },
};

use super::{platform::seed, transport::transport};

/// Follows the tasks of a list: the snapshots that the page planted.
#[island]
pub fn TaskListIsland() -> impl IntoView {
    seed::<Vec<Snapshot>>().map(follow)
}

fn follow(tasks: Vec<Snapshot>) -> impl IntoView {
    let list = use_tasks(tasks, transport());
    let views = list.views.clone();
    // What is wrong with the line is wrong for all rows alike; what is wrong with one task is told on
    // its own page.
    let line = views.first().copied().map(|first| {
        let line = Signal::derive(move || {
            let wrong = |view: &&Signal<TaskView>| view.with(|view| matters(view.freshness));
            let mut line = views.iter().find(wrong).unwrap_or(&first).get();
            if !matters(line.freshness) {
                line.freshness = Freshness::Final;
            }
            line
        });
        view! {
            <FreshnessNote view=line />
            <WatchButton
                view=line
                hidden=|view| view.over() || view.watching()
                on_stop=list.stop_watching
                on_resume=list.resume_watching
                on_retry=list.try_again
            />
        }
    });
    view! {
        {line}
        <ul class="rows">{list.views.into_iter().map(row).collect::<Vec<_>>()}</ul>
    }
}

fn row(view: Signal<TaskView>) -> impl IntoView {
    let (href, title) = view.with_untracked(|view| {
        (["/tasks/", &view.snapshot.id.to_string()].concat(), view.snapshot.title.clone())
    });
    view! {
        <li>
            <span>
                <a href=href>{title}</a>
                <small>{move || view.with(detail)}</small>
            </span>
            <span class="travel">
                <MiniBar view />
            </span>
            <span class="pct">{move || view.with(percent)}</span>
            <StatusBadge view />
        </li>
    }
}

fn percent(view: &TaskView) -> String {
    if view.status == Status::Running { text::percent(view) } else { String::new() }
}

fn detail(view: &TaskView) -> String {
    let snapshot = &view.snapshot;
    match (view.status, &snapshot.error, &snapshot.finished_at) {
        (Status::Error, Some(error), _) => error.message.clone(),
        (status, _, Some(at)) if status.is_terminal() => {
            ["Ended ", &text::date_time(at), ", took ", &text::duration(view.elapsed_ms)].concat()
        }
        _ => text::step_line(view),
    }
}

const fn matters(freshness: Freshness) -> bool {
    matches!(
        freshness,
        Freshness::Unreachable(_)
            | Freshness::GaveUp
            | Freshness::Offline
            | Freshness::Woken
            | Freshness::SignedOut
    )
}
