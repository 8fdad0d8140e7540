//! The task below its form.

use leptos::{prelude::*, server_fn::ServerFn};

use super::result::result_text;
use crate::{
    poll::{Config, Policy},
    task::Snapshot,
    view::{
        Seed, Transport, UseTaskOptions, UseTaskReturn,
        components::{
            Bar, CancelButton, FreshnessNote, LiveRegion, Percent, StatusBadge, StepText,
            WatchButton,
            reads::{holds, says},
        },
        server_fns::CancelTaskForm,
        use_task_with_options,
    },
};
/// Follows one task until unmounted. Calls `going` with whether the task is active, initially and
/// on changes; calls `on_done` once when it has ended.
pub(super) fn follow(
    task: Seed,
    transport: Transport,
    policy: Signal<Policy>,
    going: impl Fn(bool) + Copy + Send + Sync + 'static,
    on_done: Callback<Snapshot>,
) -> impl IntoView {
    let config = Config { policy: policy.get_untracked(), foreground: true, ..Config::default() };
    let options = UseTaskOptions { config, ..UseTaskOptions::default() };
    let task = use_task_with_options(task, transport, options);
    let UseTaskReturn { view, cancel, cancel_problem, set_policy, .. } = task;
    // The tab's loop may already exist with another policy.
    Effect::new(move |_| set_policy.run(policy.get()));
    Effect::new(move |ended: Option<bool>| {
        let over = view.with(|view| view.over());
        if ended.is_none_or(|ended| ended != over) {
            going(!over);
        }
        // A task that had ended before it was shown does not count.
        if ended == Some(false) && over {
            on_done.run(view.get_untracked().snapshot);
        }
        over
    });
    view! {
        <section aria-label="Task">
            <div class="now">
                <StatusBadge view />
                <StepText view />
                <Percent view />
            </div>
            <Bar view />
            <FreshnessNote view />
            <WatchButton
                view
                hidden=|view| view.over() || view.watching()
                on_stop=task.stop_watching
                on_resume=task.resume_watching
                on_retry=task.try_again
            />
            <CancelButton view action=CancelTaskForm::PATH on_cancel=cancel />
            <p class="note bad" role="alert" hidden=move || cancel_problem.with(String::is_empty)>
                "The cancel request failed. "
                {cancel_problem}
            </p>
            <p class="note bad" role="alert" hidden=holds(view, |view| view.snapshot.error.is_none())>
                {says(view, |view| {
                    view.snapshot.error.as_ref().map(|error| error.message.clone()).unwrap_or_default()
                })}
            </p>
            {result_text(view)}
            <LiveRegion view />
        </section>
    }
}
