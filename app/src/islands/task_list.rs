//! List of tasks, one row each, followed with one request; and the page for operators, kept up to date in the same way.

use leptos::prelude::*;
use milepost::{
    task::{OPERATION, Snapshot, Status},
    view::{
        Freshness, ShownParts, TaskView, Transport, UseTaskOptions,
        components::{FreshnessNote, MiniBar, StatusBadge, WatchButton},
        take_parts, text, use_tasks_with_options,
    },
};

use serde::{Deserialize, Serialize};

use super::platform::{initial_state, replace_all};

/// Initial state of the list.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct ListState {
    /// The tasks.
    pub tasks: Vec<Snapshot>,
    /// Whether to show one bar for all tasks above the list.
    pub whole: bool,
    /// Whether the first is the state of a batch, of which the others are some tasks.
    pub is_part: bool,
    /// Whether to group the tasks by the day on which they were queued.
    pub by_day: bool,
}

/// Follows the tasks of a list, starting from the page's [`ListState`].
#[island(lazy)]
pub fn TaskListIsland() -> impl IntoView {
    initial_state::<ListState>().map(follow)
}

fn follow(seed: ListState) -> impl IntoView {
    let ListState { tasks, whole, is_part, by_day } = seed;
    let mut options = UseTaskOptions::default();
    // It has no row: the answers to its polls carry parts of the page.
    let is_operation = tasks.first().is_some_and(|task| task.id == OPERATION);
    options.shown = is_operation.then(|| ShownParts::new(OPERATION, 0, 0));
    let list = use_tasks_with_options(tasks, Transport::default(), options);
    let views = list.views.clone();
    // What changes by itself everywhere on a page can be stopped.
    let hidden: fn(&TaskView) -> bool = match is_operation {
        true => TaskView::over,
        false => |view| view.over() || view.watching(),
    };
    let mut rows = list.views;
    // Connection problems affect all rows alike and are shown once; problems of a task are shown on
    // its own page.
    let line = views.first().copied().map(|first| {
        let line = Signal::derive(move || {
            if is_operation {
                return first.get();
            }
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
                hidden=hidden
                on_stop=list.stop_watching
                on_resume=list.resume_watching
                on_retry=list.try_again
            />
        }
    });
    if is_operation {
        let operation = rows.pop();
        Effect::new(move |_| {
            operation.iter().for_each(Signal::track);
            replace_all(&take_parts());
        });
    }
    let sum = match is_part && !rows.is_empty() {
        true => {
            let batch = rows.remove(0);
            Some(bar(
                move || batch.with(|view| view.permille.unwrap_or_default()),
                move || batch.with(|view| view.snapshot.message.clone()).unwrap_or_default(),
                move || batch.with(|view| view.status),
            ))
        }
        false => whole.then(|| sum(rows.clone())),
    };
    let mut before = String::new();
    let rows = rows.into_iter().map(|view| {
        let day = view.with_untracked(|view| text::day(&view.snapshot.created_at));
        let shown = (by_day && day != before).then(|| day.clone());
        before = day;
        row(view, shown)
    });
    view! {
        {sum}
        {line}
        <ul class="rows" hidden=is_operation>{rows.collect::<Vec<_>>()}</ul>
    }
}

/// Greater than the maximum of a bar in thousandths.
const PLACES: u32 = 1 << 10;

/// One bar for all tasks with equal weight; a task that has ended in any way counts as done.
fn sum(views: Vec<Signal<TaskView>>) -> AnyView {
    let done = |view: &TaskView| match view.status.is_terminal() {
        true => 1_000,
        false => view.permille.unwrap_or_default(),
    };
    let count = views.len().max(1) as u32;
    let statuses = StoredValue::new(views.clone());
    // Packed into one number, because a memo of another type would add code to load.
    let whole = Memo::new(move |_| {
        let ended = views.iter().filter(|view| view.with(|view| view.status.is_terminal())).count();
        let permille = views.iter().map(|view| view.with(done)).sum::<u32>() / count;
        ended as u32 * PLACES + permille
    });
    let any = move |status| {
        statuses
            .with_value(|views| views.iter().any(|view| view.with(|view| view.status == status)))
    };
    bar(
        move || whole.get() % PLACES,
        move || format!("{} of {count} have ended", whole.get() / PLACES),
        move || {
            [Status::Error, Status::Cancelled]
                .into_iter()
                .find(|status| any(*status))
                .unwrap_or(Status::Running)
        },
    )
}

/// The bar for all tasks, how many have ended, and the worst of their ends.
fn bar(
    permille: impl Fn() -> u32 + Copy + Send + 'static,
    ended: impl Fn() -> String + Send + 'static,
    status: impl Fn() -> Status + Copy + Send + 'static,
) -> AnyView {
    view! {
        <div
            class="whole"
            class:halted=move || status() == Status::Cancelled
            class:faulty=move || status() == Status::Error
        >
            <progress
                max="1000"
                value=move || permille().to_string()
                aria-label="All of them together"
            ></progress>
            // Screen readers announce each end, but not each percent.
            <p>{move || format!("{} %, ", permille() / 10)} <span role="status">{ended}</span></p>
        </div>
    }
    .into_any()
}

/// One task; the first of a day stands below its date.
fn row(view: Signal<TaskView>, day: Option<String>) -> impl IntoView {
    let (href, title) = view.with_untracked(|view| {
        (format!("tasks/{}", view.snapshot.id), view.snapshot.title.clone())
    });
    view! {
        {day.map(|day| view! { <li class="day">{day}</li> })}
        <li>
            <span>
                <a href=href dir="auto">{title}</a>
                <small>
                    <time datetime=move || view.with(ended)>
                        {move || view.with(ended).map(|at| text::date_time(&at))}
                    </time>
                    <bdi>{move || view.with(detail)}</bdi>
                </small>
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

/// When it ended, unless the row has more to say.
fn ended(view: &TaskView) -> Option<String> {
    view.snapshot.finished_at.clone().filter(|_| view.status.is_terminal())
}

fn detail(view: &TaskView) -> String {
    match (view.status, &view.snapshot.error) {
        (Status::Error, Some(error)) => format!(", {}", text::sentence(&error.message)),
        (status, _) if status.is_terminal() => match view.elapsed_ms {
            // The time of the end says all.
            _ if view.snapshot.started_at.is_none() => String::new(),
            ..1_000 => String::new(),
            elapsed_ms => format!(", took {}", text::duration(elapsed_ms)),
        },
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
