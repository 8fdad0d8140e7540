//! What the pages' forms post to, so that the whole loop works without a script.

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
    task::{FieldError, Problem, StartReceipt, StartTask, TaskId},
};

use crate::{
    api::KEY_FIELD,
    schema,
    serve::{Site, render},
};

/// A start form that could not be taken: what was entered, and what is wrong with it.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Rejected {
    /// What was entered.
    pub(crate) entered: Vec<(String, String)>,
    /// What is wrong.
    pub(crate) problem: Problem,
}

/// A wish to cancel, or to keep, that could not be taken.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Notice(pub(crate) Problem);

/// Starts a task from what was entered into its form.
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
        // The same form, brought back and filled in anew: that is another start.
        Err(ServiceError::KeyReused) => service.start(caller, start, other.as_deref()).await,
        started => started,
    };
    Ok(started?.receipt)
}

/// The key of another start from the same form. The same for the same input, so that a double click
/// is one start here, too.
fn other_key(key: &str, start: &StartTask) -> String {
    let mut hasher = DefaultHasher::new();
    (key, &start.kind, start.input.to_string()).hash(&mut hasher);
    format!("form-{:016x}", hasher.finish())
}

/// The answer where there is no such kind.
pub(crate) fn no_such_kind(kind: &str) -> Problem {
    let word: String = kind.chars().take(50).collect();
    Problem::new(404, "Not Found", format!("No kind of task is called “{word}”."))
}

fn not_as_it_should_be(errors: Vec<FieldError>) -> Problem {
    let mut problem = Problem::new(400, "Bad Request", "Some fields are missing or invalid.");
    problem.errors = errors;
    problem
}

/// `POST /start/{kind}`: starts a task and leads to its page, or shows the form again.
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

/// `POST /start-several/{kind}`: starts one task a line and leads to the page of all of them.
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

/// Starts what a form says and leads to its page, or shows the form again.
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

/// `POST /tasks/{id}/cancel`: asks for a cancel and leads back to the task's page.
pub(crate) async fn post_cancel(
    State(site): State<Site>,
    Path(id): Path<String>,
    parts: Parts,
) -> Response {
    let service = site.service.clone();
    let cancel = async move |caller, task| service.cancel(&caller, task).await.map(drop);
    post(&site, &id, parts, cancel).await
}

/// `POST /tasks/{id}/keep`: keeps the task longer and leads back to its page.
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
        // Also where there is no such task (any more): its page says so.
        Ok(()) | Err(ServiceError::Expired(_)) => Ok(path.clone()),
        Err(error) => Err(error.into()),
    };
    redirect_to(site, parts, &path, there).await
}

/// `POST /tasks/{id}/rerun`: starts a task with the same input and leads to its page.
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
        // Its form asks for what is not kept.
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

/// The session that was ended: its page says so.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Forgotten;

/// `POST /forget`: ends the session of this browser. The answer is a page by itself: one that the
/// browser opened after it would begin the next session.
pub(crate) async fn post_forget(State(site): State<Site>, parts: Parts) -> Response {
    let cookie = end_session(&site.http, &caller(&parts));
    let mut response = render(&site, page(parts, "/forget"), Forgotten).await;
    if let Some(cookie) = cookie {
        response.headers_mut().append(header::SET_COOKIE, cookie);
    }
    response
}

/// Who has sent a form.
fn caller(parts: &Parts) -> Caller {
    parts.extensions.get::<Caller>().cloned().unwrap_or_default()
}

/// The parts of a request and what its form says; nothing, where it says nothing that can be read. A
/// problem where the form was too large or did not come.
async fn sent(site: &Site, request: Request) -> (Parts, Result<entered::Entered, Problem>) {
    let (parts, body) = request.into_parts();
    let check = parts.extensions.get::<BodyCheck>().cloned();
    let entered = entered::read(site, Request::from_parts(parts.clone(), body)).await;
    match check.and_then(|check| check.problem()) {
        Some(problem) => (parts, Err(problem)),
        None => (parts, Ok(entered.unwrap_or_default())),
    }
}

/// Leads to where a button's wish was carried out, or shows the page that it is on with what was wrong.
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

/// The key that makes two sends of one form one start.
fn key(entered: &[(String, String)]) -> Option<&str> {
    let key = entered.iter().find(|(name, _)| name == KEY_FIELD);
    key.map(|(_, key)| key.as_str()).filter(|key| !key.is_empty())
}

/// After a post the browser gets a page that it may load again.
fn see_other(path: &str) -> Response {
    Redirect::to(path).into_response()
}

/// The request for the page that the form was on.
fn page(mut parts: Parts, path: &str) -> Request {
    parts.headers = HeaderMap::new();
    parts.method = Method::GET;
    // A path that cannot be one is none of ours: its page says that there is nothing.
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
