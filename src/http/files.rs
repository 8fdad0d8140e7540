//! Files that tasks produce, served whole or by range.

use std::ops::Range;

use axum::{
    Json,
    body::Body,
    extract::{FromRequestParts, State},
    http::{HeaderMap, HeaderValue, Method, StatusCode, header, request::Parts},
    response::{IntoResponse, Response},
};
use http_range_header::{StartPosition, SyntacticallyCorrectRange};

use super::{
    ApiError, Links,
    etag::{Known, known},
    extract::{Id, in_path},
    foreign::{self, set},
};
use crate::{
    engine::{Caller, Service, ServiceError, StoredFile},
    task::{FileList, Problem, TaskId},
};

/// Lists the task's files by name. While the task runs, only complete files are listed.
#[utoipa::path(get, path = "/api/v1/tasks/{id}/files", tag = "files", operation_id = "listTaskFiles",
    params(("id" = TaskId, Path, description = "The task")),
    responses(
        (status = 200, body = FileList),
        (status = 404, body = Problem, content_type = "application/problem+json"),
        (status = 410, body = Problem, content_type = "application/problem+json",
            description = "The task has expired; `task` describes what it was"),
        (status = 503, body = Problem, content_type = "application/problem+json")))]
pub(super) async fn list(
    State(service): State<Service>,
    caller: Caller,
    Id(id): Id,
    links: Links,
) -> Result<Json<FileList>, ApiError> {
    let mut files = service.files(&caller, id).await?.ok_or_else(ApiError::task_not_found)?;
    links.fill_in_files(id, &mut files);
    Ok(Json(FileList { files }))
}

/// Task id and file name in the path.
pub(super) struct OneFile(TaskId, String);

impl<S: Send + Sync> FromRequestParts<S> for OneFile {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, ApiError> {
        let id = in_path(parts, state, "id").await.ok_or_else(ApiError::task_not_found)?;
        let name = in_path(parts, state, "name").await.ok_or_else(ApiError::task_not_found)?;
        Ok(Self(id, name))
    }
}

/// Returns one of the task's files with its own media type. Supports a single byte range; a request
/// for several ranges returns the whole file.
#[utoipa::path(get, path = "/api/v1/tasks/{id}/files/{name}", tag = "files", operation_id = "getTaskFile",
    params(
        ("id" = TaskId, Path, description = "The task"),
        ("name" = String, Path, description = "The file's name"),
        ("Range" = Option<String>, Header, description = "`bytes=0-999`: only these"),
        ("If-Range" = Option<String>, Header,
            description = "The range only if the file still has this `ETag`"),
        ("If-None-Match" = Option<String>, Header, description = "The `ETag` last seen")),
    responses(
        (status = 200, description = "The file", content_type = "*/*",
            headers(("ETag" = String, description = "Its SHA-256"),
                ("Accept-Ranges" = String, description = "`bytes`"),
                ("Content-Disposition" = String, description = "Its file name"))),
        (status = 206, description = "The range", content_type = "*/*",
            headers(("ETag" = String, description = "Its SHA-256"),
                ("Content-Range" = String, description = "The range, and the size"),
                ("Content-Disposition" = String, description = "Its file name"))),
        (status = 304, description = "Not modified"),
        (status = 404, body = Problem, content_type = "application/problem+json"),
        (status = 410, body = Problem, content_type = "application/problem+json",
            description = "The task has expired; `task` describes what it was"),
        (status = 416, body = Problem, content_type = "application/problem+json",
            description = "Range not satisfiable",
            headers(("Content-Range" = String, description = "The size: `bytes */1000`"))),
        (status = 503, body = Problem, content_type = "application/problem+json")))]
pub(super) async fn get(
    State(service): State<Service>,
    caller: Caller,
    OneFile(id, name): OneFile,
    method: Method,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    let missing = || ApiError(Problem::new(404, "Not Found", "File not found"));
    let file = service.download_file(&caller, id, &name).await?.ok_or_else(missing)?;
    let etag = format!("\"{}\"", file.sha256());
    let is_known = |tag| tag == Known::Any || tag == Known::Value(file.sha256());
    if known(headers.get_all(header::IF_NONE_MATCH)).any(is_known) {
        return Ok(described(StatusCode::NOT_MODIFIED, &file, &etag, Body::empty()));
    }
    let size = file.size();
    // Only `GET` has ranges.
    let wanted = if method == Method::HEAD { Wanted::All } else { wanted(&headers, &etag, size) };
    let (status, range) = match wanted {
        Wanted::All => (StatusCode::OK, 0..size),
        Wanted::Part(range) => (StatusCode::PARTIAL_CONTENT, range),
        Wanted::Nothing => return Ok(unsatisfiable(size)),
    };
    let body = if method == Method::HEAD {
        Body::empty()
    } else {
        let bytes = file.read(range.clone()).await.map_err(ServiceError::from)?;
        Body::from_stream(bytes)
    };
    let mut response = described(status, &file, &etag, body);
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_LENGTH, HeaderValue::from(range.end - range.start));
    if status == StatusCode::PARTIAL_CONTENT {
        set(
            headers,
            header::CONTENT_RANGE,
            &format!("bytes {}-{}/{size}", range.start, range.end - 1),
        );
    }
    Ok(response)
}

