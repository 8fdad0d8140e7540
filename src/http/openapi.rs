//! OpenAPI 3.1 document, collected from the handlers.

mod finish;
mod links;
mod text;

use std::sync::Arc;

use axum::{
    Json, Router,
    http::header,
    response::{IntoResponse, Response},
    routing::get,
};
use serde_json::{Value, json};
use utoipa::{OpenApi, openapi::OpenApi as OpenApiDocument};

use super::Links;
use crate::engine::Service;

/// Path of the document.
pub(super) const PATH: &str = "/api/openapi.json";

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
        (name = "account", description = "The caller's own data"),
        (name = "batches", description = "Several tasks at once"),
        (name = "kinds", description = "Kinds of tasks"),
    )
)]
struct Header;

pub(super) fn document() -> OpenApiDocument {
    Header::openapi()
}

/// Serves the document. Where the router is nested, the document names that path as its server.
pub(super) fn router(document: &OpenApiDocument, service: &Service) -> Router<Service> {
    let document = Arc::new(Document::new(document, service));
    let serve = move |links: Links| async move { document.response(&links) };
    Router::new().route(PATH, get(serve))
}

/// The document, and its JSON for a router that is not nested.
struct Document {
    document: Value,
    json: String,
}

impl Document {
    fn new(document: &OpenApiDocument, service: &Service) -> Self {
        let mut document = serde_json::to_value(document).unwrap_or_default();
        finish::finish(&mut document, service.options());
        let json = serde_json::to_string_pretty(&document).unwrap_or_default();
        Self { document, json }
    }

    fn response(&self, links: &Links) -> Response {
        if links.prefix().is_empty() {
            return ([(header::CONTENT_TYPE, "application/json")], self.json.clone())
                .into_response();
        }
        let mut document = self.document.clone();
        document["servers"] = json!([{ "url": links.prefix() }]);
        Json(document).into_response()
    }
}
