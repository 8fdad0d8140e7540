//! All data of one owner, read piece by piece.

use std::{collections::BTreeSet, sync::Arc};

use parking_lot::Mutex;

use super::{Caller, ResultState, Service, ServiceError, caller::user_of, shares};
use crate::{
    engine::{
        StoredFile,
        artifacts::{file_info, upload_info},
        clock::rfc3339,
        store::{ArtifactId, ListQuery, ShareSubject, StoredResult, StoredToken},
    },
    task::{FileInfo, LogLine, Share, Snapshot, StartTask, TaskId, Upload},
};

/// Number of exports under way at once.
const MAX_EXPORTS: usize = 4;
/// Tasks and uploads that are read at once.
const PAGE: u32 = 50;
/// Characters of the owner id of somebody without a name that are shown: too few to use it.
const OWNER_CHARS: usize = 16;

/// The owners whose data is being exported.
#[derive(Clone, Debug, Default)]
pub(in crate::engine) struct Exports(Arc<Mutex<BTreeSet<String>>>);

impl Exports {
    fn enter(&self, owner: &str) -> Result<Slot, ServiceError> {
        let mut owners = self.0.lock();
        if owners.contains(owner) {
            return Err(ServiceError::ExportUnderWay);
        }
        if owners.len() >= MAX_EXPORTS {
            return Err(ServiceError::ExportsFull { max: MAX_EXPORTS });
        }
        owners.insert(owner.to_owned());
        Ok(Slot { exports: self.clone(), owner: owner.to_owned() })
    }
}

/// One of the exports under way, until it is dropped.
struct Slot {
    exports: Exports,
    owner: String,
}

impl Drop for Slot {
    fn drop(&mut self) {
        self.exports.0.lock().remove(&self.owner);
    }
}

/// An export of all data of an owner. While it exists, there is no other of this owner.
pub struct Export {
    service: Service,
    caller: Caller,
    slot: Slot,
    last: Option<(i64, TaskId)>,
    last_upload: Option<ArtifactId>,
}

/// A task of an export, with what is small.
#[derive(Debug)]
#[non_exhaustive]
pub struct ExportedTask {
    /// Its state.
    pub snapshot: Snapshot,
    /// What it was started with, without secrets; `None` if its kind no longer exists.
    pub input: Option<StartTask>,
    /// Its result.
    pub result: Option<StoredResult>,
    /// Its files' metadata.
    pub files: Vec<FileInfo>,
    /// The links to it, without their tokens.
    pub shares: Vec<Share>,
}

impl Service {
    /// See [`Service::export`].
    pub(super) async fn begin_export(
        &self,
        caller: &Caller,
        owner: Option<&str>,
    ) -> Result<Export, ServiceError> {
        let owner = caller.owner_to_export(owner)?;
        let slot = self.engine.inner().exports.enter(&owner)?;
        // What fails at once is an answer, not an archive that breaks off.
        self.engine.inner().store.now_ms().await?;
        let (service, caller) = (self.clone(), caller.clone());
        Ok(Export { service, caller, slot, last: None, last_upload: None })
    }
}

impl Export {
    /// The name of the user; of somebody without a name, the beginning of the owner id.
    pub fn owner_shown(&self) -> String {
        let owner = &*self.slot.owner;
        user_of(owner).map_or_else(|| owner.chars().take(OWNER_CHARS).collect(), str::to_owned)
    }

    /// The store's time, as RFC 3339.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn now(&self) -> Result<String, ServiceError> {
        Ok(rfc3339(self.service.engine.inner().store.now_ms().await?))
    }

    /// Returns the ids of the next tasks, newest first; none after the last one.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn next_tasks(&mut self) -> Result<Vec<TaskId>, ServiceError> {
        let query = ListQuery {
            owner: self.slot.owner.clone(),
            status: None,
            kind: None,
            q: None,
            tag: None,
            before: self.last,
            limit: PAGE,
            examine: None,
        };
        let rows = self.service.engine.inner().store.list(&query).await?;
        if let Some(row) = rows.last() {
            self.last = Some((row.created_at, row.id));
        }
        Ok(rows.iter().map(|row| row.id).collect())
    }

    /// Reads a task; `None` if it has expired or was deleted meanwhile.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn task(&self, id: TaskId) -> Result<Option<ExportedTask>, ServiceError> {
        let Some(snapshot) = gone(self.service.get(&self.caller, id).await)? else {
            return Ok(None);
        };
        let input = match self.service.input(&self.caller, id).await {
            Err(ServiceError::UnknownKind(_)) => None,
            input => gone(input)?,
        };
        let result = match gone(self.service.result(&self.caller, id).await)? {
            Some(ResultState::Ready(result)) => Some(result),
            _ => None,
        };
        let store = &self.service.engine.inner().store;
        let files = store.artifacts_of(id).await?.iter().map(file_info).collect();
        let stored = store.shares(ShareSubject::Task(id)).await?;
        let shares = stored.into_iter().map(shares::wire).collect();
        Ok(Some(ExportedTask { snapshot, input, result, files, shares }))
    }

    /// Reads the log lines of a task after number `after`, as [`Service::log`]; none after the last one.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn log(&self, id: TaskId, after: i64) -> Result<Vec<LogLine>, ServiceError> {
        Ok(gone(self.service.log(&self.caller, id, after).await)?.unwrap_or_default())
    }

    /// Returns one of a task's files.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn file(&self, id: TaskId, name: &str) -> Result<Option<StoredFile>, ServiceError> {
        gone(self.service.file(&self.caller, id, name).await)
    }

    /// Returns the next uploads; none after the last one.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn next_uploads(&mut self) -> Result<Vec<(Upload, StoredFile)>, ServiceError> {
        let inner = self.service.engine.inner();
        let Some(artifacts) = &inner.options.artifacts else { return Ok(Vec::new()) };
        let after = self.last_upload;
        let found = inner.store.uploads_of(&self.slot.owner, after, PAGE).await?;
        let stored = found.into_iter().map(|artifact| {
            let file = StoredFile { artifact, artifacts: artifacts.clone() };
            (upload_info(&file.artifact), file)
        });
        let stored: Vec<_> = stored.collect();
        if let Some((_, file)) = stored.last() {
            self.last_upload = Some(file.artifact.id);
        }
        Ok(stored)
    }

    /// Returns the tokens of the owner, newest first: never what identifies a caller.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn tokens(&self) -> Result<Vec<StoredToken>, ServiceError> {
        Ok(self.service.engine.inner().store.tokens(Some(&self.slot.owner)).await?)
    }
}

/// What has expired or was deleted meanwhile is not there.
fn gone<T>(read: Result<Option<T>, ServiceError>) -> Result<Option<T>, ServiceError> {
    match read {
        Err(ServiceError::Expired(_) | ServiceError::Deleted(_)) => Ok(None),
        read => read,
    }
}