/// Requested bytes.
#[derive(Debug, PartialEq)]
enum Wanted {
    All,
    Part(Range<u64>),
    /// The range lies outside the file.
    Nothing,
}

/// Parses the `Range` header. An invalid range is ignored, as RFC 9110 requires.
fn wanted(headers: &HeaderMap, etag: &str, size: u64) -> Wanted {
    let text = |name| headers.get(name).and_then(|value: &HeaderValue| value.to_str().ok());
    let Some(range) = text(header::RANGE) else { return Wanted::All };
    // Anything but the current tag, including a date, means that the file may have changed.
    if headers.contains_key(header::IF_RANGE) && text(header::IF_RANGE) != Some(etag) {
        return Wanted::All;
    }
    let Ok(ranges) = http_range_header::parse_range_header(range) else { return Wanted::All };
    if ranges.ranges.len() > 1 {
        return Wanted::All;
    }
    // Of an empty file, what begins at its beginning or at its end is all of it.
    if size == 0 {
        let all = |range: &SyntacticallyCorrectRange| match range.start {
            StartPosition::Index(first) => first == 0,
            StartPosition::FromLast(_) => true,
        };
        return if ranges.ranges.iter().all(all) { Wanted::All } else { Wanted::Nothing };
    }
    // A suffix that is longer than the file is all of it.
    if let [SyntacticallyCorrectRange { start: StartPosition::FromLast(last), .. }] = *ranges.ranges
    {
        return Wanted::Part(size.saturating_sub(last)..size);
    }
    match ranges.validate(size).ok().and_then(|ranges| ranges.into_iter().next()) {
        Some(range) => Wanted::Part(*range.start()..*range.end() + 1),
        None => Wanted::Nothing,
    }
}

fn described(status: StatusCode, file: &StoredFile, etag: &str, body: Body) -> Response {
    let mut response = Response::new(body);
    *response.status_mut() = status;
    let headers = response.headers_mut();
    set(headers, header::ETAG, etag);
    set(headers, header::CACHE_CONTROL, "private, no-cache");
    if status == StatusCode::NOT_MODIFIED {
        foreign::confine(headers);
    } else {
        set(headers, header::ACCEPT_RANGES, "bytes");
        foreign::describe(headers, file.media_type(), file.name());
    }
    response
}

fn unsatisfiable(size: u64) -> Response {
    let detail = format!("the file has {size} bytes, and none in that range");
    let mut response = ApiError(Problem::new(416, "Range Not Satisfiable", detail)).into_response();
    set(response.headers_mut(), header::CONTENT_RANGE, &format!("bytes */{size}"));
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_range_is_served_and_anything_odd_is_the_whole_or_nothing() {
        const ETAG: &str = "\"a\"";
        for (range, if_range, expected) in [
            ("bytes=0-4", None, Wanted::Part(0..5)),
            ("bytes=5-", None, Wanted::Part(5..10)),
            ("bytes=-3", None, Wanted::Part(7..10)),
            ("bytes=-10", None, Wanted::Part(0..10)),
            ("bytes=-11", None, Wanted::Part(0..10)),
            ("bytes=-18446744073709551615", None, Wanted::Part(0..10)),
            ("bytes=-0", None, Wanted::All),
            ("bytes=5-100", None, Wanted::Part(5..10)),
            ("bytes=10-", None, Wanted::Nothing),
            ("bytes=5-4", None, Wanted::Nothing),
            ("bytes=0-1,3-4", None, Wanted::All),
            ("lines=0-1", None, Wanted::All),
            ("bytes=x", None, Wanted::All),
            ("bytes=0-4", Some(ETAG), Wanted::Part(0..5)),
            ("bytes=0-4", Some("\"b\""), Wanted::All),
            ("bytes=0-4", Some("W/\"a\""), Wanted::All),
            ("bytes=0-4", Some("Wed, 25 Nov 2026 14:00:00 GMT"), Wanted::All),
            ("bytes=0-18446744073709551615", None, Wanted::Part(0..10)),
        ] {
            let mut headers = HeaderMap::new();
            headers.insert(header::RANGE, HeaderValue::from_static(range));
            if let Some(if_range) = if_range {
                headers.insert(header::IF_RANGE, HeaderValue::from_static(if_range));
            }
            assert_eq!(wanted(&headers, ETAG, 10), expected, "{range} {if_range:?}");
        }
        for (range, expected) in [
            ("bytes=0-", Wanted::All),
            ("bytes=0-99", Wanted::All),
            ("bytes=-5", Wanted::All),
            ("bytes=1-", Wanted::Nothing),
        ] {
            let mut headers = HeaderMap::new();
            headers.insert(header::RANGE, HeaderValue::from_static(range));
            assert_eq!(wanted(&headers, ETAG, 0), expected, "{range} of an empty file");
        }
    }
}
