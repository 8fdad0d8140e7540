//! Batches: starting several tasks at once and following them as one.

use std::{collections::HashMap, sync::Arc, time::Instant};

use serde_json::Value;
use uuid::Uuid;

use super::{Caller, Service, ServiceError, read_cursor};
use crate::{
    engine::{
        ValidationError,
        clock::rfc3339,
        registry::Kind,
        store::{AllInserted, BatchRow, Inserted, NewTask, Row, StoreError},
    },
    task::{Batch, BatchId, BatchList, BatchSummary, FieldError, StartBatch, Status, TaskId},
};

/// Tasks to be started as one batch.
struct BatchStart {
    kind: Arc<Kind>,
    priority: i32,
    /// Distinguishes a repeated start from another one with the same key.
    request_hash: String,
    /// The inputs, each with its name in errors, and the task that it runs again.
    inputs: Vec<(String, Value, Option<TaskId>)>,
}

impl Service {
    /// See [`Service::start_batch`].
    pub(super) async fn start_tasks(
        &self,
        caller: &Caller,
        start: StartBatch,
        idempotency_key: Option<&str>,
    ) -> Result<Batch, ServiceError> {
        let kind = self.may_start(caller, &start.kind, start.priority)?;
        let most = self.engine.inner().options.max_batch;
        if start.inputs.is_empty() || start.inputs.len() > most {
            let detail = format!("has 1 to {most} entries, not {}", start.inputs.len());
            return Err(ValidationError::field("inputs", detail).into());
        }
        let (mut request_hash, mut inputs) =
            (String::new(), Vec::with_capacity(start.inputs.len()));
        for (place, input) in start.inputs.into_iter().enumerate() {
            let name = format!("inputs[{place}]");
            self.may_be_sent(&input).map_err(|refusal| at(&name, refusal))?;
            request_hash.push_str(&kind.comparable(&input));
            request_hash.push('\n');
            inputs.push((name, input, None));
        }
        let batch_start = BatchStart { kind, priority: start.priority, request_hash, inputs };
        self.start_together(caller, batch_start, idempotency_key).await
    }

    /// See [`Service::rerun_batch`].
    pub(super) async fn rerun_tasks(
        &self,
        caller: &Caller,
        id: BatchId,
        idempotency_key: Option<&str>,
    ) -> Result<Option<Batch>, ServiceError> {
        let rows = self.rows_of(caller, id).await?;
        let Some(first) = rows.first() else { return Ok(None) };
        let kind = self.may_start(caller, &first.kind, 0)?;
        let failed = rows.iter().filter(|row| row.status == Status::Error);
        let failed: Vec<_> = failed.map(|row| row.id).collect();
        let stored = self.engine.inner().store.inputs(&failed).await?;
        let mut stored: HashMap<_, _> = stored.into_iter().collect();
        let mut inputs = Vec::with_capacity(failed.len());
        for id in failed {
            // Leave out a task that expired in between.
            let Some(stored) = stored.remove(&id) else { continue };
            let name = format!("task {id}");
            let input = match self.asked_for_again(&first.kind, &stored) {
                Err(ServiceError::SecretsNeeded { kind, refusal }) => {
                    let refusal = at(&name, refusal);
                    return Err(ServiceError::SecretsNeeded { kind, refusal });
                }
                input => input?,
            };
            inputs.push((name, input, Some(id)));
        }
        // Not made from the inputs: more tasks may have failed by the time the request is repeated.
        let batch_start =
            BatchStart { kind, priority: 0, request_hash: format!("rerun {id}"), inputs };
        self.start_together(caller, batch_start, idempotency_key).await.map(Some)
    }

    /// Queues all tasks, or none.
    async fn start_together(
        &self,
        caller: &Caller,
        batch_start: BatchStart,
        idempotency_key: Option<&str>,
    ) -> Result<Batch, ServiceError> {
        let inner = self.engine.inner();
        let BatchStart { kind, priority, request_hash, inputs } = batch_start;
        inner.rates.starts.take(caller.client(), inputs.len())?;
        let word = &kind.info.kind;
        let idempotency = self.idempotency(caller, word, || request_hash, idempotency_key)?;
        if let Some((key, request_hash)) = &idempotency
            && let Some(row) = inner.store.started(&self.account(caller), key, request_hash).await?
        {
            return self.repeated(&row).await;
        }
        if inputs.is_empty() {
            return Err(ServiceError::NothingFailed);
        }
        let id = BatchId::from_uuid(Uuid::new_v4());
        let (mut names, mut new) = (Vec::new(), Vec::with_capacity(inputs.len()));
        for (place, (name, input, rerun_of)) in (0_u32..).zip(inputs) {
            let task = self.new_task(caller, &kind, input, priority).await;
            let task = task.map_err(|refusal| at(&name, refusal))?;
            new.push(NewTask { batch: Some((id, place)), rerun_of, ..task });
            names.push(name);
        }
        differ(&new, &names)?;
        self.has_budget(caller, &kind).await?;
        // The key identifies the first task; the first task leads to the batch.
        if let Some(first) = new.first_mut() {
            first.idempotency = idempotency;
        }
        self.may_store(&new).await?;
        match inner.store.insert_all(&new).await? {
            AllInserted::Queued(rows) => {
                inner.wake_claimer();
                self.sum(id, &rows).await
            }
            AllInserted::Not(place, inserted) => self.not_inserted(&names[place], *inserted).await,
        }
    }

