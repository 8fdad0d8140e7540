//! Errors as RFC 9457 problem documents.

use std::collections::BTreeMap;

use axum::{
    Json,
    extract::rejection::{BytesRejection, PathRejection, QueryRejection},
    http::{HeaderValue, Method, StatusCode, Uri, header},
    response::{IntoResponse, Response},
};

use utoipa::{
    IntoResponses,
    openapi::{self, RefOr},
};

use super::{Links, refusal::refuse_call};
use crate::{
    engine::ServiceError,
    read_json::JsonError,
    task::{Problem, ProblemCode},
};

/// Error response with a problem document.
#[derive(Debug)]
pub struct ApiError(pub Problem);

impl ApiError {
    /// Response for a task that does not exist or belongs to somebody else.
    pub fn task_not_found() -> Self {
        Self(Problem::task_not_found())
    }

    pub(super) fn upload_not_found() -> Self {
        Self(Problem::new(404, "Not Found", "Upload not found"))
    }

    /// Response to a query string whose parameters are invalid.
    pub(super) fn query(error: JsonError) -> Self {
        Self::unreadable(&error, "The query string")
    }

    fn unreadable(error: &JsonError, whole: &str) -> Self {
        let mut problem = Problem::new(400, "Bad Request", error.sentence(whole));
        if let Some(field) = error.field_error() {
            problem.errors = vec![field];
        }
        Self(problem)
    }

    /// Response 400 with this detail.
    pub fn bad_request(detail: impl Into<String>) -> Self {
        Self(Problem::new(400, "Bad Request", detail))
    }

    fn of(status: StatusCode, detail: String) -> Self {
        Self(Problem::new(status.as_u16(), status.canonical_reason().unwrap_or("Error"), detail))
    }

    /// Value of `Retry-After`: whole seconds, rounded up.
    pub fn retry_after(&self) -> Option<HeaderValue> {
        self.0.retry_after_ms.map(retry_after)
    }

    /// Status of the response.
    pub fn status(&self) -> StatusCode {
        StatusCode::from_u16(self.0.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
    }
}

/// Converts milliseconds to a value of `Retry-After`: whole seconds, rounded up.
pub(super) fn retry_after(ms: i64) -> HeaderValue {
    HeaderValue::from((ms.max(0) + 999) / 1000)
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        let retry_after = self.retry_after();
        let mut response = (self.status(), Json(coded(self.0))).into_response();
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
        headers.insert(header::CACHE_CONTROL, super::NO_STORE);
        if let Some(retry_after) = retry_after {
            headers.insert(header::RETRY_AFTER, retry_after);
        }
        response
    }
}

/// Completes a problem without a code of its own by that of its status.
fn coded(problem: Problem) -> Problem {
    match problem.code.is_empty() {
        true => {
            let code = ProblemCode::of_status(problem.status);
            problem.with_code(code)
        }
        false => problem,
    }
}

impl From<ServiceError> for ApiError {
    fn from(error: ServiceError) -> Self {
        Self(error.into())
    }
}

impl From<JsonError> for ApiError {
    fn from(error: JsonError) -> Self {
        Self::unreadable(&error, "The body")
    }
}

impl From<BytesRejection> for ApiError {
    fn from(rejection: BytesRejection) -> Self {
        // The guard replaces this if the body was too large or too slow.
        Self::of(rejection.status(), "the body did not come to its end".to_owned())
    }
}

impl From<QueryRejection> for ApiError {
    fn from(_: QueryRejection) -> Self {
        Self::bad_request("The query string cannot be read.")
    }
}

/// A path that contains no valid id names no task.
impl From<PathRejection> for ApiError {
    fn from(_: PathRejection) -> Self {
        Self::task_not_found()
    }
}

/// Error responses of all calls that start something, for the OpenAPI document. Responses for an
/// invalid body or input depend on the call and are not included.
pub struct NotStarted;

/// See [`NotStarted`].
const NOT_STARTED: [(u16, &str); 5] = [
    (401, "Starting needs a session here, or a user who is signed in"),
    (403, "Another site's page asked, or the caller may not do this"),
    (429, "So many of your tasks, or of those from your address, may not wait or be started"),
    (503, "The database does not answer, the server stops, or so many tasks may not wait"),
    (507, "As many bytes are stored as may be, or the disk is full"),
];

impl IntoResponses for NotStarted {
    fn responses() -> BTreeMap<String, RefOr<openapi::Response>> {
        let rows = NOT_STARTED.into_iter().chain([(422, "The key was used for another start")]);
        answers(rows, "application/problem+json", "Problem")
    }
}

/// Builds responses that share a media type and a schema.
fn answers(
    rows: impl Iterator<Item = (u16, &'static str)>,
    media_type: &str,
    schema: &str,
) -> BTreeMap<String, RefOr<openapi::Response>> {
    let answer = |description: &str| {
        let document = openapi::Content::new(Some(openapi::Ref::from_schema_name(schema)));
        let answer = openapi::ResponseBuilder::new().description(description);
        answer.content(media_type, document).into()
    };
    rows.map(|(status, description)| (status.to_string(), answer(description))).collect()
}

/// Maximum number of characters of a path in an error message.
const MAX_PATH_CHARS: usize = 100;

pub(super) fn no_such_call(links: &Links, uri: &Uri, plain: &[&str]) -> Response {
    let path = shown(links, uri);
    let detail = format!("there is no call {path}; see {}", links.openapi());
    let problem = Problem::new(404, "Not Found", detail).with_code(ProblemCode::NoSuchCall);
    refuse_call(uri.path(), problem, plain)
}

pub(super) fn no_such_method(
    method: &Method,
    links: &Links,
    uri: &Uri,
    plain: &[&str],
) -> Response {
    let path = shown(links, uri);
    let detail = format!("{path} does not answer to {method}; see {}", links.openapi());
    refuse_call(uri.path(), Problem::new(405, "Method Not Allowed", detail), plain)
}

/// The requested path, shortened.
fn shown(links: &Links, uri: &Uri) -> String {
    links.prefix().chars().chain(uri.path().chars()).take(MAX_PATH_CHARS).collect()
}
