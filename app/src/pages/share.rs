//! `/tasks/{id}/share` and `/batches/{id}/share`: the share links of a task or a batch.

use leptos::prelude::*;
use leptos_meta::Title;
use leptos_router::hooks::use_params_map;
use milepost::{
    engine::{Caller, Service, store::ShareSubject},
    task::{BatchId, Problem, Share, TaskId},
    view::text,
};

use super::{
    parts::{NoticeNote, ask, task_id},
    style::FormStyle,
};
use crate::{
    forms::share::path_of,
    outcome::{MadeLink, Notice},
    wire::{CANCEL_FIELD, EXPIRES_FIELD},
};

/// Days until a link expires that the form offers, the default first.
const DAYS: [u32; 4] = [7, 1, 30, 90];

/// Links of a task's page to pages about it, as HTML; empty if the visitor may do neither.
pub(super) fn links(id: TaskId, may_share: bool, may_delete: bool) -> String {
    let share = may_share.then(|| view! { <a href=format!("tasks/{id}/share")>"Share"</a> });
    let delete =
        may_delete.then(|| view! { <a href=format!("tasks/{id}/delete")>"Delete this task"</a> });
    let between = (may_share && may_delete).then_some(" · ");
    match may_share || may_delete {
        true => view! { <p class="soft">{share} {between} {delete}</p> }.to_html(),
        false => String::new(),
    }
}

/// The share links of a task.
#[component]
pub fn SharePage() -> impl IntoView {
    let subject = task_id().map(ShareSubject::Task);
    ask(move |service, caller| page(service, caller, subject))
}

/// The share links of a batch.
#[component]
pub fn ShareBatchPage() -> impl IntoView {
    let id = use_params_map().with_untracked(|params| params.get("id"));
    let id = id.and_then(|id| id.parse::<BatchId>().ok()).map(ShareSubject::Batch);
    let subject = id.ok_or_else(Problem::batch_not_found);
    ask(move |service, caller| page(service, caller, subject))
}

async fn page(
    service: Service,
    caller: Caller,
    subject: Result<ShareSubject, Problem>,
) -> Result<AnyView, Problem> {
    let subject = subject?;
    let (notice, made) = (use_context::<Notice>(), use_context::<MadeLink>());
    let shares = service.shares(&caller, subject).await?;
    let (shares, what, title) = match subject {
        ShareSubject::Task(id) => {
            let task = service.get(&caller, id).await?.ok_or_else(Problem::task_not_found)?;
            (shares.ok_or_else(Problem::task_not_found)?, "this task", task.title)
        }
        ShareSubject::Batch(_) => {
            (shares.ok_or_else(Problem::batch_not_found)?, "these tasks", "All tasks".to_owned())
        }
    };
    let path = path_of(subject);
    let max_days = service.max_share_lifetime().as_secs() / 86_400;
    Ok(view! {
        <Title text=format!("Share: {title}") />
        <FormStyle />
        <p class="kicker">
            <a href=path.clone()>
                <bdi>{title}</bdi>
            </a>
        </p>
        <h1 class="h">"Share"</h1>
        {notice.map(|Notice(problem)| view! { <NoticeNote problem /> })}
        {made.map(|MadeLink(url)| view! { <Made url /> })}
        <p class="lead">
            {format!("Anyone who has a link can follow {what} until it expires: state, log, result \
                      and files, but not the input, and no other task.")}
        </p>
        <section aria-labelledby="links">
            <h2 id="links">"Links"</h2>
            {list(shares, &path)}
        </section>
        <NewLink action=format!("{path}/share") max_days />
    }
    .into_any())
}

#[component]
fn Made(url: String) -> impl IntoView {
    view! {
        <div class="note" role="status">
            <p>"This is the new link. Copy it now: it is not shown again."</p>
            <p>
                <code class="token">{url}</code>
            </p>
        </div>
    }
}

fn list(shares: Vec<Share>, path: &str) -> AnyView {
    if shares.is_empty() {
        return view! { <p class="soft">"There are no links."</p> }.into_any();
    }
    let rows: Vec<_> = shares.into_iter().map(|share| row(share, path)).collect();
    view! { <ul class="tokens">{rows}</ul> }.into_any()
}

fn row(share: Share, path: &str) -> impl IntoView + use<> {
    let what = if share.cancel { "To follow and cancel" } else { "To follow" };
    let by = share.created_by.map(|user| format!(" by {user}")).unwrap_or_default();
    let (made, expires) = (text::date_time(&share.created_at), text::date_time(&share.expires_at));
    let label = format!("Revoke the link made {made}");
    view! {
        <li class="card">
            <strong>{what}</strong>
            <p class="soft" dir="auto">
                {format!("Made {made}{by}; until {expires}")}
            </p>
            <form method="post" action=format!("{path}/share/{}/revoke", share.id)>
                <button aria-label=label>"Revoke"</button>
            </form>
        </li>
    }
}

#[component]
fn NewLink(action: String, max_days: u64) -> impl IntoView {
    let days = DAYS.into_iter().filter(|days| u64::from(*days) <= max_days).map(|days| {
        let label = if days == 1 { "1 day".to_owned() } else { format!("{days} days") };
        view! { <option value=days * 86_400>{label}</option> }
    });
    let days: Vec<_> = days.collect();
    let expires = (!days.is_empty()).then(|| {
        view! {
            <div class="field">
                <label for="expires">"Expires after"</label>
                <select id="expires" name=EXPIRES_FIELD>
                    {days}
                </select>
            </div>
        }
    });
    view! {
        <section aria-labelledby="new">
            <h2 id="new">"New link"</h2>
            <form class="start" method="post" action=action>
                <div class="field">
                    <label class="check">
                        <input type="checkbox" name=CANCEL_FIELD />
                        " May cancel"
                    </label>
                </div>
                {expires}
                <div class="acts">
                    <button class="primary">"Make the link"</button>
                </div>
            </form>
        </section>
    }
}
