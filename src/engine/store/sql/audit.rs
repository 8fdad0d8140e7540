//! The audit log.

use std::borrow::Cow;

use async_trait::async_trait;
use sqlx::Row as _;

use super::{
    DbRow, This,
    connections::Session,
    map::{corrupt, storable},
};
use crate::engine::store::{Audit, AuditQuery, AuditRows, NewAudit, StoreError};

/// The rows in $1, an array of arrays, at time $2.
const INSERT: &str = concat!(
    "INSERT INTO audit (at, who, how, address, action, subject, outcome, detail) ",
    "SELECT $2, value ->> 0, value ->> 1, value ->> 2, value ->> 3, value ->> 4, value ->> 5, ",
    "value ->> 6 FROM ",
    json_rows!("$1")
);

/// Of who $5, with action $6 and about subject $7, each if it is given, before time $1 and id $2 and
/// since $3, at most $4. Each has the index of the first of its conditions.
macro_rules! matching {
    ($filter:literal) => {
        concat!(
            "SELECT id, at, who, how, address, action, subject, outcome, detail FROM audit WHERE ",
            $filter,
            " AND (at, id) < ($1, $2) AND at >= $3 ORDER BY at DESC, id DESC LIMIT $4"
        )
    };
}
pub(super) const LIST: &str = matching!(
    "($5 IS NULL OR who = $5) AND ($6 IS NULL OR action = $6) AND ($7 IS NULL OR subject = $7)"
);
pub(super) const LIST_OF_WHO: &str =
    matching!("who = $5 AND ($6 IS NULL OR action = $6) AND ($7 IS NULL OR subject = $7)");
pub(super) const LIST_OF_ACTION: &str =
    matching!("action = $6 AND ($5 IS NULL OR who = $5) AND ($7 IS NULL OR subject = $7)");
pub(super) const LIST_OF_SUBJECT: &str =
    matching!("subject = $7 AND ($5 IS NULL OR who = $5) AND ($6 IS NULL OR action = $6)");

const CLEAN: &str = "DELETE FROM audit WHERE id IN \
    (SELECT id FROM audit WHERE at < $1 ORDER BY at, id LIMIT $2)";

/// Maximum length of a text, in characters.
const MAX_CHARS: usize = 200;

/// The fields of a row in the order of [`INSERT`].
fn fields(new: &NewAudit) -> [Option<Cow<'_, str>>; 7] {
    let texts = [
        Some(&*new.who),
        Some(new.how),
        new.address.as_deref(),
        Some(new.action),
        new.subject.as_deref(),
        Some(&new.outcome),
        new.detail.as_deref(),
    ];
    texts.map(|text| text.map(|text| storable(cut(text))))
}

fn cut(text: &str) -> &str {
    text.char_indices().nth(MAX_CHARS).map_or(text, |(end, _)| &text[..end])
}

/// Writes rows with one statement; none if there are none.
pub(super) async fn write<'a>(
    tx: &mut Session<'_>,
    new: impl IntoIterator<Item = &'a NewAudit>,
    now: i64,
) -> Result<(), StoreError> {
    let rows: Vec<_> = new.into_iter().map(fields).collect();
    if rows.is_empty() {
        return Ok(());
    }
    let rows = serde_json::to_string(&rows).map_err(|error| corrupt("audit", error))?;
    tx.execute(sqlx::query(INSERT).bind(rows).bind(now)).await.map(drop)
}

#[async_trait]
impl AuditRows for This {
    async fn add_audit(&self, new: &[NewAudit]) -> Result<(), StoreError> {
        let mut tx = self.db.write().await?;
        let now = self.now_in(&mut tx).await?;
        write(&mut tx, new, now).await?;
        tx.commit().await
    }

    async fn audit(&self, query: &AuditQuery) -> Result<Vec<Audit>, StoreError> {
        let AuditQuery { who, action, subject, from, before, limit } = query;
        // None is stored with it.
        if [who, action, subject].into_iter().flatten().any(|text| text.contains('\0')) {
            return Ok(Vec::new());
        }
        let text = match (subject, who, action) {
            (Some(_), ..) => LIST_OF_SUBJECT,
            (None, Some(_), _) => LIST_OF_WHO,
            (None, None, Some(_)) => LIST_OF_ACTION,
            (None, None, None) => LIST,
        };
        let (at, id) = before.unwrap_or((i64::MAX, i64::MAX));
        let statement = sqlx::query(text)
            .bind(at)
            .bind(id)
            .bind(from.unwrap_or(i64::MIN))
            .bind(i64::from(*limit))
            .bind(who)
            .bind(action)
            .bind(subject);
        self.read_all(statement).await?.iter().map(audit).collect()
    }

    async fn clean_audit(&self, keep_ms: i64, most: u32) -> Result<u64, StoreError> {
        let mut tx = self.db.write().await?;
        let now = self.now_in(&mut tx).await?;
        let clean = sqlx::query(CLEAN).bind(now.saturating_sub(keep_ms)).bind(i64::from(most));
        let removed = tx.execute(clean).await?;
        tx.commit().await?;
        Ok(removed)
    }
}

fn audit(raw: &DbRow) -> Result<Audit, StoreError> {
    Ok(Audit {
        id: raw.try_get("id")?,
        at: raw.try_get("at")?,
        who: raw.try_get("who")?,
        how: raw.try_get("how")?,
        address: raw.try_get("address")?,
        action: raw.try_get("action")?,
        subject: raw.try_get("subject")?,
        outcome: raw.try_get("outcome")?,
        detail: raw.try_get("detail")?,
    })
}
