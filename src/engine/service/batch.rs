//! Batches: starting several tasks at once, rerunning those that failed, and cancelling all.

use std::{collections::HashMap, sync::Arc};

use serde_json::Value;
use uuid::Uuid;

use super::{
    BatchFilter, Caller, Service, ServiceError, TaskAction,
    labels::{Asked, Extras},
};
use crate::{
    engine::{
        ValidationError,
        audit::Action,
        registry::Kind,
        store::{AllInserted, Inserted, NewAudit, NewTask, Row},
    },
    task::{Batch, BatchId, FieldError, StartBatch, Status, TaskId},
};

/// Tasks to be started as one batch.
struct BatchStart {
    kind: Arc<Kind>,
    priority: i32,
    /// Distinguishes a repeated start from another one with the same key.
    request_hash: String,
    inputs: Vec<BatchInput>,
    /// The batch whose failed tasks are run again.
    rerun_of: Option<BatchId>,
}

/// One task of a batch to be started.
struct BatchInput {
    /// Its name in errors.
    name: String,
    input: Value,
    /// The task that it runs again.
    rerun_of: Option<TaskId>,
    extras: Extras,
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
        let StartBatch { tags, run_at, delay_s, .. } = &start;
        let more = Asked { tags, run_at: run_at.as_deref(), delay_s: *delay_s };
        let extras = self.extras(more)?;
        let (mut request_hash, mut inputs) =
            (more.comparable(), Vec::with_capacity(start.inputs.len()));
        for (place, input) in start.inputs.into_iter().enumerate() {
            let name = format!("inputs[{place}]");
            self.may_be_sent(&input).map_err(|refusal| at(&name, refusal))?;
            request_hash.push_str(&kind.comparable(&input));
            request_hash.push('\n');
            inputs.push(BatchInput { name, input, rerun_of: None, extras: extras.clone() });
        }
        let batch_start =
            BatchStart { kind, priority: start.priority, request_hash, inputs, rerun_of: None };
        self.start_together(caller, batch_start, idempotency_key).await
    }

    /// See [`Service::rerun_batch`].
    pub(super) async fn rerun_tasks(
        &self,
        caller: &Caller,
        id: BatchId,
        idempotency_key: Option<&str>,
    ) -> Result<Option<Batch>, ServiceError> {
        let Some(counts) = self.counts_of(caller, id).await? else { return Ok(None) };
        caller.check(TaskAction::Rerun, counts.subject(id))?;
        let kind = self.may_start(caller, &counts.kind, 0)?;
        let store = &self.engine.inner().store;
        let failed = store.batch(id, Some(Status::Error), None, u32::MAX).await?;
        let ids: Vec<_> = failed.iter().map(|(_, row)| row.id).collect();
        let stored = store.inputs(&ids).await?;
        let mut stored: HashMap<_, _> = stored.into_iter().collect();
        let mut inputs = Vec::with_capacity(failed.len());
        for (_, Row { id, labels, .. }) in failed {
            // Leave out a task that expired in between.
            let Some(stored) = stored.remove(&id) else { continue };
            let name = format!("task {id}");
            let input = match self.asked_for_again(caller, &counts.kind, &stored) {
                Err(ServiceError::SecretsNeeded { kind, refusal }) => {
                    let refusal = at(&name, refusal);
                    return Err(ServiceError::SecretsNeeded { kind, refusal });
                }
                input => input?,
            };
            let extras = Extras { tags: labels.tags, run_at: None };
            inputs.push(BatchInput { name, input, rerun_of: Some(id), extras });
        }
        // Not made from the inputs: more tasks may have failed by the time the request is repeated.
        let request_hash = format!("rerun {id}");
        let batch_start =
            BatchStart { kind, priority: 0, request_hash, inputs, rerun_of: Some(id) };
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
        let BatchStart { kind, priority, request_hash, inputs, rerun_of: batch } = batch_start;
        inner.rates.starts.take(caller.client(), inputs.len())?;
        let word = &kind.info.kind;
        let idempotency = self.idempotency(caller, word, || request_hash, idempotency_key)?;
        if let Some((key, request_hash)) = &idempotency
            && let Some(row) = inner.store.started(&self.account(caller), key, request_hash).await?
        {
            return self.repeated(caller, &row).await;
        }
        if inputs.is_empty() {
            return Err(ServiceError::NothingFailed);
        }
        let id = BatchId::from_uuid(Uuid::new_v4());
        let (mut names, mut new) = (Vec::new(), Vec::with_capacity(inputs.len()));
        for (place, BatchInput { name, input, rerun_of, extras }) in (0_u32..).zip(inputs) {
            let task = self.new_task(caller, &kind, input, priority, extras).await;
            let task = task.map_err(|refusal| at(&name, refusal))?;
            new.push(NewTask { batch: Some((id, place)), rerun_of, ..task });
            names.push(name);
        }
        differ(&new, &names)?;
        in_order(&mut new);
        self.has_budget(caller, &kind).await?;
        // The key identifies the first task; the first task leads to the batch.
        if let Some(first) = new.first_mut() {
            first.idempotency = idempotency;
            first.audit = Some(audit_of(caller, word, id, batch));
        }
        self.may_store(&new).await?;
        match inner.store.insert_all(&new).await? {
            AllInserted::Queued(rows) => {
                inner.note_started(word, rows.len());
                inner.wake_claimer();
                self.started_batch(caller, id).await
            }
            AllInserted::Not(place, inserted) => {
                self.not_inserted(caller, &names[place], *inserted).await
            }
        }
    }

    /// See [`Service::cancel_batch`].
    pub(super) async fn cancel_tasks(
        &self,
        caller: &Caller,
        id: BatchId,
    ) -> Result<Option<Batch>, ServiceError> {
        let Some(counts) = self.counts_of(caller, id).await? else { return Ok(None) };
        caller.check(TaskAction::Cancel, counts.subject(id))?;
        let inner = self.engine.inner();
        // First those that wait, so that none starts in a slot that a cancelled one frees.
        let by = caller.cancels_as(counts.subject(id));
        let of_batch = counts.subject(id);
        let audit = caller.audits_cancel(Action::CancelBatch, of_batch, id);
        for row in inner.store.cancel_queued_of(id, by, Some(&audit)).await? {
            inner.note_ended(&row);
            inner.subscriptions.tell(&row);
        }
        let running = inner.store.batch(id, Some(Status::Running), None, u32::MAX).await?;
        for (_, row) in running.iter().rev() {
            let audit = caller.audits_cancel(Action::CancelBatch, of_batch, row.id);
            self.cancel_seen(by, row.id, &audit).await?;
        }
        self.read_batch(caller, id, &BatchFilter::default()).await
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
        let seen = self.seen(caller, id).await?;
        Ok(seen.and_then(|seen| seen.batch))
    }

    /// Returns the batch of an earlier start.
    async fn repeated(&self, caller: &Caller, row: &Row) -> Result<Batch, ServiceError> {
        let Some(id) = row.batch else { return Err(ServiceError::KeyReused) };
        self.started_batch(caller, id).await
    }

    async fn started_batch(&self, caller: &Caller, id: BatchId) -> Result<Batch, ServiceError> {
        let batch = self.read_batch(caller, id, &BatchFilter::default()).await?;
        batch.ok_or_else(|| ValidationError::field("inputs", "is empty").into())
    }

    async fn not_inserted(
        &self,
        caller: &Caller,
        name: &str,
        inserted: Inserted,
    ) -> Result<Batch, ServiceError> {
        match inserted {
            // Two starts with the same key at the same moment.
            Inserted::SameKey(row) => self.repeated(caller, &row).await,
            Inserted::KeyReused => Err(ServiceError::KeyReused),
            full @ (Inserted::Full(_)
            | Inserted::ClientFull(_)
            | Inserted::AllFull(_)
            | Inserted::ScheduleFull(..)) => Err(self.queue_full(&full)),
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

/// The row of the audit log for a batch that is started, or that runs the failed tasks of another again.
fn audit_of(caller: &Caller, kind: &str, id: BatchId, rerun_of: Option<BatchId>) -> NewAudit {
    let action = if rerun_of.is_some() { Action::RerunBatch } else { Action::StartBatch };
    caller.audits_about(action, id).with(|audit| {
        audit.detail = Some(match rerun_of {
            Some(earlier) => format!("{kind}, of {earlier}"),
            None => kind.to_owned(),
        });
    })
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

/// Gives tasks that are queued in the same moment ids that grow, because those decide then: they run in
/// the order of their inputs.
fn in_order(new: &mut [NewTask]) {
    let mut ids: Vec<_> = new.iter().map(|task| task.id).collect();
    ids.sort_unstable();
    for (task, id) in new.iter_mut().zip(ids) {
        task.id = id;
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
