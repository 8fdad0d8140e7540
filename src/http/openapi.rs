//! OpenAPI 3.1 document, collected from the handlers.

use axum::{Router, http::header, response::IntoResponse, routing::get};
use utoipa::OpenApi;

use crate::engine::Service;

/// Header of the document.
#[derive(OpenApi)]
#[openapi(
    info(
        title = "Milepost",
        description = "Any long job gets a page: start it, watch it honestly, cancel it for real, \
            collect its result. Errors are RFC 9457 problem documents with a `detail` string.",
        license(name = "MIT OR Apache-2.0", identifier = "MIT OR Apache-2.0"),
    ),
    tags(
        (name = "tasks", description = "Start, follow, list, cancel, collect"),
        (name = "files", description = "Files that tasks write, and uploads"),
        (name = "batches", description = "Several tasks at once"),
        (name = "kinds", description = "Kinds of tasks"),
        (name = "simple", description = "Plain JSON for the smallest clients; stable"),
    )
)]
struct Document;

pub(super) fn document() -> utoipa::openapi::OpenApi {
    Document::openapi()
}

/// Serves the document.
pub(super) fn router(document: utoipa::openapi::OpenApi) -> Router<Service> {
    let json = serde_json::to_string_pretty(&document).unwrap_or_default();
    let serve =
        move || async move { ([(header::CONTENT_TYPE, "application/json")], json).into_response() };
    Router::new().route("/api/openapi.json", get(serve))
}
