//! Extractors for bodies, ids and query strings; their errors are problem documents.

use std::str::FromStr;

use axum::{
    body::Bytes,
    extract::{FromRequest, FromRequestParts, Query, RawPathParams, Request},
    http::{HeaderMap, HeaderValue, header, request::Parts},
};
use serde::de::DeserializeOwned;

use super::ApiError;
use crate::{
    engine::Caller,
    read_json,
    task::{BatchId, Problem, TaskId, UploadId},
};

/// JSON object as the body.
pub(super) struct Body<T>(pub(super) T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequest<S> for Body<T> {
    type Rejection = ApiError;

    async fn from_request(request: Request, state: &S) -> Result<Self, ApiError> {
        if !is_json(request.headers()) {
            let detail = "This call takes a body of the type application/json.";
            return Err(ApiError(Problem::new(415, "Unsupported Media Type", detail)));
        }
        let bytes = Bytes::from_request(request, state).await?;
        Ok(Self(read_json::from_slice(&bytes)?))
    }
}

/// Whether the declared type is `application/json` or one made of it (`…+json`).
fn is_json(headers: &HeaderMap) -> bool {
    let media = headers.get(header::CONTENT_TYPE).and_then(|media| media.to_str().ok());
    let essence = media.and_then(|media| media.split(';').next()).unwrap_or_default();
    let essence = essence.trim().to_ascii_lowercase();
    let sub = essence.strip_prefix("application/");
    sub.is_some_and(|sub| sub == "json" || sub.ends_with("+json"))
}

/// Name of a kind in the path. Invalid UTF-8 is answered like an unknown task.
pub(super) struct KindName(pub(super) String);

impl<S: Send + Sync> FromRequestParts<S> for KindName {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, ApiError> {
        in_path(parts, state, "kind").await.map(Self).ok_or_else(ApiError::task_not_found)
    }
}

/// Task id in the path.
pub(super) struct Id(pub(super) TaskId);

impl<S: Send + Sync> FromRequestParts<S> for Id {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, ApiError> {
        in_path(parts, state, "id").await.map(Self).ok_or_else(ApiError::task_not_found)
    }
}

/// Batch id in the path.
pub(super) struct InBatch(pub(super) BatchId);

impl<S: Send + Sync> FromRequestParts<S> for InBatch {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, ApiError> {
        in_path(parts, state, "id").await.map(Self).ok_or(ApiError(Problem::batch_not_found()))
    }
}

/// Id of a share link in the path.
pub(super) struct ShareId(pub(super) String);

impl<S: Send + Sync> FromRequestParts<S> for ShareId {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, ApiError> {
        in_path(parts, state, "share_id").await.map(Self).ok_or_else(ApiError::task_not_found)
    }
}

/// Upload id in the path.
pub(super) struct InUpload(pub(super) UploadId);

impl<S: Send + Sync> FromRequestParts<S> for InUpload {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, ApiError> {
        in_path(parts, state, "id").await.map(Self).ok_or_else(ApiError::upload_not_found)
    }
}

/// Parses a parameter of the path; `None` if it is invalid. It is found by its name, as the path below
/// which the router is nested may have parameters of its own.
pub(super) async fn in_path<T: FromStr>(
    parts: &mut Parts,
    state: &(impl Send + Sync),
    name: &str,
) -> Option<T> {
    let params = RawPathParams::from_request_parts(parts, state).await.ok()?;
    params.iter().find(|(param, _)| *param == name)?.1.parse().ok()
}

/// Values of `If-None-Match`; other headers are not copied.
pub(super) struct IfNoneMatch(pub(super) Vec<HeaderValue>);

impl<S: Send + Sync> FromRequestParts<S> for IfNoneMatch {
    type Rejection = std::convert::Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Self::Rejection> {
        Ok(Self(parts.headers.get_all(header::IF_NONE_MATCH).iter().cloned().collect()))
    }
}

/// Query string.
pub(super) struct Params<T>(pub(super) T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequestParts<S> for Params<T> {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, ApiError> {
        let Query(pairs) = Query::from_request_parts(parts, state).await?;
        read_json::from_query(pairs).map(Self).map_err(ApiError::query)
    }
}

/// The caller that an outer layer identified, such as [`Guard`](super::Guard); anonymous if none did.
impl<S: Send + Sync> FromRequestParts<S> for Caller {
    type Rejection = std::convert::Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Self::Rejection> {
        Ok(parts.extensions.get::<Self>().cloned().unwrap_or_default())
    }
}
