//! Why a call failed.

use std::time::Duration;

use super::hide_secrets_in_urls;
use crate::task::{FieldError, GoneReason, Problem};

/// Why a call of a [`Client`](super::Client) failed. The messages hide passwords and keys in URLs.
#[derive(Clone, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The server's URL is invalid.
    #[error(
        "Invalid server URL \"{}\"; expected something like http://127.0.0.1:3000",
        hide_secrets_in_urls(url)
    )]
    Url {
        /// The given URL.
        url: String,
    },
    /// The token contains characters that cannot be sent.
    #[error("the token contains characters that cannot be sent")]
    Token,
    /// An idempotency key is empty or contains other characters than visible ASCII.
    #[error("an idempotency key is one or more visible ASCII characters")]
    IdempotencyKey,
    /// The HTTP library cannot be set up.
    #[error("HTTP cannot be set up: {0}")]
    Setup(String),
    /// The server cannot be reached, or the connection was lost.
    #[error("cannot reach {}: {reason}", hide_secrets_in_urls(url))]
    Unreachable {
        /// URL of the server.
        url: String,
        /// The reason, as far as known.
        reason: String,
    },
    /// The server did not answer in time.
    #[error("{} did not answer within {after:?}", hide_secrets_in_urls(url))]
    Timeout {
        /// URL of the server.
        url: String,
        /// The time limit.
        after: Duration,
    },
    /// The response is not one of Milepost.
    #[error("{} answers, but not like milepost: {reason}", hide_secrets_in_urls(url))]
    Unexpected {
        /// URL of the server.
        url: String,
        /// What is unexpected.
        reason: String,
    },
    /// The response is larger than the client's limit.
    #[error("the answer has more than {max_bytes} bytes")]
    TooLarge {
        /// The limit, in bytes.
        max_bytes: usize,
    },
    /// The server refused the request, for the reason in its problem document.
    #[error("{}", refusal(.0))]
    Refused(Box<Problem>),
    /// The followed task does not exist (any more).
    #[error("{}", match .0 {
        GoneReason::NotFound => "Task not found",
        GoneReason::Expired => "the task is over and its time is up",
    })]
    Gone(GoneReason),
    /// The server wants a valid token.
    #[error("{} wants a valid token", hide_secrets_in_urls(url))]
    SignedOut {
        /// URL of the server.
        url: String,
    },
    /// The server could not be reached for longer than
    /// [`Config::give_up_after_ms`](crate::poll::Config::give_up_after_ms) while a task was
    /// followed.
    #[error(
        "cannot reach {} any more; what was started may go on there",
        hide_secrets_in_urls(url)
    )]
    GaveUp {
        /// URL of the server.
        url: String,
    },
    /// The task was not over within
    /// [`ClientBuilder::follow_timeout`](super::ClientBuilder::follow_timeout); it continues.
    #[error("the task did not end within the time limit for following it; it continues")]
    FollowTimeout,
}

impl Error {
    /// The problem document of a refused request.
    pub fn problem(&self) -> Option<&Problem> {
        match self {
            Self::Refused(problem) => Some(problem),
            _ => None,
        }
    }

    /// The HTTP status of a refused request.
    pub fn status(&self) -> Option<u16> {
        self.problem().map(|problem| problem.status)
    }

    /// The problem's stable code, for programs, such as `queue_full`; `None` if it has none. See
    /// [`ProblemCode`](crate::task::ProblemCode).
    pub fn code(&self) -> Option<&str> {
        self.problem().map(|problem| &*problem.code).filter(|code| !code.is_empty())
    }

    /// The problem's title: a short summary of its type.
    pub fn title(&self) -> Option<&str> {
        self.problem().map(|problem| problem.title.as_str())
    }

    /// The problem's detail: a sentence for people.
    pub fn detail(&self) -> Option<&str> {
        self.problem().map(|problem| problem.detail.as_str())
    }

    /// Errors of single fields of the input; empty if it was not refused for them.
    pub fn field_errors(&self) -> &[FieldError] {
        self.problem().map_or(&[], |problem| &problem.errors)
    }

    /// Whether a task (or batch, file, kind) does not exist, or belongs to somebody else.
    pub fn is_not_found(&self) -> bool {
        self.status() == Some(404) || matches!(self, Self::Gone(GoneReason::NotFound))
    }

