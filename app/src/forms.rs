//! Form targets of the pages, so that everything works without a script.

pub(crate) mod batch;
mod entered;

use std::hash::{DefaultHasher, Hash, Hasher};

use axum::{
    body::Body,
    extract::{Path, Request, State},
    http::{HeaderMap, Method, header, request::Parts},
    response::{IntoResponse, Redirect, Response},
};
use milepost::{
    engine::{Caller, Service, ServiceError},
    http::{BodyCheck, end_session},
    schema,
    task::{FieldError, Problem, StartReceipt, StartTask, TaskId},
};

use crate::{
    api::KEY_FIELD,
    serve::{Site, render},
};

/// A rejected start form: the entered values and the problem.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Rejected {
    /// The entered values.
    pub(crate) entered: Vec<(String, String)>,
    /// The problem.
    pub(crate) problem: Problem,
}

/// Problem of a rejected action on a task, such as cancel or keep.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Notice(pub(crate) Problem);

/// Starts a task from the values of its form.
pub(crate) async fn start(
    service: &Service,
    caller: &Caller,
    kind: &str,
    entered: &[(String, String)],
    key: Option<&str>,
) -> Result<StartReceipt, Problem> {
    let info = service.kind(kind).ok_or_else(|| no_such_kind(kind))?;
    let input =
        schema::read(&schema::fields(&info.input_schema), entered).map_err(not_as_it_should_be)?;
    let start = StartTask::new(kind, input);
    let other = key.map(|key| other_key(key, &start));
    let started = match service.start(caller, start.clone(), key).await {
        // The same form, changed after a rejection, is a different start.
        Err(ServiceError::KeyReused) => service.start(caller, start, other.as_deref()).await,
        started => started,
    };
    Ok(started?.receipt)
}

/// Idempotency key for a changed start from the same form. Equal input gives an equal key, so that
/// a double click starts one task here, too.
fn other_key(key: &str, start: &StartTask) -> String {
    let mut hasher = DefaultHasher::new();
    (key, &start.kind, start.input.to_string()).hash(&mut hasher);
    format!("form-{:016x}", hasher.finish())
}

/// Problem for an unknown kind.
pub(crate) fn no_such_kind(kind: &str) -> Problem {
    let word: String = kind.chars().take(50).collect();
    Problem::new(404, "Not Found", format!("No kind of task is called “{word}”."))
}

fn not_as_it_should_be(errors: Vec<FieldError>) -> Problem {
    let mut problem = Problem::new(400, "Bad Request", "Some fields are missing or invalid.");
    problem.errors = errors;
    problem
}

/// `POST /start/{kind}`: starts a task and redirects to its page, or shows the form again.
pub(crate) async fn post_start(
    State(site): State<Site>,
    Path(kind): Path<String>,
    request: Request,
) -> Response {
    let start = async |caller: &Caller, entered: &[(String, String)], key: Option<&str>| {
        let receipt = start(&site.service, caller, &kind, entered, key).await?;
        Ok(format!("/tasks/{}", receipt.id))
    };
    from_form(&site, request, start).await
}

/// `POST /start-several/{kind}`: starts one task per line and redirects to the page of the batch.
pub(crate) async fn post_several(
    State(site): State<Site>,
    Path(kind): Path<String>,
    request: Request,
) -> Response {
    let start = async |caller: &Caller, entered: &[(String, String)], key: Option<&str>| {
        let batch = batch::start(&site.service, caller, &kind, entered, key).await?;
        Ok(format!("/batches/{}", batch.id))
    };
    from_form(&site, request, start).await
}

/// Starts tasks from a form and redirects to their page, or shows the form again.
async fn from_form(
    site: &Site,
    request: Request,
    start: impl AsyncFnOnce(&Caller, &[(String, String)], Option<&str>) -> Result<String, Problem>,
) -> Response {
    let (parts, body) = request.into_parts();
    let path = parts.uri.path().to_owned();
    let entered = match entered::read(site, Request::from_parts(parts.clone(), body)).await {
        Ok(entered) => entered,
        Err((entered, problem)) => {
            let rejected = Rejected { entered, problem };
            return render(site, page(parts, &path), rejected).await;
        }
    };
    match start(&caller(&parts), &entered, key(&entered)).await {
        Ok(path) => see_other(&path),
        Err(problem) => render(site, page(parts, &path), Rejected { entered, problem }).await,
    }
}

/// `POST /tasks/{id}/cancel`: cancels the task and redirects to its page.
pub(crate) async fn post_cancel(
    State(site): State<Site>,
    Path(id): Path<String>,
    parts: Parts,
) -> Response {
    let service = site.service.clone();
    let cancel = async move |caller, task| service.cancel(&caller, task).await.map(drop);
    post(&site, &id, parts, cancel).await
}

