//! `milepost token`: the tokens in the server's database.

use clap::{Args, Subcommand};
use jiff::Timestamp;
use milepost::engine::{
    self, ServiceError, TokenRequest,
    audit::{Action, by_command_line},
    is_user_or_group,
    store::{StoredToken, TokenScope},
};
use milepost_cli::{CliError as CommandError, Exit, Format};
use serde_json::{Value, json};

use super::{CliError, load, server_args::ServerArgs};
use crate::serve::{self, ServeError};

#[derive(Args, Debug)]
pub(super) struct TokenArgs {
    #[command(subcommand)]
    command: TokenCommand,
}

#[derive(Debug, Subcommand)]
enum TokenCommand {
    /// Make a token for a user and print it: it is shown only once
    Add(AddArgs),
    /// List the tokens of all users
    Ls(LsArgs),
    /// Remove a token; servers refuse it within 30 s
    Rm(RmArgs),
}

#[derive(Args, Debug)]
struct AddArgs {
    /// What to call it, such as the program that uses it
    name: String,
    /// Name of the user whose tasks it starts and sees
    #[arg(long, value_name = "NAME")]
    user: String,
    /// Group of the user; can be repeated
    #[arg(long = "group", value_name = "NAME")]
    groups: Vec<String>,
    /// What it may be used for: read, start, cancel, admin; can be repeated [default: read, start and
    /// cancel]
    #[arg(long = "scope", value_name = "SCOPE")]
    scopes: Vec<TokenScope>,
    /// Kind that it may be used for; can be repeated [default: all]
    #[arg(long = "kind", value_name = "KIND")]
    kinds: Vec<String>,
    /// Days until it expires
    #[arg(long, value_name = "N", default_value_t = 90)]
    days: u32,
    /// Print one JSON document on one line
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    server: ServerArgs,
}

#[derive(Args, Debug)]
struct LsArgs {
    /// Only those of this user
    #[arg(long, value_name = "NAME")]
    user: Option<String>,
    /// Print one JSON document on one line
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    server: ServerArgs,
}

#[derive(Args, Debug)]
struct RmArgs {
    /// ID of the token; `milepost token ls` lists them
    id: String,
    #[command(flatten)]
    server: ServerArgs,
}

/// Runs `milepost token`.
///
/// # Errors
/// If the database cannot be opened or used, or the arguments are invalid.
pub(super) async fn run(args: TokenArgs) -> Result<Exit, CliError> {
    match args.command {
        TokenCommand::Add(args) => add(args).await,
        TokenCommand::Ls(args) => list(args).await,
        TokenCommand::Rm(args) => remove(args).await,
    }
}

async fn add(args: AddArgs) -> Result<Exit, CliError> {
    let AddArgs { name, user, groups, scopes, kinds, days, json, server } = args;
    let configuration = load(&server)?;
    if !is_user_or_group(&user) || !groups.iter().all(|group| is_user_or_group(group)) {
        return Err(refused("a user and a group have a name without spaces at its ends"));
    }
    let request = TokenRequest::new(name).with(|request| {
        if !scopes.is_empty() {
            request.scopes = scopes;
        }
        request.kinds = kinds;
        request.days = days;
    });
    let store = serve::open_beside(&configuration.settings).await?;
    let owner = engine::Caller::user(&user);
    let owner = owner.as_owner().unwrap_or_default();
    let max = configuration.settings.engine.max_tokens_per_owner;
    let audit = by_command_line(Action::AddToken, "");
    let made = engine::make_token(&*store, owner, &groups, request, max, audit).await;
    store.close().await;
    let (token, stored) = made.map_err(|error| match error {
        ServiceError::Refused(invalid) => {
            let field = invalid.errors.first().map_or("", |error| &*error.field);
            refused(&format!("{field} {}", invalid.detail))
        }
        error => refused(&error.to_string()),
    })?;
    let text = match Format::of(json) {
        Format::Json => {
            let mut shown = shown(&stored);
            shown["token"] = Value::from(token);
            format!("{shown}\n")
        }
        Format::Text => format!("{token}\n"),
    };
    milepost_cli::print(&text).map_err(CommandError::Output)?;
    Ok(Exit::Done)
}

async fn list(LsArgs { user, json, server }: LsArgs) -> Result<Exit, CliError> {
    let configuration = load(&server)?;
    let store = serve::open_beside(&configuration.settings).await?;
    let owner = user.as_deref().map(engine::Caller::user);
    let tokens = store.tokens(owner.as_ref().and_then(engine::Caller::as_owner)).await;
    store.close().await;
    let tokens = tokens.map_err(ServeError::Store)?;
    let text = match Format::of(json) {
        Format::Json => {
            let list: Vec<_> = tokens.iter().map(shown).collect();
            format!("{}\n", json!({ "tokens": list }))
        }
        Format::Text => tokens.iter().map(line).collect(),
    };
    milepost_cli::print(&text).map_err(CommandError::Output)?;
    Ok(Exit::Done)
}

async fn remove(RmArgs { id, server }: RmArgs) -> Result<Exit, CliError> {
    let configuration = load(&server)?;
    let store = serve::open_beside(&configuration.settings).await?;
    let audit = by_command_line(Action::RemoveToken, &*id);
    let removed = store.remove_token(None, &id, Some(&audit)).await;
    store.close().await;
    match removed.map_err(ServeError::Store)? {
        true => Ok(Exit::Done),
        false => Err(refused("there is no such token; `milepost token ls` lists them")),
    }
}

fn refused(detail: &str) -> CliError {
    ServeError::Token(detail.trim().to_owned()).into()
}

fn time(ms: i64) -> String {
    Timestamp::from_millisecond(ms).map(|at| at.to_string()).unwrap_or_default()
}

fn shown(token: &StoredToken) -> Value {
    json!({
        "id": token.id,
        "name": token.name,
        "user": user(token),
        "groups": token.groups,
        "scopes": token.scopes,
        "kinds": token.kinds,
        "created_at": time(token.created_at),
        "expires_at": time(token.expires_at),
        "last_used_at": token.last_used_at.map(time),
    })
}

fn user(token: &StoredToken) -> &str {
    token.owner.strip_prefix("user:").unwrap_or(&token.owner)
}

fn line(token: &StoredToken) -> String {
    let scopes: Vec<_> = token.scopes.iter().map(|scope| scope.as_str()).collect();
    let used =
        token.last_used_at.map_or("never used".to_owned(), |at| format!("used {}", time(at)));
    format!(
        "{}  {}  {}  {}  until {}  {used}\n",
        token.id,
        milepost_cli::printable(user(token)),
        milepost_cli::printable(&token.name),
        scopes.join(","),
        time(token.expires_at),
    )
}
