//! Freshness of the page's data, with a distinct text for each cause.

use leptos::prelude::*;

use super::reads::{holds, says};
use crate::{
    task::GoneReason,
    view::{Freshness, TaskView, text},
};

/// Freshness in a few words: `4 s ago`, `offline`.
#[component]
pub fn FreshnessText(
    /// The task.
    #[prop(into)]
    view: Signal<TaskView>,
) -> impl IntoView {
    view! { <span class="fresh">{says(view, |view| short(view.freshness))}</span> }
}

/// Sentence about a problem; empty without one.
#[component]
pub fn FreshnessNote(
    /// The task.
    #[prop(into)]
    view: Signal<TaskView>,
) -> impl IntoView {
    view! {
        <p class="note" role="status" hidden=holds(view, |view| long(view.freshness).is_empty())>
            {says(view, |view| long(view.freshness))}
        </p>
    }
}

/// Button that stops and resumes watching. A single element, so that it keeps the focus.
#[component]
pub fn WatchButton(
    /// The task.
    #[prop(into)]
    view: Signal<TaskView>,
    /// When the button is hidden.
    hidden: fn(&TaskView) -> bool,
    /// Called to stop watching.
    #[prop(into)]
    on_stop: Callback<()>,
    /// Called to resume after a stop.
    #[prop(into)]
    on_resume: Callback<()>,
    /// Called to resume after the loop ended on its own.
    #[prop(into)]
    on_retry: Callback<()>,
) -> impl IntoView {
    let toggle = move |_| {
        let (watching, freshness) = view.with_untracked(|view| (view.watching(), view.freshness));
        let next = match freshness {
            _ if watching => on_stop,
            Freshness::Stopped => on_resume,
            _ => on_retry,
        };
        next.run(());
    };
    view! {
        <button type="button" class="js" hidden=holds(view, hidden) on:click=toggle>
            {says(view, label)}
        </button>
    }
}

fn label(view: &TaskView) -> String {
    let label = if view.watching() { "Stop watching" } else { "Go on watching" };
    label.to_owned()
}

/// Freshness in a few words.
pub(super) fn short(freshness: Freshness) -> String {
    let words = match freshness {
        Freshness::Live(age)
        | Freshness::Unreachable(age)
        | Freshness::Silent(age)
        | Freshness::LostWorker(age) => return text::ago(age),
        Freshness::Loading => "loading",
        Freshness::GaveUp | Freshness::Refused | Freshness::TimedOut => "no longer asked for",
        Freshness::Offline => "offline",
        Freshness::Woken => "catching up",
        Freshness::Stopped => "not watching",
        Freshness::SignedOut => "signed out",
        Freshness::Gone(_) => "gone",
        Freshness::Final => "final",
    };
    words.to_owned()
}

fn long(freshness: Freshness) -> String {
    let sentence = match freshness {
        Freshness::Loading | Freshness::Live(_) | Freshness::Final => "",
        Freshness::Silent(age) => {
            return said(
                "Running, no news for ",
                age,
                ". The task's worker is alive; it may just be busy.",
            );
        }
        Freshness::LostWorker(age) => {
            return said(
                "Worker lost, last heartbeat ",
                age,
                " ago. If it does not return, another worker continues the task.",
            );
        }
        Freshness::Unreachable(_) => {
            "Reconnecting: no news from the server right now. The task itself may still be running."
        }
        Freshness::GaveUp => {
            "The server has not answered for a long time. The task itself may still be running."
        }
        Freshness::TimedOut => "This page stopped following the task. The task continues.",
        Freshness::Offline => {
            "You are offline. The task continues; this page catches up when you are back online."
        }
        Freshness::Woken => "This tab was suspended. Catching up.",
        Freshness::Stopped => "Not watching. The task continues without this page.",
        Freshness::SignedOut => "Your session has ended. This is the last known state.",
        Freshness::Gone(GoneReason::NotFound) => "No such task, or it is not yours.",
        Freshness::Gone(GoneReason::Expired) => {
            "This task has expired, and its result was removed."
        }
        Freshness::Refused => "The server refused further information about this task.",
    };
    sentence.to_owned()
}

/// Rounds to tens of seconds, so that a screen reader does not announce every second.
fn said(before: &str, age_ms: i64, after: &str) -> String {
    format!("{before}{}{after}", text::duration(age_ms / 10_000 * 10_000))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_silent_task_a_lost_worker_an_unreachable_server_and_a_woken_tab_have_words_of_their_own() {
        let troubles = [
            Freshness::Silent(40_000),
            Freshness::LostWorker(40_000),
            Freshness::Unreachable(40_000),
            Freshness::Woken,
            Freshness::Offline,
            Freshness::GaveUp,
            Freshness::SignedOut,
        ];
        let mut told: Vec<_> = troubles.map(long).into();
        assert!(told.iter().all(|sentence| sentence.ends_with('.')), "{told:#?}");
        told.sort_unstable();
        told.dedup();
        assert_eq!(told.len(), troubles.len(), "{told:#?}");
    }

    #[test]
    fn what_is_wrong_comes_first() {
        for (freshness, words) in [
            (Freshness::Silent(249_000), "Running, no news for 4 min. "),
            (Freshness::LostWorker(44_000), "Worker lost, last heartbeat 40 s ago. "),
            (Freshness::Unreachable(9_000), "Reconnecting: no news from the server right now. "),
            (Freshness::Woken, "This tab was suspended. "),
        ] {
            assert!(long(freshness).starts_with(words), "{}", long(freshness));
        }
    }

    #[test]
    fn where_all_is_well_there_is_only_an_age() {
        assert_eq!(long(Freshness::Live(4_000)), "");
        assert_eq!(short(Freshness::Live(4_000)), "4 s ago");
    }
}
