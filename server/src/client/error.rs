//! Why a server could not be asked, and what it refused.

use std::path::PathBuf;

use milepost::task::{FieldError, Problem};

use crate::secrets::hide_in_addresses;

/// Why a client command could not be done.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ClientError {
    /// The address of the server is none.
    #[error(
        "Invalid server URL \"{}\"; expected something like http://127.0.0.1:3000",
        hide_in_addresses(url)
    )]
    Url {
        /// What was given.
        url: String,
    },
    /// The token cannot be sent.
    #[error("the token contains characters that cannot be sent")]
    Token,
    /// Nobody answers.
    #[error(
        "cannot reach {}: {reason}; is `milepost serve` running there?",
        hide_in_addresses(url)
    )]
    Unreachable {
        /// The server.
        url: String,
        /// Why, as far as it is known.
        reason: String,
    },
    /// The answer is none of this program's server.
    #[error("{} answers, but not like milepost: {reason}", hide_in_addresses(url))]
    Strange {
        /// The server.
        url: String,
        /// What is odd.
        reason: String,
    },
    /// The server said no.
    #[error("{}", refusal(.0))]
    Refused(Box<Problem>),
    /// The arguments do not fit the kind.
    #[error("{0}")]
    Input(String),
    /// A file cannot be read or written.
    #[error("{}: {error}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// Why.
        error: std::io::Error,
    },
    /// A terminal is no place for this result.
    #[error("the result is no text; use -o FILE, or send the output to a file")]
    Binary,
    /// The task cannot be followed any more.
    #[error("{0}")]
    Lost(String),
    /// HTTP could not be set up.
    #[error("HTTP cannot be set up: {0}")]
    Setup(String),
}

/// The server's sentence, and below it what is wrong with which field.
fn refusal(problem: &Problem) -> String {
    let mut text = super::show::printable(&problem.detail);
    for FieldError { field, detail } in &problem.errors {
        // A refusal of one field often is that field's sentence already.
        if !problem.detail.contains(detail.as_str()) || !problem.detail.contains(field.as_str()) {
            text.push_str(&super::show::printable(&format!("; {field}: {detail}")));
        }
    }
    text
}
