//! Who asks: a session cookie, made when a page is first opened and by nothing else.
//!
//! The cookie is 122 random bits and a seal over them that only this server can make; the server
//! keeps neither. One keyed hash gives both the seal and the owner's word, so that what is in the
//! database opens no session.

use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
};

use axum::http::{HeaderMap, HeaderValue, header};
use hmac::{Hmac, Mac, digest::KeyInit};
use sha2::Sha256;
use uuid::Uuid;

use super::HttpOptions;
use crate::engine::Caller;

const NAME: &str = "milepost_session";
/// With this name a browser keeps the cookie from other hosts and from plain HTTP.
const SECURE_NAME: &str = "__Host-milepost_session";
/// Characters of the random part, and of the whole.
const RANDOM: usize = 32;
const LENGTH: usize = 64;
/// The longest that browsers keep a cookie.
const MAX_AGE_S: u32 = 400 * 24 * 3600;

/// Seals session cookies. Shown nowhere.
#[derive(Clone)]
pub struct SessionKey(Hmac<Sha256>);

impl std::fmt::Debug for SessionKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("SessionKey(…)")
    }
}

impl SessionKey {
    /// A key of 256 bits that were chosen at random.
    pub fn new(bits: [u8; 32]) -> Self {
        // HMAC's own block: a key that is shorter is filled up with zeros.
        let mut block = [0; 64];
        block[..32].copy_from_slice(&bits);
        Self(<Hmac<Sha256> as KeyInit>::new(&block.into()))
    }

    /// A new one.
    pub fn random() -> Self {
        let mut bits = [0; 32];
        bits[..16].copy_from_slice(Uuid::new_v4().as_bytes());
        bits[16..].copy_from_slice(Uuid::new_v4().as_bytes());
        Self::new(bits)
    }

    /// The seal over a session's random part, and its owner's word: the halves of one HMAC-SHA-256.
    fn halves(&self, random: &str) -> (u128, u128) {
        let digest = self.0.clone().chain_update(random).finalize().into_bytes();
        let number = |half: &[u8]| half.iter().fold(0, |bits, byte| bits << 8 | u128::from(*byte));
        (number(&digest[..16]), number(&digest[16..]))
    }
}

/// A new session: who asks from now on, and the cookie that says so.
pub(super) fn make(options: &HttpOptions) -> (Caller, Option<HeaderValue>) {
    let random = Uuid::new_v4().as_simple().to_string();
    let (seal, owner) = options.session_key.halves(&random);
    (caller(owner), set_cookie(&format!("{random}{seal:032x}"), options))
}

/// Sessions that asked lately, by their cookie's value: whose seal was checked need not be checked
/// again with each poll.
#[derive(Default)]
pub(super) struct Recent(Mutex<HashMap<[u8; LENGTH], Caller>>);

impl Recent {
    /// As many as are remembered, in some 200 bytes each; then it starts anew.
    const MOST: usize = 4_096;

    fn open(&self, value: &str, key: &SessionKey) -> Option<Caller> {
        let value: &[u8; LENGTH] = value.as_bytes().try_into().ok()?;
        let known = || self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(caller) = known().get(value) {
            return Some(caller.clone());
        }
        let caller = open(value, key)?;
        let mut known = known();
        if known.len() >= Self::MOST {
            known.clear();
        }
        known.insert(*value, caller.clone());
        Some(caller)
    }
}

/// Who asks; nobody without a session that was made here.
pub(super) fn read(headers: &HeaderMap, options: &HttpOptions, recent: &Recent) -> Caller {
    let name = name(options);
    headers
        .get_all(header::COOKIE)
        .iter()
        .filter_map(|cookies| cookies.to_str().ok())
        .flat_map(|cookies| cookies.split(';'))
        .filter_map(|pair| pair.trim().split_once('='))
        .filter(|(key, _)| *key == name)
        .find_map(|(_, value)| recent.open(value, &options.session_key))
        .unwrap_or_else(Caller::nobody)
}

/// The caller behind a value that was made here.
fn open(value: &[u8; LENGTH], key: &SessionKey) -> Option<Caller> {
    let well_formed = |b: &u8| matches!(b, b'0'..=b'9' | b'a'..=b'f');
    if !value.iter().all(well_formed) {
        return None;
    }
    let (random, theirs) = std::str::from_utf8(value).ok()?.split_at_checked(RANDOM)?;
    let (seal, owner) = key.halves(random);
    // One comparison of two numbers: its time says nothing of where they differ.
    (u128::from_str_radix(theirs, 16).ok()? == seal).then(|| caller(owner))
}

fn caller(owner: u128) -> Caller {
    Caller::owner(format!("session:{owner:032x}"))
}

fn name(options: &HttpOptions) -> &'static str {
    if options.secure_cookie { SECURE_NAME } else { NAME }
}

fn set_cookie(value: &str, options: &HttpOptions) -> Option<HeaderValue> {
    let secure = if options.secure_cookie { "; Secure" } else { "" };
    let name = name(options);
    let cookie =
        format!("{name}={value}; Path=/; Max-Age={MAX_AGE_S}; HttpOnly; SameSite=Lax{secure}");
    HeaderValue::from_str(&cookie).ok()
}
