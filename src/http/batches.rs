//! `/api/v1/batches`: several tasks at once.

use std::time::{Duration, Instant};

use axum::{
    Json,
    extract::State,
    http::{HeaderMap, StatusCode, header},
    response::{IntoResponse, Response},
};
use serde::Deserialize;
use sha2::{Digest as _, Sha256};
use utoipa::IntoParams;

use super::{
    ApiError, Links, NO_STORE,
    error::{NotStarted, retry_after},
    etag::{Known, known},
    extract::{Body, IfNoneMatch, InBatch, Params},
    foreign,
    prefer::{self, Prefer},
    tasks::{ListedStatus, idempotency_key, read_status, started_at},
};
use crate::{
    engine::{BatchFilter, Caller, Service, WaitFor},
    task::{Batch, BatchId, BatchList, Problem, StartBatch},
};

/// When to poll a batch again whose shown tasks have all ended, in milliseconds.
const RETRY_AFTER_MS: i64 = 2_000;

/// Queues one task per input: all of them, or none if one is rejected. Repeating the request with
/// the same `Idempotency-Key` returns the same batch.
#[utoipa::path(post, path = "/api/v1/batches", tag = "batches", operation_id = "startBatch",
    params(
        ("Idempotency-Key" = Option<String>, Header,
            description = "1 to 255 bytes; makes a repeated start safe"),
        ("Prefer" = Option<String>, Header,
            description = "`wait=20`: answer once all tasks have ended, or after so many seconds")),
    request_body = StartBatch,
    responses(NotStarted,
        (status = 202, body = Batch, description = "All are queued"),
        (status = 400, body = Problem, content_type = "application/problem+json",
            description = "`errors` name the input, as in `inputs[3].subject`"),
        (status = 413, body = Problem, content_type = "application/problem+json"),
        (status = 415, body = Problem, content_type = "application/problem+json")))]
pub(super) async fn start(
    State(service): State<Service>,
    caller: Caller,
    prefer: Prefer,
    links: Links,
    headers: HeaderMap,
    Body(start): Body<StartBatch>,
) -> Result<Response, ApiError> {
    let batch = service.start_batch(&caller, start, idempotency_key(&headers)?).await?;
    queued(&service, &caller, batch, prefer, &links).await
}

/// Which page of the list.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(super) struct ListParams {
    /// `next_cursor` of the previous page.
    cursor: Option<String>,
    /// Batches per page, reduced to 1 to 200 by default. Default: 50.
    limit: Option<u32>,
}

/// Lists the caller's batches, newest first, without their tasks.
#[utoipa::path(get, path = "/api/v1/batches", tag = "batches", operation_id = "listBatches",
    params(ListParams),
    responses(
        (status = 200, body = BatchList),
        (status = 400, body = Problem, content_type = "application/problem+json"),
        (status = 503, body = Problem, content_type = "application/problem+json")))]
pub(super) async fn list(
    State(service): State<Service>,
    caller: Caller,
    Params(ListParams { cursor, limit }): Params<ListParams>,
) -> Result<Json<BatchList>, ApiError> {
    Ok(Json(service.batches(&caller, cursor.as_deref(), limit).await?))
}

/// Which tasks of a batch.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(super) struct PageParams {
    /// Only tasks with this status.
    #[param(value_type = Option<ListedStatus>, inline)]
    status: Option<String>,
    /// `next_cursor` of the previous page.
    #[param(pattern = r"^[0-9]{1,2}\.[0-9]{1,9}$")]
    cursor: Option<String>,
    /// Tasks per page, reduced to 1 to 200 by default. Default: 100.
    limit: Option<u32>,
}

