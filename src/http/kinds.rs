//! Kinds of tasks.

use axum::{Json, extract::State};

use super::{ApiError, extract::KindName};
use crate::{
    engine::{Caller, Service},
    task::{KindInfo, Problem},
};

/// Lists the kinds that the caller may start, with the JSON Schema of their input.
#[utoipa::path(get, path = "/api/v1/kinds", tag = "kinds", operation_id = "listKinds",
    responses((status = 200, body = Vec<KindInfo>)))]
pub(super) async fn list(State(service): State<Service>, caller: Caller) -> Json<Vec<KindInfo>> {
    Json(service.kinds_for(&caller))
}

/// Returns one kind.
#[utoipa::path(get, path = "/api/v1/kinds/{kind}", tag = "kinds", operation_id = "getKind",
    params(("kind" = String, Path, description = "Its name, such as `report`")),
    responses(
        (status = 200, body = KindInfo),
        (status = 404, body = Problem, content_type = "application/problem+json")))]
pub(super) async fn get(
    State(service): State<Service>,
    caller: Caller,
    KindName(kind): KindName,
) -> Result<Json<KindInfo>, ApiError> {
    let missing = || ApiError(Problem::new(404, "Not Found", "Kind not found"));
    service.kind_for(&caller, &kind).map(Json).ok_or_else(missing)
}
