//! Starting a task: validation, limits and idempotency.

use std::sync::Arc;

use uuid::Uuid;

use super::{
    Caller, Service, ServiceError, Started,
    files::no_upload,
    labels::{Asked, Extras},
};
use crate::{
    engine::{
        EngineOptions, ValidationError,
        audit::Action,
        disk::little_space,
        keyed_hash::hex,
        millis,
        quota::Depositor,
        registry::{Kind, Prepared},
        store::{Inserted, NewTask, Row, TokenScope},
        title::readable_title,
    },
    task::{FieldError, PRIORITIES, StageInfo, StartReceipt, StartTask, TaskId, UploadId},
};

/// Maximum length of a kind's name that an error repeats, in bytes.
const MAX_KIND_NAME: usize = 50;

/// Cuts an error to the length of messages, because it may quote the input.
fn cut(refusal: ValidationError, options: &EngineOptions) -> ValidationError {
    let errors = refusal.errors.into_iter().map(|FieldError { field, detail }| FieldError {
        field: options.cut(field),
        detail: options.cut(detail),
    });
    ValidationError { detail: options.cut(refusal.detail), errors: errors.collect() }
}

/// The task that is started anew. Its tags are taken along as they are now; they are no part of what the
/// caller asked for.
pub(super) struct RerunOf {
    pub(super) id: TaskId,
    pub(super) tags: Vec<String>,
}

/// The task of a start, or of a rerun of another one, with its row of the audit log.
fn audited(new: NewTask, caller: &Caller, rerun_of: Option<TaskId>) -> NewTask {
    let action = match rerun_of {
        Some(_) if caller.is_represented() => Action::RerunAll,
        Some(_) => Action::Rerun,
        None => Action::Start,
    };
    let audit = caller.audits_about(action, new.id).with(|audit| {
        audit.detail = Some(match rerun_of {
            Some(earlier) => format!("{}, of {earlier}", new.kind),
            None => new.kind.clone(),
        });
    });
    NewTask { rerun_of, audit: Some(audit), ..new }
}

impl Service {
    /// See [`Service::start`].
    pub(super) async fn start_task(
        &self,
        caller: &Caller,
        start: StartTask,
        idempotency_key: Option<&str>,
        rerun_of: Option<RerunOf>,
    ) -> Result<Started, ServiceError> {
        let inner = self.engine.inner();
        let kind = self.may_start(caller, &start.kind, start.priority)?;
        inner.rates.starts.take(caller.client(), 1)?;
        self.may_be_sent(&start.input)?;
        let StartTask { tags, run_at, delay_s, .. } = &start;
        let more = Asked { tags, run_at: run_at.as_deref(), delay_s: *delay_s };
        let mut extras = self.extras(more)?;
        let is_at_once = extras.run_at.is_none();
        if let Some(original) = &rerun_of {
            extras.tags.clone_from(&original.tags);
        }
        let asked = || {
            let input = kind.comparable(&start.input);
            format!("{} {input}{}", start.priority, more.comparable())
        };
        let idempotency = self.idempotency(caller, &start.kind, asked, idempotency_key)?;
        // A repeated start is subject to none of the checks below.
        if let Some((key, request_hash)) = &idempotency
            && let Some(row) = inner.store.started(&self.account(caller), key, request_hash).await?
        {
            return Ok(self.started(&row, true).await);
        }
        let new = NewTask {
            idempotency,
            ..self.new_task(caller, &kind, start.input, start.priority, extras).await?
        };
        let new = audited(new, caller, rerun_of.map(|original| original.id));
        self.has_budget(caller, &kind).await?;
        self.may_store(std::slice::from_ref(&new)).await?;
        let input = new.uploads.first().map(|_| new.input.clone()).unwrap_or_default();
        let (row, existing) = match inner.insert(new).await? {
            Inserted::Queued(row) => {
                inner.note_started(&row.kind, 1);
                (row, false)
            }
            Inserted::UnderWay(row) if is_at_once && row.run_seq == 0 => {
                // It may wait for its time: now somebody wants it at once.
                let audit = caller.audits_about(Action::StartNow, row.id);
                let now = inner.store.start_now(row.id, Some(&audit)).await?;
                let row = now.unwrap_or(row);
                inner.wake_claimer();
                (row, true)
            }
            Inserted::SameKey(row) | Inserted::UnderWay(row) => (row, true),
            Inserted::KeyReused => return Err(ServiceError::KeyReused),
            Inserted::NoUpload(id) => return Err(no_upload(&input, id).into()),
            full => return Err(self.queue_full(&full)),
        };
        Ok(self.started(&row, existing).await)
    }

