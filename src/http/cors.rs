//! Pages of other origins that call the API with a token (CORS). A cookie is never part of such a
//! call: no response permits credentials.

use std::sync::Arc;

use axum::{
    extract::{Request, State},
    http::{HeaderMap, HeaderValue, Method, StatusCode, header},
    middleware::Next,
    response::{IntoResponse as _, Response},
};

use super::{host::Origin, identity};

const METHODS: HeaderValue = HeaderValue::from_static("GET, HEAD, POST, DELETE");
const HEADERS: HeaderValue = HeaderValue::from_static(
    "authorization, content-type, idempotency-key, if-none-match, prefer, range, traceparent",
);
const EXPOSED: HeaderValue = HeaderValue::from_static(
    "content-disposition, content-range, etag, location, operation-location, preference-applied, \
     retry-after",
);
/// How long a browser remembers the answer, in seconds.
const MAX_AGE: HeaderValue = HeaderValue::from_static("600");

/// Answers preflight requests of these origins, and lets their pages read the responses to requests
/// with a token.
pub(super) async fn permit(
    State(origins): State<Arc<[String]>>,
    request: Request,
    next: Next,
) -> Response {
    let Some(origin) = permitted(request.headers(), &origins) else {
        return next.run(request).await;
    };
    let asks = request.headers().contains_key(header::ACCESS_CONTROL_REQUEST_METHOD);
    if *request.method() == Method::OPTIONS && asks {
        let mut response = StatusCode::NO_CONTENT.into_response();
        let headers = response.headers_mut();
        headers.insert(header::ACCESS_CONTROL_ALLOW_METHODS, METHODS);
        headers.insert(header::ACCESS_CONTROL_ALLOW_HEADERS, HEADERS);
        headers.insert(header::ACCESS_CONTROL_MAX_AGE, MAX_AGE);
        return allow(response, origin);
    }
    let has_token = identity::has_token(request.headers());
    let response = next.run(request).await;
    if has_token { allow(response, origin) } else { response }
}

/// The origin of the request, if it is one of these.
fn permitted(headers: &HeaderMap, origins: &[String]) -> Option<HeaderValue> {
    let origin = headers.get(header::ORIGIN)?;
    let parsed = Origin::parse(origin.to_str().ok()?)?;
    let mut known = origins.iter().filter_map(|known| Origin::parse(known));
    known.any(|known| known.is(&parsed)).then(|| origin.clone())
}

fn allow(mut response: Response, origin: HeaderValue) -> Response {
    let headers = response.headers_mut();
    headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, origin);
    headers.insert(header::ACCESS_CONTROL_EXPOSE_HEADERS, EXPOSED);
    headers.append(header::VARY, HeaderValue::from_static("origin"));
    response
}
