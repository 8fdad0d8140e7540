//! Task logs: incremental as JSON, or complete as a text file.

use axum::{
    Json,
    body::{Body, Bytes},
    extract::State,
    http::{HeaderMap, HeaderValue, header},
    response::{IntoResponse, Response},
};
use futures_util::stream;
use serde::Deserialize;
use utoipa::{IntoParams, ToSchema};

use super::{
    ApiError,
    extract::{Id, Params},
    foreign,
};
use crate::{
    engine::{Caller, Service, ServiceError},
    task::{LogLine, LogPage, Problem, TaskId, plain},
};

/// Parameters of a log request.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(super) struct LogParams {
    /// `next` of the part received before; 0 = from the beginning.
    #[serde(default)]
    after: i64,
    /// Only lines that contain this text, ignoring case: 1 to 200 characters by default. Lines that
    /// do not match are not counted in `left_out`.
    contains: Option<String>,
    /// `text`: the complete log as a text file, as with `Accept: text/plain`.
    #[param(inline)]
    format: Option<LogFormat>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(super) enum LogFormat {
    Json,
    Text,
}

/// Returns the task's log, oldest line first. JSON: lines after `after`, by default at most 1,000,
/// and `next` to read on; `left_out` counts the lines missing before one. Text: all lines after it
/// with time and stream. Both without escape sequences.
#[utoipa::path(get, path = "/api/v1/tasks/{id}/log", tag = "tasks", operation_id = "getTaskLog",
    params(("id" = TaskId, Path, description = "The task"), LogParams),
    responses(
        (status = 200, content(
            (LogPage = "application/json"),
            (String = "text/plain"))),
        (status = 400, body = Problem, content_type = "application/problem+json"),
        (status = 404, body = Problem, content_type = "application/problem+json"),
        (status = 410, body = Problem, content_type = "application/problem+json",
            description = "The task has expired; `task` describes what it was"),
        (status = 503, body = Problem, content_type = "application/problem+json")))]
pub(super) async fn log(
    State(service): State<Service>,
    caller: Caller,
    Id(id): Id,
    headers: HeaderMap,
    Params(params): Params<LogParams>,
) -> Result<Response, ApiError> {
    let source = Source { service, caller, id, contains: params.contains };
    let after = params.after;
    let lines = source.read(after).await?.ok_or_else(ApiError::task_not_found)?;
    let accept = headers.get(header::ACCEPT).and_then(|accept| accept.to_str().ok());
    let text = accept.is_some_and(|accept| accept.trim_start().starts_with("text/plain"));
    let format = params.format.unwrap_or(if text { LogFormat::Text } else { LogFormat::Json });
    Ok(match format {
        LogFormat::Json => {
            let plainly = |line: LogLine| LogLine { text: plain(&line.text), ..line };
            let lines: Vec<_> = lines.into_iter().map(plainly).collect();
            let next = lines.last().map_or(after, |last| last.seq);
            ([(header::VARY, "accept")], Json(LogPage { lines, next })).into_response()
        }
        LogFormat::Text => as_text(source, lines),
    })
}

/// Source of log lines, read in pages.
struct Source {
    service: Service,
    caller: Caller,
    id: TaskId,
    contains: Option<String>,
}

impl Source {
    async fn read(&self, after: i64) -> Result<Option<Vec<LogLine>>, ServiceError> {
        let Self { service, caller, id, contains } = self;
        match contains {
            Some(text) => service.log_with(caller, *id, after, text).await,
            None => service.log(caller, *id, after).await,
        }
    }
}

/// Streams the log as text, one page in memory at a time.
fn as_text(source: Source, first: Vec<LogLine>) -> Response {
    let id = source.id;
    let pieces = stream::unfold((source, Some(first)), |(source, lines)| async move {
        let lines = lines?;
        let text = lines.iter().map(|line| line.to_text(plain)).collect::<String>();
        let next = match lines.last() {
            None => None,
            // If the task was deleted in the meantime, the file ends; an error aborts the response.
            Some(last) => match source.read(last.seq).await {
                Ok(next) => next.filter(|next| !next.is_empty()),
                Err(error) => {
                    tracing::warn!(task.id = %source.id, %error, "a log could not be read on");
                    let broken = std::io::Error::other("the log breaks off");
                    return Some((Err(broken), (source, None)));
                }
            },
        };
        Some((Ok(Bytes::from(text)), (source, next)))
    });
    let mut response = Response::new(Body::from_stream(pieces));
    let headers = response.headers_mut();
    headers.insert(header::VARY, HeaderValue::from_static("accept"));
    foreign::describe(headers, "text/plain; charset=utf-8", &format!("{id}.log"));
    response
}