    /// Returns the kind if this caller may start it with this priority.
    pub(super) fn may_start(
        &self,
        caller: &Caller,
        kind: &str,
        priority: i32,
    ) -> Result<Arc<Kind>, ServiceError> {
        caller.needs(TokenScope::Start)?;
        let inner = self.engine.inner();
        if caller.owner.is_none() && !inner.options.allow_anonymous {
            return Err(ServiceError::SessionNeeded);
        }
        let known = inner.kinds.now().get(kind).cloned();
        let known = known.filter(|kind| caller.may_start(&kind.info.kind, &kind.options.allow));
        let kind = known.ok_or_else(|| self.unknown(caller, kind))?;
        if !PRIORITIES.contains(&priority) {
            let (least, most) = (PRIORITIES.start(), PRIORITIES.end());
            return Err(
                ValidationError::field("priority", format!("is from {least} to {most}")).into()
            );
        }
        Ok(kind)
    }

    /// Checks the size of an input.
    pub(super) fn may_be_sent(&self, input: &serde_json::Value) -> Result<(), ValidationError> {
        let (bytes, max) = (input.to_string().len(), self.engine.inner().options.max_input_bytes);
        if bytes > max {
            let detail = format!("the input has {bytes} bytes; at most {max} are taken");
            return Err(ValidationError::new(detail));
        }
        Ok(())
    }

    /// Checks the storage limits for these tasks, all of one caller.
    pub(super) async fn may_store(&self, new: &[NewTask]) -> Result<(), ServiceError> {
        let Some(first) = new.first() else { return Ok(()) };
        self.has_space().await?;
        let inner = self.engine.inner();
        let who = Depositor { account: first.account(), client: first.client.as_deref() };
        let inputs = new.iter().map(NewTask::input_bytes);
        match inner.quota.admit_tasks(&*inner.store, &inner.options, who, inputs).await? {
            Some(reached) => Err(ServiceError::StorageFull(reached)),
            None => Ok(()),
        }
    }

    /// Checks the free disk space.
    pub(super) async fn has_space(&self) -> Result<(), ServiceError> {
        let storage = &self.engine.inner().options.storage;
        let Some(disk) = &storage.disk else { return Ok(()) };
        match little_space(disk, storage.min_free_bytes).await {
            Some(little) => Err(ServiceError::DiskFull(little)),
            None => Ok(()),
        }
    }

    /// The error for a reached queue limit.
    pub(super) fn queue_full(&self, full: &Inserted) -> ServiceError {
        let options = &self.engine.inner().options;
        match *full {
            Inserted::ClientFull(queued) => ServiceError::ClientQueueFull { queued },
            Inserted::AllFull(queued) => ServiceError::ServerQueueFull { queued },
            Inserted::Full(queued) => ServiceError::QueueFull { queued },
            Inserted::ScheduleFull(by, scheduled) => ServiceError::ScheduleFull { by, scheduled },
            _ => ServiceError::QueueFull { queued: options.max_queued_per_owner },
        }
    }

