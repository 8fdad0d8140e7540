//! `/tasks/{id}/delete`: asks once before a task is deleted.

use leptos::prelude::*;
use leptos_meta::Title;
use milepost::task::Problem;

use super::{
    parts::{NoticeNote, ask, task_id},
    style::FormStyle,
};
use crate::{
    chunks::Preload,
    islands::{SubmitIsland, platform::embed_state, submit_island::DELETE},
    outcome::Notice,
};

/// Field for the word that confirms the deletion of a task that has not ended.
pub(crate) const CONFIRM_FIELD: &str = "confirm";
/// The word.
pub(crate) const CONFIRM: &str = "delete";

/// What a deletion removes, and the form that confirms it.
#[component]
pub fn DeletePage() -> impl IntoView {
    let id = task_id();
    let notice = use_context::<Notice>();
    ask(move |service, caller| async move {
        let id = id?;
        let task = service.get(&caller, id).await?.ok_or_else(Problem::task_not_found)?;
        let moves = !task.status.is_terminal();
        let confirm = moves.then(|| {
            view! {
                <p>
                    <label>
                        "It has not ended: it is stopped first. Type “" {CONFIRM} "” to confirm. "
                        <input name=CONFIRM_FIELD required pattern=CONFIRM autocomplete="off" />
                    </label>
                </p>
            }
        });
        Ok(view! {
            <Title text="Delete a task" />
            <FormStyle />
            <p class="kicker">
                <a href=format!("tasks/{id}")>"Back to the task"</a>
            </p>
            <h1 class="h" dir="auto">{format!("Delete “{}”?", task.title)}</h1>
            {notice.map(|Notice(problem)| view! { <NoticeNote problem /> })}
            <div class="card">
                <p>
                    "Its input, log, result, files and checkpoints are removed for good. "
                    "Nobody can bring them back."
                </p>
                <form method="post" action=format!("tasks/{id}/delete")>
                    {confirm}
                    <div class="acts">
                        {if moves {
                            view! { <button class="cancel">"Delete"</button> }.into_any()
                        } else {
                            view! {
                                {embed_state(DELETE.to_owned())}
                                <Preload island="submit_island" />
                                <SubmitIsland />
                            }
                                .into_any()
                        }}
                        <a class="btn" href=format!("tasks/{id}")>
                            "Keep it"
                        </a>
                    </div>
                </form>
            </div>
        })
    })
}
