//! Which server a command talks to, and as whom.

use std::path::{Path, PathBuf};

use clap::Args;
use milepost::client::Client;
use milepost_cli::{CliError as CommandError, Exit};

use super::args::Remote;

#[derive(Args, Debug)]
pub(super) struct LoginArgs {
    /// URL of the server
    url: String,
    /// What to call the server; --url takes this name, too [default: its host]
    #[arg(long, value_name = "NAME")]
    name: Option<String>,
    /// The token; prefer the variable, a file or standard input, because other users of this machine
    /// can read the command line [default: a line from standard input]
    #[arg(long, env = "MILEPOST_TOKEN", hide_env_values = true, value_name = "TOKEN")]
    token: Option<String>,
    /// File that contains the token as its only line; ignored if --token is given
    #[arg(long, env = "MILEPOST_TOKEN_FILE", value_name = "FILE")]
    token_file: Option<PathBuf>,
}

/// Runs `milepost login`.
///
/// # Errors
/// If there is no token, the server refuses it, or it cannot be kept.
pub(super) async fn login(args: LoginArgs) -> Result<Exit, CommandError> {
    let LoginArgs { url, name, token, token_file } = args;
    let token = match given_token(token.as_ref(), token_file.as_deref())? {
        Some(token) => token,
        None => milepost_cli::read_token_line()?,
    };
    milepost_cli::login(&url, name.as_deref(), token).await
}

/// The client for the server that the arguments name, with its token.
///
/// # Errors
/// If the URL is invalid, or the token cannot be read.
pub(super) fn connect(remote: &Remote) -> Result<Client, CommandError> {
    let token = given_token(remote.token.as_ref(), remote.token_file.as_deref())?;
    let (url, token) = match milepost_cli::stored_server(&remote.url)? {
        Some(stored) => (stored.url, token.or(Some(stored.token))),
        None => (remote.url.clone(), token),
    };
    Ok(milepost_cli::connect(&url, token.as_deref())?)
}

/// The token of the arguments, or of the file that they name.
fn given_token(
    token: Option<&String>,
    file: Option<&Path>,
) -> Result<Option<String>, CommandError> {
    match (token, file) {
        (None, Some(file)) => Ok(Some(milepost_cli::read_token(file)?)),
        (token, _) => Ok(token.cloned()),
    }
}
