//! Uploads, streamed to storage and never buffered whole.

mod form;

use std::io;

use axum::{
    Json,
    body::{Body, Bytes},
    extract::{Request, State},
    http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use futures_util::{Stream, TryStreamExt as _};
use serde::Deserialize;
use utoipa::{IntoParams, ToSchema};

pub use self::form::{Form, FormError, FormFile, Part};

use super::{
    ApiError, Links,
    extract::{InUpload, Params},
};
use crate::{
    engine::{Caller, Service},
    task::{Problem, Upload, UploadId},
};

/// Headers of clients that try to resume an upload.
const RESUMING: [HeaderName; 3] = [
    header::CONTENT_RANGE,
    HeaderName::from_static("upload-offset"),
    HeaderName::from_static("tus-resumable"),
];

/// Maximum size of the text fields of an upload form, in bytes.
const MAX_TEXT: usize = 64 << 10;

/// Parameters of an upload.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(super) struct UploadParams {
    /// File name, if the body is the file itself.
    #[serde(default)]
    name: String,
}

/// Form with one file, for the OpenAPI document.
#[derive(ToSchema)]
#[expect(dead_code, reason = "describes the body in the OpenAPI document")]
struct UploadForm {
    /// The file; the field may have any name.
    #[schema(value_type = String, format = Binary)]
    file: Vec<u8>,
}

/// Uploads a file for the input of a task. The body is the file, or a form (`multipart/form-data`)
/// with one file. It is retained for a limited time, longer while a task uses it. An interrupted
/// upload is discarded and must be sent again.
#[utoipa::path(post, path = "/api/v1/uploads", tag = "files", operation_id = "createUpload",
    params(UploadParams),
    request_body(content(
        (Vec<u8> = "*/*"),
        (UploadForm = "multipart/form-data"))),
    responses(
        (status = 201, body = Upload),
        (status = 400, body = Problem, content_type = "application/problem+json"),
        (status = 401, body = Problem, content_type = "application/problem+json"),
        (status = 403, body = Problem, content_type = "application/problem+json"),
        (status = 413, body = Problem, content_type = "application/problem+json"),
        (status = 429, body = Problem, content_type = "application/problem+json",
            description = "Too many uploads of this owner"),
        (status = 501, body = Problem, content_type = "application/problem+json",
            description = "No place for files is configured"),
        (status = 503, body = Problem, content_type = "application/problem+json"),
        (status = 507, body = Problem, content_type = "application/problem+json",
            description = "A storage limit is reached, or the disk is full")))]
pub(super) async fn create(
    State(service): State<Service>,
    caller: Caller,
    links: Links,
    Params(UploadParams { name }): Params<UploadParams>,
    request: Request,
) -> Result<Response, ApiError> {
    let (parts, body) = request.into_parts();
    let headers = &parts.headers;
    if RESUMING.iter().any(|name| headers.contains_key(name)) {
        let detail = "an upload is sent as a whole, from its first byte; it cannot be resumed";
        return Err(ApiError::bad_request(detail));
    }
    let media = headers.get(header::CONTENT_TYPE).and_then(|media| media.to_str().ok());
    let boundary = Form::boundary(media);
    let upload = match boundary.map_err(|error| ApiError::bad_request(error.to_string()))? {
        Some(boundary) => one_of_form(&service, &caller, boundary, body).await?,
        None => {
            let length = length(headers);
            service.upload(&caller, &name, media, length, pieces(body)).await?
        }
    };
    let location = links.upload(upload.id);
    let mut response = (StatusCode::CREATED, Json(upload)).into_response();
    if let Ok(location) = HeaderValue::from_str(&location) {
        response.headers_mut().insert(header::LOCATION, location);
    }
    Ok(response)
}

/// Returns the metadata of an upload.
#[utoipa::path(get, path = "/api/v1/uploads/{id}", tag = "files", operation_id = "getUpload",
    params(("id" = UploadId, Path, description = "The upload")),
    responses(
        (status = 200, body = Upload),
        (status = 404, body = Problem, content_type = "application/problem+json"),
        (status = 503, body = Problem, content_type = "application/problem+json")))]
pub(super) async fn get(
    State(service): State<Service>,
    caller: Caller,
    InUpload(id): InUpload,
) -> Result<Json<Upload>, ApiError> {
    let upload = service.uploaded(&caller, id).await?;
    upload.map(Json).ok_or_else(ApiError::upload_not_found)
}

/// Reads a form with exactly one file.
async fn one_of_form(
    service: &Service,
    caller: &Caller,
    boundary: String,
    body: Body,
) -> Result<Upload, ApiError> {
    let mut form = Form::new(pieces(body), boundary, MAX_TEXT);
    let file = loop {
        match form.next().await.map_err(unread)? {
            Some(Part::Text(..)) => {}
            Some(Part::File(file)) => break *file,
            None => return Err(ApiError::bad_request("the form has no file")),
        }
    };
    let (name, media) = (file.name.clone(), file.media_type.clone());
    let upload = service.upload(caller, &name, media.as_deref(), None, form.last(file));
    Ok(upload.await?)
}

fn unread(error: FormError) -> ApiError {
    ApiError::bad_request(error.to_string())
}

/// Streams the body.
pub fn pieces(body: Body) -> impl Stream<Item = io::Result<Bytes>> + Send + 'static {
    body.into_data_stream().map_err(io::Error::other)
}

fn length(headers: &HeaderMap) -> Option<u64> {
    headers.get(header::CONTENT_LENGTH)?.to_str().ok()?.parse().ok()
}
