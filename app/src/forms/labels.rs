//! The form with the tags and the note of a task, and the button that starts it before its time.

use axum::{
    extract::{Path, Request, State},
    http::request::Parts,
    response::Response,
};
use milepost::task::{Annotate, Problem, TaskId};

use super::{
    later::tags,
    post,
    respond::{caller, redirect_to, sent},
};
use crate::{
    site::SiteState,
    wire::{NOTE_FIELD, TAGS_FIELD, last},
};

/// `POST /tasks/{id}/labels`: sets tags and note, and redirects to the page of the task.
pub(crate) async fn post_labels(
    State(state): State<SiteState>,
    Path(id): Path<String>,
    request: Request,
) -> Response {
    let form = format!("/tasks/{id}/labels");
    let (parts, entered) = sent(&state.site, request).await;
    let entered = match entered {
        Ok(entered) => entered,
        Err(problem) => return redirect_to(&state, parts, &form, Err(problem)).await,
    };
    let annotate = Annotate::default().with(|change| {
        change.tags = last(&entered, TAGS_FIELD).map(tags);
        change.note = last(&entered, NOTE_FIELD).map(str::to_owned);
    });
    let changed = match id.parse::<TaskId>() {
        Ok(task) => state.site.service.annotate(&caller(&parts), task, &annotate).await,
        Err(_) => Ok(None),
    };
    let there = changed.map_err(|error| explained(error.into()));
    let there = there.and_then(|task| task.ok_or_else(Problem::task_not_found));
    redirect_to(&state, parts, &form, there.map(|task| format!("tasks/{}", task.id))).await
}

/// Names the field in the text of the problem.
fn explained(mut problem: Problem) -> Problem {
    if let [error, ..] = problem.errors.as_slice() {
        let label = if error.field == "note" { "Note" } else { "Tags" };
        problem.detail = format!("{label}: {}", error.detail);
    }
    problem
}

/// `POST /tasks/{id}/start-now`: starts the task and redirects to its page.
pub(crate) async fn post_start_now(
    State(state): State<SiteState>,
    Path(id): Path<String>,
    parts: Parts,
) -> Response {
    let service = state.site.service.clone();
    let start = async move |caller, task| service.start_now(&caller, task).await.map(drop);
    post(&state, &id, parts, start).await
}
