//! Who asks: a session cookie, made when a page is first opened and by nothing else.
//!
//! The cookie is 244 random bits that the server keeps nowhere. The owner of a task is their hash,
//! so that what is in the database opens no session.

use axum::http::{HeaderMap, HeaderValue, header};
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

/// A new session: who asks from now on, and the cookie that says so.
pub(super) fn make(options: &HttpOptions) -> (Caller, Option<HeaderValue>) {
    let value = format!("{}{}", Uuid::new_v4().as_simple(), Uuid::new_v4().as_simple());
    (owner(&value), set_cookie(&value, options))
}

/// Who asks; nobody without a session.
pub(super) fn read(headers: &HeaderMap, options: &HttpOptions) -> Caller {
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

fn name(options: &HttpOptions) -> &'static str {
    if options.secure_cookie { SECURE_NAME } else { NAME }
}

fn well_formed(value: &str) -> bool {
    value.len() == LENGTH && value.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'))
}

fn owner(value: &str) -> Caller {
    let digest = Sha256::digest(value);
    let half = digest.iter().take(16).fold(0u128, |bits, byte| bits << 8 | u128::from(*byte));
    Caller::owner(format!("session:{half:032x}"))
}

fn set_cookie(value: &str, options: &HttpOptions) -> Option<HeaderValue> {
    let secure = if options.secure_cookie { "; Secure" } else { "" };
    let name = name(options);
    let cookie =
        format!("{name}={value}; Path=/; Max-Age={MAX_AGE_S}; HttpOnly; SameSite=Lax{secure}");
    HeaderValue::from_str(&cookie).ok()
}
