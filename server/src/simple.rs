//! The simple calls: plain JSON, no headers needed, permanently supported.
//!
//! They report queued as `starting` and cancelling as `running`, and progress in whole percent;
//! only completed tasks report 100.
//!
//! Each call accepts a task id or the subject of a story. A subject names the caller's newest
//! story; see [`Service::newest`].

mod body;
mod responses;

use axum::{
    Json,
    extract::{Path, State, rejection::PathRejection},
    http::header,
    response::{IntoResponse, Response},
};
use milepost::{
    engine::{Caller, ResultState, Service, Task as _},
    http::{ApiError, OpenApiRouter},
    task::{FieldError, Problem, Snapshot, StartReceipt, StartTask, Status, TaskId},
};
use milepost_dataset::Dataset;
use milepost_story::Story;
use serde::Serialize;
use serde_json::{Value, json};
use utoipa::{OpenApi, ToSchema};
use utoipa_axum::routes;

use self::{
    body::Object,
    responses::{PlainNotFound, PlainNotStarted},
};

/// Paths of the calls; their errors are plain JSON.
pub(crate) const PATHS: &[&str] = &["/api/task", "/api/status", "/api/story"];

/// Their part of the OpenAPI document.
#[derive(OpenApi)]
#[openapi(tags((name = "simple", description = "Plain JSON for the smallest clients; stable")))]
struct Document;

pub(crate) fn routes() -> OpenApiRouter<Service> {
    OpenApiRouter::with_openapi(Document::openapi())
        .routes(routes!(start))
        .routes(routes!(status))
        .routes(routes!(task_status))
        .routes(routes!(cancel))
        .routes(routes!(create_story))
        .routes(routes!(story_progress))
}

/// Text in the path. Invalid UTF-8 is answered like an unknown task.
type Name = Result<Path<String>, PathRejection>;

/// Error of a simple call.
#[derive(Serialize, ToSchema)]
struct Detail {
    /// Description of the error.
    detail: String,
}

struct SimpleError(ApiError);

impl<E: Into<ApiError>> From<E> for SimpleError {
    fn from(error: E) -> Self {
        Self(error.into())
    }
}

impl IntoResponse for SimpleError {
    fn into_response(self) -> Response {
        let (status, retry_after) = (self.0.status(), self.0.retry_after());
        let mut response = (status, Json(Detail { detail: sentence(self.0.0) })).into_response();
        if let Some(retry_after) = retry_after {
            response.headers_mut().insert(header::RETRY_AFTER, retry_after);
        }
        response
    }
}

/// Part of the contract; do not change.
const NO_RESEARCH: &str = "Research file not found";

/// Error message, prefixed with the field if exactly one is invalid.
fn sentence(problem: Problem) -> String {
    let detail = problem.detail;
    match problem.errors.as_slice() {
        [FieldError { field, .. }] if detail != NO_RESEARCH => {
            let field = format!("{field}: ");
            if detail.starts_with(&field) { detail } else { field + &detail }
        }
        _ => detail,
    }
}

fn not_found() -> SimpleError {
    SimpleError(ApiError::task_not_found())
}

/// Finds a task by id, then by subject.
async fn find(service: &Service, caller: &Caller, name: &str) -> Result<Snapshot, SimpleError> {
    if let Ok(id) = name.parse::<TaskId>()
        && let Some(snapshot) = service.get(caller, id).await?
    {
        return Ok(snapshot);
    }
    // A start trims the subject, too.
    service.newest(caller, Story::KIND, name.trim()).await?.ok_or_else(not_found)
}

/// Text to profile.
#[derive(ToSchema)]
#[expect(dead_code, reason = "says in the OpenAPI document what the body is")]
struct StartData {
    /// CSV text.
    #[schema(min_length = 1)]
    data: String,
}

/// A started task.
#[derive(Serialize, ToSchema)]
struct SimpleStarted {
    /// Task id; follow the task under `/api/status/{task_id}`.
    task_id: TaskId,
    /// Confirmation of what was started.
    #[serde(skip_serializing_if = "Option::is_none")]
    message: Option<&'static str>,
    /// Present and true if the same work was already under way: `task_id` is that task.
    #[serde(skip_serializing_if = "is_false")]
    existing: bool,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes fields by reference")]
const fn is_false(value: &bool) -> bool {
    !*value
}

async fn start_kind(
    service: &Service,
    caller: &Caller,
    kind: &str,
    input: Value,
) -> Result<StartReceipt, SimpleError> {
    let start = StartTask::new(kind, input);
    Ok(service.start(caller, start, None).await?.receipt)
}

/// Profiles a text as a data set.
#[utoipa::path(post, path = "/api/task/start", tag = "simple", operation_id = "simpleStart", request_body = StartData,
    responses(PlainNotStarted, (status = 200, body = SimpleStarted, links(
            ("simpleStatus" = (operation_id = "simpleStatus",
                parameters(("task_id" = "$response.body#/task_id")))),
            ("simpleTaskStatus" = (operation_id = "simpleTaskStatus",
                parameters(("task_id" = "$response.body#/task_id")))),
            ("simpleCancel" = (operation_id = "simpleCancel",
                parameters(("task_id" = "$response.body#/task_id")))),
            ("getTask" = (operation_id = "getTask",
                parameters(("id" = "$response.body#/task_id")))),
            ("getTaskResult" = (operation_id = "getTaskResult",
                parameters(("id" = "$response.body#/task_id")))),
            ("getTaskLog" = (operation_id = "getTaskLog",
                parameters(("id" = "$response.body#/task_id")))),
            ("cancelTask" = (operation_id = "cancelTask",
                parameters(("id" = "$response.body#/task_id")))),
            ("rerunTask" = (operation_id = "rerunTask",
                parameters(("id" = "$response.body#/task_id")))))),
        (status = 400, body = Detail, description = "The body or the input is invalid")))]
