//! Follows one task.

use leptos::prelude::*;

use super::{TaskView, Transport, platform};
use crate::{
    poll::{Config, Event, Policy, Stats},
    task::{Snapshot, Status, TaskId},
};

/// Initial knowledge of a task: a snapshot rendered by the server, or only its id.
#[derive(Clone, Debug, PartialEq)]
pub struct Seed(Snapshot);

impl Seed {
    /// The initial snapshot; version 0 if only the id is known.
    pub fn snapshot(&self) -> &Snapshot {
        &self.0
    }

    /// The initial snapshot.
    pub fn into_snapshot(self) -> Snapshot {
        self.0
    }
}

impl From<Snapshot> for Seed {
    fn from(snapshot: Snapshot) -> Self {
        Self(snapshot)
    }
}

impl From<TaskId> for Seed {
    fn from(id: TaskId) -> Self {
        Self(Snapshot::new(id, String::new(), String::new()))
    }
}

/// Options of [`use_task_with_options`] and
/// [`use_tasks_with_options`](super::use_tasks_with_options).
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct UseTaskOptions {
    /// Settings of the tab's polling loop; those of the first watcher apply to the whole tab.
    /// Default: [`Config::default`].
    pub config: Config,
    /// Whether to keep polling, slowly, while the tab is hidden. Default: `false`.
    pub notify_hidden: bool,
    /// Log, preview and result that the page shows: what is new of them comes with the responses; read
    /// it with [`take_log`](super::take_log) and [`take_parts`](super::take_parts); those of one task in
    /// a tab. Default: `None`, the state alone.
    pub shown: Option<ShownParts>,
}

/// What a page shows of a task besides its state, and up to where.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct ShownParts {
    /// The task.
    pub id: TaskId,
    /// Number of the last log line shown; 0: none.
    pub log_after: i64,
    /// Only log lines that contain this text; empty: all. With a text the transport must not be
    /// [shared](Transport::shared), since other tabs show other lines.
    pub log_contains: String,
    /// Version of the preview shown; 0: none.
    pub preview_after: i64,
}

impl ShownParts {
    /// Creates the parts of the task `id`: the log, with all of its lines, up to the line `log_after`,
    /// and the preview up to the version `preview_after`.
    pub const fn new(id: TaskId, log_after: i64, preview_after: i64) -> Self {
        Self { id, log_after, log_contains: String::new(), preview_after }
    }
}

/// Return type of [`use_task`].
#[derive(Clone, Copy)]
#[non_exhaustive]
pub struct UseTaskReturn {
    /// The task as shown now; also changes with time.
    pub view: Signal<TaskView>,
    /// Counters of the tab's polling loop.
    pub stats: Signal<Stats>,
    /// Why the last cancel request failed; empty if it did not.
    pub cancel_problem: Signal<String>,
    /// Cancels the task. Ignored if it is already being cancelled.
    pub cancel: Callback<()>,
    /// Changes the polling policy of the whole tab.
    pub set_policy: Callback<Policy>,
    /// Sets whether the whole tab keeps polling, slowly, while hidden.
    pub notify_hidden: Callback<bool>,
    /// Stops the tab's polling; the tasks continue.
    pub stop_watching: Callback<()>,
    /// Resumes polling after [`stop_watching`](Self::stop_watching).
    pub resume_watching: Callback<()>,
    /// Resumes after the loop gave up, was rejected, lost its session or timed out.
    pub try_again: Callback<()>,
}

/// Follows one task by polling, together with all other tasks that the tab watches.
///
/// Pass the snapshot that the server rendered if possible; an id alone starts with
/// [`Freshness::Loading`](super::Freshness::Loading). Polling ends with the task, or when the
/// reactive owner is cleaned up: this clears the timer, drops the request in flight and removes the
/// listeners.
///
/// ```
/// # use leptos::prelude::*;
/// # use milepost::{task::Snapshot, view::{Transport, UseTaskReturn, components::Bar, use_task}};
/// # fn page(snapshot: Snapshot, transport: Transport) -> impl IntoView {
/// let UseTaskReturn { view, cancel, .. } = use_task(snapshot, transport);
/// view! {
///     <Bar view />
///     <button on:click=move |_| cancel.run(())>"Cancel"</button>
/// }
/// # }
/// ```
///
/// ## Server-Side Rendering
///
/// On the server nothing is polled: `view` stays at the first snapshot, and the callbacks do
/// nothing. The browser's first rendering is the same.
pub fn use_task(task: impl Into<Seed>, transport: Transport) -> UseTaskReturn {
    // A single task is the foreground of its page.
    let config = Config { foreground: true, ..Config::default() };
    use_task_with_options(task, transport, UseTaskOptions { config, ..UseTaskOptions::default() })
}

/// [`use_task`] with options.
///
/// ## Server-Side Rendering
///
/// As [`use_task`].
pub fn use_task_with_options(
    task: impl Into<Seed>,
    transport: Transport,
    options: UseTaskOptions,
) -> UseTaskReturn {
    let snapshot = task.into().into_snapshot();
    let id = snapshot.id;
    let view = RwSignal::new(TaskView::new(snapshot));
    let stats = platform::watch(vec![view], transport.clone(), options);
    let transport = StoredValue::new(transport);
    let cancel_problem = RwSignal::new(String::new());
    // Number of responses at the time of a failure; the next response makes the failure stale,
    // because the server is reachable again. A rejection by the server itself stays.
    let failed_at = StoredValue::new(u32::MAX);
    Effect::new(move |_| {
        let answers = stats.with(|stats| stats.answers);
        let settled = view.with(|view| view.status == Status::Cancelling || view.over());
        let stale = cancel_problem.with(|problem| !problem.is_empty())
            && (settled || answers > failed_at.get_value());
        if stale {
            cancel_problem.set(String::new());
        }
    });
    let cancel = Callback::new(move |()| {
        // Already under way: the machine shows `cancelling` from the first click on.
        if view.with_untracked(|view| view.status == Status::Cancelling) {
            return;
        }
        cancel_problem.set(String::new());
        let Some(transport) = transport.try_get_value() else { return };
        platform::cancel(transport, id, move |problem| {
            if let Some(answers) = stats.try_with_untracked(|stats| stats.answers) {
                let unanswered = problem.status < 100;
                failed_at.set_value(if unanswered { answers } else { u32::MAX });
                cancel_problem.set(problem.detail);
            }
        });
    });
    UseTaskReturn {
        view: view.into(),
        stats,
        cancel_problem: cancel_problem.into(),
        cancel,
        set_policy: Callback::new(|policy| platform::dispatch(Event::SetPolicy(policy))),
        notify_hidden: Callback::new(|wish| platform::dispatch(Event::NotifyHidden(wish))),
        stop_watching: Callback::new(|()| platform::dispatch(Event::StopWatching)),
        resume_watching: Callback::new(|()| platform::dispatch(Event::ResumeWatching)),
        try_again: Callback::new(|()| platform::dispatch(Event::TryAgain)),
    }
}
