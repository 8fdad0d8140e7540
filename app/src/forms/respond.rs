//! What all forms do: read, redirect, show a page again.

use axum::{
    body::Body,
    extract::Request,
    http::{
        HeaderMap, HeaderValue, Method,
        header::{CACHE_CONTROL, SET_COOKIE},
        request::Parts,
    },
    response::{IntoResponse as _, Redirect, Response},
};
use milepost::{
    engine::Caller,
    http::{BodyCheck, SIGN_IN_PATH},
    task::{FieldError, Problem},
};

use super::entered;
use crate::{
    links,
    outcome::{NotSignedIn, Notice, Outcome},
    pages::delete::{CONFIRM, CONFIRM_FIELD},
    site::{Site, SiteState},
    wire::KEY_FIELD,
};

/// Problem for values that do not match the schema.
pub(super) fn not_as_it_should_be(errors: Vec<FieldError>) -> Problem {
    let mut problem = Problem::new(400, "Bad Request", "Some fields are missing or invalid.");
    problem.errors = errors;
    problem
}

/// Whether the word that confirms a deletion was typed.
pub(super) fn is_confirmed(entered: &[(String, String)]) -> bool {
    let is_word = |value: &str| value.trim().eq_ignore_ascii_case(CONFIRM);
    entered.iter().any(|(name, value)| name == CONFIRM_FIELD && is_word(value))
}

/// The caller who sent a form.
pub(super) fn caller(parts: &Parts) -> Caller {
    parts.extensions.get::<Caller>().cloned().unwrap_or_default()
}

/// Returns the request's parts and the form values, which are empty if the form is unreadable. A
/// problem if the form was too large or incomplete.
pub(super) async fn sent(
    site: &Site,
    request: Request,
) -> (Parts, Result<entered::Entered, Problem>) {
    let (parts, body) = request.into_parts();
    let check = parts.extensions.get::<BodyCheck>().cloned();
    let entered = entered::read(site, Request::from_parts(parts.clone(), body)).await;
    match check.and_then(|check| check.problem()) {
        Some(problem) => (parts, Err(problem)),
        None => (parts, Ok(entered.unwrap_or_default())),
    }
}

/// Redirects after an action, or shows the page that the form was on with the problem.
pub(super) async fn redirect_to(
    state: &SiteState,
    parts: Parts,
    on: &str,
    there: Result<String, Problem>,
) -> Response {
    match there {
        Ok(there) => see_other(&parts, &there),
        Err(problem) => state.render(page(parts, on), Outcome::Notice(Notice(problem))).await,
    }
}

/// Idempotency key of a form.
pub(super) fn key(entered: &[(String, String)]) -> Option<&str> {
    let key = entered.iter().find(|(name, _)| name == KEY_FIELD);
    key.map(|(_, key)| key.as_str()).filter(|key| !key.is_empty())
}

/// Redirects after a `POST` to a page that can be reloaded; `path` is relative to the root of the site.
pub(super) fn see_other(parts: &Parts, path: &str) -> Response {
    Redirect::to(&format!("{}{path}", links::root(parts))).into_response()
}

/// Redirects somebody who has signed in to the page that was asked for.
pub(super) fn to_asked_page(
    parts: &Parts,
    return_to: Option<&str>,
    cookies: Vec<HeaderValue>,
) -> Response {
    let mut response = see_other(parts, return_to.unwrap_or_default().trim_start_matches('/'));
    for cookie in cookies {
        response.headers_mut().append(SET_COOKIE, cookie);
    }
    unstored(response)
}

/// Shows the page where users sign in, with the problem.
pub(super) async fn not_signed_in(
    state: &SiteState,
    parts: Parts,
    rejected: NotSignedIn,
) -> Response {
    let request = page(parts, SIGN_IN_PATH);
    unstored(state.render(request, Outcome::NotSignedIn(rejected)).await)
}

/// A response that no cache stores.
pub(super) fn unstored(mut response: Response) -> Response {
    response.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

/// Problem for a page of another way to sign in.
pub(super) fn no_page() -> Problem {
    Problem::new(404, "Not Found", "There is no page here.")
}

/// Request for the page that the form was on.
pub(super) fn page(mut parts: Parts, path: &str) -> Request {
    parts.headers = HeaderMap::new();
    parts.method = Method::GET;
    // An invalid path becomes `/`.
    parts.uri = path.parse().unwrap_or_default();
    Request::from_parts(parts, Body::empty())
}
