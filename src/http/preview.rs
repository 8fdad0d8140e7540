//! The preview of a running task.

use axum::{
    Json,
    extract::State,
    http::{HeaderMap, StatusCode, header},
    response::{IntoResponse, Response},
};
use serde::Deserialize;
use utoipa::IntoParams;

use super::{
    ApiError,
    etag::{Known, known},
    extract::{Id, Params},
};
use crate::{
    engine::{Caller, Service},
    task::{Preview, Problem, TaskId},
};

/// Parameters of a preview request.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(super) struct PreviewParams {
    /// `version` of the preview received before: only what changed since. 0 = the whole.
    #[serde(default)]
    after: i64,
    /// Only the text from this byte on, for a preview that is known to have grown only.
    #[serde(default)]
    offset: i64,
}

/// Returns what is finished so far of a running task. 204: there is no preview, nothing of it has changed
/// after `after`, or the task has ended and its result takes the preview's place. With `If-None-Match`:
/// 304 if the preview is the same.
#[utoipa::path(get, path = "/api/v1/tasks/{id}/preview", tag = "tasks", operation_id = "getTaskPreview",
    params(("id" = TaskId, Path, description = "The task"), PreviewParams,
        ("If-None-Match" = Option<String>, Header, description = "The ETag of a response to this request")),
    responses(
        (status = 200, body = Preview, headers(("ETag" = String, description = "The version"))),
        (status = 204, description = "No preview, or no change of it"),
        (status = 304, description = "The preview is the same"),
        (status = 400, body = Problem, content_type = "application/problem+json"),
        (status = 404, body = Problem, content_type = "application/problem+json"),
        (status = 410, body = Problem, content_type = "application/problem+json",
            description = "The task has expired; `task` describes what it was"),
        (status = 503, body = Problem, content_type = "application/problem+json")))]
pub(super) async fn preview(
    State(service): State<Service>,
    caller: Caller,
    Id(id): Id,
    headers: HeaderMap,
    Params(params): Params<PreviewParams>,
) -> Result<Response, ApiError> {
    let found = service.preview(&caller, id, params.after).await?;
    let Some(preview) = found.ok_or_else(ApiError::task_not_found)? else {
        return Ok(StatusCode::NO_CONTENT.into_response());
    };
    let version = preview.version.to_string();
    let tag = [(header::ETAG, format!("\"{version}\""))];
    let same = |tag| matches!(tag, Known::Any) || tag == Known::Value(version.as_str());
    if known(headers.get_all(header::IF_NONE_MATCH)).any(same) {
        return Ok((StatusCode::NOT_MODIFIED, tag).into_response());
    }
    Ok((tag, Json(preview.from(params.offset))).into_response())
}
