//! Request bodies: maximum size and minimum rate.
//!
//! Each body that is not empty is wrapped once, independent of its reader. A violation ends the
//! body and determines the response, whatever the handler made of the error.

use std::{
    fmt,
    pin::Pin,
    sync::{Arc, OnceLock},
    task::{Context, Poll, ready},
    time::Duration,
};

use axum::{
    body::{Body, Bytes, HttpBody},
    extract::{DefaultBodyLimit, Request},
    http::{Method, header},
};
use http_body::{Frame, SizeHint};

use super::{
    HttpOptions,
    pace::{Pace, TooSlow},
};
use crate::task::Problem;

/// URL encoding needs up to three bytes per byte, so a form may be three times as large as the same
/// input in JSON.
const FORM: usize = 3;

/// Why a body was not read completely.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum BodyFault {
    /// It exceeds the maximum size.
    #[error("The body has more than {} ({setting})", size(.max))]
    TooLarge { max: usize, setting: &'static str },
    /// No data arrived within the idle timeout.
    #[error(
        "Nothing of the body came for {} s (http.connections.body_idle_timeout_s)",
        .timeout.as_secs_f64()
    )]
    Silent { timeout: Duration },
    /// It arrives below the minimum rate.
    #[error(
        "The body comes at less than {rate} bytes per second (http.connections.min_body_bytes_per_s)"
    )]
    Slow { rate: u32 },
}

impl BodyFault {
    fn problem(self) -> Problem {
        match self {
            Self::TooLarge { .. } => Problem::new(413, "Content Too Large", self.to_string()),
            Self::Silent { .. } | Self::Slow { .. } => {
                Problem::new(408, "Request Timeout", self.to_string())
            }
        }
    }
}

/// Formats a size: 2,097,152 as "2 MiB".
fn size(bytes: &usize) -> String {
    match *bytes {
        bytes if bytes.is_multiple_of(1 << 20) => format!("{} MiB", bytes >> 20),
        bytes if bytes.is_multiple_of(1 << 10) => format!("{} KiB", bytes >> 10),
        bytes => format!("{bytes} bytes"),
    }
}

/// Request extension that reports what was wrong with the body.
#[derive(Clone, Default)]
pub struct BodyCheck(Arc<OnceLock<BodyFault>>);

impl BodyCheck {
    /// The problem if the body was too large or too slow.
    pub fn problem(&self) -> Option<Problem> {
        self.0.get().map(|fault| fault.problem())
    }
}

impl fmt::Debug for BodyCheck {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("BodyCheck").field(&self.0.get()).finish()
    }
}

/// Wraps the request's body, if any, in its limits. `pages`: the request goes to a page (a form),
/// not to the API.
///
/// # Errors
/// If the declared length exceeds the limit.
pub(super) fn check(
    request: &mut Request,
    options: &HttpOptions,
    pages: bool,
) -> Result<Option<BodyCheck>, Problem> {
    if request.body().is_end_stream() {
        return Ok(None);
    }
    let limit = limit(request, options, pages);
    if let Some((max, setting)) = limit
        && request.body().size_hint().lower() > max as u64
    {
        return Err(BodyFault::TooLarge { max, setting }.problem());
    }
    let check = BodyCheck::default();
    let inner = std::mem::take(request.body_mut());
    *request.body_mut() = Body::new(Checked {
        inner,
        limit,
        came: 0,
        pace: Pace::new(
            options.body_grace,
            options.body_idle_timeout,
            options.min_body_bytes_per_s,
        ),
        idle_timeout: options.body_idle_timeout,
        rate: options.min_body_bytes_per_s,
        check: check.clone(),
    });
    request.extensions_mut().insert(check.clone());
    // Replaces axum's limit, which applies only to bodies that are read as a whole.
    DefaultBodyLimit::disable().apply(request);
    Ok(Some(check))
}

/// Maximum size in bytes and the setting that defines it. `None` for file uploads, where each file
/// has a limit, and for `GET` and `HEAD`, whose body is not read.
fn limit(request: &Request, options: &HttpOptions, pages: bool) -> Option<(usize, &'static str)> {
    if matches!(*request.method(), Method::GET | Method::HEAD) {
        return None;
    }
    let path = request.uri().path();
    let media = request.headers().get(header::CONTENT_TYPE).and_then(|media| media.to_str().ok());
    let multipart = media.is_some_and(|media| {
        let essence = media.split(';').next().unwrap_or_default().trim();
        essence.eq_ignore_ascii_case("multipart/form-data")
    });
    let files = match pages {
        true => multipart && options.file_form_paths.iter().any(|root| path.starts_with(root)),
        false => path == "/api/v1/uploads",
    };
    if files && request.method() == Method::POST {
        return None;
    }
    Some(match pages {
        true => (options.max_body_bytes.saturating_mul(FORM), "3 times http.max_body_bytes"),
        false => (options.max_body_bytes, "http.max_body_bytes"),
    })
}

/// Body that ends with an error on a violation.
struct Checked {
    inner: Body,
    limit: Option<(usize, &'static str)>,
    came: usize,
    pace: Pace,
    idle_timeout: Duration,
    rate: u32,
    check: BodyCheck,
}

impl Checked {
    fn fail(&self, fault: BodyFault) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        // Keep the first fault.
        let fault = *self.check.0.get_or_init(|| fault);
        Poll::Ready(Some(Err(axum::Error::new(fault))))
    }
}

impl HttpBody for Checked {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        let this = self.get_mut();
        if let Some(fault) = this.check.0.get() {
            return this.fail(*fault);
        }
        let Poll::Ready(frame) = Pin::new(&mut this.inner).poll_frame(cx) else {
            return match ready!(this.pace.poll_too_slow(cx)) {
                TooSlow::Silent => this.fail(BodyFault::Silent { timeout: this.idle_timeout }),
                TooSlow::Slow => this.fail(BodyFault::Slow { rate: this.rate }),
            };
        };
        if let Some(Ok(frame)) = &frame
            && let Some(data) = frame.data_ref()
        {
            this.came = this.came.saturating_add(data.len());
            this.pace.moved(data.len());
            if let Some((max, setting)) = this.limit
                && this.came > max
            {
                return this.fail(BodyFault::TooLarge { max, setting });
            }
        }
        Poll::Ready(frame)
    }

    fn is_end_stream(&self) -> bool {
        self.inner.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.inner.size_hint()
    }
}

#[cfg(test)]
#[path = "body_tests.rs"]
mod tests;