    /// Returns a batch; `None` if there is none that this caller may see, or all its tasks have
    /// expired.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn batch(&self, caller: &Caller, id: BatchId) -> Result<Option<Batch>, ServiceError> {
        let rows = self.rows_of(caller, id).await?;
        if rows.is_empty() { Ok(None) } else { self.sum(id, &rows).await.map(Some) }
    }

    /// Lists the caller's batches, newest first: at most `limit`, by default
    /// [`EngineOptions::list_rows`](crate::engine::EngineOptions::list_rows). `cursor` is
    /// `next_cursor` of the page before. Without an owner the list is empty.
    ///
    /// # Errors
    /// When the cursor is invalid, and when the store fails.
    pub async fn batches(
        &self,
        caller: &Caller,
        cursor: Option<&str>,
        limit: Option<u32>,
    ) -> Result<BatchList, ServiceError> {
        let inner = self.engine.inner();
        let limit = limit.unwrap_or(inner.options.list_rows).clamp(1, inner.options.max_list_rows);
        let before = cursor.map(read_cursor).transpose()?;
        let Some(owner) = caller.as_owner() else {
            return Ok(BatchList { batches: Vec::new(), next_cursor: None });
        };
        let mut rows = inner.store.batches(owner, before, limit + 1).await?;
        let more = rows.len() > limit as usize;
        rows.truncate(limit as usize);
        let next_cursor =
            rows.last().filter(|_| more).map(|row| format!("{}.{}", row.created_at, row.id));
        Ok(BatchList { batches: rows.into_iter().map(summary).collect(), next_cursor })
    }

    /// See [`Service::cancel_batch`].
    pub(super) async fn cancel_tasks(
        &self,
        caller: &Caller,
        id: BatchId,
    ) -> Result<Option<Batch>, ServiceError> {
        let rows = self.rows_of(caller, id).await?;
        // Cancel in reverse order, so that queued tasks do not start in slots that cancelled ones
        // free.
        for row in rows.iter().rev().filter(|row| !row.status.is_terminal()) {
            self.cancel_seen(caller, row.id).await?;
        }
        self.batch(caller, id).await
    }

    /// Returns the batch of a task. `None` if it was started alone, or there is no task that this
    /// caller may see.
    ///
    /// # Errors
    /// When the task has expired, and when the store fails.
    pub async fn batch_of(
        &self,
        caller: &Caller,
        id: TaskId,
    ) -> Result<Option<BatchId>, ServiceError> {
        Ok(self.row(caller, id).await?.and_then(|row| row.batch))
    }

    /// Reads the tasks of a batch that this caller may see and that have not expired.
    async fn rows_of(&self, caller: &Caller, id: BatchId) -> Result<Vec<Row>, StoreError> {
        let mut rows = self.engine.inner().store.batch(id).await?;
        rows.retain(|row| caller.may_see(row.owner.as_deref()) && row.expired().is_none());
        Ok(rows)
    }

    async fn sum(&self, id: BatchId, rows: &[Row]) -> Result<Batch, ServiceError> {
        let (mut tasks, read) = (Vec::with_capacity(rows.len()), Instant::now());
        for row in rows {
            tasks.push(self.show_one_of(row, read).await);
        }
        Batch::of(id, tasks).ok_or_else(|| ValidationError::field("inputs", "is empty").into())
    }

    /// Returns the batch of the earlier start.
    async fn repeated(&self, row: &Row) -> Result<Batch, ServiceError> {
        let Some(id) = row.batch else { return Err(ServiceError::KeyReused) };
        let rows = self.engine.inner().store.batch(id).await?;
        self.sum(id, &rows).await
    }

    async fn not_inserted(&self, name: &str, inserted: Inserted) -> Result<Batch, ServiceError> {
        match inserted {
            // Two starts with the same key at the same moment.
            Inserted::SameKey(row) => self.repeated(&row).await,
            Inserted::KeyReused => Err(ServiceError::KeyReused),
            full @ (Inserted::Full(_) | Inserted::ClientFull(_) | Inserted::AllFull(_)) => {
                Err(self.queue_full(&full))
            }
            Inserted::NoUpload(id) => {
                let detail = format!("there is no upload {id} of yours, or its time is over");
                Err(at(name, ValidationError::new(detail)).into())
            }
            Inserted::Queued(row) | Inserted::UnderWay(row) => {
                let detail = format!("is under way already: task {}", row.id);
                Err(at(name, ValidationError::new(detail)).into())
            }
        }
    }
}

fn summary(row: BatchRow) -> BatchSummary {
    let BatchRow { id, kind, created_at, tasks, unfinished, failed } = row;
    BatchSummary { id, kind, created_at: rfc3339(created_at), tasks, unfinished, failed }
}

/// Attributes an error to the input of this name within a batch.
fn at(name: &str, refusal: ValidationError) -> ValidationError {
    let ValidationError { detail, errors } = refusal;
    if errors.is_empty() {
        return ValidationError::field(name, detail);
    }
    let inside =
        |error: FieldError| FieldError { field: format!("{name}.{}", error.field), ..error };
    ValidationError {
        detail: format!("{name}: {detail}"),
        errors: errors.into_iter().map(inside).collect(),
    }
}

/// Rejects two inputs with the same unique key: the second would return the first one's task.
fn differ(new: &[NewTask], names: &[String]) -> Result<(), ValidationError> {
    let mut seen = HashMap::new();
    for (task, name) in new.iter().zip(names) {
        let Some(key) = &task.unique_key else { continue };
        if let Some(first) = seen.insert(key, name) {
            let detail = format!("is the same work as {first}");
            return Err(at(name, ValidationError::new(detail)));
        }
    }
    Ok(())
}