    /// Whether the same request may succeed later: the server was not reached, is overloaded or is
    /// being restarted. A start is repeated safely with the same idempotency key only; see
    /// [`Client::start_once`](super::Client::start_once).
    pub fn is_temporary(&self) -> bool {
        match self {
            Self::Unreachable { .. } | Self::Timeout { .. } | Self::GaveUp { .. } => true,
            Self::Refused(problem) => matches!(problem.status, 408 | 425 | 429 | 500..=599),
            _ => false,
        }
    }
}

/// The server's problem document; for other errors one with status 0, as for a server that does not
/// answer.
impl From<Error> for Problem {
    fn from(error: Error) -> Self {
        match error {
            Error::Refused(problem) => *problem,
            error => Self::new(0, "No answer", error.to_string()),
        }
    }
}

/// Formats the server's message, followed by the invalid fields that it does not contain.
fn refusal(problem: &Problem) -> String {
    let Problem { detail: message, errors, .. } = problem;
    let is_in = |error: &&FieldError| {
        message.contains(&error.field) && message.contains(error.detail.as_str())
    };
    let named = |error: &FieldError| format!("{}: {}", error.field, error.detail);
    let missing: Vec<_> = errors.iter().filter(|error| !is_in(error)).collect();
    // The error of one field, without the field, or with the beginning of its path.
    let repeats = |FieldError { field, detail }: &FieldError| {
        let place = message.strip_suffix(detail.as_str()).map(|place| place.trim_end_matches(": "));
        place.is_some_and(|place| field.starts_with(place))
    };
    let message = Some(message.clone()).filter(|_| !missing.iter().any(|error| repeats(error)));
    let parts: Vec<_> = message.into_iter().chain(missing.into_iter().map(named)).collect();
    parts.join("; ")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(detail: &str, errors: &[(&str, &str)]) -> Error {
        let mut problem = Problem::new(400, "Bad Request", detail);
        let error = |(field, detail): &(&str, &str)| FieldError {
            field: (*field).to_owned(),
            detail: (*detail).to_owned(),
        };
        problem.errors = errors.iter().map(error).collect();
        Error::Refused(Box::new(problem))
    }

    #[test]
    fn a_refusal_names_each_field_and_says_nothing_twice() {
        for (detail, errors, text) in [
            ("the server stops", &[][..], "the server stops"),
            ("not found", &[("subject", "not found")], "subject: not found"),
            ("a: is required", &[("a", "is required")], "a: is required"),
            ("Some are wrong.", &[("a", "x"), ("b", "y")], "Some are wrong.; a: x; b: y"),
            ("x", &[("a", "x"), ("b", "x")], "a: x; b: x"),
            ("inputs[1]: gone", &[("inputs[1].a", "gone")], "inputs[1].a: gone"),
            ("no `a`", &[("kind", "no `a`")], "kind: no `a`"),
            ("status is one of a", &[("status", "status is one of a")], "status is one of a"),
        ] {
            assert_eq!(refused(detail, errors).to_string(), text);
        }
    }

    #[test]
    fn a_problem_is_read_into_code_title_detail_and_fields() {
        let error = refused("wrong", &[("a", "x")]);
        assert_eq!(error.status(), Some(400));
        assert_eq!((error.title(), error.detail()), (Some("Bad Request"), Some("wrong")));
        assert_eq!(error.field_errors()[0].field, "a");
        let mut problem = Problem::new(429, "x", "y");
        for (code, read) in [("queue_full", Some("queue_full")), ("", None)] {
            problem.code = code.into();
            let error = Error::Refused(Box::new(problem.clone()));
            assert_eq!(error.code(), read);
            assert!(error.is_temporary());
        }
    }

    #[test]
    fn no_message_shows_a_password() {
        let url = || "http://ada:hush@host".to_owned();
        for error in [
            Error::Url { url: url() },
            Error::Unreachable { url: url(), reason: "refused".to_owned() },
            Error::Timeout { url: url(), after: Duration::from_secs(1) },
            Error::Unexpected { url: url(), reason: "odd".to_owned() },
            Error::SignedOut { url: url() },
            Error::GaveUp { url: url() },
        ] {
            assert!(!error.to_string().contains("hush"), "{error}");
        }
    }
}
