//! `Prefer: wait=N` (RFC 7240): how long the caller accepts to wait for news, or with `until=end`
//! for the end.

use std::{convert::Infallible, time::Duration};

use axum::{
    extract::FromRequestParts,
    http::{HeaderName, HeaderValue, request::Parts},
    response::Response,
};

use crate::{
    engine::{Caller, Service, ServiceError, WaitFor},
    task::TaskId,
};

const PREFER: HeaderName = HeaderName::from_static("prefer");
const PREFERENCE_APPLIED: HeaderName = HeaderName::from_static("preference-applied");

/// What the caller accepts to wait for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Prefer {
    /// Longest time; `None` if it states none.
    pub(super) wait: Option<Duration>,
    /// Whether to wait for the end, although there are news before (`until=end`).
    pub(super) until_end: bool,
}

impl Prefer {
    /// Waits for the end of a task. Returns the maximum wait that applied, for [`applied`].
    pub(super) async fn end_of(
        self,
        service: &Service,
        caller: &Caller,
        id: TaskId,
    ) -> Result<Option<Duration>, ServiceError> {
        match self.wait {
            Some(longest) => service.wait(caller, id, WaitFor::End, longest).await,
            None => Ok(None),
        }
    }
}

impl<S: Send + Sync> FromRequestParts<S> for Prefer {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        let lines = parts.headers.get_all(PREFER).iter().filter_map(|line| line.to_str().ok());
        Ok(read(lines))
    }
}

/// First `wait` and `until` among the preferences and their parameters; ignores invalid values.
fn read<'h>(lines: impl Iterator<Item = &'h str>) -> Prefer {
    let mut prefer = Prefer::default();
    for preference in lines.flat_map(|line| line.split([',', ';'])) {
        let Some((name, value)) = preference.split_once('=') else { continue };
        let (name, value) = (name.trim(), value.trim().trim_matches('"'));
        if name.eq_ignore_ascii_case("wait") && prefer.wait.is_none() {
            let seconds = value.parse::<u32>().ok().filter(|seconds| *seconds > 0);
            prefer.wait = seconds.map(|seconds| Duration::from_secs(seconds.into()));
        }
        prefer.until_end |= name.eq_ignore_ascii_case("until") && value.eq_ignore_ascii_case("end");
    }
    prefer
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
            let wait = seconds.map(Duration::from_secs);
            assert_eq!(read([line].into_iter()), Prefer { wait, until_end: false }, "{line}");
        }
        for lines in [
            ["wait=20; until=end", ""],
            ["wait=20;until=\"END\"", ""],
            ["until=end, wait=20", "wait=5"],
            ["wait=20", "until=end"],
        ] {
            let wait = Some(Duration::from_secs(20));
            assert_eq!(read(lines.into_iter()), Prefer { wait, until_end: true }, "{lines:?}");
        }
    }
}
