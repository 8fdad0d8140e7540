//! Starting a task: what is checked, and what makes a repeated start one task.

use sha2::{Digest, Sha256};
use uuid::Uuid;

use super::{Caller, Service, ServiceError, Started};
use crate::{
    engine::{
        Refusal, millis,
        store::{Inserted, NewTask, Row},
    },
    task::{PRIORITIES, StartReceipt, StartTask, TaskId},
};

impl Service {
    /// Queues a task. In the store when this returns.
    ///
    /// # Errors
    /// See [`ServiceError`].
    pub async fn start(
        &self,
        caller: &Caller,
        start: StartTask,
        idempotency_key: Option<&str>,
    ) -> Result<Started, ServiceError> {
        let inner = self.engine.inner();
        if caller.owner.is_none() && !inner.options.allow_ownerless {
            return Err(ServiceError::SessionNeeded);
        }
        let kind = inner.kinds.now().get(&start.kind).cloned();
        let kind = kind.ok_or_else(|| self.unknown(&start.kind))?;
        let asked = start.input.to_string();
        let max = inner.options.max_input_bytes;
        if asked.len() > max {
            let detail = format!("the input has {} bytes; at most {max} are taken", asked.len());
            return Err(Refusal::new(detail).into());
        }
        if !PRIORITIES.contains(&start.priority) {
            let (least, most) = (PRIORITIES.start(), PRIORITIES.end());
            return Err(Refusal::field("priority", format!("is from {least} to {most}")).into());
        }
        let idempotency = self.idempotency(caller, &start.kind, &asked, idempotency_key)?;
        // A repeated start needs nothing that the first one needed.
        if let Some((key, print)) = &idempotency
            && let Some(row) = inner.store.started(caller.as_owner(), key, print).await?
        {
            return Ok(self.started(&row, true).await);
        }
        let prepared = kind.prepare(start.input).await?;
        let new = NewTask {
            id: TaskId::from_uuid(Uuid::new_v4()),
            owner: caller.as_owner().map(str::to_owned),
            kind: start.kind,
            title: prepared.title,
            input: prepared.input,
            stages: prepared.stages.as_slice().to_vec(),
            unique_key: prepared.unique_key,
            idempotency,
            priority: start.priority,
            max_attempts: kind.options.max_attempts,
            keep_ms: (!inner.options.keep.is_zero()).then(|| millis(inner.options.keep)),
            max_queued: inner.options.max_queued_per_owner,
        };
        let (row, existing) = match inner.store.insert(&new).await? {
            Inserted::Queued(row) => (row, false),
            Inserted::SameKey(row) | Inserted::UnderWay(row) => (row, true),
            Inserted::KeyReused => return Err(ServiceError::KeyReused),
            Inserted::Full(queued) => return Err(ServiceError::QueueFull { queued }),
        };
        inner.ring();
        Ok(self.started(&row, existing).await)
    }

    async fn started(&self, row: &Row, existing: bool) -> Started {
        let receipt = StartReceipt { id: row.id, existing };
        Started { receipt, snapshot: self.show(row).await }
    }

    fn unknown(&self, kind: &str) -> ServiceError {
        let kinds = self.engine.inner().kinds.now();
        let known: Vec<_> = kinds.all().map(|kind| kind.info.kind.as_str()).collect();
        let word: String = kind.chars().take(50).collect();
        ServiceError::UnknownKind(format!(
            "there is no kind `{word}`; there are: {}",
            known.join(", ")
        ))
    }

    /// The key as it is stored, with a fingerprint of what was asked for. Callers without a session
    /// share one space of keys: theirs holds the fingerprint too, so that a key alone leads nobody to
    /// a stranger's task.
    fn idempotency(
        &self,
        caller: &Caller,
        kind: &str,
        input: &str,
        key: Option<&str>,
    ) -> Result<Option<(String, String)>, ServiceError> {
        let Some(key) = key else { return Ok(None) };
        let max = self.engine.inner().options.max_idempotency_key_bytes;
        if key.is_empty() || key.len() > max {
            let detail = format!("an Idempotency-Key has 1 to {max} bytes");
            return Err(Refusal::new(detail).into());
        }
        let print =
            Sha256::new().chain_update(kind).chain_update([0]).chain_update(input).finalize();
        let print = format!("{print:x}");
        let key = match caller.as_owner() {
            Some(_) => key.to_owned(),
            None => format!("{print}:{key}"),
        };
        Ok(Some((key, print)))
    }
}
