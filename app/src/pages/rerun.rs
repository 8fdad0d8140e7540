//! Forms that run a task again, unchanged or edited. Rendered on the server only; the island inserts
//! them unchanged.

use leptos::prelude::*;
use milepost::task::TaskId;

use crate::wire::KEY_FIELD;

/// The forms that rerun a task of a kind, as HTML; the style sheet shows them at its end. `continues`: a
/// rerun goes on where the task stopped.
pub(super) fn forms(id: TaskId, kind: &str, continues: bool) -> String {
    let (rerun, edit) = match continues {
        true => ("Continue where it stopped", "Edit and run from the start"),
        false => ("Run again", "Edit and run again"),
    };
    let key = uuid::Uuid::new_v4().to_string();
    view! {
        <form class="rerun" method="post" action=format!("tasks/{id}/rerun")>
            <input type="hidden" name=KEY_FIELD value=key />
            <button>{rerun}</button>
            <a class="btn" href=format!("start/{kind}?from={id}")>
                {edit}
            </a>
        </form>
    }
    .to_html()
}
