//! Button that deletes a task ten seconds later, so that a click by mistake can be undone.

use std::sync::{
    Arc,
    atomic::{AtomicU32, Ordering::Relaxed},
};

use leptos::{ev::MouseEvent, prelude::*, task::spawn_local};

use super::platform;

/// Time until the form is sent, in milliseconds; the text below says it.
const UNDO_MS: u32 = 10_000;

/// Button that submits its form ten seconds later, unless it is pressed again or the page is left. One button, so that
/// the focus stays.
pub(super) fn delete_button() -> impl IntoView {
    let waits = RwSignal::new(false);
    // Which press counts: each ends the wait of the one before.
    let presses = Arc::new(AtomicU32::new(0));
    let press = move |event: MouseEvent| {
        let Some(form) = platform::valid_form(&event) else { return };
        event.prevent_default();
        let presses = Arc::clone(&presses);
        let own = presses.fetch_add(1, Relaxed) + 1;
        waits.update(|waits| *waits = !*waits);
        if !waits.get_untracked() {
            return;
        }
        spawn_local(async move {
            platform::wait(UNDO_MS).await;
            if presses.load(Relaxed) == own {
                platform::send(&form);
            }
        });
    };
    view! {
        <button class="cancel" on:click=press>
            {move || if waits.get() { "Undo" } else { "Delete" }}
        </button>
        <p class="note" role="status" hidden=move || !waits.get()>
            "Deleted in 10 s. Leave this page, or undo, to keep it."
        </p>
    }
}
