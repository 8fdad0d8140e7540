//! The log of a task: it grows at its end, and stays where its reader has scrolled to.

use std::{cell::Cell, rc::Rc};

use leptos::{prelude::*, task::spawn_local};
use milepost::{
    poll::Stats,
    task::{AnswerReason, TaskId},
    view::TaskView,
};

use super::platform::append;
use crate::api;

/// How often the log is asked for while the task moves and nobody says that it has said something, in
/// milliseconds.
const EVERY_MS: i64 = 5_000;

/// The element that holds the lines.
const ELEMENT: &str = "log";

/// The lines so far, and those that come.
#[component]
pub fn Log(
    /// The task.
    task_id: TaskId,
    /// The task as it is shown.
    view: Signal<TaskView>,
    /// The counters of the polling loop.
    stats: Signal<Stats>,
    /// The lines so far.
    html: String,
    /// The number of the last of them.
    seq: i64,
    /// What is looked for in them.
    find: String,
    /// What one may do with them, as HTML.
    acts: String,
) -> impl IntoView {
    let empty = RwSignal::new(seq == 0);
    follow(view, stats, task_id, seq, find, empty);
    view! {
        <section class="card" aria-labelledby="log-title" hidden=move || empty.get()>
            <h2 id="log-title">"Log"</h2>
            <pre
                class="log"
                id=ELEMENT
                tabindex="0"
                role="group"
                aria-label="Lines of the log"
                inner_html=html
            ></pre>
            <div class="acts" inner_html=acts></div>
        </section>
    }
}

/// Asks for new lines when the task has moved: at once when it has said something, at a new stage and
/// at the end, else at most every few seconds.
fn follow(
    view: Signal<TaskView>,
    stats: Signal<Stats>,
    id: TaskId,
    seq: i64,
    find: String,
    empty: RwSignal<bool>,
) {
    let seq = Rc::new(Cell::new(seq));
    Effect::new(move |before: Option<Seen>| {
        let now = view.with(Seen::of);
        let Some(before) = before else {
            append(ELEMENT, "");
            return now;
        };
        // Another attempt counts its time from the beginning.
        let turned =
            now.attempt != before.attempt || now.step != before.step || now.ended != before.ended;
        let said = stats
            .with_untracked(|stats| stats.led || matches!(stats.reason, Some(AnswerReason::Said)));
        let due = said || now.elapsed_ms - before.elapsed_ms >= EVERY_MS;
        let moved = due && now.version != before.version;
        if !(turned || moved) {
            return before;
        }
        let (seq, find) = (Rc::clone(&seq), find.clone());
        spawn_local(async move {
            let asked = seq.get();
            let Ok(piece) = api::task_log(id, asked, find).await else { return };
            // Two requests may overlap: a line is shown once.
            if seq.get() == asked && piece.seq > asked {
                seq.set(piece.seq);
                append(ELEMENT, &piece.html);
                empty.try_set(false);
            }
        });
        now
    });
}

/// What of a view decides whether there may be new lines.
struct Seen {
    attempt: u32,
    version: i64,
    step: Option<u32>,
    ended: bool,
    elapsed_ms: i64,
}

impl Seen {
    fn of(view: &TaskView) -> Self {
        Self {
            attempt: view.snapshot.attempt,
            version: view.snapshot.version,
            step: view.snapshot.step,
            ended: view.status.is_terminal(),
            elapsed_ms: view.elapsed_ms,
        }
    }
}
