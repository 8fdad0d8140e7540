//! Log of a task. New lines are appended, and the scroll position is preserved.

use std::{cell::Cell, rc::Rc};

use leptos::{prelude::*, task::spawn_local};
use milepost::{task::TaskId, view::TaskView};

use super::platform::append;
use crate::api;

/// Id of the element that contains the lines.
const ELEMENT: &str = "log";

/// Shows the log lines and appends new ones.
#[component]
pub fn Log(
    /// The task.
    task_id: TaskId,
    /// View of the task.
    view: Signal<TaskView>,
    /// The lines so far, as HTML.
    html: String,
    /// Number of the last line.
    seq: i64,
    /// Text that the lines must contain; empty for all lines.
    find: String,
    /// Actions for the log, as HTML.
    acts: String,
) -> impl IntoView {
    let empty = RwSignal::new(seq == 0);
    follow(view, task_id, seq, find, empty);
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

/// Requests new lines whenever the task has written output. One request at a time; a failed one is
/// repeated after the next poll response.
fn follow(view: Signal<TaskView>, id: TaskId, seq: i64, find: String, empty: RwSignal<bool>) {
    let told = move || view.try_with_untracked(Told::of);
    let known = Cell::new(view.with_untracked(Told::of).said);
    let (seq, failed, busy) = (Cell::new(seq), Cell::new(None), Cell::new(false));
    let tail = Rc::new(Tail { known, seq, failed, busy, find });
    Effect::new(move |before: Option<()>| {
        let now = view.with(Told::of);
        if before.is_none() {
            append(ELEMENT, "");
        }
        let news = now.said > tail.known.get() && tail.failed.get() != Some(now.answer);
        if !news || tail.busy.replace(true) {
            return;
        }
        let tail = Rc::clone(&tail);
        spawn_local(async move {
            while let Some(now) = told().filter(|now| now.said > tail.known.get()) {
                let Ok(piece) = api::task_log(id, tail.seq.get(), tail.find.clone()).await else {
                    tail.failed.set(Some(now.answer));
                    break;
                };
                tail.known.set(now.said);
                if piece.seq > tail.seq.replace(piece.seq) {
                    append(ELEMENT, &piece.html);
                    empty.try_set(false);
                }
            }
            tail.busy.set(false);
        });
    });
}

/// Read position in the log.
struct Tail {
    /// Output version that was read.
    known: Cell<i64>,
    /// Number of the last line.
    seq: Cell<i64>,
    /// Poll response after which reading failed.
    failed: Cell<Option<i64>>,
    /// Whether a request is in flight.
    busy: Cell<bool>,
    /// Text that the lines must contain.
    find: String,
}

/// Values of a view that determine whether there are new lines.
struct Told {
    /// Version at which the task last wrote output.
    said: i64,
    /// Identifies the poll response by its elapsed time.
    answer: i64,
}

impl Told {
    fn of(view: &TaskView) -> Self {
        Self { said: view.snapshot.output_version, answer: view.snapshot.elapsed_ms }
    }
}
