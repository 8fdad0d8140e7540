//! `/api/v1/admin`: what operators see and steer, and viewers see.

use axum::{Json, extract::State};
use serde::Deserialize;
use utoipa::IntoParams;

use super::{
    ApiError, Links,
    extract::{Body, Params},
};
use crate::{
    engine::{Caller, Service},
    task::{
        AuditFilter, AuditPage, ManyDone, OperatorFilter, OperatorTasks, Overview, PauseTarget,
        Paused, Problem,
    },
};

/// Returns what runs, waits, fails and hangs, over all owners: for operators and viewers.
#[utoipa::path(get, path = "/api/v1/admin/overview", tag = "admin", operation_id = "getOverview",
    responses(
        (status = 200, body = Overview),
        (status = 403, body = Problem, content_type = "application/problem+json",
            description = "The caller is neither an operator nor a viewer"),
        (status = 503, body = Problem, content_type = "application/problem+json")))]
pub(super) async fn overview(
    State(service): State<Service>,
    caller: Caller,
    links: Links,
) -> Result<Json<Overview>, ApiError> {
    let mut overview = service.overview(&caller).await?;
    for tasks in [&mut overview.slowest, &mut overview.stuck, &mut overview.failed] {
        links.fill_in(tasks.iter_mut().map(|task| &mut task.snapshot));
    }
    Ok(Json(overview))
}

/// Which tasks.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(super) struct ListParams {
    /// Only tasks with one of these statuses, with commas between them: `queued,running`.
    status: Option<String>,
    /// Only tasks of this kind.
    kind: Option<String>,
    /// Only tasks of this owner: `user:` and the whole name; otherwise of owners whose id begins so.
    owner: Option<String>,
    /// Only tasks with this tag.
    tag: Option<String>,
    /// Only tasks whose title, error or, for operators, input (the first 10,000 characters of its JSON) contains this
    /// text, ignoring case.
    q: Option<String>,
    /// Only tasks that were queued at this time (RFC 3339) or later.
    since: Option<String>,
    /// Only tasks that were queued before this time (RFC 3339).
    until: Option<String>,
    /// `next_cursor` of the previous page.
    cursor: Option<String>,
    /// Tasks per page, reduced to 1 to 200 by default. Default: 50.
    limit: Option<u32>,
}

/// Where to go on.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(super) struct NextParams {
    /// `next_cursor` of an earlier call with the same filter.
    cursor: Option<String>,
}

/// Lists the tasks of all owners, newest first: for operators and viewers. A page may have few tasks and a `next_cursor`: the next one searches on.
#[utoipa::path(get, path = "/api/v1/admin/tasks", tag = "admin", operation_id = "listAllTasks",
    params(ListParams),
    responses(
        (status = 200, body = OperatorTasks),
        (status = 400, body = Problem, content_type = "application/problem+json"),
        (status = 403, body = Problem, content_type = "application/problem+json",
            description = "The caller is neither an operator nor a viewer"),
        (status = 503, body = Problem, content_type = "application/problem+json")))]
pub(super) async fn list(
    State(service): State<Service>,
    caller: Caller,
    links: Links,
    Params(params): Params<ListParams>,
) -> Result<Json<OperatorTasks>, ApiError> {
    let ListParams { status, kind, owner, tag, q, since, until, cursor, limit } = params;
    let filter = OperatorFilter { status, kind, owner, tag, q, since, until };
    let mut list = service.list_all(&caller, &filter, cursor.as_deref(), limit).await?;
    links.fill_in(list.tasks.iter_mut().map(|task| &mut task.snapshot));
    Ok(Json(list))
}

/// Which entries of the audit log.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(super) struct AuditParams {
    /// Only what they did: the name of a user, or the whole owner id.
    who: Option<String>,
    /// Only this action, such as `start`, `cancel` or `sign_in`.
    action: Option<String>,
    /// Only about this: the id of a task, a batch, an upload or a token, or the name of a user.
    subject: Option<String>,
    /// Only at this time (RFC 3339) or later.
    from: Option<String>,
    /// Only before this time (RFC 3339).
    until: Option<String>,
    /// `next_cursor` of the previous page.
    cursor: Option<String>,
    /// Entries per page, reduced to 1 to 200 by default. Default: 50.
    limit: Option<u32>,
}

/// Returns who did what, newest first.
#[utoipa::path(get, path = "/api/v1/audit", tag = "admin", operation_id = "getAudit",
    params(AuditParams),
    responses(
        (status = 200, body = AuditPage),
        (status = 400, body = Problem, content_type = "application/problem+json"),
        (status = 403, body = Problem, content_type = "application/problem+json",
            description = "The caller is no operator"),
        (status = 503, body = Problem, content_type = "application/problem+json")))]
