//! Errors that prevent the server from starting.

use std::{io, net::SocketAddr, path::PathBuf};

use milepost::engine::store::StoreError;
use milepost_command::SealError;
use milepost_story::InvalidEndpoint;

use crate::telemetry::TelemetryError;

/// Why the server cannot start.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ServeError {
    /// The address is in use, or does not belong to this machine.
    #[error("cannot listen on {addr}: {}; choose another with --addr", reason(.error))]
    Listen {
        /// The address.
        addr: SocketAddr,
        /// The cause.
        error: io::Error,
    },
    /// Two settings name one address.
    #[error(
        "http.addr {addr} and http.metrics_addr {metrics} are the same port; choose another one for one of them, or leave \
         http.metrics_addr out"
    )]
    SamePort {
        /// The address of pages and API.
        addr: SocketAddr,
        /// The address of the monitoring.
        metrics: SocketAddr,
    },
    /// The server would be open to others, or cannot identify users as configured.
    #[error("{0}")]
    Auth(String),
    /// A token cannot be made or removed.
    #[error("{0}")]
    Token(String),
    /// A user cannot be added or changed.
    #[error("{0}")]
    User(String),
    /// A folder cannot be created or written.
    #[error("cannot write to the folder {}: {error}; choose another with --data", path.display())]
    Folder {
        /// The folder.
        path: PathBuf,
        /// The cause.
        error: io::Error,
    },
    /// The storage of files cannot be used.
    #[error("files cannot be stored in {location}: {error}; see storage.artifacts")]
    Artifacts {
        /// The storage as configured.
        location: String,
        /// The cause.
        error: String,
    },
    /// The database URL is invalid.
    #[error(
        "{url} names no database; it looks like sqlite:///path/to/file or postgres://host/database"
    )]
    Database {
        /// The given URL.
        url: String,
    },
    /// A worker needs a database that it shares with servers.
    #[error(
        "a worker needs the database of its servers: --database postgres://host/database; with SQLite \
         the server works by itself"
    )]
    Alone,
    /// A PostgreSQL database is copied by PostgreSQL's own programs.
    #[error(
        "the database is PostgreSQL: copy it by pg_dump --format=custom, and the files in storage.artifacts after it; \
         milepost backup copies an SQLite database"
    )]
    BackupElsewhere,
    /// The database cannot be opened.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The narrator's endpoint is invalid.
    #[error(transparent)]
    Narrator(#[from] InvalidEndpoint),
    /// The key of the commands' secrets cannot be used.
    #[error(transparent)]
    SecretKey(#[from] SealError),
    /// The machine does not support the configured isolation of commands.
    #[cfg(target_os = "linux")]
    #[error("{0}; allow it, or set isolation.mode to auto")]
    Isolation(#[from] milepost_command::launch::IsolationError),
    /// Traces cannot be recorded as configured.
    #[error(transparent)]
    Telemetry(#[from] TelemetryError),
    /// Signals cannot be handled.
    #[error("cannot wait for signals: {0}")]
    Signals(io::Error),
    /// The process cannot be protected from others.
    #[error("cannot protect this process from others of its user (PR_SET_DUMPABLE): {0}")]
    Process(io::Error),
    /// The URL cannot be printed.
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
