//! Form targets of the pages, so that everything works without a script.

pub(crate) mod admin;
pub(crate) mod batch;
pub(crate) mod data;
mod entered;
pub(crate) mod labels;
mod later;
pub(crate) mod provider;
mod respond;
pub(crate) mod share;
pub(crate) mod sign_in;
pub(crate) mod tokens;

use std::hash::{DefaultHasher, Hash, Hasher};

use axum::{
    extract::{Path, Request, State},
    http::{header, request::Parts},
    response::Response,
};
use milepost::{
    engine::{Caller, Service, ServiceError},
    http::{end_session, share_cookie},
    schema,
    task::{FieldError, Problem, StartReceipt, StartTask, TaskId},
};

use self::later::{Later, at_the_fields};
use self::respond::{
    caller, is_confirmed, key, not_as_it_should_be, page, redirect_to, see_other, sent,
};
use crate::{
    outcome::{Forgotten, Outcome, Rejected, no_such_kind},
    pages::delete::{CONFIRM, CONFIRM_FIELD},
    site::SiteState,
    wire::path_of,
};

/// Starts a task from the values of its form.
pub(crate) async fn start(
    service: &Service,
    caller: &Caller,
    kind: &str,
    entered: &[(String, String)],
    key: Option<&str>,
) -> Result<StartReceipt, Problem> {
    let info = service.kind_for(caller, kind).ok_or_else(|| no_such_kind(kind))?;
    let input =
        schema::read(&schema::fields(&info.input_schema), entered).map_err(not_as_it_should_be)?;
    let Later { tags, run_at, delay_s } = Later::read(entered).map_err(not_as_it_should_be)?;
    let start = StartTask::new(kind, input).with(|start| {
        start.tags = tags;
        start.run_at = run_at;
        start.delay_s = delay_s;
    });
    let other = key.map(|key| other_key(key, &start));
    let started = match service.start(caller, start.clone(), key).await {
        // The same form, changed after a rejection, is a different start.
        Err(ServiceError::KeyReused) => service.start(caller, start, other.as_deref()).await,
        started => started,
    };
    started.map(|started| started.receipt).map_err(|error| at_the_fields(error.into()))
}

/// Idempotency key for a changed start from the same form. Equal input gives an equal key, so that
/// a double click starts one task here, too.
fn other_key(key: &str, start: &StartTask) -> String {
    let mut hasher = DefaultHasher::new();
    let StartTask { kind, input, tags, run_at, delay_s, .. } = start;
    (key, kind, input.to_string(), tags, run_at, delay_s).hash(&mut hasher);
    format!("form-{:016x}", hasher.finish())
}

/// `POST /start/{kind}`: starts a task and redirects to its page, or shows the form again.
pub(crate) async fn post_start(
    State(state): State<SiteState>,
    Path(kind): Path<String>,
    request: Request,
) -> Response {
    let start = async |caller: &Caller, entered: &[(String, String)], key: Option<&str>| {
        let receipt = start(&state.site.service, caller, &kind, entered, key).await?;
        Ok(path_of(&receipt))
    };
    from_form(&state, request, start).await
}

/// `POST /start-several/{kind}`: starts one task per line and redirects to the page of the batch.
pub(crate) async fn post_several(
    State(state): State<SiteState>,
    Path(kind): Path<String>,
    request: Request,
) -> Response {
    let start = async |caller: &Caller, entered: &[(String, String)], key: Option<&str>| {
        let batch = batch::start(&state.site.service, caller, &kind, entered, key).await?;
        Ok(format!("batches/{}", batch.id))
    };
    from_form(&state, request, start).await
}

/// Starts tasks from a form and redirects to their page, or shows the form again.
async fn from_form(
    state: &SiteState,
    request: Request,
    start: impl AsyncFnOnce(&Caller, &[(String, String)], Option<&str>) -> Result<String, Problem>,
) -> Response {
    let (parts, body) = request.into_parts();
    let path = parts.uri.path().to_owned();
    let entered = match entered::read(&state.site, Request::from_parts(parts.clone(), body)).await {
        Ok(entered) => entered,
        Err((entered, problem)) => {
            let rejected = Rejected { entered, problem };
            return state.render(page(parts, &path), Outcome::Rejected(rejected)).await;
        }
    };
    match start(&caller(&parts), &entered, key(&entered)).await {
        Ok(path) => see_other(&parts, &path),
        Err(problem) => {
            let rejected = Outcome::Rejected(Rejected { entered, problem });
            state.render(page(parts, &path), rejected).await
        }
    }
}

/// `POST /tasks/{id}/cancel`: cancels the task and redirects to its page.
pub(crate) async fn post_cancel(
    State(state): State<SiteState>,
    Path(id): Path<String>,
    parts: Parts,
) -> Response {
    let service = state.site.service.clone();
    let cancel = async move |caller, task| service.cancel(&caller, task).await.map(drop);
    post(&state, &id, parts, cancel).await
}

