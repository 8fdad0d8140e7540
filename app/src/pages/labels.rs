//! Tags and note of a task, and its start time. Rendered on the server only.

use leptos::prelude::*;
use leptos_meta::Title;
use milepost::{
    http::percent_encoded,
    task::{Problem, Snapshot},
    view::text,
};

use super::{
    parts::{NoticeNote, ask, task_id},
    start::field::PlainArea,
    style::{FormStyle, ScheduleStyle},
};
use crate::{
    outcome::Notice,
    wire::{NOTE_FIELD, TAGS_FIELD},
};

/// Start time, tags and note of a task; nothing of what it does not have. `changes`: the visitor may
/// change them.
pub(super) fn labels(task: &Snapshot, changes: bool) -> impl IntoView + use<> {
    let id = task.id;
    let scheduled = task.starts_at.clone().map(|at| {
        view! {
            <ScheduleStyle />
            <form class="note scheduled" method="post" action=format!("tasks/{id}/start-now")>
                "Starts at " <time datetime=at.clone()>{text::date_time(&at)}</time> ". "
                {changes.then(|| view! { <button>"Start now"</button> })}
            </form>
        }
    });
    let tags = task.tags.iter().enumerate().map(|(index, tag)| {
        let href = format!("tasks?tag={}", percent_encoded(tag));
        view! {
            {if index > 0 { ", " } else { "" }}
            <a href=href>
                <bdi>{tag.clone()}</bdi>
            </a>
        }
    });
    let tags = (!task.tags.is_empty())
        .then(|| view! { <p class="soft">"Tags: " {tags.collect::<Vec<_>>()}</p> });
    let note = task.note.clone().map(|note| {
        let lines = note.lines().map(|line| view! { {line.to_owned()} <br /> });
        view! {
            <p class="note" dir="auto">
                {lines.collect::<Vec<_>>()}
            </p>
        }
    });
    view! { {scheduled} {tags} {note} }
}

/// `/tasks/{id}/labels`: the form with the tags and the note of a task.
#[component]
pub fn LabelsPage() -> impl IntoView {
    let id = task_id();
    let notice = use_context::<Notice>();
    ask(move |service, caller| async move {
        let id = id?;
        let task = service.get(&caller, id).await?.ok_or_else(Problem::task_not_found)?;
        let note = task.note.clone().unwrap_or_default();
        Ok(view! {
            <Title text=format!("Tags and note: {}", task.title) />
            <FormStyle />
            <p class="kicker">
                <a href=format!("tasks/{id}")>{task.title.clone()}</a>
            </p>
            <h1 class="h">"Tags and note"</h1>
            {notice.map(|Notice(problem)| view! { <NoticeNote problem /> })}
            <form class="start" method="post" action=format!("tasks/{id}/labels")>
                <div class="field">
                    <label for="f-tags">"Tags (with commas between them)"</label>
                    <input id="f-tags" name=TAGS_FIELD value=task.tags.join(", ") autocomplete="off" />
                </div>
                <div class="field">
                    <label for="f-note">"Note"</label>
                    <PlainArea id="f-note" name=NOTE_FIELD value=note />
                </div>
                <div class="acts">
                    <button class="primary">"Save"</button>
                    <a class="btn" href=format!("tasks/{id}")>
                        "Back"
                    </a>
                </div>
            </form>
        })
    })
}
