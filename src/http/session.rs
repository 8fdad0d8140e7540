//! Session cookies: created when a page is first opened, renewed while pages are used, and ended on
//! request.
//!
//! A cookie contains 122 random bits, the hour in which it was set, and a seal over both that only
//! this server can create; the server stores none of them. The owner's id is a keyed hash of the
//! random part, so the contents of the database open no session.

use std::{
    collections::HashMap,
    time::{SystemTime, UNIX_EPOCH},
};

use parking_lot::Mutex;

use axum::http::{HeaderMap, HeaderValue, header};
use uuid::Uuid;

use super::HttpOptions;
use crate::engine::{
    Caller,
    audit::{self, Action},
    keyed_hash::HashKey,
};

/// The name of a cookie over plain HTTP, over HTTPS, and over HTTPS for a server below a path.
pub(super) struct CookieName {
    pub(super) plain: &'static str,
    /// The prefix `__Host-` makes browsers reject the cookie from other hosts and over plain HTTP.
    pub(super) secure: &'static str,
    /// With the prefix `__Secure-`: below a path `__Host-` is not allowed.
    pub(super) secure_below: &'static str,
}

const NAME: CookieName = CookieName {
    plain: "milepost_session",
    secure: "__Host-milepost_session",
    secure_below: "__Secure-milepost_session",
};
/// Lengths in characters: random part, hour, seal.
const RANDOM: usize = 32;
const HOUR: usize = 8;
const SEAL: usize = 32;
/// Maximum age that browsers accept, in seconds.
const MAX_AGE_S: u32 = 400 * 24 * 3600;
/// Age in hours after which opening a page renews the cookie.
const RENEW_AFTER_H: u32 = 24;

/// Key that seals session cookies. Never displayed.
#[derive(Clone)]
pub struct SessionKey(pub(super) HashKey);

impl std::fmt::Debug for SessionKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("SessionKey(…)")
    }
}

impl SessionKey {
    /// Creates a key from 256 random bits.
    pub fn new(bits: [u8; 32]) -> Self {
        Self(HashKey::new(&bits))
    }

    /// Creates a random key.
    pub fn random() -> Self {
        let mut bits = [0; 32];
        bits[..16].copy_from_slice(Uuid::new_v4().as_bytes());
        bits[16..].copy_from_slice(Uuid::new_v4().as_bytes());
        Self::new(bits)
    }

    /// Returns the seal over a text and the owner id of a random part: the halves of one
    /// HMAC-SHA-256.
    fn halves(&self, text: &str) -> (u128, u128) {
        let digest = self.0.hash(&[text.as_bytes()]);
        let number = |half: &[u8]| half.iter().fold(0, |bits, byte| bits << 8 | u128::from(*byte));
        (number(&digest[..16]), number(&digest[16..]))
    }
}

/// Session of a request.
#[derive(Clone)]
pub(super) struct Session {
    pub(super) caller: Caller,
    random: String,
    /// When the cookie was set, in hours since the Unix epoch. `None` for cookies of the first
    /// format.
    set_at: Option<u32>,
}

impl Session {
    /// Creates a session and its cookie.
    pub(super) fn make(options: &HttpOptions, now: u32) -> (Self, Option<HeaderValue>) {
        let random = Uuid::new_v4().as_simple().to_string();
        let (_, owner) = options.session_key.halves(&random);
        let session = Self { caller: caller(owner), random, set_at: Some(now) };
        let cookie = session.cookie(options, now);
        (session, cookie)
    }

    /// Cookie that renews the session, if it is due.
    pub(super) fn renewed(&self, options: &HttpOptions, now: u32) -> Option<HeaderValue> {
        // A cookie from the future (the clock was set back) is not young; renew it.
        let young = |set_at: u32| set_at <= now && now - set_at < RENEW_AFTER_H;
        if self.set_at.is_some_and(young) { None } else { self.cookie(options, now) }
    }

    fn cookie(&self, options: &HttpOptions, now: u32) -> Option<HeaderValue> {
        let sealed = format!("{}{now:08x}", self.random);
        let (seal, _) = options.session_key.halves(&sealed);
        set_cookie(&NAME, &format!("{sealed}{seal:032x}"), MAX_AGE_S, options)
    }
}