async fn start(
    State(service): State<Service>,
    caller: Caller,
    body: Result<Object, ApiError>,
) -> Result<Json<SimpleStarted>, SimpleError> {
    let data = body?.text("data")?;
    let input = json!({ "data": data });
    let StartReceipt { id, existing, .. } =
        start_kind(&service, &caller, Dataset::KIND, input).await?;
    Ok(Json(SimpleStarted { task_id: id, message: None, existing }))
}

/// Status of a task; absent fields are omitted.
#[derive(Serialize, ToSchema)]
struct SimpleStatus {
    /// `starting`, `running`, `completed`, `error` or `cancelled`.
    status: &'static str,
    /// Progress in whole percent.
    progress: u32,
    /// Name of the current stage.
    #[serde(skip_serializing_if = "Option::is_none")]
    current_step: Option<String>,
    /// Number of the current stage, from 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    step: Option<u32>,
    /// Number of stages.
    #[serde(skip_serializing_if = "Option::is_none")]
    total_steps: Option<u32>,
    /// Message that the task reports.
    #[serde(skip_serializing_if = "Option::is_none")]
    message: Option<String>,
    /// The result: JSON as is, text as a string.
    #[serde(skip_serializing_if = "Option::is_none")]
    result: Option<Value>,
    /// What is finished so far of a running task, as text.
    #[serde(skip_serializing_if = "Option::is_none")]
    partial: Option<String>,
    /// Why the task failed.
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<String>,
}

fn word(status: Status) -> &'static str {
    match status {
        Status::Queued => "starting",
        Status::Cancelling => "running",
        other => other.as_str(),
    }
}

fn whole_percent(snapshot: &Snapshot) -> u32 {
    if snapshot.status == Status::Completed {
        return 100;
    }
    snapshot.progress.unwrap_or(0.0).clamp(0.0, 99.0) as u32
}

async fn simple_status(
    service: &Service,
    caller: &Caller,
    name: Name,
) -> Result<Json<SimpleStatus>, SimpleError> {
    let snapshot = find(service, caller, &name?.0).await?;
    let result = match snapshot.status {
        Status::Completed => service.result(caller, snapshot.id).await?.and_then(plain_result),
        _ => None,
    };
    let partial = match snapshot.status.is_terminal() {
        true => None,
        false => service.preview(caller, snapshot.id, 0).await?.flatten(),
    };
    Ok(Json(SimpleStatus {
        status: word(snapshot.status),
        progress: whole_percent(&snapshot),
        current_step: snapshot.current_step,
        step: snapshot.step,
        total_steps: snapshot.total_steps,
        message: snapshot.message,
        result,
        partial: partial.map(|preview| preview.text).filter(|text| !text.is_empty()),
        error: snapshot.error.map(|error| error.message),
    }))
}

/// The bytes without a UTF-8 byte order mark.
fn without_mark(bytes: &[u8]) -> &[u8] {
    bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes)
}

/// JSON as is, text as a string; other media types are omitted.
fn plain_result(state: ResultState) -> Option<Value> {
    let ResultState::Ready(result) = state else { return None };
    let essence = result.media_type.split(';').next().unwrap_or_default().trim();
    if essence == "application/json" || essence.ends_with("+json") {
        return serde_json::from_slice(without_mark(&result.bytes)).ok();
    }
    let is_text = essence.starts_with("text/");
    is_text
        .then(|| Value::String(String::from_utf8_lossy(without_mark(&result.bytes)).into_owned()))
}

/// Returns the status of a task.
#[utoipa::path(get, path = "/api/status/{task_id}", tag = "simple", operation_id = "simpleStatus",
    params(("task_id" = String, Path, description = "The task's id, or the subject of a story")),
    responses(PlainNotFound, (status = 200, body = SimpleStatus)))]
