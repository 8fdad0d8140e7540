//! One task, large: how far it is. What one may do and what became of it is in
//! [`task_details`](super::task_details).

use leptos::prelude::*;
use milepost::{
    poll::Config,
    task::Snapshot,
    view::{
        TaskView, Transport, UseTaskOptions,
        components::{Bar, Percent, StatusBadge, StepText},
        server_fns::task_status,
        use_tasks_with_options,
    },
};
use serde::{Deserialize, Serialize};

use super::platform::initial_state;

/// What both islands of the page begin with.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct TaskState {
    /// The task.
    pub snapshot: Snapshot,
    /// The latest lines of its log as HTML; the browser finds them on the page.
    #[serde(skip)]
    pub log: String,
    /// The number of the last of them.
    pub log_seq: i64,
    /// What is looked for in it; only lines with that are shown.
    pub find: String,
    /// What one may do with the log, as HTML; the browser finds it on the page, too.
    #[serde(skip)]
    pub log_acts: String,
}

/// Follows one task: the [`TaskState`] that the page planted. It is all that the page needs to be live.
#[island]
pub fn TaskIsland() -> impl IntoView {
    initial_state::<TaskState>().map(follow)
}

fn follow(seed: TaskState) -> impl IntoView {
    let options = UseTaskOptions {
        config: Config { foreground: true, ..Config::default() },
        ..UseTaskOptions::default()
    };
    let transport = Transport::poll_only(task_status).shared();
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
