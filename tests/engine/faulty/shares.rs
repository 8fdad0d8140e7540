//! The share links' side of it.

use async_trait::async_trait;
use milepost::engine::store::{
    AddedShare, NewAudit, NewShare, ShareRows, ShareSubject, StoreError, StoredShare,
};

use super::Faulty;

#[async_trait]
impl ShareRows for Faulty {
    async fn add_share(&self, new: &NewShare) -> Result<AddedShare, StoreError> {
        self.fault("add_share").await?;
        self.inner.add_share(new).await
    }

    async fn share(&self, hash: &str) -> Result<Option<StoredShare>, StoreError> {
        self.fault("share").await?;
        self.inner.share(hash).await
    }

    async fn shares(&self, of: ShareSubject) -> Result<Vec<StoredShare>, StoreError> {
        self.fault("shares").await?;
        self.inner.shares(of).await
    }

    async fn remove_share(
        &self,
        of: ShareSubject,
        id: &str,
        audit: Option<&NewAudit>,
    ) -> Result<Option<String>, StoreError> {
        self.fault("remove_share").await?;
        self.inner.remove_share(of, id, audit).await
    }
}
