//! What is read.

use sqlx::Row as _;

use super::{
    This,
    map::{self, storable},
    statements as sql,
};
use crate::{
    engine::store::{ListQuery, Row, StoreError, StoredResult},
    task::{BatchId, TaskId},
};

impl This {
    pub(super) async fn read_task(&self, id: TaskId) -> Result<Option<Row>, StoreError> {
        let raw = sqlx::query(sql::GET).bind(id.to_string()).fetch_optional(&self.readers).await?;
        raw.map(|raw| map::row(&raw, self.local_now())).transpose()
    }

    pub(super) async fn read_tasks(&self, ids: &[TaskId]) -> Result<Vec<Row>, StoreError> {
        let ids = serde_json::to_string(ids).map_err(|error| map::corrupt("id", error))?;
        let rows = sqlx::query(sql::GET_ALL).bind(ids).fetch_all(&self.readers).await?;
        let now = self.local_now();
        rows.iter().map(|raw| map::row(raw, now)).collect()
    }

    pub(super) async fn read_batch(&self, id: BatchId) -> Result<Vec<Row>, StoreError> {
        let query = sqlx::query(sql::BATCH).bind(id.to_string());
        let rows = query.fetch_all(&self.readers).await?;
        let now = self.local_now();
        rows.iter().map(|raw| map::row(raw, now)).collect()
    }

    pub(super) async fn read_started(
        &self,
        account: &str,
        key: &str,
        print: &str,
    ) -> Result<Option<Row>, StoreError> {
        let raw = sqlx::query(sql::BY_IDEMPOTENCY_KEY)
            .bind(account)
            .bind(key)
            .fetch_optional(&self.readers)
            .await?;
        let Some(raw) = raw else { return Ok(None) };
        let row = map::row(&raw, self.local_now())?;
        let same = raw.try_get::<String, _>("print")? == print;
        Ok(Some(row).filter(|row| same && row.expired().is_none()))
    }

    pub(super) async fn read_input(&self, id: TaskId) -> Result<Option<String>, StoreError> {
        let input = sqlx::query_scalar(sql::INPUT);
        Ok(input.bind(id.to_string()).fetch_optional(&self.readers).await?)
    }

    pub(super) async fn read_list(&self, query: &ListQuery) -> Result<Vec<Row>, StoreError> {
        if query.q.as_deref().is_some_and(|q| q.contains('\0')) {
            return Ok(Vec::new());
        }
        let rows = sqlx::query(sql::LIST)
            .bind(&query.owner)
            .bind(query.status.map(|status| status.as_str()))
            .bind(&query.kind)
            .bind(&query.q)
            .bind(query.before.map(|(at, _)| at))
            .bind(query.before.map(|(_, id)| id.to_string()))
            .bind(i64::from(query.limit))
            .fetch_all(&self.readers)
            .await?;
        let now = self.local_now();
        rows.iter().map(|raw| map::row(raw, now)).collect()
    }

    pub(super) async fn read_queue(
        &self,
        kind: &str,
        limit: u32,
    ) -> Result<Vec<TaskId>, StoreError> {
        let mut connection = self.readers.acquire().await?;
        let now = self.now_in(&mut connection).await?;
        let rows = sqlx::query(sql::QUEUE)
            .bind(kind)
            .bind(now)
            .bind(i64::from(limit))
            .fetch_all(&mut *connection)
            .await?;
        rows.iter().map(map::task_id).collect()
    }

    pub(super) async fn read_newest(
        &self,
        account: &str,
        kind: &str,
        lookup_key: &str,
    ) -> Result<Option<Row>, StoreError> {
        let raw = sqlx::query(sql::NEWEST)
            .bind(kind)
            .bind(storable(lookup_key))
            .bind(account)
            .fetch_optional(&self.readers)
            .await?;
        raw.map(|raw| map::row(&raw, self.local_now())).transpose()
    }

    pub(super) async fn read_checkpoint(
        &self,
        id: TaskId,
        key: &str,
    ) -> Result<Option<String>, StoreError> {
        let value = sqlx::query_scalar(sql::CHECKPOINT)
            .bind(id.to_string())
            .bind(key)
            .fetch_optional(&self.readers)
            .await?;
        Ok(value)
    }

    pub(super) async fn read_result(&self, id: TaskId) -> Result<Option<StoredResult>, StoreError> {
        let raw =
            sqlx::query(sql::RESULT).bind(id.to_string()).fetch_optional(&self.readers).await?;
        let Some(raw) = raw else { return Ok(None) };
        Ok(Some(StoredResult {
            media_type: raw.try_get("media_type")?,
            file_name: raw.try_get("file_name")?,
            bytes: raw.try_get("bytes")?,
        }))
    }

    pub(super) async fn read_waiting_kinds(&self) -> Result<Vec<String>, StoreError> {
        Ok(sqlx::query_scalar(sql::WAITING_KINDS).fetch_all(&self.readers).await?)
    }

    pub(super) async fn read_counts(&self) -> Result<(i64, i64), StoreError> {
        Ok(sqlx::query_as(sql::COUNTS).fetch_one(&self.readers).await?)
    }
}
