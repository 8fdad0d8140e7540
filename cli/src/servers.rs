//! Servers and their tokens, stored in the user's configuration folder by `milepost login`.

use std::{
    collections::BTreeMap,
    fs::{self, File, OpenOptions},
    io::{Read as _, Write as _},
    os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _},
    path::{Path, PathBuf},
};

use milepost::client::ListTasks;
use serde::{Deserialize, Serialize};

use crate::{CliError, ClientError, Exit, connect, note};

/// Maximum size of the file, in bytes.
const MAX_BYTES: u64 = 1 << 20;
/// Maximum length of a server's name, in characters.
const MAX_NAME: usize = 100;

/// A server and the token for it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StoredServer {
    /// Its URL.
    pub url: String,
    /// The token.
    pub token: String,
}

/// The file.
#[derive(Debug, Default, Serialize, Deserialize)]
struct Servers {
    servers: BTreeMap<String, StoredServer>,
}

/// The stored server with this name or this URL; `None` if there is none.
///
/// # Errors
/// If the file cannot be read.
pub fn stored_server(named: &str) -> Result<Option<StoredServer>, ClientError> {
    let Some(path) = path() else { return Ok(None) };
    let mut servers = read(&path)?.servers;
    if let Some(server) = servers.remove(named) {
        return Ok(Some(server));
    }
    Ok(servers.into_values().find(|server| same(&server.url) == same(named)))
}

fn same(url: &str) -> &str {
    url.trim_end_matches('/')
}

/// Stores the token for a server under a name, by default the host of its URL, once the server has
/// accepted it.
///
/// # Errors
/// If the server refuses the token or cannot be reached, or the file cannot be written.
pub async fn login(url: &str, name: Option<&str>, token: String) -> Result<Exit, CliError> {
    let client = connect(url, Some(&token))?;
    client.list(&ListTasks::default().limit(1)).await?;
    let host = same(url).split_once("://").map_or(url, |(_, rest)| rest).to_owned();
    let name = name.map_or(host, str::to_owned);
    if !(1..=MAX_NAME).contains(&name.chars().count()) || name.chars().any(char::is_control) {
        let detail = format!("a name of a server has 1 to {MAX_NAME} characters");
        return Err(ClientError::Input(detail).into());
    }
    let Some(path) = path() else {
        let detail = "there is no folder for it: HOME is not set".to_owned();
        return Err(ClientError::Input(detail).into());
    };
    let mut servers = read(&path)?;
    let server = StoredServer { url: same(url).to_owned(), token };
    servers.servers.insert(name.clone(), server);
    write(&path, &servers).map_err(|error| ClientError::File { path: path.clone(), error })?;
    note(&format!("the token for {url} is kept as {name} in {}", path.display()));
    Ok(Exit::Done)
}

/// `servers.json` in the user's configuration folder.
fn path() -> Option<PathBuf> {
    let folder = |name| std::env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    let config = folder("XDG_CONFIG_HOME").filter(|path| path.is_absolute());
    let config = config.or_else(|| Some(folder("HOME")?.join(".config")))?;
    Some(config.join("milepost").join("servers.json"))
}

fn read(path: &Path) -> Result<Servers, ClientError> {
    let cannot = |error| ClientError::File { path: path.to_owned(), error };
    let file = match File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Servers::default()),
        Err(error) => return Err(cannot(error)),
    };
    let mut text = String::new();
    file.take(MAX_BYTES).read_to_string(&mut text).map_err(cannot)?;
    // The error of the parser could repeat a token.
    serde_json::from_str(&text).map_err(|error| {
        let place = format!("line {}, column {}", error.line(), error.column());
        ClientError::Input(format!("{} is not valid at {place}", path.display()))
    })
}

/// Replaces the file at once, readable by its owner only from its first byte on.
fn write(path: &Path, servers: &Servers) -> std::io::Result<()> {
    if let Some(folder) = path.parent() {
        fs::DirBuilder::new().recursive(true).mode(0o700).create(folder)?;
    }
    let next = path.with_extension(format!("{}.new", std::process::id()));
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&next)?;
    let written = serde_json::to_vec_pretty(servers)
        .map_err(std::io::Error::other)
        .and_then(|bytes| file.write_all(&bytes))
        .and_then(|()| file.sync_all())
        .and_then(|()| fs::rename(&next, path));
    if written.is_err() {
        let _ = fs::remove_file(&next);
    }
    written
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    #[test]
    fn several_servers_are_kept_for_their_owner_alone() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a/milepost/servers.json");
        assert!(read(&path).unwrap().servers.is_empty());
        let server =
            |n: &str| StoredServer { url: format!("http://{n}"), token: format!("mp_{n}") };
        for n in ["a", "b", "a"] {
            let mut servers = read(&path).unwrap();
            servers.servers.insert(n.to_owned(), server(n));
            write(&path, &servers).unwrap();
        }
        let servers = read(&path).unwrap().servers;
        assert_eq!(servers.into_values().collect::<Vec<_>>(), [server("a"), server("b")]);
        let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!(mode(&path), 0o600);
        assert_eq!(mode(path.parent().unwrap()), 0o700);
        assert_eq!(
            fs::read_dir(path.parent().unwrap()).unwrap().count(),
            1,
            "nothing is left over"
        );
    }

    #[test]
    fn a_file_that_cannot_be_read_is_not_told() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("servers.json");
        fs::write(&path, r#"{"servers":{"a":{"url":1,"token":"mp_hush"}}}"#).unwrap();
        let error = read(&path).unwrap_err().to_string();
        assert!(error.contains("servers.json") && !error.contains("hush"), "{error}");
    }
}
