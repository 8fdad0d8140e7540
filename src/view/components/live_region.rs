//! Announcements for screen readers: stages, the quarters of a long one, and the end.

use std::sync::{Mutex, PoisonError};

use leptos::prelude::*;

use crate::view::{TaskView, announce::Announcer};

/// Polite live region that announces stages, the quarters of a long one and the end, at most every
/// 15 s; a cancel and the end at once.
#[component]
pub fn LiveRegion(
    /// The task.
    #[prop(into)]
    view: Signal<TaskView>,
) -> impl IntoView {
    let announcer = Mutex::new(view.with_untracked(Announcer::new));
    let text = move || {
        let mut announcer = announcer.lock().unwrap_or_else(PoisonError::into_inner);
        view.with(|view| announcer.update(view).to_owned())
    };
    view! {
        <p class="sr" role="status">
            {text}
        </p>
    }
}
