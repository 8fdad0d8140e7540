//! Who asks: a session cookie, made when a page is first opened and by nothing else.
//!
//! The cookie is 122 random bits and a seal over them that only this server can make; the server
//! keeps neither. The owner of a task is their hash, so that what is in the database opens no
//! session.

use axum::http::{HeaderMap, HeaderValue, header};
use hmac::{Hmac, Mac};
use sha2::{Digest, Sha256};
use uuid::Uuid;

use super::{HttpOptions, SessionKey};
use crate::engine::Caller;

const NAME: &str = "milepost_session";
/// With this name a browser keeps the cookie from other hosts and from plain HTTP.
const SECURE_NAME: &str = "__Host-milepost_session";
/// Characters of the random part, and of the whole.
const RANDOM: usize = 32;
const LENGTH: usize = 64;
/// The longest that browsers keep a cookie.
const MAX_AGE_S: u32 = 400 * 24 * 3600;

/// A new session: who asks from now on, and the cookie that says so.
pub(super) fn make(options: &HttpOptions) -> (Caller, Option<HeaderValue>) {
    let random = Uuid::new_v4().as_simple().to_string();
    let value = format!("{random}{:032x}", seal(&random, &options.session_key));
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
        .find(|(key, value)| *key == name && made_here(value, &options.session_key))
        .map_or_else(Caller::nobody, |(_, value)| owner(value))
}

fn name(options: &HttpOptions) -> &'static str {
    if options.secure_cookie { SECURE_NAME } else { NAME }
}

/// Whether this server made the value.
fn made_here(value: &str, key: &SessionKey) -> bool {
    let Some((random, theirs)) = value.split_at_checked(RANDOM) else { return false };
    let well_formed = |b: u8| matches!(b, b'0'..=b'9' | b'a'..=b'f');
    if value.len() != LENGTH || !value.bytes().all(well_formed) {
        return false;
    }
    // One comparison of two numbers: its time says nothing of where they differ.
    u128::from_str_radix(theirs, 16).is_ok_and(|theirs| theirs == seal(random, key))
}

/// HMAC-SHA-256, its first half.
fn seal(random: &str, key: &SessionKey) -> u128 {
    // A key of any length is taken; it is the only error there is.
    let Ok(mut mac) = <Hmac<Sha256> as Mac>::new_from_slice(&key.0) else { return 0 };
    mac.update(random.as_bytes());
    half(&mac.finalize().into_bytes())
}

fn half(digest: &[u8]) -> u128 {
    digest.iter().take(16).fold(0, |bits, byte| bits << 8 | u128::from(*byte))
}

fn owner(value: &str) -> Caller {
    Caller::owner(format!("session:{:032x}", half(&Sha256::digest(value))))
}

fn set_cookie(value: &str, options: &HttpOptions) -> Option<HeaderValue> {
    let secure = if options.secure_cookie { "; Secure" } else { "" };
    let name = name(options);
    let cookie =
        format!("{name}={value}; Path=/; Max-Age={MAX_AGE_S}; HttpOnly; SameSite=Lax{secure}");
    HeaderValue::from_str(&cookie).ok()
}
