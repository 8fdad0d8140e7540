//! Share links of tasks and batches.

use std::{convert::Infallible, sync::Arc};

use axum::{
    Json,
    extract::{FromRequestParts, State},
    http::{HeaderMap, StatusCode, Uri, header, request::Parts},
    response::{IntoResponse as _, Response},
};

use super::{
    ApiError, HttpOptions, Links,
    extract::{Body, Id, InBatch, ShareId},
};
use crate::{
    engine::{Caller, Service, store::ShareSubject},
    task::{BatchId, CreatedShare, Problem, ShareList, ShareRequest, TaskId},
};

/// What the URLs of share links begin with for who asks.
pub(super) struct Base {
    origin: String,
    links: Links,
}

impl<S: Send + Sync> FromRequestParts<S> for Base {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Infallible> {
        let links = Links::from_request_parts(parts, state).await?;
        let options = parts.extensions.get::<Arc<HttpOptions>>();
        let origin = options.map(|options| options.origin_of(&parts.headers, &parts.uri));
        Ok(Self { origin: origin.unwrap_or_default(), links })
    }
}

impl HttpOptions {
    /// The origin that a request names, such as `https://milepost.example`: one of `public_origins` if
    /// there are any. Empty if the request names no host.
    pub fn origin_of(&self, headers: &HeaderMap, uri: &Uri) -> String {
        let host = headers.get(header::HOST).and_then(|host| host.to_str().ok());
        let host = uri.authority().map(|authority| authority.as_str()).or(host);
        let host = host.unwrap_or_default();
        let named = self.public_origins.iter().find(|origin| {
            origin.split_once("://").is_some_and(|(_, known)| known.eq_ignore_ascii_case(host))
        });
        match (named.or_else(|| self.public_origins.first()), host) {
            (Some(origin), _) => origin.trim_end_matches('/').to_owned(),
            (None, "") => String::new(),
            (None, host) => {
                let scheme = if self.secure_cookie { "https" } else { "http" };
                format!("{scheme}://{host}")
            }
        }
    }
}

/// Makes a link by which anyone who has it may follow the task, and cancel it with `cancel`: without
/// its input, and without any other task. The URL is returned only here.
#[utoipa::path(post, path = "/api/v1/tasks/{id}/shares", tag = "tasks", operation_id = "shareTask",
    params(("id" = TaskId, Path, description = "The task")),
    request_body = ShareRequest,
    responses(
        (status = 201, body = CreatedShare),
        (status = 400, body = Problem, content_type = "application/problem+json"),
        (status = 403, body = Problem, content_type = "application/problem+json"),
        (status = 404, body = Problem, content_type = "application/problem+json"),
        (status = 409, body = Problem, content_type = "application/problem+json",
            description = "There are as many links as may be"),
        (status = 410, body = Problem, content_type = "application/problem+json",
            description = "The task has expired"),
        (status = 413, body = Problem, content_type = "application/problem+json"),
        (status = 415, body = Problem, content_type = "application/problem+json"),
        (status = 503, body = Problem, content_type = "application/problem+json")))]
pub(super) async fn share(
    State(service): State<Service>,
    caller: Caller,
    Id(id): Id,
    base: Base,
    Body(request): Body<ShareRequest>,
) -> Result<Response, ApiError> {
    let made = made(&service, &caller, ShareSubject::Task(id), &request, &base);
    made.await?.ok_or_else(ApiError::task_not_found)
}

/// Lists the links to a task, newest first, without their secrets.
#[utoipa::path(get, path = "/api/v1/tasks/{id}/shares", tag = "tasks", operation_id = "listTaskShares",
    params(("id" = TaskId, Path, description = "The task")),
    responses(
        (status = 200, body = ShareList),
        (status = 403, body = Problem, content_type = "application/problem+json"),
        (status = 404, body = Problem, content_type = "application/problem+json"),
        (status = 410, body = Problem, content_type = "application/problem+json",
            description = "The task has expired"),
        (status = 503, body = Problem, content_type = "application/problem+json")))]
pub(super) async fn list(
    State(service): State<Service>,
    caller: Caller,
    Id(id): Id,
) -> Result<Json<ShareList>, ApiError> {
    let shares = service.shares(&caller, ShareSubject::Task(id)).await?;
    Ok(Json(ShareList::new(shares.ok_or_else(ApiError::task_not_found)?)))
}

/// Revokes a link to a task: whoever came by it loses access.
#[utoipa::path(delete, path = "/api/v1/tasks/{id}/shares/{share_id}", tag = "tasks",
    operation_id = "revokeTaskShare",
    params(("id" = TaskId, Path, description = "The task"),
        ("share_id" = String, Path, description = "The link", min_length = 1)),
    responses(
        (status = 204, description = "Revoked"),
        (status = 403, body = Problem, content_type = "application/problem+json"),
        (status = 404, body = Problem, content_type = "application/problem+json",
            description = "No such task, or no such link to it"),
        (status = 410, body = Problem, content_type = "application/problem+json",
            description = "The task has expired"),
        (status = 503, body = Problem, content_type = "application/problem+json")))]
