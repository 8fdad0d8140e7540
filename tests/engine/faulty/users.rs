//! The users' side of it, with what they have.

use async_trait::async_trait;
use milepost::engine::store::{
    EndedSessions, NewAudit, NewUserSession, NotBegun, OwnerDataRows, SessionLifetime, StoreError,
    StoredUser, StoredUserSession, UserRows,
};

use super::Faulty;

#[async_trait]
impl UserRows for Faulty {
    async fn add_user(
        &self,
        name: &str,
        password_hash: &str,
        audit: Option<&NewAudit>,
    ) -> Result<bool, StoreError> {
        self.fault("add_user").await?;
        self.inner.add_user(name, password_hash, audit).await
    }

    async fn set_password(
        &self,
        name: &str,
        password_hash: &str,
        audit: Option<&NewAudit>,
    ) -> Result<bool, StoreError> {
        self.fault("set_password").await?;
        self.inner.set_password(name, password_hash, audit).await
    }

    async fn set_disabled(
        &self,
        name: &str,
        is_disabled: bool,
        audit: Option<&NewAudit>,
    ) -> Result<bool, StoreError> {
        self.fault("set_disabled").await?;
        self.inner.set_disabled(name, is_disabled, audit).await
    }

    async fn user(&self, name: &str) -> Result<Option<StoredUser>, StoreError> {
        self.fault("user").await?;
        self.inner.user(name).await
    }

    async fn users(&self, limit: u32) -> Result<Vec<StoredUser>, StoreError> {
        self.fault("users").await?;
        self.inner.users(limit).await
    }

    async fn add_user_session(
        &self,
        new: &NewUserSession,
    ) -> Result<Result<StoredUserSession, NotBegun>, StoreError> {
        self.fault("add_user_session").await?;
        self.inner.add_user_session(new).await
    }

    async fn use_user_session(
        &self,
        hash: &str,
        lifetime: SessionLifetime,
    ) -> Result<Option<StoredUserSession>, StoreError> {
        self.fault("use_user_session").await?;
        self.inner.use_user_session(hash, lifetime).await
    }

    async fn user_sessions(&self, user: &str) -> Result<Vec<StoredUserSession>, StoreError> {
        self.fault("user_sessions").await?;
        self.inner.user_sessions(user).await
    }

    async fn end_user_sessions(
        &self,
        user: &str,
        ended: EndedSessions<'_>,
        audit: Option<&NewAudit>,
    ) -> Result<u64, StoreError> {
        self.fault("end_user_sessions").await?;
        self.inner.end_user_sessions(user, ended, audit).await
    }
}

#[async_trait]
impl OwnerDataRows for Faulty {
    async fn remove_tokens_of(
        &self,
        owner: &str,
        but: Option<&str>,
        audit: Option<&NewAudit>,
    ) -> Result<u64, StoreError> {
        self.fault("remove_tokens_of").await?;
        self.inner.remove_tokens_of(owner, but, audit).await
    }

    async fn delete_uploads_of(&self, owner: &str) -> Result<u64, StoreError> {
        self.fault("delete_uploads_of").await?;
        self.inner.delete_uploads_of(owner).await
    }

    async fn clear_tombstones_of(&self, owner: &str, most: u32) -> Result<u64, StoreError> {
        self.fault("clear_tombstones_of").await?;
        self.inner.clear_tombstones_of(owner, most).await
    }
}
