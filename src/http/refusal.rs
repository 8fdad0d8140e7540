//! Responses given before a call or page is reached, each in the format of its reader.

use axum::{
    Json,
    http::{HeaderValue, header},
    response::{Html, IntoResponse, Response},
};

use super::ApiError;
use crate::{html::escape, task::Problem};

/// Reader of a response, derived from the requested path.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Reader {
    /// API client, server function or monitor: a problem document.
    Program,
    /// Client of plain calls: `{"detail": "…"}`.
    PlainClient,
    /// Person with a browser: a page.
    Person,
}

impl Reader {
    /// `plain`: see [`HttpOptions::plain_error_paths`](super::HttpOptions::plain_error_paths).
    pub(super) fn of(path: &str, plain: &[&str]) -> Self {
        let below = |root: &str| {
            path.strip_prefix(root).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
        };
        match path {
            _ if plain.iter().any(|root| below(root)) => Self::PlainClient,
            "/healthz" | "/readyz" | "/metrics" => Self::Program,
            _ if below("/api") => Self::Program,
            _ => Self::Person,
        }
    }
}

/// Response to a refused request for this path, in the format of its reader: a problem document
/// below `/api` and for monitors, plain JSON below the paths in `plain` (see
/// [`HttpOptions::plain_error_paths`](super::HttpOptions::plain_error_paths)), otherwise a page.
pub fn refuse(path: &str, problem: Problem, plain: &[&str]) -> Response {
    answer(Reader::of(path, plain), problem)
}

/// Response to a request for an unknown call, in the format of the plain calls or of the API.
pub(super) fn refuse_call(path: &str, problem: Problem, plain: &[&str]) -> Response {
    match Reader::of(path, plain) {
        Reader::PlainClient => answer(Reader::PlainClient, problem),
        Reader::Program | Reader::Person => answer(Reader::Program, problem),
    }
}

pub(super) fn answer(reader: Reader, problem: Problem) -> Response {
    let error = ApiError(problem);
    if reader == Reader::Program {
        return error.into_response();
    }
    let (status, retry_after) = (error.status(), error.retry_after());
    let mut response = match reader {
        Reader::PlainClient => {
            let detail = serde_json::json!({ "detail": error.0.detail });
            (status, Json(detail)).into_response()
        }
        Reader::Program | Reader::Person => (status, Html(page(&error.0))).into_response(),
    };
    let headers = response.headers_mut();
    headers.insert(header::CACHE_CONTROL, super::NO_STORE);
    if reader == Reader::Person {
        let policy = HeaderValue::from_static("default-src 'none'; frame-ancestors 'none'");
        headers.insert(header::CONTENT_SECURITY_POLICY, policy);
    }
    if let Some(retry_after) = retry_after {
        headers.insert(header::RETRY_AFTER, retry_after);
    }
    response
}

/// Self-contained error page.
fn page(problem: &Problem) -> String {
    let (status, title, detail) = (problem.status, escape(&problem.title), escape(&problem.detail));
    format!(
        "<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\
         <title>{status} {title}</title></head>\
         <body><h1>{status} {title}</h1><p>{detail}</p></body></html>\n"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_path_has_its_reader() {
        for (path, reader) in [
            ("/api/v1/tasks", Reader::Program),
            ("/api", Reader::Program),
            ("/api/fn/poll", Reader::Program),
            ("/metrics", Reader::Program),
            ("/api/plain", Reader::PlainClient),
            ("/api/plain/x", Reader::PlainClient),
            ("/api/plainer", Reader::Program),
            ("/apis", Reader::Person),
            ("/start/report", Reader::Person),
            ("/", Reader::Person),
        ] {
            assert_eq!(Reader::of(path, &["/api/plain"]), reader, "{path}");
        }
    }

    #[test]
    fn a_page_holds_no_markup_of_others() {
        let html = page(&Problem::new(421, "Misdirected Request", "<x-mark>&"));
        assert!(html.contains("<p>&lt;x-mark&gt;&amp;</p>"), "{html}");
    }
}
