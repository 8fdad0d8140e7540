//! Reads.

use sqlx::Row as _;

use super::{
    DbRow, Statement, This,
    map::{self, storable},
    statements as sql,
};
use crate::{
    engine::store::{Row, StoreError, StoredInput, StoredResult},
    task::TaskId,
};

impl This {
    pub(super) async fn read_first(
        &self,
        query: Statement<'_>,
    ) -> Result<Option<DbRow>, StoreError> {
        self.db.read().await?.first(query).await
    }

    pub(super) async fn read_all(&self, query: Statement<'_>) -> Result<Vec<DbRow>, StoreError> {
        self.db.read().await?.all(query).await
    }

    pub(super) async fn read_task(&self, id: TaskId) -> Result<Option<Row>, StoreError> {
        let raw = self.read_first(sqlx::query(sql::GET).bind(id.to_string())).await?;
        raw.map(|raw| map::row(&raw, self.local_now())).transpose()
    }

    pub(super) async fn read_tasks(&self, ids: &[TaskId]) -> Result<Vec<Row>, StoreError> {
        let rows = self.read_all(sqlx::query(sql::GET_ALL).bind(map::ids(ids)?)).await?;
        let now = self.local_now();
        rows.iter().map(|raw| map::row(raw, now)).collect()
    }

    pub(super) async fn read_started(
        &self,
        account: &str,
        key: &str,
        request_hash: &str,
    ) -> Result<Option<Row>, StoreError> {
        let raw =
            self.read_first(sqlx::query(sql::BY_IDEMPOTENCY_KEY).bind(account).bind(key)).await?;
        let Some(raw) = raw else { return Ok(None) };
        let row = map::row(&raw, self.local_now())?;
        let same = raw.try_get::<String, _>("request_hash")? == request_hash;
        Ok(Some(row).filter(|row| same && row.expired().is_none()))
    }

    pub(super) async fn read_inputs(
        &self,
        ids: &[TaskId],
    ) -> Result<Vec<(TaskId, StoredInput)>, StoreError> {
        let rows = self.read_all(sqlx::query(sql::INPUTS).bind(map::ids(ids)?)).await?;
        rows.iter().map(|raw| Ok((map::task_id(raw)?, map::input(raw)?))).collect()
    }

    pub(super) async fn read_newest(
        &self,
        account: &str,
        kind: &str,
        lookup_key: &str,
    ) -> Result<Option<Row>, StoreError> {
        let raw = self
            .read_first(
                sqlx::query(sql::NEWEST).bind(kind).bind(storable(lookup_key)).bind(account),
            )
            .await?;
        raw.map(|raw| map::row(&raw, self.local_now())).transpose()
    }

    pub(super) async fn read_checkpoint(
        &self,
        id: TaskId,
        key: &str,
    ) -> Result<Option<String>, StoreError> {
        let query = sqlx::query(sql::CHECKPOINT).bind(id.to_string()).bind(key);
        let raw = self.read_first(query).await?;
        raw.map(|raw| Ok(raw.try_get("value")?)).transpose()
    }

    pub(super) async fn find_rerun_checkpoint(&self, id: TaskId) -> Result<bool, StoreError> {
        let query = sqlx::query(sql::RERUN_CHECKPOINT).bind(id.to_string());
        Ok(self.read_first(query).await?.is_some())
    }

    pub(super) async fn read_result(&self, id: TaskId) -> Result<Option<StoredResult>, StoreError> {
        let raw = self.read_first(sqlx::query(sql::RESULT).bind(id.to_string())).await?;
        let Some(raw) = raw else { return Ok(None) };
        Ok(Some(StoredResult {
            media_type: raw.try_get("media_type")?,
            file_name: raw.try_get("file_name")?,
            bytes: raw.try_get("bytes")?,
        }))
    }

    pub(super) async fn read_waiting_kinds(&self) -> Result<Vec<String>, StoreError> {
        let rows = self.read_all(sqlx::query(sql::WAITING_KINDS)).await?;
        rows.iter().map(|raw| Ok(raw.try_get("kind")?)).collect()
    }

    pub(super) async fn read_counts(&self) -> Result<(i64, i64), StoreError> {
        let raw = self.db.read().await?.one(sqlx::query(sql::COUNTS)).await?;
        Ok((raw.try_get(0)?, raw.try_get(1)?))
    }
}