async fn status(
    State(service): State<Service>,
    caller: Caller,
    name: Name,
) -> Result<Json<SimpleStatus>, SimpleError> {
    simple_status(&service, &caller, name).await
}

/// Alias of `/api/status/{task_id}`.
#[utoipa::path(get, path = "/api/task/status/{task_id}", tag = "simple", operation_id = "simpleTaskStatus",
    params(("task_id" = String, Path, description = "The task's id, or the subject of a story")),
    responses(PlainNotFound, (status = 200, body = SimpleStatus)))]
async fn task_status(
    State(service): State<Service>,
    caller: Caller,
    name: Name,
) -> Result<Json<SimpleStatus>, SimpleError> {
    simple_status(&service, &caller, name).await
}

/// Outcome of a cancel.
#[derive(Serialize, ToSchema)]
struct SimpleCancelled {
    /// `cancelled`, or the final status if the task had already ended.
    status: &'static str,
}

/// Cancels a task.
#[utoipa::path(delete, path = "/api/task/{task_id}/cancel", tag = "simple", operation_id = "simpleCancel",
    params(("task_id" = String, Path, description = "The task's id, or the subject of a story")),
    responses(PlainNotFound, (status = 200, body = SimpleCancelled)))]
async fn cancel(
    State(service): State<Service>,
    caller: Caller,
    name: Name,
) -> Result<Json<SimpleCancelled>, SimpleError> {
    let id = find(&service, &caller, &name?.0).await?.id;
    let cancelled = service.cancel(&caller, id).await?.ok_or_else(not_found)?;
    let status = if cancelled.accepted { "cancelled" } else { word(cancelled.snapshot.status) };
    Ok(Json(SimpleCancelled { status }))
}

/// Story to write.
#[derive(ToSchema)]
#[expect(dead_code, reason = "says in the OpenAPI document what the body is")]
struct CreateStory {
    /// Names the folder of the research file.
    #[schema(min_length = 1, max_length = 100)]
    subject: String,
    /// The protagonist.
    #[schema(min_length = 1, max_length = 100)]
    player: String,
}

/// Starts a story.
#[utoipa::path(post, path = "/api/story/create", tag = "simple", operation_id = "simpleCreateStory", request_body = CreateStory,
    responses(PlainNotStarted, (status = 200, body = SimpleStarted),
        (status = 400, body = Detail, description = "The body or the input is invalid")))]
async fn create_story(
    State(service): State<Service>,
    caller: Caller,
    body: Result<Object, ApiError>,
) -> Result<Json<SimpleStarted>, SimpleError> {
    let mut body = body?;
    let (subject, player) = (body.text("subject")?, body.text("player")?);
    let input = json!({ "subject": subject, "player": player });
    let StartReceipt { id, existing, .. } =
        start_kind(&service, &caller, Story::KIND, input).await?;
    Ok(Json(SimpleStarted { task_id: id, message: Some("Story creation started"), existing }))
}

/// Progress of a story.
#[derive(Serialize, ToSchema)]
struct StoryProgress {
    /// `starting`, `running`, `completed`, `error` or `cancelled`.
    status: &'static str,
    /// Current activity.
    message: String,
    /// Progress in whole percent.
    progress: u32,
}

/// Returns the progress of a story by its id or subject. A subject names the caller's newest story;
/// callers without a session see stories started without one from the same address.
#[utoipa::path(get, path = "/api/story/progress/{task_id}", tag = "simple", operation_id = "simpleStoryProgress",
    params(("task_id" = String, Path, description = "The task's id, or the story's subject")),
    responses(PlainNotFound, (status = 200, body = StoryProgress)))]
async fn story_progress(
    State(service): State<Service>,
    caller: Caller,
    name: Name,
) -> Result<Json<StoryProgress>, SimpleError> {
    let snapshot = find(&service, &caller, &name?.0).await?;
    let (status, progress) = (word(snapshot.status), whole_percent(&snapshot));
    Ok(Json(StoryProgress { status, message: in_words(snapshot), progress }))
}

/// Current activity; for an ended story, how it ended.
fn in_words(snapshot: Snapshot) -> String {
    let now = |otherwise: &str| {
        let now = snapshot.message.clone().or_else(|| snapshot.current_step.clone());
        now.unwrap_or_else(|| otherwise.to_owned())
    };
    let ended = match snapshot.status {
        Status::Queued => return now("Story creation waits for its turn"),
        Status::Running | Status::Unknown => return now("Story creation runs"),
        Status::Cancelling => "Story creation is being cancelled",
        Status::Completed => "Story creation completed",
        Status::Error => "Story creation failed",
        Status::Cancelled => "Story creation was cancelled",
    };
    let more = match snapshot.status {
        Status::Completed => snapshot.message,
        Status::Error => snapshot.error.map(|error| error.message),
        _ => None,
    };
    more.map_or_else(|| ended.to_owned(), |more| format!("{ended}: {more}"))
}

#[cfg(test)]
mod tests;
