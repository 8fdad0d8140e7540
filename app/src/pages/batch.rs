//! `/batches/{id}`: tasks that were started together.

use leptos::prelude::*;
use leptos_meta::Title;
use leptos_router::hooks::use_params_map;
use milepost::task::{BatchId, Problem, Snapshot, Status};

use super::{parts::LiveList, parts::ask, task::NoticeNote};
use crate::forms::Notice;

/// All tasks of a batch with one bar.
#[component]
pub fn BatchPage() -> impl IntoView {
    let id = use_params_map().with_untracked(|params| params.get("id"));
    let id = id.and_then(|id| id.parse::<BatchId>().ok());
    let notice = use_context::<Notice>();
    ask(move |service, caller| async move {
        let id = id.ok_or_else(Problem::batch_not_found)?;
        let batch = service.batch(&caller, id).await?.ok_or_else(Problem::batch_not_found)?;
        let kind = service.kind(&batch.kind).map_or(batch.kind, |kind| kind.title);
        let title = format!("{} × {kind}", batch.tasks.len());
        let retry = failed(&batch.tasks);
        Ok(view! {
            <Title text=title.clone() />
            <p class="kicker">"Started together"</p>
            <h1 class="h">{title}</h1>
            {notice.map(|Notice(problem)| view! { <NoticeNote problem /> })}
            {(batch.unfinished > 0).then(|| view! { <CancelAll id /> })}
            {retry.map(|text| view! { <p class="note">{text}</p> })}
            <LiveList tasks=batch.tasks whole=true />
        })
    })
}

#[component]
fn CancelAll(id: BatchId) -> impl IntoView {
    view! {
        <form class="acts all" method="post" action=format!("/batches/{id}/cancel")>
            <button class="cancel">"Cancel all that have not ended"</button>
        </form>
    }
}

/// A word on those that went wrong.
fn failed(tasks: &[Snapshot]) -> Option<String> {
    match tasks.iter().filter(|task| task.status == Status::Error).count() {
        0 => None,
        1 => Some("One of them failed. Its page says why, and starts it again.".to_owned()),
        n => Some(format!("{n} of them failed. Their pages say why, and start them again.")),
    }
}
