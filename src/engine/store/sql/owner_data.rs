//! What an owner has beside tasks and sessions, deleted as a whole.

use async_trait::async_trait;

use super::{This, audit, map, statements::account};
use crate::{
    engine::store::{NewAudit, OwnerDataRows, StoreError},
    task::TaskId,
};

const REMOVE_TOKENS_OF: &str = "DELETE FROM tokens WHERE owner = $1 AND ($2 IS NULL OR id <> $2)";

/// The first condition is that of the index; a client's address can look like an owner's id.
macro_rules! uploads_of_owner {
    () => {
        concat!(account!(), " = $1 AND owner = $1 AND task_id IS NULL AND state <> 'deleted'")
    };
}

/// A start locks the row of an upload before it notes its use: once they are locked, the next statement sees every
/// use.
const LOCK_UPLOADS_OF: &str =
    concat!("SELECT id FROM artifacts WHERE ", uploads_of_owner!(), for_update_by_id!());

const DELETE_UPLOADS_OF: &str = concat!(
    "UPDATE artifacts SET state = 'deleted', due_at = $2 WHERE ",
    uploads_of_owner!(),
    " AND NOT EXISTS (SELECT 1 FROM upload_uses WHERE upload_id = artifacts.id)"
);

/// Reads all tombstones: they have no index by owner, and this is a rare call. It holds no lock meanwhile.
const TITLED_TOMBSTONES_OF: &str =
    "SELECT id FROM tombstones WHERE owner = $1 AND deleted_at IS NULL LIMIT $2";

const CLEAR_TOMBSTONES: &str = concat!(
    "UPDATE tombstones SET title = '', deleted_at = $2 WHERE deleted_at IS NULL AND ",
    in_json_list!("id", "$1")
);

#[async_trait]
impl OwnerDataRows for This {
    async fn remove_tokens_of(
        &self,
        owner: &str,
        but: Option<&str>,
        audit: Option<&NewAudit>,
    ) -> Result<u64, StoreError> {
        let mut tx = self.db.write_for(&format!("tokens of {owner}")).await?;
        let now = self.now_in(&mut tx).await?;
        let removed = tx.execute(sqlx::query(REMOVE_TOKENS_OF).bind(owner).bind(but)).await?;
        audit::write(&mut tx, audit.filter(|_| removed > 0), now).await?;
        tx.commit().await?;
        Ok(removed)
    }

    async fn delete_uploads_of(&self, owner: &str) -> Result<u64, StoreError> {
        let mut tx = self.db.write_for(&format!("uploads {owner}")).await?;
        let now = self.now_in(&mut tx).await?;
        tx.all(sqlx::query(LOCK_UPLOADS_OF).bind(owner)).await?;
        let deleted = tx.execute(sqlx::query(DELETE_UPLOADS_OF).bind(owner).bind(now)).await?;
        tx.commit().await?;
        Ok(deleted)
    }

    async fn clear_tombstones_of(&self, owner: &str, most: u32) -> Result<u64, StoreError> {
        let query = sqlx::query(TITLED_TOMBSTONES_OF).bind(owner).bind(i64::from(most));
        let found = self.read_all(query).await?;
        if found.is_empty() {
            return Ok(0);
        }
        let ids: Vec<TaskId> = found.iter().map(map::task_id).collect::<Result<_, _>>()?;
        let mut tx = self.db.write().await?;
        let now = self.now_in(&mut tx).await?;
        let clear = sqlx::query(CLEAR_TOMBSTONES).bind(map::ids(&ids)?).bind(now);
        let cleared = tx.execute(clear).await?;
        tx.commit().await?;
        Ok(cleared)
    }
}
