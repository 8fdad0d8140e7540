//! Why a store fails.

use std::error::Error;

/// Errors of a store.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StoreError {
    /// The store failed or did not answer. A retry may help. While the database is away, callers get
    /// 503, and an ending is retried until it is stored.
    #[error("the store does not answer: {0}")]
    Unavailable(#[source] Box<dyn Error + Send + Sync>),
    /// The database takes no writes: it is a standby, for example while another server takes over. A
    /// retry may help; callers get 503.
    #[error("the database takes no writes: {0}")]
    ReadOnly(#[source] Box<dyn Error + Send + Sync>),
    /// The disk of the store is full. A retry may help once there is space.
    #[error("the disk of the database is full: {0}")]
    Full(#[source] Box<dyn Error + Send + Sync>),
    /// Stored data is unreadable to this version.
    #[error("the store holds an unreadable {what}: {detail}")]
    Corrupt {
        /// Which column or file.
        what: &'static str,
        /// What is wrong with it.
        detail: String,
    },
    /// The store cannot be opened.
    #[error("{0}")]
    Open(String),
}
