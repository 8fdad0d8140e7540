//! Progress of one task. Actions and the outcome are in [`task_details`](super::task_details).

use leptos::prelude::*;
use milepost::{
    task::Snapshot,
    view::{
        ShownParts, TaskView, Transport, UseTaskOptions,
        components::{Bar, Percent, StatusBadge, StepText},
        server_fns::task_status,
        use_tasks_with_options,
    },
};
use serde::{Deserialize, Serialize};

use super::platform::initial_state;

/// Initial state of both islands of the task page.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct TaskState {
    /// The task.
    pub snapshot: Snapshot,
    /// Latest log lines as HTML; the browser finds them on the page.
    #[serde(skip)]
    pub log: String,
    /// Number of the last line.
    pub log_seq: i64,
    /// Version of the preview.
    pub preview_version: i64,
    /// Text that the log lines must contain; empty for all lines.
    pub find: String,
    /// Actions for the log, as HTML; the browser finds them on the page.
    #[serde(skip)]
    pub log_acts: String,
    /// The preview while the task runs, the result if it has ended with a small one, as HTML; the browser
    /// finds it on the page.
    #[serde(skip)]
    pub shown: String,
    /// The files, as HTML; the browser finds them on the page.
    #[serde(skip)]
    pub files: String,
    /// The forms that run the task again, as HTML; the browser finds them on the page.
    #[serde(skip)]
    pub rerun: String,
}

/// Follows one task, starting from the page's [`TaskState`]. This island alone makes the page live.
#[island]
pub fn TaskIsland() -> impl IntoView {
    initial_state::<TaskState>().map(follow)
}

fn follow(seed: TaskState) -> impl IntoView {
    let mut options = UseTaskOptions::default();
    options.config.foreground = true;
    let mut transport = Transport::poll_only(task_status);
    // Other tabs show other lines.
    if seed.find.is_empty() {
        transport = transport.shared();
    }
    let mut shown = ShownParts::new(seed.snapshot.id, seed.log_seq, seed.preview_version);
    shown.log_contains = seed.find;
    options.shown = Some(shown);
    let task = use_tasks_with_options([seed.snapshot], transport, options);
    task.views.into_iter().next().map(show)
}

fn show(view: Signal<TaskView>) -> impl IntoView {
    view! {
        <div class="now">
            <div id="task-state" tabindex="-1">
                <StatusBadge view />
                <StepText view />
            </div>
            <Percent view />
        </div>
        <Bar view />
    }
}