    /// Prepares a validated task to be queued.
    pub(super) async fn new_task(
        &self,
        caller: &Caller,
        kind: &Kind,
        input: serde_json::Value,
        priority: i32,
        Extras { tags, run_at }: Extras,
    ) -> Result<NewTask, ValidationError> {
        let options = &self.engine.inner().options;
        let prepared = kind.prepare(input).await.map_err(|refusal| cut(refusal, options))?;
        let mut uploads: Vec<_> = prepared.uploads.iter().map(|(_, id)| *id).collect();
        uploads.sort();
        uploads.dedup();
        let title = self.title(caller, &prepared, &uploads).await;
        let stages = prepared.stages.as_slice().iter().cloned();
        let stages =
            stages.map(|stage| StageInfo { name: options.cut(stage.name), ..stage }).collect();
        Ok(NewTask {
            id: TaskId::from_uuid(Uuid::new_v4()),
            owner: caller.as_owner().map(str::to_owned),
            client: self.client(caller),
            kind: kind.info.kind.clone(),
            title: options.cut(readable_title(&title, &kind.info.title)),
            input: prepared.input,
            sealed: prepared.sealed,
            stages,
            // Anonymous tasks share no unique key, not even two of the same caller.
            unique_key: prepared.unique_key.filter(|_| caller.owner.is_some()),
            lookup_key: prepared.lookup_key,
            idempotency: None,
            priority,
            max_attempts: kind.options.max_attempts,
            keep_ms: options.retention.keep_of(&kind.options).map(millis),
            max_queued: options.max_queued_per_owner,
            max_queued_per_client: options.max_queued_per_client,
            max_queued_in_all: options.max_queued,
            max_scheduled: options.max_scheduled_per_owner,
            max_scheduled_per_client: options.max_scheduled_per_client,
            max_scheduled_in_all: options.max_scheduled,
            batch: None,
            rerun_of: None,
            uploads,
            tags,
            run_at,
            audit: None,
            traceparent: caller.trace(),
        })
    }

    /// The title; with exactly one upload it may contain the name of the file.
    async fn title(&self, caller: &Caller, prepared: &Prepared, uploads: &[UploadId]) -> String {
        let title = || prepared.title.clone();
        let (Some(named), [upload]) = (&prepared.upload_title, uploads) else { return title() };
        match self.find_upload(caller, *upload).await {
            Ok(Some(upload)) => named.replace("{name}", &upload.name),
            // The insert refuses an upload that does not exist.
            Ok(None) | Err(_) => title(),
        }
    }

    async fn started(&self, row: &Row, existing: bool) -> Started {
        let receipt = StartReceipt { id: row.id, existing };
        Started { receipt, snapshot: self.show(row).await }
    }

    /// The error for a kind that does not exist, or that the caller may not start.
    pub(super) fn unknown(&self, caller: &Caller, kind: &str) -> ServiceError {
        let kinds = self.engine.inner().kinds.now();
        let known =
            kinds.all().filter(|kind| caller.may_start(&kind.info.kind, &kind.options.allow));
        let known: Vec<_> = known.map(|kind| kind.info.kind.as_str()).collect();
        // Repeat only what could be the name of a kind: the text is the caller's.
        let is_name = |byte: u8| byte.is_ascii_alphanumeric() || b"_-".contains(&byte);
        let named = kind.len() <= MAX_KIND_NAME && !kind.is_empty() && kind.bytes().all(is_name);
        let named = if named { format!("kind `{kind}`") } else { "such kind".to_owned() };
        ServiceError::UnknownKind(format!("there is no {named}; there are: {}", known.join(", ")))
    }

    /// Returns the keyed hash of a caller's address, as it is stored.
    pub(super) fn client(&self, caller: &Caller) -> Option<String> {
        caller.client.map(|client| self.engine.inner().client_key.hash(client))
    }

    /// See [`NewTask::account`].
    pub(super) fn account(&self, caller: &Caller) -> String {
        let owner = caller.as_owner().map(str::to_owned);
        owner.or_else(|| self.client(caller)).unwrap_or_default()
    }

    /// Returns the idempotency key as it is stored, and a keyed hash of the request, which may
    /// contain secrets. A key counts within its account. Callers with neither owner nor address
    /// share one account; their stored key contains the hash, so that a key alone does not lead to
    /// another caller's task.
    pub(super) fn idempotency(
        &self,
        caller: &Caller,
        kind: &str,
        input: impl FnOnce() -> String,
        key: Option<&str>,
    ) -> Result<Option<(String, String)>, ServiceError> {
        let Some(key) = key else { return Ok(None) };
        let max = self.engine.inner().options.max_idempotency_key_bytes;
        if key.is_empty() || key.len() > max {
            let detail =
                format!("an Idempotency-Key has 1 to {max} bytes; this one has {}", key.len());
            return Err(ValidationError::new(detail).into());
        }
        let input = input();
        let request = [kind.as_bytes(), &[0], input.as_bytes()];
        let request_hash = hex(&self.engine.inner().request_key.hash(&request));
        let known = caller.owner.is_some() || caller.client.is_some();
        let key = if known { key.to_owned() } else { format!("{request_hash}:{key}") };
        Ok(Some((key, request_hash)))
    }
}
