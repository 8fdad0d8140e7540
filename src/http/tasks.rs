//! `/api/v1/tasks`: start, follow, list, cancel, collect.

use std::fmt::Write;

use axum::{
    Json,
    body::Body,
    extract::State,
    http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use bytes::BytesMut;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::{
    ApiError, Links, NO_STORE,
    error::{NotStarted, retry_after},
    etag::{Known, known},
    extract::{Body as JsonBody, Id, IfNoneMatch, Params},
    foreign,
    prefer::{self, Prefer},
};
use crate::{
    engine::{Caller, ListFilter, ResultState, Service, ServiceError, Started, WaitFor},
    task::{
        FieldError, Problem, ProblemCode, Snapshot, StartTask, StartedTask, Status, TaskId,
        TaskList,
    },
};

const IDEMPOTENCY_KEY: HeaderName = HeaderName::from_static("idempotency-key");
const OPERATION_LOCATION: HeaderName = HeaderName::from_static("operation-location");

/// Queues a task. Repeating the request with the same `Idempotency-Key` returns the same task.
#[utoipa::path(post, path = "/api/v1/tasks", tag = "tasks", operation_id = "startTask",
    params(
        ("Idempotency-Key" = Option<String>, Header,
            description = "1 to 255 bytes; makes a repeated start safe"),
        ("Prefer" = Option<String>, Header,
            description = "`wait=20`: answer once the task has ended, or after so many seconds")),
    request_body = StartTask,
    responses(NotStarted,
        (status = 202, body = StartedTask, description = "Queued, or already queued or running"),
        (status = 400, body = Problem, content_type = "application/problem+json"),
        (status = 413, body = Problem, content_type = "application/problem+json"),
        (status = 415, body = Problem, content_type = "application/problem+json")))]
pub(super) async fn start(
    State(service): State<Service>,
    caller: Caller,
    prefer: Prefer,
    links: Links,
    headers: HeaderMap,
    JsonBody(start): JsonBody<StartTask>,
) -> Result<Response, ApiError> {
    let started = service.start(&caller, start, idempotency_key(&headers)?).await?;
    Ok(answer_start(&service, &caller, started, prefer, &links).await?)
}

/// Waits for the end if the caller prefers that, and answers a start.
pub(super) async fn answer_start(
    service: &Service,
    caller: &Caller,
    mut started: Started,
    prefer: Prefer,
    links: &Links,
) -> Result<Response, ServiceError> {
    let id = started.receipt.id;
    let waited = prefer.end_of(service, caller, id).await?;
    if waited.is_some()
        && let Some(snapshot) = service.get(caller, id).await?
    {
        started.snapshot = snapshot;
    }
    let mut response = started_response(started, links);
    prefer::applied(&mut response, waited);
    Ok(started_at(response, &links.task(id)))
}

fn started_response(started: Started, links: &Links) -> Response {
    let Started { receipt, mut snapshot } = started;
    links.fill_in([&mut snapshot]);
    let body = StartedTask { existing: receipt.existing, snapshot };
    described(StatusCode::ACCEPTED, &body.snapshot, &body)
}

/// When to poll again; `None` for an ended task.
fn after_ms(snapshot: &Snapshot) -> Option<i64> {
    (!snapshot.status.is_terminal()).then_some(snapshot.poll_after_ms)
}

/// Idempotency key of a start.
pub(super) fn idempotency_key(headers: &HeaderMap) -> Result<Option<&str>, ApiError> {
    let key = headers.get(IDEMPOTENCY_KEY).map(HeaderValue::to_str).transpose();
    key.map_err(|_| ApiError::bad_request("an Idempotency-Key is visible ASCII"))
}

/// Adds the location of a started task and when to poll it.
pub(super) fn started_at(mut response: Response, path: &str) -> Response {
    let headers = response.headers_mut();
    if let Ok(path) = HeaderValue::from_str(path) {
        headers.insert(header::LOCATION, path.clone());
        headers.insert(OPERATION_LOCATION, path);
    }
    response
}

/// Snapshot with its version as `ETag` and, while unfinished, `Retry-After`.
pub(super) fn snapshot_response(
    status: StatusCode,
    mut snapshot: Snapshot,
    links: &Links,
) -> Response {
    links.fill_in([&mut snapshot]);
    described(status, &snapshot, &snapshot)
}

/// A body that contains this snapshot, with the snapshot's headers.
fn described(status: StatusCode, snapshot: &Snapshot, body: &impl Serialize) -> Response {
    // Capacity for a whole snapshot: this is the most frequent response.
    let mut json = Vec::with_capacity(1_536);
    if let Err(error) = serde_json::to_writer(&mut json, body) {
        tracing::error!(task.id = %snapshot.id, %error, "a snapshot is no JSON");
        return ApiError(Problem::new(
            500,
            "Internal Server Error",
            "Something is wrong on the server.",
        ))
        .into_response();
    }
    let mut response = paced(status, json.into(), snapshot.version, after_ms(snapshot));
    let json = HeaderValue::from_static("application/json");
    response.headers_mut().insert(header::CONTENT_TYPE, json);
    response
}

