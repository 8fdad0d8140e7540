//! Rows of the audit log that no other write carries. Those that come together share a transaction.

use std::sync::Weak;

use futures_util::FutureExt as _;

use super::{inner::Inner, sets::Sets, store::NewAudit};

/// See the module documentation.
pub(super) struct AuditWrites(Sets<NewAudit, ()>);

impl AuditWrites {
    pub(super) fn new(inner: &Weak<Inner>) -> Self {
        let inner = inner.clone();
        Self(Sets::new(move |rows: Vec<NewAudit>| {
            let inner = inner.clone();
            async move {
                if let Some(inner) = inner.upgrade()
                    && let Err(error) = inner.store.add_audit(&rows).await
                {
                    let rows = rows.len();
                    tracing::warn!(%error, rows, "rows of the audit log were not stored");
                }
                vec![(); rows.len()]
            }
            .boxed()
        }))
    }

    /// Stores a row. If that fails, it is logged and no matter of the caller.
    pub(super) async fn add(&self, row: NewAudit) {
        let account = row.who.clone();
        self.0.call(&account, row).await;
    }
}
