//! Errors of client commands.

use std::path::PathBuf;

use milepost::{client::Error, task::Problem};

use crate::progress_test::ProgressTestError;

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

impl From<Error> for CliError {
    fn from(error: Error) -> Self {
        Self::Client(error.into())
    }
}

/// Why a client command failed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ClientError {
    /// The server could not be reached, or refused the request.
    #[error("{}", shown(.0))]
    Api(#[from] Error),
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
}

/// The error as a terminal may show it.
fn shown(error: &Error) -> String {
    let text = crate::show::printable(&error.to_string());
    match error {
        Error::Unreachable { .. } => format!("{text}; is `milepost serve` running there?"),
        _ => text,
    }
}

/// The problem of a request that was refused with this status; otherwise the error.
///
/// # Errors
/// Whatever else the result was an error for.
pub(crate) fn refused_with<T>(
    status: u16,
    answer: Result<T, Error>,
) -> Result<Result<T, Box<Problem>>, Error> {
    match answer {
        Ok(answer) => Ok(Ok(answer)),
        Err(Error::Refused(problem)) if problem.status == status => Ok(Err(problem)),
        Err(error) => Err(error),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_terminal_gets_no_control_characters_of_a_server() {
        let problem = Problem::new(400, "Bad Request", "a\u{1b}[2Jb");
        let error = ClientError::Api(Error::Refused(Box::new(problem)));
        assert_eq!(error.to_string(), "a [2Jb");
    }
}
