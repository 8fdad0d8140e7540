//! List of tasks, one row each, followed with one request.

use leptos::prelude::*;
use milepost::{
    task::{Snapshot, Status},
    view::{
        Freshness, TaskView, Transport,
        components::{FreshnessNote, MiniBar, StatusBadge, WatchButton},
        text, use_tasks,
    },
};

use serde::{Deserialize, Serialize};

use super::platform::initial_state;

/// Initial state of the list.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct ListState {
    /// The tasks.
    pub tasks: Vec<Snapshot>,
    /// Whether to show one bar for all tasks above the list.
    pub whole: bool,
}

/// Follows the tasks of a list, starting from the page's [`ListState`].
#[island(lazy)]
pub fn TaskListIsland() -> impl IntoView {
    initial_state::<ListState>().map(follow)
}

fn follow(seed: ListState) -> impl IntoView {
    let ListState { tasks, whole } = seed;
    let list = use_tasks(tasks, Transport::default());
    let views = list.views.clone();
    // Connection problems affect all rows alike and are shown once; problems of a task are shown on
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
    let sum = whole.then(|| sum(list.views.clone()));
    view! {
        {sum}
        {line}
        <ul class="rows">{list.views.into_iter().map(row).collect::<Vec<_>>()}</ul>
    }
}

/// Greater than the maximum of a bar in thousandths.
const PLACES: u32 = 1 << 10;

/// One bar for all tasks with equal weight; a task that has ended in any way counts as done.
fn sum(views: Vec<Signal<TaskView>>) -> impl IntoView {
    let done = |view: &TaskView| match view.status.is_terminal() {
        true => 1_000,
        false => view.permille.unwrap_or_default(),
    };
    let count = views.len().max(1) as u32;
    // Packed into one number, because a memo of another type would add code to load.
    let whole = Memo::new(move |_| {
        let ended = views.iter().filter(|view| view.with(|view| view.status.is_terminal())).count();
        let permille = views.iter().map(|view| view.with(done)).sum::<u32>() / count;
        ended as u32 * PLACES + permille
    });
    let percent = move || format!("{} %, ", whole.get() % PLACES / 10);
    let ended = move || format!("{} of {count} have ended", whole.get() / PLACES);
    view! {
        <div class="whole">
            <progress
                max="1000"
                value=move || (whole.get() % PLACES).to_string()
                aria-label="All of them together"
            ></progress>
            // Screen readers announce each end, but not each percent.
            <p>{percent} <span role="status">{ended}</span></p>
        </div>
    }
}

fn row(view: Signal<TaskView>) -> impl IntoView {
    let (href, title) = view.with_untracked(|view| {
        (format!("tasks/{}", view.snapshot.id), view.snapshot.title.clone())
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
            format!("Ended {}, took {}", text::date_time(at), text::duration(view.elapsed_ms))
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