/// `POST /tasks/{id}/keep`: extends the task's retention and redirects to its page.
pub(crate) async fn post_keep(
    State(site): State<Site>,
    Path(id): Path<String>,
    parts: Parts,
) -> Response {
    let service = site.service.clone();
    let keep = async move |caller, task| service.keep(&caller, task).await.map(drop);
    post(&site, &id, parts, keep).await
}

async fn post(
    site: &Site,
    id: &str,
    parts: Parts,
    act: impl AsyncFnOnce(Caller, TaskId) -> Result<(), ServiceError>,
) -> Response {
    let path = format!("/tasks/{id}");
    let done = match id.parse::<TaskId>() {
        Ok(task) => act(caller(&parts), task).await,
        Err(_) => return redirect_to(site, parts, &path, Err(Problem::task_not_found())).await,
    };
    let there = match done {
        // Also if the task does not exist (any more): its page reports that.
        Ok(()) | Err(ServiceError::Expired(_)) => Ok(path.clone()),
        Err(error) => Err(error.into()),
    };
    redirect_to(site, parts, &path, there).await
}

/// `POST /tasks/{id}/rerun`: starts a task with the same input and redirects to its page.
pub(crate) async fn post_rerun(
    State(site): State<Site>,
    Path(id): Path<String>,
    request: Request,
) -> Response {
    let (parts, entered) = sent(&site, request).await;
    let entered = match entered {
        Ok(entered) => entered,
        Err(problem) => {
            return redirect_to(&site, parts, &format!("/tasks/{id}"), Err(problem)).await;
        }
    };
    let again = match id.parse::<TaskId>() {
        Ok(task) => site.service.rerun(&caller(&parts), task, key(&entered)).await,
        Err(_) => Ok(None),
    };
    let again = match again {
        // Show the start form, which asks for the secrets that are not stored.
        Err(ServiceError::SecretsNeeded { kind, refusal }) => {
            let form = page(parts, &format!("/start/{kind}?from={id}"));
            let problem = ServiceError::from(refusal).into();
            return render(&site, form, Rejected { entered: Vec::new(), problem }).await;
        }
        again => again.map_err(Problem::from),
    };
    let there = again.and_then(|started| started.ok_or_else(Problem::task_not_found));
    let there = there.map(|started| format!("/tasks/{}", started.receipt.id));
    redirect_to(&site, parts, &format!("/tasks/{id}"), there).await
}

/// Marks an ended session for the page that reports it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Forgotten;

/// `POST /forget`: ends the session of this browser. Responds with a page rather than a redirect,
/// because opening another page would begin the next session.
pub(crate) async fn post_forget(State(site): State<Site>, parts: Parts) -> Response {
    let cookie = end_session(&site.http, &caller(&parts));
    let mut response = render(&site, page(parts, "/forget"), Forgotten).await;
    if let Some(cookie) = cookie {
        response.headers_mut().append(header::SET_COOKIE, cookie);
    }
    response
}

/// The caller who sent a form.
fn caller(parts: &Parts) -> Caller {
    parts.extensions.get::<Caller>().cloned().unwrap_or_default()
}

/// Returns the request's parts and the form values, which are empty if the form is unreadable. A
/// problem if the form was too large or incomplete.
async fn sent(site: &Site, request: Request) -> (Parts, Result<entered::Entered, Problem>) {
    let (parts, body) = request.into_parts();
    let check = parts.extensions.get::<BodyCheck>().cloned();
    let entered = entered::read(site, Request::from_parts(parts.clone(), body)).await;
    match check.and_then(|check| check.problem()) {
        Some(problem) => (parts, Err(problem)),
        None => (parts, Ok(entered.unwrap_or_default())),
    }
}

/// Redirects after an action, or shows the page that the form was on with the problem.
async fn redirect_to(
    site: &Site,
    parts: Parts,
    on: &str,
    there: Result<String, Problem>,
) -> Response {
    match there {
        Ok(there) => see_other(&there),
        Err(problem) => render(site, page(parts, on), Notice(problem)).await,
    }
}

/// Idempotency key of a form.
fn key(entered: &[(String, String)]) -> Option<&str> {
    let key = entered.iter().find(|(name, _)| name == KEY_FIELD);
    key.map(|(_, key)| key.as_str()).filter(|key| !key.is_empty())
}

/// Redirects after a `POST` to a page that can be reloaded.
fn see_other(path: &str) -> Response {
    Redirect::to(path).into_response()
}

/// Request for the page that the form was on.
fn page(mut parts: Parts, path: &str) -> Request {
    parts.headers = HeaderMap::new();
    parts.method = Method::GET;
    // An invalid path becomes `/`.
    parts.uri = path.parse().unwrap_or_default();
    Request::from_parts(parts, Body::empty())
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