/// Returns a batch with one page of its tasks; the counts are those of the whole batch. To follow
/// it, read it again after `Retry-After`, or poll its tasks.
#[utoipa::path(get, path = "/api/v1/batches/{id}", tag = "batches", operation_id = "getBatch",
    params(PageParams,
        ("id" = BatchId, Path, description = "The batch"),
        ("If-None-Match" = Option<String>, Header, description = "The `ETag` last seen"),
        ("Prefer" = Option<String>, Header,
            description = "`wait=20`: answer once all tasks have ended, or after so many seconds")),
    responses(
        (status = 200, body = Batch),
        (status = 304, description = "Not modified since that `ETag`"),
        (status = 400, body = Problem, content_type = "application/problem+json"),
        (status = 404, body = Problem, content_type = "application/problem+json",
            description = "No such batch, or all of it has expired"),
        (status = 503, body = Problem, content_type = "application/problem+json")))]
pub(super) async fn get(
    State(service): State<Service>,
    caller: Caller,
    InBatch(id): InBatch,
    Params(PageParams { status, cursor, limit }): Params<PageParams>,
    prefer: Prefer,
    IfNoneMatch(known_tags): IfNoneMatch,
    links: Links,
) -> Result<Response, ApiError> {
    let status = status.as_deref().map(read_status).transpose()?;
    let filter = BatchFilter::default().with(|filter| {
        (filter.status, filter.cursor, filter.limit) = (status, cursor, limit);
    });
    let mut batch = service.batch_page(&caller, id, &filter).await?.ok_or_else(not_found)?;
    let waited = wait_for_all(&service, &caller, &batch, prefer).await?;
    if may_have_changed(&batch, prefer) {
        batch = service.batch_page(&caller, id, &filter).await?.ok_or_else(not_found)?;
    }
    let tag = tag(&batch);
    let is_known = |known| known == Known::Any || known == Known::Value(&tag);
    let mut response = match known(&known_tags).any(is_known) {
        true => described(StatusCode::NOT_MODIFIED.into_response(), &batch, &tag),
        false => shown(StatusCode::OK, batch, &tag, &links),
    };
    prefer::applied(&mut response, waited);
    Ok(response)
}

/// Waits until all tasks of the batch have ended, or the time is over. Returns the maximum wait
/// that applied to the first, for `Preference-Applied`.
async fn wait_for_all(
    service: &Service,
    caller: &Caller,
    batch: &Batch,
    prefer: Prefer,
) -> Result<Option<Duration>, ApiError> {
    let Some(longest) = prefer.wait else { return Ok(None) };
    let (begin, mut applied) = (Instant::now(), None);
    let mut next = match batch.unfinished {
        0 => None,
        _ => service.unfinished_of(batch).await?,
    };
    while let Some(task) = next {
        let left = applied.unwrap_or(longest).saturating_sub(begin.elapsed());
        if left.is_zero() {
            break;
        }
        let Some(waited) = service.wait(caller, task, WaitFor::End, left).await? else { break };
        // Less than was asked for: the server's limit.
        applied.get_or_insert(if waited < left { waited } else { longest });
        next = service.unfinished_of(batch).await?;
    }
    Ok(applied)
}

/// Whether the batch must be read again after [`wait_for_all`]: also where nothing was left to wait for, because the last
/// of its tasks ended in between.
const fn may_have_changed(batch: &Batch, prefer: Prefer) -> bool {
    prefer.wait.is_some() && batch.unfinished > 0
}

/// Tag of a page of a batch: changes with the version of any task of the batch.
fn tag(batch: &Batch) -> String {
    let mut versions = Sha256::new();
    versions.update(batch.version.to_be_bytes());
    versions.update(batch.total.to_be_bytes());
    for task in &batch.tasks {
        versions.update(task.id.as_uuid().as_bytes());
        versions.update(task.version.to_be_bytes());
    }
    format!("{:x}", versions.finalize())[..32].to_owned()
}

fn shown(status: StatusCode, mut batch: Batch, tag: &str, links: &Links) -> Response {
    links.fill_in(&mut batch.tasks);
    described((status, Json(&batch)).into_response(), &batch, tag)
}