/// Hours since the Unix epoch.
pub(super) fn now() -> u32 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u32::try_from(since.as_secs() / 3600).unwrap_or(u32::MAX)
}

/// Ends the caller's session in its browser: returns the `Set-Cookie` that deletes the cookie. The
/// session's tasks remain but become unreachable. `None` if sessions are disabled.
pub fn end_session(options: &HttpOptions, caller: &Caller) -> Option<HeaderValue> {
    if !options.session_cookie {
        return None;
    }
    audit::record(caller, Action::EndSession, "ok");
    set_cookie(&NAME, "", 0, options)
}

/// Cache of recent sessions by cookie value, so that a poll does not verify the seal each time.
#[derive(Default)]
pub(super) struct Recent(Mutex<HashMap<Box<str>, Session>>);

impl Recent {
    /// Maximum number of entries, about 300 bytes each; the cache is cleared when full.
    const MAX: usize = 4_096;

    fn open(&self, value: &str, key: &SessionKey) -> Option<Session> {
        let known = || self.0.lock();
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

/// Reads the session from the cookies; `None` without a valid one.
pub(super) fn read(headers: &HeaderMap, options: &HttpOptions, recent: &Recent) -> Option<Session> {
    values(&NAME, headers, options).find_map(|value| recent.open(value, &options.session_key))
}

/// The caller of the anonymous session of a browser, if it has one.
pub(super) fn of_browser(headers: &HeaderMap, options: &HttpOptions) -> Option<Caller> {
    if !options.session_cookie {
        return None;
    }
    read(headers, options, &Recent::default()).map(|session| session.caller)
}

/// The values of a cookie in the order in which the browser sent them.
pub(super) fn values<'h>(
    cookie: &CookieName,
    headers: &'h HeaderMap,
    options: &HttpOptions,
) -> impl Iterator<Item = &'h str> + use<'h> {
    let name = name(cookie, options);
    headers
        .get_all(header::COOKIE)
        .iter()
        .filter_map(|cookies| cookies.to_str().ok())
        .flat_map(|cookies| cookies.split(';'))
        .filter_map(|pair| pair.trim().split_once('='))
        .filter(move |(key, _)| *key == name)
        .map(|(_, value)| value)
}

/// Verifies a cookie value and returns its session.
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
    // Compares two integers, which takes the same time wherever they differ.
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

fn name(cookie: &CookieName, options: &HttpOptions) -> &'static str {
    match (options.secure_cookie, options.cookie_path.as_str()) {
        (false, _) => cookie.plain,
        (true, "/") => cookie.secure,
        (true, _) => cookie.secure_below,
    }
}

/// A `Set-Cookie` for the whole site that no script can read.
pub(super) fn set_cookie(
    cookie: &CookieName,
    value: &str,
    max_age_s: u32,
    options: &HttpOptions,
) -> Option<HeaderValue> {
    let secure = if options.secure_cookie { "; Secure" } else { "" };
    let (name, path) = (name(cookie, options), &options.cookie_path);
    let cookie =
        format!("{name}={value}; Path={path}; Max-Age={max_age_s}; HttpOnly; SameSite=Lax{secure}");
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
    fn below_a_path_the_cookie_is_that_paths_alone() {
        for (secure_cookie, path, start) in [
            (false, "/", "milepost_session="),
            (true, "/", "__Host-milepost_session="),
            (false, "/m", "milepost_session="),
            (true, "/m", "__Secure-milepost_session="),
        ] {
            let cookie_path = path.to_owned();
            let options = HttpOptions { secure_cookie, cookie_path, ..HttpOptions::default() };
            let cookie = Session::make(&options, 1_000).1.unwrap();
            let cookie = cookie.to_str().unwrap();
            assert!(cookie.starts_with(start), "{cookie}");
            assert!(cookie.contains(&format!("; Path={path};")), "{cookie}");
            assert_eq!(cookie.contains("; Secure"), secure_cookie, "{cookie}");
        }
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
