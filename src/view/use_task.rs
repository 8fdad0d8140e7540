//! Follows one task.

use leptos::prelude::*;

use super::{TaskView, Transport, platform};
use crate::{
    poll::{Config, Event, Policy, Stats},
    task::{Snapshot, Status, TaskId},
};

/// What is known of a task at first: what the server rendered, or its id alone.
#[derive(Clone, Debug, PartialEq)]
pub struct Seed(Snapshot);

impl Seed {
    /// The snapshot to begin with; version 0 where only the id is known.
    pub fn snapshot(&self) -> &Snapshot {
        &self.0
    }

    /// The snapshot to begin with.
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
        Self(Snapshot {
            id,
            kind: String::new(),
            title: String::new(),
            status: Status::Unknown,
            progress: None,
            rate_per_s: 0.0,
            eta_ms: None,
            step: None,
            total_steps: None,
            current_step: None,
            stages: Vec::new(),
            message: None,
            attempt: 0,
            version: 0,
            result: None,
            error: None,
            cancel: None,
            poll_after_ms: 0,
            elapsed_ms: 0,
            heartbeat_age_ms: None,
            updated_age_ms: 0,
            created_at: String::new(),
            started_at: None,
            updated_at: String::new(),
            finished_at: None,
            expires_at: None,
            eta_range_ms: None,
            resumed: None,
            queue_position: None,
            output_version: 0,
            starts_in_ms: None,
        })
    }
}

/// Options of [`use_task_with_options`] and
/// [`use_tasks_with_options`](super::use_tasks_with_options).
#[derive(Clone, Debug, Default)]
pub struct UseTaskOptions {
    /// Settings of the tab's polling loop; those of the first who watches hold for the tab.
    /// Default: [`Config::default`].
    pub config: Config,
    /// Whether to go on asking, slowly, while the tab is hidden. Default: `false`.
    pub notify_hidden: bool,
}

/// Return type of [`use_task`].
#[derive(Clone, Copy)]
pub struct UseTaskReturn {
    /// The task as it is to be shown now; it moves with time, too.
    pub view: Signal<TaskView>,
    /// The counters of the tab's polling loop.
    pub stats: Signal<Stats>,
    /// Why the last request to cancel failed; empty where it did not.
    pub cancel_problem: Signal<String>,
    /// Asks the server to cancel the task. Asked twice, it is asked for once.
    pub cancel: Callback<()>,
    /// Polls in another way from now on; for the whole tab.
    pub set_policy: Callback<Policy>,
    /// Whether to go on asking, slowly, while the tab is hidden; for the whole tab.
    pub notify_hidden: Callback<bool>,
    /// Stops the tab's polling; the tasks go on.
    pub stop_watching: Callback<()>,
    /// Polls again after [`stop_watching`](Self::stop_watching).
    pub resume_watching: Callback<()>,
    /// Goes on after the loop has given up, was refused, was signed out or timed out.
    pub try_again: Callback<()>,
}

/// Follows one task by polling, together with whatever else the tab watches.
///
/// The first snapshot is best what the server rendered; an id alone begins with
/// [`Freshness::Loading`](super::Freshness::Loading). Polling ends with the task, and when the
/// reactive owner is cleaned up: the timer is cleared, the request in flight is dropped, the
/// listeners are removed.
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
/// On the server nothing is polled: `view` shows the first snapshot for ever, and the callbacks do
/// nothing. The browser's first rendering shows the same.
pub fn use_task(task: impl Into<Seed>, transport: Transport) -> UseTaskReturn {
    // One task alone is shown large.
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
    // The answers by the time of a failure that the next answer makes stale: the server is there
    // again. What the server itself refused stays refused.
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
        // Under way already: the machine shows `cancelling` from the first click on.
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
