//! The tokens' side of it.

use async_trait::async_trait;
use milepost::engine::store::{NewAudit, NewToken, StoreError, StoredToken, TokenRows};

use super::Faulty;

#[async_trait]
impl TokenRows for Faulty {
    async fn add_token(&self, new: &NewToken) -> Result<Option<StoredToken>, StoreError> {
        self.fault("add_token").await?;
        self.inner.add_token(new).await
    }

    async fn use_token(&self, hash: &str) -> Result<Option<StoredToken>, StoreError> {
        self.fault("use_token").await?;
        self.inner.use_token(hash).await
    }

    async fn tokens(&self, owner: Option<&str>) -> Result<Vec<StoredToken>, StoreError> {
        self.fault("tokens").await?;
        self.inner.tokens(owner).await
    }

    async fn remove_token(
        &self,
        owner: Option<&str>,
        id: &str,
        audit: Option<&NewAudit>,
    ) -> Result<bool, StoreError> {
        self.fault("remove_token").await?;
        self.inner.remove_token(owner, id, audit).await
    }
}
