//! Why the server cannot start: one clear line each.

use std::{io, net::SocketAddr, path::PathBuf};

use milepost::engine::store::StoreError;

use crate::tasks::{command::SealError, story::InvalidEndpoint};

/// Why the server cannot start.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ServeError {
    /// Something else uses the address, or this machine does not have it.
    #[error("cannot listen on {addr}: {}; choose another with --addr", reason(.error))]
    Listen {
        /// The address.
        addr: SocketAddr,
        /// Why.
        error: io::Error,
    },
    /// A folder cannot be made or written.
    #[error("cannot write to the folder {}: {error}; choose another with --data", path.display())]
    Folder {
        /// The folder.
        path: PathBuf,
        /// Why.
        error: io::Error,
    },
    /// Where files are kept cannot be used.
    #[error("files cannot be kept in {place}: {error}; see storage.artifacts")]
    Artifacts {
        /// The place.
        place: String,
        /// Why.
        error: String,
    },
    /// The database is named in a way that is not understood.
    #[error(
        "{url} names no database; it looks like sqlite:///path/to/file or postgres://host/database"
    )]
    Database {
        /// What was given.
        url: String,
    },
    /// A worker without servers to work for.
    #[error(
        "a worker needs the database of its servers: --database postgres://host/database; with SQLite \
         the server works by itself"
    )]
    Alone,
    /// The database cannot be opened.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The narrator's endpoint cannot be used as it is set.
    #[error(transparent)]
    Narrator(#[from] InvalidEndpoint),
    /// The key of the commands' secrets cannot be used.
    #[error(transparent)]
    SecretKey(#[from] SealError),
    /// The machine does not allow the isolation of commands that the settings ask for.
    #[cfg(target_os = "linux")]
    #[error("{0}; allow it, or set isolation.mode to auto")]
    Isolation(#[from] crate::tasks::command::launch::IsolationError),
    /// Signals cannot be waited for.
    #[error("cannot wait for signals: {0}")]
    Signals(io::Error),
    /// The process cannot be closed to others.
    #[error("cannot protect this process from others of its user (PR_SET_DUMPABLE): {0}")]
    Process(io::Error),
    /// The URL could not be printed.
    #[error("cannot print the URL: {0}")]
    Announce(io::Error),
}

impl ServeError {
    pub(super) const fn listen(addr: SocketAddr, error: io::Error) -> Self {
        Self::Listen { addr, error }
    }
}

fn reason(error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::AddrInUse => "another program listens there".to_owned(),
        io::ErrorKind::AddrNotAvailable => "this machine does not have that address".to_owned(),
        io::ErrorKind::PermissionDenied => "this port needs more rights".to_owned(),
        _ => error.to_string(),
    }
}
