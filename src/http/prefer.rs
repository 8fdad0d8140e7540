//! `Prefer: wait=N` (RFC 7240): how long the caller accepts to wait for news.

use std::{convert::Infallible, time::Duration};

use axum::{
    extract::FromRequestParts,
    http::{HeaderName, HeaderValue, request::Parts},
    response::Response,
};

const PREFER: HeaderName = HeaderName::from_static("prefer");
const PREFERENCE_APPLIED: HeaderName = HeaderName::from_static("preference-applied");

/// Time that the caller accepts to wait; `None` if it states none.
pub(super) struct Prefer(pub(super) Option<Duration>);

impl<S: Send + Sync> FromRequestParts<S> for Prefer {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        let mut lines = parts.headers.get_all(PREFER).iter().filter_map(|line| line.to_str().ok());
        Ok(Self(lines.find_map(wait)))
    }
}

/// First `wait` preference in a header line; ignores invalid values.
fn wait(line: &str) -> Option<Duration> {
    line.split(',').find_map(|preference| {
        let word = preference.split(';').next()?;
        let (name, value) = word.split_once('=')?;
        let seconds = value.trim().trim_matches('"').parse::<u32>().ok()?;
        let waits = name.trim().eq_ignore_ascii_case("wait") && seconds > 0;
        waits.then(|| Duration::from_secs(u64::from(seconds)))
    })
}

/// Sets `Preference-Applied` to the maximum wait if the server honoured the preference.
pub(super) fn applied(response: &mut Response, waited: Option<Duration>) {
    if let Some(waited) = waited
        && let Ok(value) = HeaderValue::from_str(&format!("wait={}", waited.as_secs()))
    {
        response.headers_mut().insert(PREFERENCE_APPLIED, value);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wait_is_found_among_other_preferences_and_nonsense_is_none() {
        for (line, seconds) in [
            ("wait=20", Some(20)),
            ("respond-async, Wait = \"10\"; x=y", Some(10)),
            ("wait=0", None),
            ("wait=-1", None),
            ("wait=1.5", None),
            ("wait", None),
            ("waiting=5", None),
            ("", None),
        ] {
            assert_eq!(wait(line), seconds.map(Duration::from_secs), "{line}");
        }
    }
}
