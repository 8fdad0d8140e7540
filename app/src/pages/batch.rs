//! `/batches/{id}`: the tasks of a batch.

use leptos::prelude::*;
use leptos_meta::Title;
use leptos_router::hooks::use_params_map;
use milepost::task::{BatchId, Problem, Status};

use super::{
    parts::{LiveList, NoticeNote, ask},
    style::FormStyle,
};
use crate::{outcome::Notice, wire::KEY_FIELD};

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
        let failed = batch.tasks.iter().filter(|task| task.status == Status::Error).count();
        let unfinished = batch.unfinished > 0;
        Ok(view! {
            <Title text=title.clone() />
            <FormStyle />
            <p class="kicker">"Started together"</p>
            <h1 class="h">{title}</h1>
            {notice.map(|Notice(problem)| view! { <NoticeNote problem /> })}
            {unfinished.then(|| view! { <CancelAll id /> })}
            {(unfinished || failed > 0).then(|| view! { <RunFailed id failed unfinished /> })}
            <LiveList tasks=batch.tasks whole=true />
        })
    })
}

#[component]
fn CancelAll(id: BatchId) -> impl IntoView {
    view! {
        <form class="acts all" method="post" action=format!("batches/{id}/cancel")>
            <button class="cancel">"Cancel all unfinished"</button>
        </form>
    }
}

/// Form to rerun the failed tasks. While none has failed, it is hidden until the first does.
#[component]
fn RunFailed(id: BatchId, failed: usize, unfinished: bool) -> impl IntoView {
    let key = uuid::Uuid::new_v4().to_string();
    let words = match (unfinished, failed) {
        // More tasks may fail while the page is open.
        (true, _) => "Some tasks failed. Their pages show the errors.".to_owned(),
        (false, 1) => "One task failed. Its page shows the error.".to_owned(),
        (false, n) => format!("{n} of them failed. Their pages say why."),
    };
    view! {
        <form class="note retry" method="post" action=format!("batches/{id}/rerun")>
            <input type="hidden" name=KEY_FIELD value=key />
            <p>{words}</p>
            <button>"Rerun failed tasks"</button>
        </form>
    }
}
