//! A sign-in under way: what the browser keeps, in a sealed cookie, until the provider leads it back.

use uuid::Uuid;

use crate::{engine::keyed_hash::hex, http::session::SessionKey, percent::percent_encoded};

/// How long a user has at the provider, in seconds.
pub(in crate::http::sign_in) const MAX_AGE_S: u32 = 600;
/// Maximum length of the path to return to in the cookie, in bytes: browsers keep 4,096 of a cookie.
const MAX_PATH_BYTES: usize = 2_000;
/// What the seal is for.
const PURPOSE: &str = "sign-in at the provider";

/// A sign-in that has begun.
#[derive(Clone, PartialEq, Eq)]
pub(in crate::http::sign_in) struct Flow {
    /// Ties the answer to this browser.
    pub(super) state: String,
    /// Ties the ID token to this sign-in.
    pub(super) nonce: String,
    /// Ties the code to this sign-in (PKCE).
    pub(super) verifier: String,
    /// The path of the page that was asked for, percent-encoded; empty: the start page.
    path: String,
    /// When it began, in seconds since the Unix epoch.
    begun_s: u64,
}

impl Flow {
    /// Begins a sign-in that returns to this path.
    pub(in crate::http::sign_in) fn begin(return_to: Option<&str>, now_s: u64) -> Self {
        let random = || Uuid::new_v4().as_simple().to_string();
        // The parts of the cookie are separated by dots.
        let encoded = |path| percent_encoded(path).to_string().replace('.', "%2E");
        let path = return_to.map(encoded).unwrap_or_default();
        Self {
            state: random(),
            nonce: random(),
            verifier: format!("{}{}", random(), random()),
            path: if path.len() > MAX_PATH_BYTES { String::new() } else { path },
            begun_s: now_s,
        }
    }

    /// The value of the cookie.
    pub(in crate::http::sign_in) fn sealed(&self, key: &SessionKey) -> String {
        let text = self.text();
        format!("{text}.{}", seal(key, &text))
    }

    fn text(&self) -> String {
        let Self { state, nonce, verifier, path, begun_s } = self;
        format!("{state}.{nonce}.{verifier}.{begun_s}.{path}")
    }

    /// Reads the value of a cookie; `None` if it was not sealed with this key, or is too old.
    pub(in crate::http::sign_in) fn open(
        value: &str,
        key: &SessionKey,
        now_s: u64,
    ) -> Option<Self> {
        let (text, seal) = value.rsplit_once('.')?;
        if !is_equal(seal, &self::seal(key, text)) {
            return None;
        }
        let mut parts = text.split('.');
        let mut part = || parts.next().map(str::to_owned);
        let (state, nonce, verifier) = (part()?, part()?, part()?);
        let (begun_s, path) = (part()?.parse().ok()?, part()?);
        // One from the future is none: the clock was set back.
        let age = now_s.checked_sub(begun_s)?;
        (age <= u64::from(MAX_AGE_S)).then_some(Self { state, nonce, verifier, path, begun_s })
    }

    /// The path to return to.
    pub(in crate::http::sign_in) fn return_to(&self) -> Option<String> {
        let path = percent_encoding::percent_decode_str(&self.path).decode_utf8().ok()?;
        super::super::is_return_path(&path).then(|| path.into_owned())
    }
}

/// The seal of a text, which is for no other purpose.
fn seal(key: &SessionKey, text: &str) -> String {
    hex(&key.0.hash(&[PURPOSE.as_bytes(), b"\n", text.as_bytes()]))
}

/// Whether two texts are equal; takes as long wherever they differ.
fn is_equal(a: &str, b: &str) -> bool {
    a.len() == b.len() && a.bytes().zip(b.bytes()).fold(0, |found, (a, b)| found | (a ^ b)) == 0
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: u64 = 1_700_000_000;

    #[test]
    fn a_sign_in_under_way_is_what_its_cookie_says_for_ten_minutes() {
        let key = SessionKey::new([7; 32]);
        for path in [None, Some("/"), Some("/tasks?q=a.b&tag=%2E"), Some("/tasks/1/files/a.csv")] {
            let flow = Flow::begin(path, NOW);
            let sealed = flow.sealed(&key);
            for (later, is_there) in [(0, true), (600, true), (601, false)] {
                let opened = Flow::open(&sealed, &key, NOW + later);
                assert_eq!(opened.as_ref() == Some(&flow), is_there, "{path:?} {later}");
                if let Some(opened) = opened {
                    assert_eq!(opened.return_to().as_deref(), path);
                }
            }
            assert!(Flow::open(&sealed, &key, NOW - 1).is_none(), "from the future");
            assert!(sealed.bytes().all(|b| b.is_ascii_alphanumeric() || b"%.-_~".contains(&b)));
        }
        let long = format!("/{}", "%".repeat(700));
        assert_eq!(Flow::begin(Some(&long), NOW).return_to(), None);
    }

    #[test]
    fn nobody_else_makes_or_changes_one() {
        let (key, other) = (SessionKey::new([7; 32]), SessionKey::new([8; 32]));
        let sealed = Flow::begin(Some("/tasks"), NOW).sealed(&key);
        let (text, seal) = sealed.rsplit_once('.').unwrap();
        let elsewhere = text.replace("%2Ftasks", "%2Fadmin");
        assert_ne!(elsewhere, text);
        for wrong in [
            "",
            ".",
            text,
            &format!("{elsewhere}.{seal}"),
            &format!("{text}."),
            &format!("{text}.{}", "0".repeat(seal.len())),
            &Flow::begin(Some("/tasks"), NOW).sealed(&other),
        ] {
            assert!(Flow::open(wrong, &key, NOW).is_none(), "{wrong}");
        }
        let another = Flow::begin(None, NOW);
        assert_ne!(another.state, Flow::begin(None, NOW).state);
    }
}