fn not_modified(version: i64, poll_after_ms: Option<i64>) -> Response {
    paced(StatusCode::NOT_MODIFIED, Body::empty(), version, poll_after_ms)
}

/// Writes into the response's own headers; moving a prepared map into them would double the cost.
fn paced(status: StatusCode, body: Body, version: i64, poll_after_ms: Option<i64>) -> Response {
    let mut response = Response::new(body);
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(header::CACHE_CONTROL, NO_STORE);
    // Up to 20 characters of a number, `W/` and two quotes.
    let mut etag = BytesMut::with_capacity(24);
    if write!(etag, "W/\"{version}\"").is_ok()
        && let Ok(etag) = HeaderValue::from_maybe_shared(etag.freeze())
    {
        headers.insert(header::ETAG, etag);
    }
    if let Some(after_ms) = poll_after_ms {
        headers.insert(header::RETRY_AFTER, retry_after(after_ms));
    }
    response
}

/// Versions in `If-None-Match`.
fn known_versions(lists: &[HeaderValue]) -> impl Iterator<Item = i64> {
    known(lists).filter_map(|tag| match tag {
        Known::Value(version) => version.parse().ok(),
        Known::Any => None,
    })
}

/// Returns the current state of a task.
#[utoipa::path(get, path = "/api/v1/tasks/{id}", tag = "tasks", operation_id = "getTask",
    params(
        ("id" = TaskId, Path, description = "The task"),
        ("If-None-Match" = Option<String>, Header, description = "The `ETag` last seen"),
        ("Prefer" = Option<String>, Header,
            description = "`wait=20`: hold the request until there is something newer than that \
                `ETag` (without one, than now), or for so many seconds; with `; until=end`, until \
                the task has ended")),
    responses(
        (status = 200, body = Snapshot),
        (status = 304, description = "Not modified since that `ETag`"),
        (status = 404, body = Problem, content_type = "application/problem+json"),
        (status = 410, body = Problem, content_type = "application/problem+json",
            description = "The task has expired; `task` describes what it was"),
        (status = 503, body = Problem, content_type = "application/problem+json")))]
pub(super) async fn get(
    State(service): State<Service>,
    caller: Caller,
    Id(id): Id,
    prefer: Prefer,
    IfNoneMatch(lists): IfNoneMatch,
    links: Links,
) -> Result<Response, ApiError> {
    let Some(longest) = prefer.wait else {
        return now(&service, &caller, id, &lists, &links).await;
    };
    let wait_for = match prefer.until_end {
        true => WaitFor::End,
        false => WaitFor::News(known_versions(&lists).next()),
    };
    let waited = service.wait(&caller, id, wait_for, longest).await?;
    let mut response = now(&service, &caller, id, &lists, &links).await?;
    prefer::applied(&mut response, waited);
    Ok(response)
}

/// Current state of the task, or 304 if it is unchanged.
async fn now(
    service: &Service,
    caller: &Caller,
    id: TaskId,
    lists: &[HeaderValue],
    links: &Links,
) -> Result<Response, ApiError> {
    for version in known_versions(lists) {
        if let Some(after_ms) = service.unchanged(caller, id, version) {
            return Ok(not_modified(version, Some(after_ms)));
        }
    }
    let mut snapshot = service.get(caller, id).await?.ok_or_else(ApiError::task_not_found)?;
    for version in known_versions(lists) {
        Service::settle(&mut snapshot, version);
    }
    let version = snapshot.version;
    let is_any = || known(lists).any(|tag| tag == Known::Any);
    if known_versions(lists).any(|known| known == version) || is_any() {
        return Ok(not_modified(version, after_ms(&snapshot)));
    }
    Ok(snapshot_response(StatusCode::OK, snapshot, links))
}

/// The statuses by which a list can be filtered, for the OpenAPI document.
#[derive(ToSchema)]
#[schema(rename_all = "snake_case")]
#[expect(dead_code, reason = "describes the parameter in the OpenAPI document")]
pub(super) enum ListedStatus {
    Queued,
    Running,
    Cancelling,
    Completed,
    Error,
    Cancelled,
}

/// Filter of a list.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(super) struct ListParams {
    /// Only tasks with this status.
    #[param(value_type = Option<ListedStatus>, inline)]
    status: Option<String>,
    /// Only tasks of this kind.
    kind: Option<String>,
    /// Only tasks whose title contains this text.
    q: Option<String>,
    /// Only tasks with this tag.
    tag: Option<String>,
    /// `next_cursor` of the previous page.
    cursor: Option<String>,
    /// Tasks per page, reduced to 1 to 200 by default. Default: 50.
    limit: Option<u32>,
}