/// `POST /tasks/{id}/keep`: extends the task's retention and redirects to its page.
pub(crate) async fn post_keep(
    State(state): State<SiteState>,
    Path(id): Path<String>,
    parts: Parts,
) -> Response {
    let service = state.site.service.clone();
    let keep = async move |caller, task| service.keep(&caller, task).await.map(drop);
    post(&state, &id, parts, keep).await
}

async fn post(
    state: &SiteState,
    id: &str,
    parts: Parts,
    act: impl AsyncFnOnce(Caller, TaskId) -> Result<(), ServiceError>,
) -> Response {
    let path = format!("/tasks/{id}");
    let done = match id.parse::<TaskId>() {
        Ok(task) => act(caller(&parts), task).await,
        Err(_) => return redirect_to(state, parts, &path, Err(Problem::task_not_found())).await,
    };
    let there = match done {
        // Also if the task does not exist (any more): its page reports that.
        Ok(()) | Err(ServiceError::Expired(_) | ServiceError::Deleted(_)) => {
            Ok(format!("tasks/{id}"))
        }
        Err(error) => Err(error.into()),
    };
    redirect_to(state, parts, &path, there).await
}

/// `POST /tasks/{id}/delete`: deletes the task and redirects to the list. A task that has not ended is
/// deleted only with the word that confirms it.
pub(crate) async fn post_delete(
    State(state): State<SiteState>,
    Path(id): Path<String>,
    request: Request,
) -> Response {
    let (parts, entered) = sent(&state.site, request).await;
    let deleted = match (entered, id.parse::<TaskId>()) {
        (Err(problem), _) => Err(problem),
        (_, Err(_)) => Err(Problem::task_not_found()),
        (Ok(entered), Ok(task)) => {
            delete(&state.site.service, &caller(&parts), task, &entered).await
        }
    };
    let there = deleted.map(|()| "tasks".to_owned());
    redirect_to(&state, parts, &format!("/tasks/{id}/delete"), there).await
}

async fn delete(
    service: &Service,
    caller: &Caller,
    id: TaskId,
    entered: &[(String, String)],
) -> Result<(), Problem> {
    let task = service.get(caller, id).await?.ok_or_else(Problem::task_not_found)?;
    if !task.status.is_terminal() && !is_confirmed(entered) {
        let detail = format!("This task has not ended. To delete it, type “{CONFIRM}”.");
        return Err(not_as_it_should_be(vec![FieldError::new(CONFIRM_FIELD, detail)]));
    }
    service.delete(caller, id).await?.map(drop).ok_or_else(Problem::task_not_found)
}

/// `POST /tasks/{id}/rerun`: starts a task with the same input and redirects to its page.
pub(crate) async fn post_rerun(
    State(state): State<SiteState>,
    Path(id): Path<String>,
    request: Request,
) -> Response {
    let (parts, entered) = sent(&state.site, request).await;
    let entered = match entered {
        Ok(entered) => entered,
        Err(problem) => {
            return redirect_to(&state, parts, &format!("/tasks/{id}"), Err(problem)).await;
        }
    };
    let again = match id.parse::<TaskId>() {
        Ok(task) => state.site.service.rerun(&caller(&parts), task, key(&entered)).await,
        Err(_) => Ok(None),
    };
    let again = match again {
        // Show the start form, which asks for the secrets that are not stored.
        Err(ServiceError::SecretsNeeded { kind, refusal }) => {
            let form = page(parts, &format!("/start/{kind}?from={id}"));
            let problem = ServiceError::from(refusal).into();
            let rejected = Rejected { entered: Vec::new(), problem };
            return state.render(form, Outcome::Rejected(rejected)).await;
        }
        again => again.map_err(Problem::from),
    };
    let there = again.and_then(|started| started.ok_or_else(Problem::task_not_found));
    let there = there.map(|started| path_of(&started.receipt));
    redirect_to(&state, parts, &format!("/tasks/{id}"), there).await
}

/// `POST /forget`: ends the session of this browser. Responds with a page rather than a redirect,
/// because opening another page would begin the next session.
pub(crate) async fn post_forget(State(state): State<SiteState>, parts: Parts) -> Response {
    let cookies =
        [end_session(&state.site.http, &caller(&parts)), share_cookie(&[], 0, &state.site.http)];
    let mut response = state.render(page(parts, "/forget"), Outcome::Forgotten(Forgotten)).await;
    for cookie in cookies.into_iter().flatten() {
        response.headers_mut().append(header::SET_COOKIE, cookie);
    }
    response
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn another_input_from_the_same_form_has_one_key_of_its_own() {
        let start = |subject| StartTask::new("story", json!({"subject": subject}));
        let key = |key, subject| other_key(key, &start(subject));
        assert_eq!(key("k", "a"), key("k", "a"), "a double click");
        assert_ne!(key("k", "a"), key("k", "b"));
        assert_ne!(key("k", "a"), key("l", "a"));
    }
}