pub(super) async fn audit(
    State(service): State<Service>,
    caller: Caller,
    Params(params): Params<AuditParams>,
) -> Result<Json<AuditPage>, ApiError> {
    let AuditParams { who, action, subject, from, until, cursor, limit } = params;
    let filter = AuditFilter { who, action, subject, from, until };
    Ok(Json(service.audit(&caller, &filter, cursor.as_deref(), limit).await?))
}

/// Lets a kind, or the workers of a name, take no more tasks: on all servers and workers, also after restarts, until it is
/// resumed. Running tasks go on. Idempotent.
#[utoipa::path(post, path = "/api/v1/admin/pause", tag = "admin", operation_id = "pause",
    request_body = PauseTarget,
    responses(
        (status = 200, body = Paused, description = "All that is paused now"),
        (status = 400, body = Problem, content_type = "application/problem+json"),
        (status = 403, body = Problem, content_type = "application/problem+json",
            description = "The caller is no operator"),
        (status = 413, body = Problem, content_type = "application/problem+json"),
        (status = 415, body = Problem, content_type = "application/problem+json"),
        (status = 503, body = Problem, content_type = "application/problem+json")))]
pub(super) async fn pause(
    State(service): State<Service>,
    caller: Caller,
    Body(target): Body<PauseTarget>,
) -> Result<Json<Paused>, ApiError> {
    Ok(Json(service.pause(&caller, &target).await?))
}

/// Ends a pause. Idempotent.
#[utoipa::path(post, path = "/api/v1/admin/resume", tag = "admin", operation_id = "resume",
    request_body = PauseTarget,
    responses(
        (status = 200, body = Paused, description = "All that is paused now"),
        (status = 400, body = Problem, content_type = "application/problem+json"),
        (status = 403, body = Problem, content_type = "application/problem+json",
            description = "The caller is no operator"),
        (status = 413, body = Problem, content_type = "application/problem+json"),
        (status = 415, body = Problem, content_type = "application/problem+json"),
        (status = 503, body = Problem, content_type = "application/problem+json")))]
pub(super) async fn resume(
    State(service): State<Service>,
    caller: Caller,
    Body(target): Body<PauseTarget>,
) -> Result<Json<Paused>, ApiError> {
    Ok(Json(service.resume(&caller, &target).await?))
}

/// Cancels the newest unfinished tasks that match, at most 200 by default; with `next_cursor` of
/// the response the next older ones.
#[utoipa::path(post, path = "/api/v1/admin/cancel", tag = "admin", operation_id = "cancelAll",
    params(NextParams),
    request_body = OperatorFilter,
    responses(
        (status = 200, body = ManyDone),
        (status = 400, body = Problem, content_type = "application/problem+json"),
        (status = 403, body = Problem, content_type = "application/problem+json",
            description = "The caller is no operator"),
        (status = 413, body = Problem, content_type = "application/problem+json"),
        (status = 415, body = Problem, content_type = "application/problem+json"),
        (status = 503, body = Problem, content_type = "application/problem+json")))]
pub(super) async fn cancel(
    State(service): State<Service>,
    caller: Caller,
    Params(page): Params<NextParams>,
    Body(filter): Body<OperatorFilter>,
) -> Result<Json<ManyDone>, ApiError> {
    Ok(Json(service.cancel_all(&caller, &filter, page.cursor.as_deref()).await?))
}

/// Reruns the newest failed and cancelled tasks that match, at most 200 by default; the new tasks belong to the owners of
/// the old ones. A call that is repeated without the cursor starts them once more: limit it with `until`.
#[utoipa::path(post, path = "/api/v1/admin/rerun", tag = "admin", operation_id = "rerunAll",
    params(NextParams),
    request_body = OperatorFilter,
    responses(
        (status = 200, body = ManyDone),
        (status = 400, body = Problem, content_type = "application/problem+json"),
        (status = 403, body = Problem, content_type = "application/problem+json",
            description = "The caller is no operator"),
        (status = 413, body = Problem, content_type = "application/problem+json"),
        (status = 415, body = Problem, content_type = "application/problem+json"),
        (status = 503, body = Problem, content_type = "application/problem+json")))]
pub(super) async fn rerun(
    State(service): State<Service>,
    caller: Caller,
    Params(page): Params<NextParams>,
    Body(filter): Body<OperatorFilter>,
) -> Result<Json<ManyDone>, ApiError> {
    Ok(Json(service.rerun_all(&caller, &filter, page.cursor.as_deref()).await?))
}