/// Lists the caller's tasks, newest first.
#[utoipa::path(get, path = "/api/v1/tasks", tag = "tasks", operation_id = "listTasks",
    params(ListParams),
    responses(
        (status = 200, body = TaskList),
        (status = 400, body = Problem, content_type = "application/problem+json"),
        (status = 503, body = Problem, content_type = "application/problem+json")))]
pub(super) async fn list(
    State(service): State<Service>,
    caller: Caller,
    links: Links,
    Params(params): Params<ListParams>,
) -> Result<Json<TaskList>, ApiError> {
    let status = params.status.as_deref().map(read_status).transpose()?;
    let ListParams { kind, q, tag, cursor, limit, .. } = params;
    let filter = ListFilter { status, kind, q, tag, cursor, limit };
    let mut list = service.list(&caller, &filter).await?;
    links.fill_in(&mut list.tasks);
    Ok(Json(list))
}

pub(super) fn read_status(word: &str) -> Result<Status, ApiError> {
    Status::from_word(word).ok_or_else(|| {
        let detail =
            "status is one of queued, running, cancelling, completed, error, cancelled".to_owned();
        let mut problem = Problem::new(400, "Bad Request", detail.clone());
        problem.errors = vec![FieldError { field: "status".to_owned(), detail }];
        ApiError(problem)
    })
}

/// Cancels a task. Idempotent.
#[utoipa::path(post, path = "/api/v1/tasks/{id}/cancel", tag = "tasks", operation_id = "cancelTask",
    params(
        ("id" = TaskId, Path, description = "The task"),
        ("Prefer" = Option<String>, Header,
            description = "`wait=20`: answer once the task has ended, or after so many seconds")),
    responses(
        (status = 202, body = Snapshot, description = "Cancellation requested, or cancelled"),
        (status = 200, body = Snapshot, description = "The task had already ended; its final state"),
        (status = 403, body = Problem, content_type = "application/problem+json"),
        (status = 404, body = Problem, content_type = "application/problem+json"),
        (status = 410, body = Problem, content_type = "application/problem+json",
            description = "The task has expired; `task` describes what it was"),
        (status = 503, body = Problem, content_type = "application/problem+json")))]
pub(super) async fn cancel(
    State(service): State<Service>,
    caller: Caller,
    Id(id): Id,
    prefer: Prefer,
    links: Links,
) -> Result<Response, ApiError> {
    let mut cancelled = service.cancel(&caller, id).await?.ok_or_else(ApiError::task_not_found)?;
    let status = if cancelled.accepted { StatusCode::ACCEPTED } else { StatusCode::OK };
    let waited = prefer.end_of(&service, &caller, id).await?;
    if waited.is_some()
        && let Some(snapshot) = service.get(&caller, id).await?
    {
        cancelled.snapshot = snapshot;
    }
    let mut response = snapshot_response(status, cancelled.snapshot, &links);
    prefer::applied(&mut response, waited);
    Ok(response)
}

/// Returns the task's result with its own media type.
#[utoipa::path(get, path = "/api/v1/tasks/{id}/result", tag = "tasks", operation_id = "getTaskResult",
    params(
        ("id" = TaskId, Path, description = "The task"),
        ("Prefer" = Option<String>, Header,
            description = "`wait=20`: answer once the task has ended, or after so many seconds")),
    responses(
        (status = 200, description = "The result", content_type = "*/*",
            headers(("Content-Disposition" = String, description = "Its file name"),
                ("Content-Security-Policy" = String, description = "Runs nothing"))),
        (status = 404, body = Problem, content_type = "application/problem+json"),
        (status = 410, body = Problem, content_type = "application/problem+json",
            description = "The task has expired; `task` describes what it was"),
        (status = 409, body = Problem, content_type = "application/problem+json",
            description = "Not finished, or ended without a result"),
        (status = 503, body = Problem, content_type = "application/problem+json")))]
pub(super) async fn result(
    State(service): State<Service>,
    caller: Caller,
    Id(id): Id,
    prefer: Prefer,
) -> Result<Response, ApiError> {
    let waited = prefer.end_of(&service, &caller, id).await?;
    match service.download_result(&caller, id).await?.ok_or_else(ApiError::task_not_found)? {
        ResultState::Ready(result) => {
            let mut response = Response::new(Body::from(result.bytes));
            foreign::describe(response.headers_mut(), &result.media_type, &result.file_name);
            prefer::applied(&mut response, waited);
            Ok(response)
        }
        ResultState::None(status) => {
            let detail = match status.is_terminal() {
                true => format!("the task ended as `{status}` and left no result"),
                false => format!("the task is `{status}`; its result comes when it is completed"),
            };
            let problem = Problem::new(409, "Conflict", detail);
            Err(ApiError(problem.with_code(ProblemCode::NoResult)))
        }
    }
}
