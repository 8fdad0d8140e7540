//! Follows several tasks with the tab's polling loop.

use leptos::prelude::*;

use super::{Seed, TaskView, Transport, UseTaskOptions, platform};
use crate::poll::{Event, Stats};

/// Return type of [`use_tasks`].
#[derive(Clone)]
#[non_exhaustive]
pub struct UseTasksReturn {
    /// The tasks in the given order, each as shown now.
    pub views: Vec<Signal<TaskView>>,
    /// Counters of the tab's polling loop.
    pub stats: Signal<Stats>,
    /// Stops the tab's polling; the tasks continue.
    pub stop_watching: Callback<()>,
    /// Resumes polling after [`stop_watching`](Self::stop_watching).
    pub resume_watching: Callback<()>,
    /// Resumes after the loop gave up, was rejected, lost its session or timed out.
    pub try_again: Callback<()>,
}

/// Follows several tasks by polling; one request covers all of them.
///
/// ## Server-Side Rendering
///
/// As [`use_task`](super::use_task).
pub fn use_tasks<S: Into<Seed>>(
    tasks: impl IntoIterator<Item = S>,
    transport: Transport,
) -> UseTasksReturn {
    use_tasks_with_options(tasks, transport, UseTaskOptions::default())
}

/// [`use_tasks`] with options.
///
/// ## Server-Side Rendering
///
/// As [`use_task`](super::use_task).
pub fn use_tasks_with_options<S: Into<Seed>>(
    tasks: impl IntoIterator<Item = S>,
    transport: Transport,
    options: UseTaskOptions,
) -> UseTasksReturn {
    let first = |task: S| RwSignal::new(TaskView::new(task.into().into_snapshot()));
    let views: Vec<RwSignal<TaskView>> = tasks.into_iter().map(first).collect();
    let stats = platform::watch(views.clone(), transport, options);
    UseTasksReturn {
        views: views.into_iter().map(Into::into).collect(),
        stats,
        stop_watching: Callback::new(|()| platform::dispatch(Event::StopWatching)),
        resume_watching: Callback::new(|()| platform::dispatch(Event::ResumeWatching)),
        try_again: Callback::new(|()| platform::dispatch(Event::TryAgain)),
    }
}
