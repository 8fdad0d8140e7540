//! One task, large: the bar, the facts, the cancel, the end.

use leptos::prelude::*;
use milepost::{
    task::Snapshot,
    view::{
        Freshness, UseTaskReturn,
        components::{
            Bar, CancelButton, CancelNote, ErrorCard, Facts, FreshnessNote, LiveRegion, Percent,
            PollPanel, Posts, ResultCard, StatusBadge, StepText, Times,
        },
        set_title, text, use_task,
    },
};

use super::{platform::seed, transport::transport};

/// Follows one task: the [`Snapshot`] that the page planted.
#[island]
pub fn TaskIsland() -> impl IntoView {
    seed::<Snapshot>().map(follow)
}

fn follow(snapshot: Snapshot) -> impl IntoView {
    let id = snapshot.id.to_string();
    let kind = snapshot.kind.clone();
    let task = use_task(snapshot, transport());
    let view = task.view;
    Effect::new(move |_| set_title(&[&view.with(text::tab_title), " · Milepost"].concat()));
    view! {
        <div class="now">
            <div>
                <StatusBadge view />
                <StepText view />
            </div>
            <Percent view />
        </div>
        <Bar view />
        <Posts view />
        <FreshnessNote view on_resume=task.resume_watching on_retry=task.try_again />
        <CancelNote view />
        <ErrorCard view again=["/start/", &kind].concat() />
        <ResultCard view page=["/tasks/", &id, "/result"].concat() />
        <Facts view />
        <Actions task action=["/tasks/", &id, "/cancel"].concat() />
        <Times view />
        <PollPanel stats=task.stats on_policy=task.set_policy />
        <LiveRegion view />
    }
}

#[component]
fn Actions(task: UseTaskReturn, action: String) -> impl IntoView {
    let UseTaskReturn { view, cancel_problem, cancel, stop_watching, .. } = task;
    let watching = move || {
        view.with(|view| !view.status.is_terminal() && view.freshness != Freshness::Stopped)
    };
    view! {
        <div class="acts">
            <CancelButton view action on_cancel=cancel />
            <button
                type="button"
                class="js"
                hidden=move || !watching()
                on:click=move |_| stop_watching.run(())
            >
                "Stop watching"
            </button>
        </div>
        <p class="note bad" role="alert" hidden=move || cancel_problem.with(String::is_empty)>
            "The cancel did not get through. "
            {cancel_problem}
        </p>
    }
}
