//! Share links: opening one, and the forms of the pages that make and revoke them.

use axum::{
    extract::{OriginalUri, Path, Request, State},
    http::{HeaderMap, HeaderValue, header, request::Parts},
    response::Response,
};
use jiff::Timestamp;
use milepost::{
    engine::{Caller, Service, store::ShareSubject},
    http::{opened_shares, share_cookie},
    task::{FieldError, Problem, ShareRequest},
};

use super::respond::{caller, not_as_it_should_be, page, redirect_to, see_other, sent};
use crate::{
    links,
    outcome::{MadeLink, Notice, Outcome, no_such_link},
    site::{Site, SiteState},
    wire::{CANCEL_FIELD, EXPIRES_FIELD, last},
};

/// A path for the page about a link that is not valid, as deep as the link: no page repeats that.
const NO_LINK: &str = "/s/-";

/// `GET /s/{token}`: remembers the link in a cookie and redirects to what it leads to, so that the token
/// is in no later URL.
pub(crate) async fn open(
    State(state): State<SiteState>,
    Path(token): Path<String>,
    mut parts: Parts,
) -> Response {
    let (service, caller) = (&state.site.service, caller(&parts));
    let mut response = match service.open_share(&caller, &token).await {
        Ok(Some((subject, expires_at))) => {
            let cookie = cookie(&state.site, &caller, &parts.headers, &token, expires_at).await;
            let mut response = see_other(&parts, &path_of(subject));
            if let Some(cookie) = cookie {
                response.headers_mut().append(header::SET_COOKIE, cookie);
            }
            response
        }
        opened => {
            let problem = opened.err().map_or_else(no_such_link, Problem::from);
            parts.extensions.remove::<OriginalUri>();
            state.render(page(parts, NO_LINK), Outcome::Notice(Notice(problem))).await
        }
    };
    let headers = response.headers_mut();
    headers.insert(header::REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

/// The cookie with this link, and with those that were opened before and are still valid.
async fn cookie(
    site: &Site,
    caller: &Caller,
    headers: &HeaderMap,
    token: &str,
    expires_at: i64,
) -> Option<HeaderValue> {
    let (mut tokens, mut last) = (vec![token], expires_at);
    for other in opened_shares(headers, &site.http) {
        if other != token
            && let Ok(Some((_, expires_at))) = site.service.shared(caller, other).await
        {
            tokens.push(other);
            last = last.max(expires_at);
        }
    }
    let seconds = last.saturating_sub(Timestamp::now().as_millisecond()) / 1_000;
    share_cookie(&tokens, seconds, &site.http)
}

/// The page of what a link leads to, relative to the root of the site.
pub(crate) fn path_of(subject: ShareSubject) -> String {
    match subject {
        ShareSubject::Task(id) => format!("tasks/{id}"),
        ShareSubject::Batch(id) => format!("batches/{id}"),
    }
}

fn task(id: &str) -> Result<ShareSubject, Problem> {
    id.parse().map(ShareSubject::Task).map_err(|_| Problem::task_not_found())
}

fn batch(id: &str) -> Result<ShareSubject, Problem> {
    id.parse().map(ShareSubject::Batch).map_err(|_| Problem::batch_not_found())
}

fn not_found(subject: ShareSubject) -> Problem {
    match subject {
        ShareSubject::Task(_) => Problem::task_not_found(),
        ShareSubject::Batch(_) => Problem::batch_not_found(),
    }
}

/// `POST /tasks/{id}/share`: makes a link and shows it.
pub(crate) async fn post_share(
    State(state): State<SiteState>,
    Path(id): Path<String>,
    request: Request,
) -> Response {
    make(&state, task(&id), format!("/tasks/{id}/share"), request).await
}

/// `POST /batches/{id}/share`: makes a link and shows it.
pub(crate) async fn post_share_batch(
    State(state): State<SiteState>,
    Path(id): Path<String>,
    request: Request,
) -> Response {
    make(&state, batch(&id), format!("/batches/{id}/share"), request).await
}

/// Responds with a page rather than a redirect, because the link is stored nowhere; no cache may keep
/// the page.
async fn make(
    state: &SiteState,
    subject: Result<ShareSubject, Problem>,
    on: String,
    request: Request,
) -> Response {
    let (parts, entered) = sent(&state.site, request).await;
    let made = match (subject, entered) {
        (Ok(subject), Ok(entered)) => {
            made(&state.site.service, &caller(&parts), subject, &entered).await
        }
        (Err(problem), _) | (_, Err(problem)) => Err(problem),
    };
    let outcome = match made {
        Ok(token) => {
            let origin = state.site.http.origin_of(&parts.headers, &parts.uri);
            let path = links::of(&parts).share(&token);
            Outcome::MadeLink(MadeLink(format!("{origin}{path}")))
        }
        Err(problem) => Outcome::Notice(Notice(problem)),
    };
    let mut response = state.render(page(parts, &on), outcome).await;
    response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

/// Makes a link from the values of the form; returns its token.
async fn made(
    service: &Service,
    caller: &Caller,
    subject: ShareSubject,
    entered: &[(String, String)],
) -> Result<String, Problem> {
    let expires_in_s = last(entered, EXPIRES_FIELD).map(str::trim).filter(|it| !it.is_empty());
    let expires_in_s = expires_in_s.map(str::parse).transpose().map_err(|_| {
        let detail = "is a number of seconds".to_owned();
        not_as_it_should_be(vec![FieldError::new(EXPIRES_FIELD, detail)])
    })?;
    let request = ShareRequest::default().with(|request| {
        request.cancel = last(entered, CANCEL_FIELD).is_some();
        request.expires_in_s = expires_in_s;
    });
    let made = service.share(caller, subject, &request).await?;
    made.map(|made| made.token).ok_or_else(|| not_found(subject))
}

/// `POST /tasks/{id}/share/{share_id}/revoke`: revokes a link and shows the others.
pub(crate) async fn post_revoke(
    State(state): State<SiteState>,
    Path((id, share)): Path<(String, String)>,
    parts: Parts,
) -> Response {
    revoke(&state, task(&id), format!("/tasks/{id}/share"), &share, parts).await
}

/// `POST /batches/{id}/share/{share_id}/revoke`: revokes a link and shows the others.
pub(crate) async fn post_revoke_of_batch(
    State(state): State<SiteState>,
    Path((id, share)): Path<(String, String)>,
    parts: Parts,
) -> Response {
    revoke(&state, batch(&id), format!("/batches/{id}/share"), &share, parts).await
}

async fn revoke(
    state: &SiteState,
    subject: Result<ShareSubject, Problem>,
    on: String,
    share: &str,
    parts: Parts,
) -> Response {
    let there = match subject {
        Ok(subject) => {
            match state.site.service.revoke_share(&caller(&parts), subject, share).await {
                Ok(Some(_)) => Ok(format!("{}/share", path_of(subject))),
                Ok(None) => Err(Problem::new(404, "Not Found", "There is no such link.")),
                Err(error) => Err(error.into()),
            }
        }
        Err(problem) => Err(problem),
    };
    redirect_to(state, parts, &on, there).await
}