pub(super) async fn revoke(
    State(service): State<Service>,
    caller: Caller,
    Id(id): Id,
    ShareId(share): ShareId,
) -> Result<StatusCode, ApiError> {
    revoked(&service, &caller, ShareSubject::Task(id), &share).await
}

/// Makes a link by which anyone who has it may follow the batch and its tasks, and cancel them with
/// `cancel`: without their inputs. The URL is returned only here.
#[utoipa::path(post, path = "/api/v1/batches/{id}/shares", tag = "batches",
    operation_id = "shareBatch",
    params(("id" = BatchId, Path, description = "The batch")),
    request_body = ShareRequest,
    responses(
        (status = 201, body = CreatedShare),
        (status = 400, body = Problem, content_type = "application/problem+json"),
        (status = 403, body = Problem, content_type = "application/problem+json"),
        (status = 404, body = Problem, content_type = "application/problem+json"),
        (status = 409, body = Problem, content_type = "application/problem+json",
            description = "There are as many links as may be"),
        (status = 413, body = Problem, content_type = "application/problem+json"),
        (status = 415, body = Problem, content_type = "application/problem+json"),
        (status = 503, body = Problem, content_type = "application/problem+json")))]
pub(super) async fn share_batch(
    State(service): State<Service>,
    caller: Caller,
    InBatch(id): InBatch,
    base: Base,
    Body(request): Body<ShareRequest>,
) -> Result<Response, ApiError> {
    let made = made(&service, &caller, ShareSubject::Batch(id), &request, &base);
    made.await?.ok_or(ApiError(Problem::batch_not_found()))
}

/// Lists the links to a batch, newest first, without their secrets.
#[utoipa::path(get, path = "/api/v1/batches/{id}/shares", tag = "batches",
    operation_id = "listBatchShares",
    params(("id" = BatchId, Path, description = "The batch")),
    responses(
        (status = 200, body = ShareList),
        (status = 403, body = Problem, content_type = "application/problem+json"),
        (status = 404, body = Problem, content_type = "application/problem+json"),
        (status = 503, body = Problem, content_type = "application/problem+json")))]
pub(super) async fn list_of_batch(
    State(service): State<Service>,
    caller: Caller,
    InBatch(id): InBatch,
) -> Result<Json<ShareList>, ApiError> {
    let shares = service.shares(&caller, ShareSubject::Batch(id)).await?;
    Ok(Json(ShareList::new(shares.ok_or(ApiError(Problem::batch_not_found()))?)))
}

/// Revokes a link to a batch: whoever came by it loses access.
#[utoipa::path(delete, path = "/api/v1/batches/{id}/shares/{share_id}", tag = "batches",
    operation_id = "revokeBatchShare",
    params(("id" = BatchId, Path, description = "The batch"),
        ("share_id" = String, Path, description = "The link", min_length = 1)),
    responses(
        (status = 204, description = "Revoked"),
        (status = 403, body = Problem, content_type = "application/problem+json"),
        (status = 404, body = Problem, content_type = "application/problem+json",
            description = "No such batch, or no such link to it"),
        (status = 503, body = Problem, content_type = "application/problem+json")))]
pub(super) async fn revoke_of_batch(
    State(service): State<Service>,
    caller: Caller,
    InBatch(id): InBatch,
    ShareId(share): ShareId,
) -> Result<StatusCode, ApiError> {
    revoked(&service, &caller, ShareSubject::Batch(id), &share).await
}

async fn made(
    service: &Service,
    caller: &Caller,
    subject: ShareSubject,
    request: &ShareRequest,
    base: &Base,
) -> Result<Option<Response>, ApiError> {
    let made = service.share(caller, subject, request).await?;
    Ok(made.map(|made| {
        let url = format!("{}{}", base.origin, base.links.share(&made.token));
        (StatusCode::CREATED, Json(CreatedShare::new(url, made.share))).into_response()
    }))
}

async fn revoked(
    service: &Service,
    caller: &Caller,
    subject: ShareSubject,
    id: &str,
) -> Result<StatusCode, ApiError> {
    let no_link = || Problem::new(404, "Not Found", "There is no such link.");
    service.revoke_share(caller, subject, id).await?.ok_or_else(|| ApiError(no_link()))?;
    Ok(StatusCode::NO_CONTENT)
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::*;

    #[test]
    fn urls_begin_with_the_origin_that_the_browser_sees() {
        let public = ["https://a.example".to_owned(), "https://b.example".to_owned()];
        for (origins, secure, host, expected) in [
            (&public[..], true, "b.example", "https://b.example"),
            (&public, true, "other", "https://a.example"),
            (&[], false, "127.0.0.1:3000", "http://127.0.0.1:3000"),
            (&[], true, "nas", "https://nas"),
            (&[], false, "", ""),
        ] {
            let options = HttpOptions::default().with(|options| {
                options.public_origins = origins.to_vec();
                options.secure_cookie = secure;
            });
            let mut headers = HeaderMap::new();
            headers.insert(header::HOST, HeaderValue::from_static(host));
            assert_eq!(options.origin_of(&headers, &Uri::from_static("/")), expected);
        }
    }
}
