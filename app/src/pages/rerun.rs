//! Actions after a task: run it again, unchanged or edited. Rendered on the server only.

use leptos::prelude::*;
use milepost::task::{BatchId, TaskId};

use crate::wire::KEY_FIELD;

/// Form to rerun an ended task; for others, it appears at their end.
#[component]
pub fn Rerun(
    /// The task.
    id: TaskId,
    /// Kind of the task, if it can still be started.
    kind: Option<String>,
    /// Batch that the task belongs to.
    batch: Option<BatchId>,
) -> impl IntoView {
    let key = uuid::Uuid::new_v4().to_string();
    let forms = kind.map(|kind| {
        view! {
            <form class="rerun" method="post" action=format!("tasks/{id}/rerun")>
                <input type="hidden" name=KEY_FIELD value=key />
                <button>"Run again"</button>
                <a class="btn" href=format!("start/{kind}?from={id}")>
                    "Edit and run again"
                </a>
            </form>
        }
    });
    let batch = batch.map(|batch| {
        view! {
            <p>
                <a href=format!("batches/{batch}")>"All tasks of this batch"</a>
            </p>
        }
    });
    view! {
        {forms}
        {batch}
    }
}
