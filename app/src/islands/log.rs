//! The log of a task: it grows at its end, and stays where its reader has scrolled to.

use std::{cell::Cell, rc::Rc};

use leptos::{prelude::*, task::spawn_local};
use milepost::{task::TaskId, view::TaskView};

use super::platform::append;
use crate::api;

/// The element that holds the lines.
const ELEMENT: &str = "log";

/// The lines so far, and those that come.
#[component]
pub fn Log(
    /// The task.
    task_id: TaskId,
    /// The task as it is shown.
    view: Signal<TaskView>,
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

/// Asks for new lines whenever the task has said something. One request at a time; one that failed is
/// made again after the next answer of the poll.
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

/// How far the log was read.
struct Tail {
    /// What the task had said by then.
    known: Cell<i64>,
    /// The number of the last line.
    seq: Cell<i64>,
    /// The answer of the poll after which it could not be read.
    failed: Cell<Option<i64>>,
    /// Whether it is being read.
    busy: Cell<bool>,
    /// What is looked for.
    find: String,
}

/// What of a view decides whether there are new lines.
struct Told {
    /// With which version the task last said something.
    said: i64,
    /// Which answer of the poll told so: each has another time.
    answer: i64,
}

impl Told {
    fn of(view: &TaskView) -> Self {
        Self { said: view.snapshot.output_version, answer: view.snapshot.elapsed_ms }
    }
}
