//! All data of one owner, read piece by piece.

use super::{Caller, DataCall, ResultState, Service, ServiceError, data::shown, shares};
use crate::{
    engine::{
        Place, StoredFile,
        artifacts::{file_info, upload_info},
        clock::rfc3339,
        store::{ArtifactId, ShareSubject, StoredResult, StoredToken},
    },
    task::{FileInfo, LogLine, Share, Snapshot, StartTask, TaskId, Upload},
};

/// Uploads that are read at once.
const PAGE: u32 = 50;

/// An export of all data of an owner. While it exists, there is no other of this owner.
pub struct Export {
    service: Service,
    caller: Caller,
    owner: String,
    /// When it began.
    at: i64,
    _place: Place<String>,
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
        let owner = caller.owner_of_data(DataCall::Export, owner)?;
        let place = self.enter(DataCall::Export, &owner)?;
        // What fails at once is an answer, not an archive that breaks off.
        let at = self.engine.inner().store.now_ms().await?;
        let (service, caller) = (self.clone(), caller.clone());
        Ok(Export { service, caller, owner, at, _place: place, last: None, last_upload: None })
    }
}

impl Export {
    /// The name of the user; of somebody without a name, the beginning of the owner id.
    pub fn owner_shown(&self) -> String {
        shown(&self.owner)
    }

    /// When it began, by the store's clock, as RFC 3339.
    pub fn at(&self) -> String {
        rfc3339(self.at)
    }

    /// Returns the ids of the next tasks, newest first; none after the last one.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn next_tasks(&mut self) -> Result<Vec<TaskId>, ServiceError> {
        let rows = self.service.next_rows(&self.owner, self.last).await?;
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
        let found = inner.store.uploads_of(&self.owner, after, PAGE).await?;
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
        Ok(self.service.engine.inner().store.tokens(Some(&self.owner)).await?)
    }
}

/// What has expired or was deleted meanwhile is not there.
fn gone<T>(read: Result<Option<T>, ServiceError>) -> Result<Option<T>, ServiceError> {
    match read {
        Err(ServiceError::Expired(_) | ServiceError::Deleted(_)) => Ok(None),
        read => read,
    }
}
