//! Details of a task that are not needed at once: actions, outcome, log and polling panel. Loaded
//! after the page follows the task.

use leptos::{prelude::*, task::spawn_local};
use milepost::view::{
    TaskView, Transport, UseTaskReturn,
    components::{
        CancelButton, CancelNote, ErrorCard, Facts, FreshnessNote, LiveRegion, PollPanel,
        ResultCard, ResumedNote, StageLabels, Times, WatchButton,
    },
    move_focus, set_icon, set_title, take_parts, text, use_task,
};

use super::{
    log::Log,
    platform::{initial_state, is_secure, may_notify, notify, replace},
    task_island::TaskState,
};

/// Id of the element with the files.
pub(crate) const FILES: &str = "made";
/// Id of the element with what the visitor may do besides cancelling.
pub(crate) const ACTS: &str = "more-acts";

/// Follows the task of the [`TaskIsland`](super::TaskIsland) in the same loop, starting from the
/// page's [`TaskState`].
#[island(lazy)]
pub fn TaskDetailsIsland() -> impl IntoView {
    initial_state::<TaskState>().map(follow)
}

fn follow(seed: TaskState) -> impl IntoView {
    let TaskState { snapshot, log, log_seq, log_acts, shown, files, rerun, .. } = seed;
    let id = snapshot.id.to_string();
    // Its size stays, so that nothing on the page moves while the work grows and when it ends.
    let outcome = if snapshot.status.is_terminal() { "" } else { "growing" };
    let task = use_task(snapshot, Transport::default());
    let view = task.view;
    Effect::new(move |_| {
        set_title(&format!("{} · Milepost", view.with(text::tab_title)));
        set_icon(view.with(|view| view.percent().filter(|_| !view.over())));
        take_parts().iter().for_each(|part| replace(part));
    });
    view! {
        <StageLabels view />
        <FreshnessNote view />
        <ResumedNote view />
        <CancelNote view />
        <Facts view />
        <Times view />
        <Actions task action=format!("tasks/{id}/cancel") rerun />
        <div class=outcome>
            <ErrorCard view />
            <ResultCard
                view
                page=format!("tasks/{id}/result")
                here=format!("tasks/{id}?result#result-title")
                shown
            />
        </div>
        <div id=FILES inner_html=files></div>
        <Log view html=log seq=log_seq acts=log_acts />
        <PollPanel stats=task.stats on_policy=task.set_policy />
        <LiveRegion view />
    }
}

/// Labels of the notification button; the label is also its state.
const ASK: &str = "Notify me at the end";
const WISHED: &str = "You will be notified";
const BLOCKED: &str = "Notifications are blocked";
const INSECURE: &str = "Notifications need HTTPS";

#[component]
fn Actions(task: UseTaskReturn, action: String, rerun: String) -> impl IntoView {
    let UseTaskReturn { view, cancel_problem, cancel, notify_hidden, .. } = task;
    let wish = RwSignal::new(ASK.to_owned());
    Effect::new(move |_| {
        let ended = view.with(|view| view.status.is_terminal());
        if ended && wish.with_untracked(|wish| wish == WISHED) {
            wish.set(ASK.to_owned());
            notify(&view.with(text::tab_title));
        }
        let hidden = view.with(|view| match (view.over(), view.can_cancel()) {
            (true, _) => "task-acts",
            (false, false) => "task-cancel",
            (false, true) => "",
        });
        move_focus(hidden, "task-state");
    });
    let change = move |_| {
        let wished = wish.with_untracked(|wish| wish == WISHED);
        spawn_local(async move {
            let granted = !wished && may_notify().await;
            let label = match (wished, granted) {
                (true, _) => ASK,
                (false, true) => WISHED,
                (false, false) if !is_secure() => INSECURE,
                (false, false) => BLOCKED,
            };
            wish.try_set(label.to_owned());
            notify_hidden.run(granted);
        });
    };
    view! {
        <div class="acts" id="task-acts">
            <CancelButton view action on_cancel=cancel />
            <WatchButton
                view
                hidden=TaskView::over
                on_stop=task.stop_watching
                on_resume=task.resume_watching
                on_retry=task.try_again
            />
            <button
                type="button"
                class="js"
                hidden=move || view.with(TaskView::over)
                on:click=change
            >
                {move || wish.get()}
            </button>
            <div id=ACTS class="again" inner_html=rerun></div>
        </div>
        <p class="note bad" role="alert" hidden=move || cancel_problem.with(String::is_empty)>
            "The cancel request failed. "
            {cancel_problem}
        </p>
    }
}
