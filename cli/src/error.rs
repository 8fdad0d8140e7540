//! Errors of client commands.

use std::path::PathBuf;

use milepost::task::{FieldError, Problem};

use crate::{progress_test::ProgressTestError, secrets::hide_in_addresses};

/// Why a command failed. Every variant exits with [`crate::Exit::Misused`].
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CliError {
    /// The server could not be reached, or refused the request.
    #[error(transparent)]
    Client(#[from] ClientError),
    /// Invalid arguments or rules of `progress-test`.
    #[error(transparent)]
    ProgressTest(#[from] ProgressTestError),
    /// Standard output is closed or full.
    #[error("cannot write: {0}")]
    Output(#[from] std::io::Error),
}

/// Why a client command failed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ClientError {
    /// The server URL is invalid.
    #[error(
        "Invalid server URL \"{}\"; expected something like http://127.0.0.1:3000",
        hide_in_addresses(url)
    )]
    Url {
        /// The given URL.
        url: String,
    },
    /// The token contains characters that cannot be sent.
    #[error("the token contains characters that cannot be sent")]
    Token,
    /// The server cannot be reached.
    #[error(
        "cannot reach {}: {reason}; is `milepost serve` running there?",
        hide_in_addresses(url)
    )]
    Unreachable {
        /// URL of the server.
        url: String,
        /// The reason, as far as known.
        reason: String,
    },
    /// The response does not come from a Milepost server.
    #[error("{} answers, but not like milepost: {reason}", hide_in_addresses(url))]
    Strange {
        /// URL of the server.
        url: String,
        /// What is unexpected.
        reason: String,
    },
    /// The server rejected the request.
    #[error("{}", refusal(.0))]
    Refused(Box<Problem>),
    /// The arguments do not match the kind.
    #[error("{0}")]
    Input(String),
    /// A file cannot be read or written.
    #[error("{}: {error}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// The cause.
        error: std::io::Error,
    },
    /// The result is not text and cannot be printed to a terminal.
    #[error("the result is no text; use -o FILE, or send the output to a file")]
    Binary,
    /// The task cannot be followed any more.
    #[error("{0}")]
    Lost(String),
    /// The HTTP client could not be set up.
    #[error("HTTP cannot be set up: {0}")]
    Setup(String),
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
    super::show::printable(&parts.join("; "))
}

#[cfg(test)]
mod tests {
    use super::*;

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
            let mut problem = Problem::new(400, "Bad Request", detail);
            let error = |(field, detail): &(&str, &str)| FieldError {
                field: (*field).to_owned(),
                detail: (*detail).to_owned(),
            };
            problem.errors = errors.iter().map(error).collect();
            assert_eq!(refusal(&problem), text);
        }
    }
}
