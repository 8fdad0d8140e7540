//! What an owner has beside tasks and sessions, deleted as a whole.

use async_trait::async_trait;

use super::{NewAudit, StoreError};

/// Calls about all data of one owner.
///
/// # Errors
/// As [`Store`](super::Store).
#[async_trait]
pub trait OwnerDataRows: Send + Sync + 'static {
    /// Removes the tokens of an owner, expired ones too, but not the one with the id `but`; returns how many.
    async fn remove_tokens_of(
        &self,
        owner: &str,
        but: Option<&str>,
        audit: Option<&NewAudit>,
    ) -> Result<u64, StoreError>;

    /// Marks the uploads of an owner that no task uses as deleted, also those that are being received; returns how
    /// many. Their bytes are removed as those of other deleted files.
    async fn delete_uploads_of(&self, owner: &str) -> Result<u64, StoreError>;

    /// Turns at most `most` tombstones of an owner's expired tasks into those of deleted tasks, which have no title;
    /// returns how many.
    async fn clear_tombstones_of(&self, owner: &str, most: u32) -> Result<u64, StoreError>;
}
