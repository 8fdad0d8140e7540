//! The audit log: what is stored of a call that changes nothing, and reading it.

use super::{Caller, Service, ServiceError, check_search, operate::time, read_cursor};
use crate::{
    engine::{
        ValidationError,
        audit::{self, Entry},
        clock::rfc3339,
        store::{Audit, AuditQuery},
    },
    task::{AuditEntry, AuditFilter, AuditPage},
};

impl Service {
    /// Stores what no transaction of the call did, if it is to be stored. A failure is logged.
    pub(super) async fn store_entry(&self, entry: &Entry<'_>) {
        let Some(row) = entry.own_row() else { return };
        let inner = self.engine.inner();
        if inner.rates.audit.take(entry.client(), 1).is_ok() {
            inner.audit.add(row).await;
        }
    }

    /// Records something that the engine does not do itself, such as a wrong password.
    pub(crate) async fn record(
        &self,
        caller: &Caller,
        action: audit::Action,
        outcome: &'static str,
    ) {
        let mut entry = Entry::new(caller, action);
        entry.outcome = outcome.into();
        self.store_entry(&entry).await;
    }

    /// Records that an operator had the configured commands read again.
    pub async fn record_reload(&self) {
        let row = audit::by_command_line(audit::Action::ReloadCommands, "commands");
        self.engine.inner().audit.add(row).await;
    }

    /// Reads the audit log, newest first.
    ///
    /// # Errors
    /// When the caller may not see it, when the filter or the cursor is invalid, and when the store
    /// fails.
    pub async fn audit(
        &self,
        caller: &Caller,
        filter: &AuditFilter,
        cursor: Option<&str>,
        limit: Option<u32>,
    ) -> Result<AuditPage, ServiceError> {
        caller.may_operate()?;
        let options = &self.engine.inner().options;
        let limit = limit.unwrap_or(options.list_rows).clamp(1, options.max_list_rows);
        let query = self.audit_query(filter, cursor, limit)?;
        let mut rows = self.engine.inner().store.audit(&query).await?;
        let is_full = rows.len() > limit as usize;
        rows.truncate(limit as usize);
        let last = rows.last().filter(|_| is_full);
        let next_cursor = last.map(|row| format!("{}.{}", row.at, row.id));
        Ok(AuditPage::new(rows.into_iter().map(wire).collect(), next_cursor))
    }

    fn audit_query(
        &self,
        filter: &AuditFilter,
        cursor: Option<&str>,
        limit: u32,
    ) -> Result<AuditQuery, ValidationError> {
        let max = self.engine.inner().options.max_search_chars;
        let given = |name: &'static str, text: &Option<String>| {
            let text = text.as_deref().map(str::trim).filter(|text| !text.is_empty());
            check_search(name, text, max)?;
            Ok::<_, ValidationError>(text.map(str::to_owned))
        };
        let until = time("until", given("until", &filter.until)?)?.map(|at| (at, i64::MIN));
        let cursor = cursor.map(read_cursor).transpose()?;
        Ok(AuditQuery {
            who: given("who", &filter.who)?,
            action: given("action", &filter.action)?,
            subject: given("subject", &filter.subject)?,
            from: time("from", given("from", &filter.from)?)?,
            before: [until, cursor].into_iter().flatten().min(),
            limit: limit.saturating_add(1),
        })
    }
}

fn wire(row: Audit) -> AuditEntry {
    AuditEntry::new(rfc3339(row.at), row.who, row.how, row.action, row.outcome).with(|entry| {
        (entry.address, entry.subject, entry.detail) = (row.address, row.subject, row.detail);
    })
}
