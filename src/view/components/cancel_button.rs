//! Asks for a cancel, says that it was asked for, and shows the receipt.

use leptos::{ev::SubmitEvent, prelude::*};

use crate::{
    task::{CancelReceipt, Status},
    view::{TaskView, text},
};

/// A cancel button that works as a plain form, too. Two clicks are one.
#[component]
pub fn CancelButton(
    /// The task.
    #[prop(into)]
    view: Signal<TaskView>,
    /// Where the form posts to when there is no script.
    #[prop(into)]
    action: String,
    /// Whether the request is on its way.
    #[prop(into)]
    pending: Signal<bool>,
    /// Ask the server to cancel the task.
    #[prop(into)]
    on_cancel: Callback<()>,
) -> impl IntoView {
    let status = Memo::new(move |_| view.with(|view| view.status));
    let asked = move || pending.get() || status.get() == Status::Cancelling;
    let submit = move |event: SubmitEvent| {
        event.prevent_default();
        // `aria-disabled` keeps the focus where it is; so the second click is refused here.
        if !asked() {
            on_cancel.run(());
        }
    };
    view! {
        <form method="post" action=action on:submit=submit hidden=move || status.get().is_terminal()>
            <button class="cancel" aria-disabled=move || asked().then_some("true")>
                {move || if asked() { "Cancelling…" } else { "Cancel the task" }}
            </button>
        </form>
    }
}

/// Who asked for the cancel and when, and what has become of it.
#[component]
pub fn CancelNote(
    /// The task.
    #[prop(into)]
    view: Signal<TaskView>,
) -> impl IntoView {
    let receipt = Memo::new(move |_| {
        view.with(|view| view.snapshot.cancel.as_ref().map(|cancel| said(cancel, view.status)))
    });
    view! {
        <p class="note" hidden=move || receipt.with(Option::is_none)>
            {move || receipt.get().unwrap_or_default()}
        </p>
    }
}

fn said(receipt: &CancelReceipt, status: Status) -> String {
    let who = match receipt.requested_by.as_str() {
        "you" => "You asked",
        "operator" => "The operator asked",
        _ => "Somebody asked",
    };
    let then = match status {
        Status::Cancelled => "The task has stopped.",
        Status::Completed => "It was done before it could stop.",
        Status::Error => "It failed before it could stop.",
        _ => "The task stops at its next safe point.",
    };
    [who, " to cancel at ", text::clock(&receipt.requested_at), " UTC. ", then].concat()
}
