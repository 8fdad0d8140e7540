//! Who asks: a session cookie, made when a page is first opened, made anew while pages are used, and
//! ended when its browser asks for it.
//!
//! The cookie is 122 random bits, the hour it was set in, and a seal over both that only this server
//! can make; the server keeps none of them. A keyed hash of the random part gives the owner's word,
//! so that what is in the database opens no session.

use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
    time::{SystemTime, UNIX_EPOCH},
};

use axum::http::{HeaderMap, HeaderValue, header};
use uuid::Uuid;

use super::HttpOptions;
use crate::engine::{
    Caller,
    audit::{self, Action},
    keyed_hash::HashKey,
};

const NAME: &str = "milepost_session";
/// With this name a browser keeps the cookie from other hosts and from plain HTTP.
const SECURE_NAME: &str = "__Host-milepost_session";
/// Characters of the random part, of the hour, and of the seal.
const RANDOM: usize = 32;
const HOUR: usize = 8;
const SEAL: usize = 32;
/// The longest that browsers keep a cookie.
const MAX_AGE_S: u32 = 400 * 24 * 3600;
/// A page that is opened with a cookie older than this sets it again.
const RENEW_AFTER_H: u32 = 24;

/// Seals session cookies. Shown nowhere.
#[derive(Clone)]
pub struct SessionKey(HashKey);

impl std::fmt::Debug for SessionKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("SessionKey(…)")
    }
}

impl SessionKey {
    /// A key of 256 bits that were chosen at random.
    pub fn new(bits: [u8; 32]) -> Self {
        Self(HashKey::new(&bits))
    }

    /// A new one.
    pub fn random() -> Self {
        let mut bits = [0; 32];
        bits[..16].copy_from_slice(Uuid::new_v4().as_bytes());
        bits[16..].copy_from_slice(Uuid::new_v4().as_bytes());
        Self::new(bits)
    }

    /// The seal over a text, and the owner's word of a random part: the halves of one HMAC-SHA-256.
    fn halves(&self, text: &str) -> (u128, u128) {
        let digest = self.0.hash(&[text.as_bytes()]);
        let number = |half: &[u8]| half.iter().fold(0, |bits, byte| bits << 8 | u128::from(*byte));
        (number(&digest[..16]), number(&digest[16..]))
    }
}

/// A session that a request belongs to.
#[derive(Clone)]
pub(super) struct Session {
    pub(super) caller: Caller,
    random: String,
    /// When its cookie was set, in hours since the Unix epoch. The first cookies did not tell.
    set_at: Option<u32>,
}

impl Session {
    /// A new one, and the cookie that says so.
    pub(super) fn make(options: &HttpOptions, now: u32) -> (Self, Option<HeaderValue>) {
        let random = Uuid::new_v4().as_simple().to_string();
        let (_, owner) = options.session_key.halves(&random);
        let session = Self { caller: caller(owner), random, set_at: Some(now) };
        let cookie = session.cookie(options, now);
        (session, cookie)
    }

    /// The cookie of a session that is in use, where it is to be set again.
    pub(super) fn renewed(&self, options: &HttpOptions, now: u32) -> Option<HeaderValue> {
        // A clock that was set back makes no cookie younger than it is.
        let young = |set_at: u32| set_at <= now && now - set_at < RENEW_AFTER_H;
        if self.set_at.is_some_and(young) { None } else { self.cookie(options, now) }
    }

    fn cookie(&self, options: &HttpOptions, now: u32) -> Option<HeaderValue> {
        let sealed = format!("{}{now:08x}", self.random);
        let (seal, _) = options.session_key.halves(&sealed);
        set_cookie(&format!("{sealed}{seal:032x}"), MAX_AGE_S, options)
    }
}

/// Hours since the Unix epoch.
pub(super) fn now() -> u32 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u32::try_from(since.as_secs() / 3600).unwrap_or(u32::MAX)
}

/// Ends the session of a caller in its browser: the `Set-Cookie` that takes the cookie away. Its tasks
/// stay, and nobody can reach them any more. `None` where there are no sessions.
pub fn end_session(options: &HttpOptions, caller: &Caller) -> Option<HeaderValue> {
    if !options.session_cookie {
        return None;
    }
    audit::record(caller, Action::EndSession, "ok");
    set_cookie("", 0, options)
}

/// Sessions that asked lately, by their cookie's value: whose seal was checked need not be checked
/// again with each poll.
#[derive(Default)]
pub(super) struct Recent(Mutex<HashMap<Box<str>, Session>>);

