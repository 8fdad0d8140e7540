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

/// Formats the server's message, followed by the invalid fields.
fn refusal(problem: &Problem) -> String {
    let mut text = super::show::printable(&problem.detail);
    for FieldError { field, detail } in &problem.errors {
        // The message often already contains the only field error.
        if !problem.detail.contains(detail.as_str()) || !problem.detail.contains(field.as_str()) {
            text.push_str(&super::show::printable(&format!("; {field}: {detail}")));
        }
    }
    text
}
