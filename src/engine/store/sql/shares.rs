//! Links by which tasks and batches are shared.

use async_trait::async_trait;
use sqlx::Row as _;

use super::{DbRow, This, audit, connections::Session, map::corrupt, statements as sql};
use crate::engine::store::{
    AddedShare, NewAudit, NewShare, ShareRows, ShareSubject, StoreError, StoredShare,
};

macro_rules! columns {
    () => {
        "id, task_id, batch_id, may_cancel, created_by, created_at, expires_at"
    };
}

/// Of a task $1 or a batch $2, one of which is NULL.
macro_rules! of_subject {
    () => {
        "(task_id = $1 OR batch_id = $2)"
    };
}

const HAS_BATCH: &str = "SELECT id FROM tasks WHERE batch_id = $1 LIMIT 1";

const DROP_EXPIRED_OF: &str =
    concat!("DELETE FROM shares WHERE ", of_subject!(), " AND expires_at <= $3");

const COUNT: &str = concat!("SELECT count(*) FROM shares WHERE ", of_subject!());

const INSERT: &str = "INSERT INTO shares \
    (id, hash, task_id, batch_id, may_cancel, created_by, created_at, expires_at) \
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8)";

pub(super) const BY_HASH: &str =
    concat!("SELECT ", columns!(), " FROM shares WHERE hash = $1 AND expires_at > $2");

pub(super) const OF: &str = concat!(
    "SELECT ",
    columns!(),
    " FROM shares WHERE ",
    of_subject!(),
    " AND expires_at > $3 ORDER BY created_at DESC, id LIMIT 1000"
);

const REMOVE: &str =
    concat!("DELETE FROM shares WHERE ", of_subject!(), " AND id = $3 RETURNING hash");

const DROP_EXPIRED: &str = "DELETE FROM shares WHERE id IN \
    (SELECT id FROM shares WHERE expires_at <= $1 ORDER BY expires_at LIMIT $2)";

const DROP_OF_GONE_BATCHES: &str = "DELETE FROM shares WHERE batch_id IS NOT NULL \
    AND NOT EXISTS (SELECT 1 FROM tasks WHERE tasks.batch_id = shares.batch_id)";

/// Removes at most `most` expired links.
pub(super) async fn drop_expired(
    tx: &mut Session<'_>,
    now: i64,
    most: i64,
) -> Result<(), StoreError> {
    tx.execute(sqlx::query(DROP_EXPIRED).bind(now).bind(most)).await.map(drop)
}

/// Removes the links to batches that have no task any more.
pub(super) async fn drop_of_gone_batches(tx: &mut Session<'_>) -> Result<(), StoreError> {
    tx.execute(sqlx::query(DROP_OF_GONE_BATCHES)).await.map(drop)
}

/// The id of the task, and that of the batch.
fn ids(of: ShareSubject) -> (Option<String>, Option<String>) {
    match of {
        ShareSubject::Task(id) => (Some(id.to_string()), None),
        ShareSubject::Batch(id) => (None, Some(id.to_string())),
    }
}

#[async_trait]
impl ShareRows for This {
    async fn add_share(&self, new: &NewShare) -> Result<AddedShare, StoreError> {
        // One after the other for each subject, and not while a task is deleted.
        let mut tx = self.db.write_for(&format!("task {}", new.subject)).await?;
        let now = self.now_in(&mut tx).await?;
        let (task, batch) = ids(new.subject);
        let subject = match new.subject {
            ShareSubject::Task(_) => sqlx::query(sql::LOCK).bind(task.clone()),
            ShareSubject::Batch(_) => sqlx::query(HAS_BATCH).bind(batch.clone()),
        };
        if tx.first(subject).await?.is_none() {
            tx.commit().await?;
            return Ok(AddedShare::NoSubject);
        }
        let expired = sqlx::query(DROP_EXPIRED_OF).bind(task.clone()).bind(batch.clone());
        tx.execute(expired.bind(now)).await?;
        let count = sqlx::query(COUNT).bind(task.clone()).bind(batch.clone());
        let known: i64 = tx.value(count).await?;
        if known >= i64::from(new.max_shares) {
            tx.commit().await?;
            return Ok(AddedShare::TooMany);
        }
        let share = StoredShare {
            id: new.id.clone(),
            subject: new.subject,
            may_cancel: new.may_cancel,
            created_by: new.created_by.clone(),
            created_at: now,
            expires_at: now.saturating_add(new.lifetime_ms),
        };
        let statement = sqlx::query(INSERT)
            .bind(&share.id)
            .bind(&new.hash)
            .bind(task)
            .bind(batch)
            .bind(share.may_cancel)
            .bind(&share.created_by)
            .bind(share.created_at)
            .bind(share.expires_at);
        tx.execute(statement).await?;
        audit::write(&mut tx, &new.audit, now).await?;
        tx.commit().await?;
        Ok(AddedShare::Stored(share))
    }

    async fn share(&self, hash: &str) -> Result<Option<StoredShare>, StoreError> {
        let mut session = self.db.read().await?;
        let now = self.now_in(&mut session).await?;
        let raw = session.first(sqlx::query(BY_HASH).bind(hash).bind(now)).await?;
        raw.as_ref().map(share).transpose()
    }

    async fn shares(&self, of: ShareSubject) -> Result<Vec<StoredShare>, StoreError> {
        let mut session = self.db.read().await?;
        let now = self.now_in(&mut session).await?;
        let (task, batch) = ids(of);
        let statement = sqlx::query(OF).bind(task).bind(batch).bind(now);
        session.all(statement).await?.iter().map(share).collect()
    }

    async fn remove_share(
        &self,
        of: ShareSubject,
        id: &str,
        audit: Option<&NewAudit>,
    ) -> Result<Option<String>, StoreError> {
        let mut tx = self.db.write().await?;
        let now = self.now_in(&mut tx).await?;
        let (task, batch) = ids(of);
        let removed = tx.first(sqlx::query(REMOVE).bind(task).bind(batch).bind(id)).await?;
        audit::write(&mut tx, audit.filter(|_| removed.is_some()), now).await?;
        tx.commit().await?;
        Ok(removed.map(|raw| raw.try_get("hash")).transpose()?)
    }
}

fn share(raw: &DbRow) -> Result<StoredShare, StoreError> {
    let task: Option<String> = raw.try_get("task_id")?;
    let batch: Option<String> = raw.try_get("batch_id")?;
    let subject = match (&task, &batch) {
        (Some(id), None) => id.parse().ok().map(ShareSubject::Task),
        (None, Some(id)) => id.parse().ok().map(ShareSubject::Batch),
        _ => None,
    };
    let subject = subject.ok_or_else(|| corrupt("share", format!("{task:?}, {batch:?}")))?;
    Ok(StoredShare {
        id: raw.try_get("id")?,
        subject,
        may_cancel: raw.try_get("may_cancel")?,
        created_by: raw.try_get("created_by")?,
        created_at: raw.try_get("created_at")?,
        expires_at: raw.try_get("expires_at")?,
    })
}
