//! Deletes all data of an owner.

use axum::{Json, extract::State};

use super::{ApiError, export::OwnerParams, extract::Params};
use crate::{
    engine::{Caller, Service},
    task::{DataDeleted, Problem},
};

/// Deletes all data of the caller, or for an admin of the named owner: tasks with all that they have, as if each were
/// deleted by itself (those that have not ended are stopped), uploads, tokens, and sessions except the one that asks.
/// The user stays. One call deletes at most 1,000 tasks, and begins none after 20 s: make it again until `complete` is
/// true. Idempotent: a call that broke off is made again. A token needs the scope `admin`, must be for all kinds, and is
/// removed with the last of the data.
#[utoipa::path(delete, path = "/api/v1/account/data", tag = "account", operation_id = "deleteData",
    params(OwnerParams),
    responses(
        (status = 200, body = DataDeleted),
        (status = 400, body = Problem, content_type = "application/problem+json"),
        (status = 403, body = Problem, content_type = "application/problem+json",
            description = "The caller has no data, or may not delete that of others"),
        (status = 429, body = Problem, content_type = "application/problem+json",
            description = "A deletion of this owner's data is under way"),
        (status = 503, body = Problem, content_type = "application/problem+json")))]
pub(super) async fn delete_data(
    State(service): State<Service>,
    caller: Caller,
    Params(params): Params<OwnerParams>,
) -> Result<Json<DataDeleted>, ApiError> {
    Ok(Json(service.delete_data(&caller, params.owner.as_deref()).await?))
}