/// Adds the tag of the batch and, while a task is unfinished, when to poll again.
fn described(mut response: Response, batch: &Batch, tag: &str) -> Response {
    let headers = response.headers_mut();
    headers.insert(header::CACHE_CONTROL, NO_STORE);
    foreign::set(headers, header::ETAG, &format!("W/\"{tag}\""));
    let unfinished = batch.tasks.iter().filter(|task| !task.status.is_terminal());
    let after_ms = unfinished.map(|task| task.poll_after_ms).min();
    // Of a page on which all have ended: as for a task that has run for a while.
    let after_ms = after_ms.or((batch.unfinished > 0).then_some(RETRY_AFTER_MS));
    if let Some(after_ms) = after_ms {
        headers.insert(header::RETRY_AFTER, retry_after(after_ms));
    }
    response
}

/// Cancels all tasks of a batch. Idempotent.
#[utoipa::path(post, path = "/api/v1/batches/{id}/cancel", tag = "batches", operation_id = "cancelBatch",
    params(
        ("id" = BatchId, Path, description = "The batch"),
        ("Prefer" = Option<String>, Header,
            description = "`wait=20`: answer once all tasks have ended, or after so many seconds")),
    responses(
        (status = 202, body = Batch, description = "Cancellation requested, or cancelled"),
        (status = 403, body = Problem, content_type = "application/problem+json"),
        (status = 404, body = Problem, content_type = "application/problem+json"),
        (status = 503, body = Problem, content_type = "application/problem+json")))]
pub(super) async fn cancel(
    State(service): State<Service>,
    caller: Caller,
    InBatch(id): InBatch,
    prefer: Prefer,
    links: Links,
) -> Result<Response, ApiError> {
    let batch = service.cancel_batch(&caller, id).await?.ok_or_else(not_found)?;
    accepted(&service, &caller, batch, prefer, &links).await
}

/// Reruns the failed tasks of a batch with the same inputs, secrets included, as a new batch: all
/// of them or none. The new batch belongs to the caller.
#[utoipa::path(post, path = "/api/v1/batches/{id}/rerun", tag = "batches", operation_id = "rerunBatch",
    params(
        ("id" = BatchId, Path, description = "The batch"),
        ("Idempotency-Key" = Option<String>, Header,
            description = "1 to 255 bytes; makes a repeated start safe"),
        ("Prefer" = Option<String>, Header,
            description = "`wait=20`: answer once all tasks have ended, or after so many seconds")),
    responses(NotStarted,
        (status = 202, body = Batch, description = "All failed tasks are queued again as a new batch"),
        (status = 400, body = Problem, content_type = "application/problem+json",
            description = "One task cannot be started now; `errors` names it"),
        (status = 404, body = Problem, content_type = "application/problem+json",
            description = "No such batch, or all of it has expired"),
        (status = 409, body = Problem, content_type = "application/problem+json",
            description = "No task of the batch failed")))]
pub(super) async fn rerun(
    State(service): State<Service>,
    caller: Caller,
    InBatch(id): InBatch,
    prefer: Prefer,
    links: Links,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    let batch = service.rerun_batch(&caller, id, idempotency_key(&headers)?).await?;
    queued(&service, &caller, batch.ok_or_else(not_found)?, prefer, &links).await
}

/// Response for a queued batch, with its location.
async fn queued(
    service: &Service,
    caller: &Caller,
    batch: Batch,
    prefer: Prefer,
    links: &Links,
) -> Result<Response, ApiError> {
    let path = links.batch(batch.id);
    Ok(started_at(accepted(service, caller, batch, prefer, links).await?, &path))
}

/// Response with a batch as it is after the wait that the caller asked for.
async fn accepted(
    service: &Service,
    caller: &Caller,
    mut batch: Batch,
    prefer: Prefer,
    links: &Links,
) -> Result<Response, ApiError> {
    let waited = wait_for_all(service, caller, &batch, prefer).await?;
    if may_have_changed(&batch, prefer)
        && let Some(now) = service.batch_page(caller, batch.id, &BatchFilter::default()).await?
    {
        batch = now;
    }
    let tag = tag(&batch);
    let mut response = shown(StatusCode::ACCEPTED, batch, &tag, links);
    prefer::applied(&mut response, waited);
    Ok(response)
}

fn not_found() -> ApiError {
    ApiError(Problem::batch_not_found())
}
