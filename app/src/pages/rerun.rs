//! What one may do after a task: the same again, or something like it. Rendered on the server alone.

use leptos::prelude::*;
use milepost::task::{BatchId, TaskId};

use crate::api::KEY_FIELD;

/// Starting an ended task again; under one that has not ended, what appears with its end.
#[component]
pub fn Rerun(
    /// The task.
    id: TaskId,
    /// Its kind, where it can still be started.
    kind: Option<String>,
    /// With which others it was started.
    batch: Option<BatchId>,
) -> impl IntoView {
    let key = uuid::Uuid::new_v4().to_string();
    let forms = kind.map(|kind| {
        view! {
            <form class="rerun" method="post" action=format!("/tasks/{id}/rerun")>
                <input type="hidden" name=KEY_FIELD value=key />
                <button>"Run again"</button>
                <a class="btn" href=format!("/start/{kind}?from={id}")>
                    "Edit and run again"
                </a>
            </form>
        }
    });
    let batch = batch.map(|batch| {
        view! {
            <p>
                <a href=format!("/batches/{batch}")>"All tasks of this batch"</a>
            </p>
        }
    });
    view! {
        {forms}
        {batch}
    }
}
