//! `milepost user`: the users in the server's database, who sign in with a password or at a provider.

mod password;

use std::sync::Arc;

use clap::{Args, Subcommand};
use jiff::Timestamp;
use milepost::{
    engine::{
        audit::{Action, by_command_line},
        is_user_name,
        store::{Store, StoreError, StoredUser},
    },
    http::password_hash,
};
use milepost_cli::{CliError as CommandError, Exit, Format};
use serde_json::{Value, json};

use super::{CliError, load, server_args::ServerArgs};
use crate::serve::{self, ServeError};

/// Maximum number of users that are listed.
const MAX_LISTED: u32 = 100_000;

#[derive(Args, Debug)]
pub(super) struct UserArgs {
    #[command(subcommand)]
    command: UserCommand,
}

#[derive(Debug, Subcommand)]
enum UserCommand {
    /// Add a user; asks for the password
    Add(PasswordArgs),
    /// Change the password of a user, and end their sessions; servers refuse them within 30 s
    Passwd(PasswordArgs),
    /// Let a user no longer sign in: their sessions end, and their tokens are refused, within 30 s
    Disable(NameArgs),
    /// Let a user who was disabled sign in again; their tokens are valid again
    Enable(NameArgs),
    /// List the users
    Ls(LsArgs),
}

#[derive(Args, Debug)]
struct PasswordArgs {
    /// Name of the user
    name: String,
    /// Read the password from standard input, all of it but a line break at its end, instead of asking
    /// for it on the terminal
    #[arg(long)]
    stdin: bool,
    #[command(flatten)]
    server: ServerArgs,
}

#[derive(Args, Debug)]
struct NameArgs {
    /// Name of the user
    name: String,
    #[command(flatten)]
    server: ServerArgs,
}

#[derive(Args, Debug)]
struct LsArgs {
    /// Print one JSON document on one line
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    server: ServerArgs,
}

/// Runs `milepost user`.
///
/// # Errors
/// If the database cannot be opened or used, or the arguments or the password are invalid.
pub(super) async fn run(args: UserArgs) -> Result<Exit, CliError> {
    match args.command {
        UserCommand::Add(args) => add(args).await,
        UserCommand::Passwd(args) => change_password(args).await,
        UserCommand::Disable(args) => set_disabled(args, true).await,
        UserCommand::Enable(args) => set_disabled(args, false).await,
        UserCommand::Ls(args) => list(args).await,
    }
}

async fn add(PasswordArgs { name, stdin, server }: PasswordArgs) -> Result<Exit, CliError> {
    if !is_user_name(&name) {
        return Err(refused(
            "a user has a name of 1 to 100 characters, on one line, without spaces at its ends and \
             invisible characters, and without `group:`, `user:` or `session:` at its beginning",
        ));
    }
    let hash = hash(stdin)?;
    let audit = by_command_line(Action::AddUser, &*name);
    let add = async |store: Arc<dyn Store>| store.add_user(&name, &hash, Some(&audit)).await;
    let added = in_store(&server, add).await?;
    match added {
        true => Ok(Exit::Done),
        false => {
            Err(refused(&format!("there is a user {name} already; `milepost user ls` lists them")))
        }
    }
}

async fn change_password(
    PasswordArgs { name, stdin, server }: PasswordArgs,
) -> Result<Exit, CliError> {
    // Before the password is asked for.
    let user = in_store(&server, async |store: Arc<dyn Store>| store.user(&name).await).await?;
    known(user.is_some(), &name)?;
    if let Some(issuer) = user.and_then(|user| user.issuer) {
        return Err(refused(&format!("{name} has no password, but signs in at {issuer}")));
    }
    let hash = hash(stdin)?;
    let audit = by_command_line(Action::SetPassword, &*name);
    let set = async |store: Arc<dyn Store>| store.set_password(&name, &hash, Some(&audit)).await;
    let changed = in_store(&server, set).await?;
    known(changed, &name)
}

async fn set_disabled(
    NameArgs { name, server }: NameArgs,
    is_disabled: bool,
) -> Result<Exit, CliError> {
    let action = if is_disabled { Action::DisableUser } else { Action::EnableUser };
    let audit = by_command_line(action, &*name);
    let set =
        async |store: Arc<dyn Store>| store.set_disabled(&name, is_disabled, Some(&audit)).await;
    known(in_store(&server, set).await?, &name)
}

async fn list(LsArgs { json, server }: LsArgs) -> Result<Exit, CliError> {
    let users = in_store(&server, async |store| store.users(MAX_LISTED).await).await?;
    let text = match Format::of(json) {
        Format::Json => {
            let list: Vec<_> = users.iter().map(shown).collect();
            format!("{}\n", json!({ "users": list }))
        }
        Format::Text => users.iter().map(line).collect(),
    };
    milepost_cli::print(&text).map_err(CommandError::Output)?;
    Ok(Exit::Done)
}

/// Does something with the database that the settings name.
async fn in_store<T>(
    server: &ServerArgs,
    act: impl AsyncFnOnce(Arc<dyn Store>) -> Result<T, StoreError>,
) -> Result<T, CliError> {
    let configuration = load(server)?;
    let store = serve::open_beside(&configuration.settings).await?;
    let done = act(Arc::clone(&store)).await;
    store.close().await;
    Ok(done.map_err(ServeError::Store)?)
}

/// The hash of a password that is asked for, or read from standard input.
fn hash(stdin: bool) -> Result<String, CliError> {
    let password = if stdin { password::read_all() } else { password::ask() };
    let password = password.map_err(|error| refused(&error.to_string()))?;
    password_hash(&password).map_err(|error| refused(&error.to_string()))
}

fn known(is_known: bool, name: &str) -> Result<Exit, CliError> {
    match is_known {
        true => Ok(Exit::Done),
        false => {
            let name = milepost_cli::printable(name);
            Err(refused(&format!("there is no user {name}; `milepost user ls` lists them")))
        }
    }
}

fn refused(detail: &str) -> CliError {
    ServeError::User(detail.to_owned()).into()
}

fn time(ms: i64) -> String {
    Timestamp::from_millisecond(ms).map(|at| at.to_string()).unwrap_or_default()
}

fn shown(user: &StoredUser) -> Value {
    json!({
        "name": user.name,
        "issuer": user.issuer,
        "created_at": time(user.created_at),
        "disabled_at": user.disabled_at.map(time),
    })
}

fn line(user: &StoredUser) -> String {
    let disabled = user.disabled_at.map(|at| format!("  disabled since {}", time(at)));
    let (name, since) = (milepost_cli::printable(&user.name), time(user.created_at));
    let issuer =
        user.issuer.as_deref().map(|issuer| format!("  at {}", milepost_cli::printable(issuer)));
    let (issuer, disabled) = (issuer.unwrap_or_default(), disabled.unwrap_or_default());
    format!("{name}  since {since}{issuer}{disabled}\n")
}
