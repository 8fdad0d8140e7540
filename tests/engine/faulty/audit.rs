//! The calls about the audit log.

use async_trait::async_trait;
use milepost::engine::store::{Audit, AuditQuery, AuditRows, NewAudit, StoreError};

use super::Faulty;

#[async_trait]
impl AuditRows for Faulty {
    async fn add_audit(&self, new: &[NewAudit]) -> Result<(), StoreError> {
        self.fault("add_audit").await?;
        self.inner.add_audit(new).await
    }

    async fn audit(&self, query: &AuditQuery) -> Result<Vec<Audit>, StoreError> {
        self.fault("audit").await?;
        self.inner.audit(query).await
    }

    async fn clean_audit(&self, keep_ms: i64, most: u32) -> Result<u64, StoreError> {
        self.fault("clean_audit").await?;
        self.inner.clean_audit(keep_ms, most).await
    }
}
