//! Keeps the page for operators up to date.

use leptos::prelude::*;
use milepost::{
    task::Snapshot,
    view::{
        ShownParts, Transport, UseTaskOptions,
        components::{FreshnessNote, WatchButton},
        server_fns::task_status,
        take_parts, use_task_with_options,
    },
};
use serde::{Deserialize, Serialize};

use super::platform::{initial_state, replace};

/// Initial state of the page.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct OperationState {
    /// The state of [`OPERATION`](milepost::task::OPERATION).
    pub snapshot: Snapshot,
}

/// Shows what the answers to the page's polls bring, starting from the page's [`OperationState`].
#[island(lazy)]
pub fn OperationIsland() -> impl IntoView {
    initial_state::<OperationState>().map(follow)
}

fn follow(seed: OperationState) -> impl IntoView {
    let snapshot = seed.snapshot;
    let mut options = UseTaskOptions::default();
    options.shown = Some(ShownParts::new(snapshot.id, 0, 0));
    let task = use_task_with_options(snapshot, Transport::poll_only(task_status), options);
    let view = task.view;
    Effect::new(move |_| {
        view.track();
        take_parts().iter().for_each(|part| replace(part));
    });
    view! {
        <FreshnessNote view />
        <WatchButton
            view
            hidden=|view| view.over()
            on_stop=task.stop_watching
            on_resume=task.resume_watching
            on_retry=task.try_again
        />
    }
}