impl Recent {
    /// As many as are remembered, in some 300 bytes each; then it starts anew.
    const MAX: usize = 4_096;

    fn open(&self, value: &str, key: &SessionKey) -> Option<Session> {
        let known = || self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(session) = known().get(value) {
            return Some(session.clone());
        }
        let session = open(value, key)?;
        let mut known = known();
        if known.len() >= Self::MAX {
            known.clear();
        }
        known.insert(value.into(), session.clone());
        Some(session)
    }
}

/// Who asks; `None` without a session that was made here.
pub(super) fn read(headers: &HeaderMap, options: &HttpOptions, recent: &Recent) -> Option<Session> {
    let name = name(options);
    headers
        .get_all(header::COOKIE)
        .iter()
        .filter_map(|cookies| cookies.to_str().ok())
        .flat_map(|cookies| cookies.split(';'))
        .filter_map(|pair| pair.trim().split_once('='))
        .filter(|(key, _)| *key == name)
        .find_map(|(_, value)| recent.open(value, &options.session_key))
}

/// The session behind a value that was made here.
fn open(value: &str, key: &SessionKey) -> Option<Session> {
    let hexadecimal = |b: u8| matches!(b, b'0'..=b'9' | b'a'..=b'f');
    let tells = match value.len() {
        length if length == RANDOM + HOUR + SEAL => true,
        length if length == RANDOM + SEAL => false,
        _ => return None,
    };
    if !value.bytes().all(hexadecimal) {
        return None;
    }
    let (sealed, theirs) = value.split_at_checked(value.len() - SEAL)?;
    let (random, hour) = sealed.split_at_checked(RANDOM)?;
    let (seal, _) = key.halves(sealed);
    // One comparison of two numbers: its time says nothing of where they differ.
    if u128::from_str_radix(theirs, 16).ok()? != seal {
        return None;
    }
    let (_, owner) = key.halves(random);
    let set_at = tells.then(|| u32::from_str_radix(hour, 16).ok()).flatten();
    Some(Session { caller: caller(owner), random: random.to_owned(), set_at })
}

fn caller(owner: u128) -> Caller {
    Caller::owner(format!("session:{owner:032x}"))
}

fn name(options: &HttpOptions) -> &'static str {
    if options.secure_cookie { SECURE_NAME } else { NAME }
}

fn set_cookie(value: &str, max_age_s: u32, options: &HttpOptions) -> Option<HeaderValue> {
    let secure = if options.secure_cookie { "; Secure" } else { "" };
    let name = name(options);
    let cookie =
        format!("{name}={value}; Path=/; Max-Age={max_age_s}; HttpOnly; SameSite=Lax{secure}");
    HeaderValue::from_str(&cookie).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn value(cookie: Option<HeaderValue>) -> String {
        let cookie = cookie.expect("a cookie");
        let pair = cookie.to_str().unwrap().split(';').next().unwrap().to_owned();
        pair.split_once('=').unwrap().1.to_owned()
    }

    #[test]
    fn a_cookie_is_set_again_once_it_is_a_day_old_and_stays_the_same_session() {
        let options = HttpOptions::default();
        let (made, cookie) = Session::make(&options, 1_000);
        let session = open(&value(cookie), &options.session_key).unwrap();
        assert_eq!(session.caller, made.caller);
        for (now, renewed) in [(1_000, false), (1_023, false), (1_024, true), (999, true)] {
            assert_eq!(session.renewed(&options, now).is_some(), renewed, "{now}");
        }
        let later = open(&value(session.renewed(&options, 2_000)), &options.session_key).unwrap();
        assert_eq!((&later.caller, later.set_at), (&made.caller, Some(2_000)));
    }

    #[test]
    fn a_cookie_that_does_not_tell_its_age_is_the_same_session_and_is_set_again() {
        let options = HttpOptions::default();
        let (made, _) = Session::make(&options, 1_000);
        let (seal, _) = options.session_key.halves(&made.random);
        let old = format!("{}{seal:032x}", made.random);
        let session = open(&old, &options.session_key).unwrap();
        assert_eq!(session.caller, made.caller);
        assert!(session.renewed(&options, 1_000).is_some());
    }

    #[test]
    fn nobody_can_change_the_age_of_a_cookie() {
        let options = HttpOptions::default();
        let (made, cookie) = Session::make(&options, 1_000);
        let value = value(cookie);
        let younger = format!("{}{:08x}{}", made.random, 2_000, &value[RANDOM + HOUR..]);
        assert!(open(&younger, &options.session_key).is_none());
        assert!(open(&value, &SessionKey::random()).is_none());
    }
}
