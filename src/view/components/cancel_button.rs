//! Cancel button and cancel receipt.

use leptos::{ev::SubmitEvent, prelude::*};

use super::reads::{holds, says};
use crate::{
    task::{CancelOutcome, Status},
    view::{TaskView, text},
};

/// Cancel button that also works as a plain form. Ignores repeated clicks.
#[component]
pub fn CancelButton(
    /// The task.
    #[prop(into)]
    view: Signal<TaskView>,
    /// URL that the form posts to without a script.
    #[prop(into)]
    action: String,
    /// Called to cancel the task.
    #[prop(into)]
    on_cancel: Callback<()>,
) -> impl IntoView {
    let submit = move |event: SubmitEvent| {
        event.prevent_default();
        // `aria-disabled` keeps the focus on the button, so repeated clicks are ignored here.
        if !view.with_untracked(asked) {
            on_cancel.run(());
        }
    };
    view! {
        <form
            id="task-cancel"
            method="post"
            action=action
            on:submit=submit
            hidden=holds(view, |view| !view.can_cancel())
        >
            // Without a script, the button submits the task's id.
            <button
                class="cancel"
                name="id"
                value=view.with_untracked(|view| view.snapshot.id.to_string())
                aria-disabled=says(view, |view| asked(view).to_string())>
                {says(view, label)}
            </button>
        </form>
    }
}

/// Cancel receipt of a task that ended before it could stop: who asked and when, and the outcome. Of
/// others, [`ResultCard`](super::ResultCard) has it.
#[component]
pub fn CancelNote(
    /// The task.
    #[prop(into)]
    view: Signal<TaskView>,
) -> impl IntoView {
    view! {
        <p class="note" hidden=holds(view, is_receipt_elsewhere)>
            {says(view, note)}
        </p>
    }
}

fn note(view: &TaskView) -> String {
    if is_receipt_elsewhere(view) { String::new() } else { receipt(view) }
}

fn is_receipt_elsewhere(view: &TaskView) -> bool {
    view.snapshot.cancel.is_none() || !matches!(view.status, Status::Completed | Status::Error)
}

fn asked(view: &TaskView) -> bool {
    view.status == Status::Cancelling
}

fn label(view: &TaskView) -> String {
    if asked(view) { "Cancelling…".to_owned() } else { "Cancel the task".to_owned() }
}

pub(super) fn receipt(view: &TaskView) -> String {
    let Some(receipt) = &view.snapshot.cancel else { return String::new() };
    let who = match receipt.requested_by.as_str() {
        // Viewers and who came by a share link read it, too.
        "owner" => "The owner",
        "operator" => "The operator",
        "user" => "A user",
        "share link" => "Somebody with a share link",
        "anyone with the id" => "Somebody with the task's address",
        name => name,
    };
    let then = match view.status {
        Status::Cancelled => "The task has stopped.",
        Status::Completed => "It completed before it could stop.",
        Status::Error => "It failed before it could stop.",
        _ => "The task stops at its next safe point.",
    };
    let at = |words, time: &Option<String>| match time {
        Some(time) => format!("{words}{} UTC. ", text::clock(time)),
        None => String::new(),
    };
    let told = at("The worker received it at ", &receipt.delivered_at);
    let seen = at("The task saw it at ", &receipt.acknowledged_at);
    let then = match receipt.outcome {
        Some(CancelOutcome::NeverStarted) => "It had not started.",
        Some(CancelOutcome::BetweenAttempts) => "No attempt was under way.",
        Some(CancelOutcome::Forced) => "It did not stop by itself and was stopped by force.",
        Some(CancelOutcome::WorkerLost) => "Its worker was lost meanwhile.",
        _ => then,
    };
    let asked = format!("{who} asked to cancel at {} UTC. ", text::clock(&receipt.requested_at));
    let kept = receipt.preserved.as_ref().map(|kept| format!(" Kept: {kept}."));
    format!("{asked}{told}{seen}{then}{}", kept.unwrap_or_default())
}
