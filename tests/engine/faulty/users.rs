//! The users' side of it.

use async_trait::async_trait;
use milepost::engine::store::{
    EndedSessions, NewAudit, NewUserSession, SessionLifetime, StoreError, StoredUser,
    StoredUserSession, UserRows,
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
    ) -> Result<Option<StoredUserSession>, StoreError> {
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
