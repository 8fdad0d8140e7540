//! Who asks: a session cookie, made when a page is first opened and by nothing else.
//!
//! The cookie is 244 random bits that the server keeps nowhere. The owner of a task is their hash,
//! so that what is in the database opens no session.

use axum::{
    extract::{Request, State},
    http::{HeaderMap, HeaderValue, Method, header},
    middleware::Next,
    response::Response,
};
use sha2::{Digest, Sha256};
use uuid::Uuid;

use super::HttpOptions;
use crate::engine::Caller;

const NAME: &str = "milepost_session";
/// With this name a browser keeps the cookie from other hosts and from plain HTTP.
const SECURE_NAME: &str = "__Host-milepost_session";
const LENGTH: usize = 64;
/// The longest that browsers keep a cookie.
const MAX_AGE_S: u32 = 400 * 24 * 3600;

/// Layer for API calls: reads the session, makes none.
pub async fn read(
    State(options): State<HttpOptions>,
    mut request: Request,
    next: Next,
) -> Response {
    let caller = caller(request.headers(), &options);
    request.extensions_mut().insert(caller);
    next.run(request).await
}

/// Layer for pages: reads the session, and makes one when a page is opened without.
pub async fn read_or_make(
    State(options): State<HttpOptions>,
    mut request: Request,
    next: Next,
) -> Response {
    let mut caller = caller(request.headers(), &options);
    let mut made = None;
    let opens = matches!(*request.method(), Method::GET | Method::HEAD);
    if caller.as_owner().is_none() && opens {
        let value = format!("{}{}", Uuid::new_v4().as_simple(), Uuid::new_v4().as_simple());
        caller = owner(&value);
        made = set_cookie(&value, &options);
    }
    request.extensions_mut().insert(caller);
    let mut response = next.run(request).await;
    if let Some(cookie) = made {
        response.headers_mut().append(header::SET_COOKIE, cookie);
    }
    response
}

fn name(options: &HttpOptions) -> &'static str {
    if options.secure_cookie { SECURE_NAME } else { NAME }
}

fn caller(headers: &HeaderMap, options: &HttpOptions) -> Caller {
    let name = name(options);
    headers
        .get_all(header::COOKIE)
        .iter()
        .filter_map(|cookies| cookies.to_str().ok())
        .flat_map(|cookies| cookies.split(';'))
        .filter_map(|pair| pair.trim().split_once('='))
        .find(|(key, value)| *key == name && well_formed(value))
        .map_or_else(Caller::nobody, |(_, value)| owner(value))
}

fn well_formed(value: &str) -> bool {
    value.len() == LENGTH && value.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'))
}

fn owner(value: &str) -> Caller {
    Caller::owner(format!("session:{:x}", Sha256::digest(value)))
}

fn set_cookie(value: &str, options: &HttpOptions) -> Option<HeaderValue> {
    let secure = if options.secure_cookie { "; Secure" } else { "" };
    let name = name(options);
    let cookie =
        format!("{name}={value}; Path=/; Max-Age={MAX_AGE_S}; HttpOnly; SameSite=Lax{secure}");
    HeaderValue::from_str(&cookie).ok()
}
