//! Metadata of files.

use async_trait::async_trait;
use sqlx::Row as _;

use super::{
    DbRow, This, audit,
    connections::Session,
    map::{corrupt, storable},
    read_at,
    statements::account,
};
use crate::{
    engine::store::{
        Artifact, ArtifactId, ArtifactRows, NewArtifact, Source, StoreError, WriteRejected,
    },
    task::{TaskId, UploadId},
};

macro_rules! columns {
    () => {
        concat!(
            read_at!(),
            "id, task_id, owner, name, media_type, size, sha256, created_at, due_at"
        )
    };
}

/// The owner and client of a run, while it holds its task.
const ACCOUNT_OF_RUN: &str = concat!(
    "SELECT owner, client FROM tasks WHERE id = $1 AND run_seq = $2 AND status IN ('running', 'cancelling')",
    for_update!()
);

const FILES_OF_TASK: &str =
    "SELECT count(*) FROM artifacts WHERE task_id = $1 AND state IN ('pending', 'ready')";

const SAME_NAME: &str = "SELECT count(*) FROM artifacts WHERE task_id = $1 AND name = $2 \
    AND run_seq = $3 AND state IN ('pending', 'ready')";

const UPLOADS_OF_ACCOUNT: &str = concat!(
    "SELECT count(*) FROM artifacts WHERE ",
    account!(),
    " = $1 AND task_id IS NULL AND state IN ('pending', 'ready')"
);

const BYTES_OF_ACCOUNT: &str = concat!(
    "SELECT CAST(coalesce(sum(size), 0) AS BIGINT) FROM artifacts WHERE ",
    account!(),
    " = $1 AND state IN ('pending', 'ready')"
);

const INSERT: &str = "INSERT INTO artifacts \
    (id, task_id, run_seq, owner, name, media_type, state, created_at, due_at, client) \
    VALUES ($1, $2, $3, $4, $5, $6, 'pending', $7, $8, $9)";

const RENEW: &str = "UPDATE artifacts SET size = $2, due_at = $3 \
    WHERE id = $1 AND state = 'pending' RETURNING owner, client";

/// Replaces the file of an earlier run.
const REPLACE: &str = "UPDATE artifacts SET state = 'deleted', due_at = $4 \
    WHERE task_id = $1 AND name = $2 AND run_seq < $3 AND state = 'ready'";

const FINISH: &str = concat!(
    "UPDATE artifacts SET state = 'ready', size = $2, sha256 = $3, due_at = $4 ",
    "WHERE id = $1 AND state = 'pending' RETURNING client, ",
    columns!()
);

const OF_TASK: &str = concat!(
    "SELECT ",
    columns!(),
    " FROM artifacts WHERE task_id = $1 AND state = 'ready' ORDER BY name"
);

const BY_NAME: &str = concat!(
    "SELECT ",
    columns!(),
    " FROM artifacts WHERE task_id = $1 AND name = $2 AND state = 'ready'"
);

const UPLOAD: &str = concat!(
    "SELECT ",
    columns!(),
    " FROM artifacts WHERE id = $1 AND task_id IS NULL AND state = 'ready'"
);

/// The first condition is that of the index; a client's address can look like an owner's id.
const UPLOADS_OF: &str = concat!(
    "SELECT ",
    columns!(),
    " FROM artifacts WHERE ",
    account!(),
    " = $1 AND owner = $1 AND task_id IS NULL AND state = 'ready' AND id > $2 ORDER BY id LIMIT $3"
);

const UPLOAD_OF: &str = concat!(
    "SELECT ",
    columns!(),
    " FROM artifacts WHERE id = $1 AND state = 'ready' AND id IN ",
    "(SELECT upload_id FROM upload_uses WHERE task_id = $2)"
);

// Uploads in use are checked here, because the row of an upload is locked while a task is started
// with it.
const DUE: &str = concat!(
    "SELECT id FROM artifacts WHERE due_at <= $1 AND (state <> 'ready' OR NOT EXISTS ",
    "(SELECT 1 FROM upload_uses JOIN tasks ON tasks.id = upload_uses.task_id ",
    "WHERE upload_uses.upload_id = artifacts.id ",
    "AND tasks.status IN ('queued', 'running', 'cancelling'))) ORDER BY due_at, id LIMIT $2",
    skip_locked!()
);

const MARK_DELETED: &str = "UPDATE artifacts SET state = 'deleted', due_at = $2 WHERE id = $1";

const DELETE_ARTIFACT: &str = "DELETE FROM artifacts WHERE id = $1";

/// Runs before the task is removed.
pub(super) const MARK_FILES_DELETED: &str = concat!(
    "UPDATE artifacts SET state = 'deleted', due_at = $2 WHERE state <> 'deleted' AND ",
    in_json_list!("task_id", "$1")
);

#[async_trait]
impl ArtifactRows for This {
    async fn begin_artifact(
        &self,
        new: &NewArtifact,
    ) -> Result<Result<(), WriteRejected>, StoreError> {
        let mut tx = self.write_artifact(new).await?;
        let now = self.now_in(&mut tx).await?;
        let (task, account) = match &new.source {
            Source::Run { task_id, run_seq } => {
                let Some(account) = account_of_run(&mut tx, *task_id, *run_seq).await? else {
                    return Ok(Err(WriteRejected::Lost));
                };
                if same_name(&mut tx, *task_id, &new.name, *run_seq).await? {
                    return Ok(Err(WriteRejected::Duplicate));
                }
                (Some((task_id.to_string(), *run_seq)), account)
            }
            Source::Upload { owner, client, .. } => {
                (None, Account { owner: owner.clone(), client: client.clone() })
            }
        };
        let count = match &task {
            Some((task, _)) => sqlx::query(FILES_OF_TASK).bind(task),
            None => sqlx::query(UPLOADS_OF_ACCOUNT).bind(account.key()),
        };
        let count: i64 = tx.value(count).await?;
        if count >= i64::from(new.max_files) {
            return Ok(Err(WriteRejected::TooMany));
        }
        if bytes_of(&mut tx, &account).await? >= new.max_owner_bytes {
            return Ok(Err(WriteRejected::Full));
        }
        tx.execute(
            sqlx::query(INSERT)
                .bind(new.id.to_string())
                .bind(task.as_ref().map(|(task, _)| task))
                .bind(task.as_ref().map(|(_, run_seq)| run_seq))
                .bind(&account.owner)
                .bind(storable(&new.name))
                .bind(storable(&new.media_type))
                .bind(now)
                .bind(now.saturating_add(new.silence_ms))
                .bind(&account.client),
        )
        .await?;
        tx.commit().await?;
        Ok(Ok(()))
    }

    async fn renew_artifact(
        &self,
        new: &NewArtifact,
        size: i64,
    ) -> Result<Result<(), WriteRejected>, StoreError> {
        let mut tx = self.write_artifact(new).await?;
        let now = self.now_in(&mut tx).await?;
        let raw = tx
            .first(
                sqlx::query(RENEW)
                    .bind(new.id.to_string())
                    .bind(size)
                    .bind(now.saturating_add(new.silence_ms)),
            )
            .await?;
        let Some(raw) = raw else { return Ok(Err(WriteRejected::Lost)) };
        if bytes_of(&mut tx, &Account::of(&raw)?).await? > new.max_owner_bytes {
            return Ok(Err(WriteRejected::Full));
        }
        tx.commit().await?;
        Ok(Ok(()))
    }

    async fn finish_artifact(
        &self,
        new: &NewArtifact,
        size: i64,
        sha256: &str,
    ) -> Result<Result<Artifact, WriteRejected>, StoreError> {
        let mut tx = self.write_artifact(new).await?;
        let now = self.now_in(&mut tx).await?;
        let due_at = match &new.source {
            Source::Run { task_id, run_seq } => {
                if account_of_run(&mut tx, *task_id, *run_seq).await?.is_none() {
                    return Ok(Err(WriteRejected::Lost));
                }
                tx.execute(
                    sqlx::query(REPLACE)
                        .bind(task_id.to_string())
                        .bind(storable(&new.name))
                        .bind(run_seq)
                        .bind(now),
                )
                .await?;
                None
            }
            Source::Upload { keep_ms, .. } => Some(now.saturating_add(*keep_ms)),
        };
        let raw = tx
            .first(
                sqlx::query(FINISH).bind(new.id.to_string()).bind(size).bind(sha256).bind(due_at),
            )
            .await?;
        let Some(raw) = raw else { return Ok(Err(WriteRejected::Lost)) };
        let artifact = artifact(&raw, now)?;
        if bytes_of(&mut tx, &Account::of(&raw)?).await? > new.max_owner_bytes {
            return Ok(Err(WriteRejected::Full));
        }
        audit::write(&mut tx, &new.audit, now).await?;
        tx.commit().await?;
        Ok(Ok(artifact))
    }

    async fn artifacts_of(&self, task_id: TaskId) -> Result<Vec<Artifact>, StoreError> {
        let rows = self.read_all(sqlx::query(OF_TASK).bind(task_id.to_string())).await?;
        let now = self.local_now();
        rows.iter().map(|raw| artifact(raw, now)).collect()
    }

    async fn artifact_of(
        &self,
        task_id: TaskId,
        name: &str,
    ) -> Result<Option<Artifact>, StoreError> {
        let query = sqlx::query(BY_NAME).bind(task_id.to_string()).bind(storable(name));
        let raw = self.read_first(query).await?;
        raw.map(|raw| artifact(&raw, self.local_now())).transpose()
    }

    async fn upload(&self, id: UploadId) -> Result<Option<Artifact>, StoreError> {
        let raw = self.read_first(sqlx::query(UPLOAD).bind(id.to_string())).await?;
        raw.map(|raw| artifact(&raw, self.local_now())).transpose()
    }

    async fn uploads_of(
        &self,
        owner: &str,
        after: Option<ArtifactId>,
        limit: u32,
    ) -> Result<Vec<Artifact>, StoreError> {
        let after = after.map(|id| id.to_string()).unwrap_or_default();
        let query = sqlx::query(UPLOADS_OF).bind(owner).bind(after).bind(i64::from(limit));
        let rows = self.read_all(query).await?;
        let now = self.local_now();
        rows.iter().map(|raw| artifact(raw, now)).collect()
    }

    async fn upload_of(
        &self,
        task_id: TaskId,
        id: UploadId,
    ) -> Result<Option<Artifact>, StoreError> {
        let query = sqlx::query(UPLOAD_OF).bind(id.to_string()).bind(task_id.to_string());
        let raw = self.read_first(query).await?;
        raw.map(|raw| artifact(&raw, self.local_now())).transpose()
    }

    async fn mark_artifacts_deleted(
        &self,
        most: u32,
        retry_ms: i64,
    ) -> Result<Vec<ArtifactId>, StoreError> {
        let mut tx = self.db.write().await?;
        let now = self.now_in(&mut tx).await?;
        let due = tx.all(sqlx::query(DUE).bind(now).bind(i64::from(most))).await?;
        let due: Vec<_> = due.iter().map(artifact_id).collect::<Result<_, _>>()?;
        for id in &due {
            tx.execute(
                sqlx::query(MARK_DELETED).bind(id.to_string()).bind(now.saturating_add(retry_ms)),
            )
            .await?;
        }
        tx.commit().await?;
        Ok(due)
    }

    async fn delete_artifact(&self, id: ArtifactId) -> Result<(), StoreError> {
        let mut tx = self.db.write().await?;
        tx.execute(sqlx::query(DELETE_ARTIFACT).bind(id.to_string())).await?;
        tx.commit().await
    }
}

impl This {
    /// Uploads are callers' requests; the writes of a run are the engine's.
    async fn write_artifact(&self, new: &NewArtifact) -> Result<Session<'_>, StoreError> {
        match &new.source {
            Source::Run { .. } => self.db.write().await,
            Source::Upload { owner, client, .. } => {
                let account = owner.as_ref().or(client.as_ref());
                let account = account.map(String::as_str).unwrap_or_default();
                self.db.write_for(&format!("uploads {account}")).await
            }
        }
    }
}

/// The owner and the client of a file.
struct Account {
    owner: Option<String>,
    client: Option<String>,
}

impl Account {
    fn of(raw: &DbRow) -> Result<Self, StoreError> {
        Ok(Self { owner: raw.try_get("owner")?, client: raw.try_get("client")? })
    }

    /// See `account!`.
    fn key(&self) -> &str {
        self.owner.as_deref().or(self.client.as_deref()).unwrap_or_default()
    }
}

async fn account_of_run(
    tx: &mut Session<'_>,
    task_id: TaskId,
    run_seq: i64,
) -> Result<Option<Account>, StoreError> {
    let query = sqlx::query(ACCOUNT_OF_RUN).bind(task_id.to_string()).bind(run_seq);
    tx.first(query).await?.as_ref().map(Account::of).transpose()
}

async fn same_name(
    tx: &mut Session<'_>,
    task_id: TaskId,
    name: &str,
    run_seq: i64,
) -> Result<bool, StoreError> {
    let query = sqlx::query(SAME_NAME).bind(task_id.to_string()).bind(storable(name));
    let count: i64 = tx.value(query.bind(run_seq)).await?;
    Ok(count > 0)
}

async fn bytes_of(tx: &mut Session<'_>, account: &Account) -> Result<i64, StoreError> {
    tx.value(sqlx::query(BYTES_OF_ACCOUNT).bind(account.key())).await
}

fn artifact_id(raw: &DbRow) -> Result<ArtifactId, StoreError> {
    let text: String = raw.try_get("id")?;
    text.parse().map_err(|_| corrupt("id", &text))
}

fn artifact(raw: &DbRow, now: i64) -> Result<Artifact, StoreError> {
    let task_id: Option<String> = raw.try_get("task_id")?;
    let task_id = task_id.map(|text| text.parse().map_err(|_| corrupt("task_id", &text)));
    let sha256: Option<String> = raw.try_get("sha256")?;
    Ok(Artifact {
        id: artifact_id(raw)?,
        task_id: task_id.transpose()?,
        owner: raw.try_get("owner")?,
        name: raw.try_get("name")?,
        media_type: raw.try_get("media_type")?,
        size: raw.try_get("size")?,
        sha256: sha256.ok_or_else(|| corrupt("sha256", "a file that is ready has one"))?,
        created_at: raw.try_get("created_at")?,
        expires_at: raw.try_get("due_at")?,
        read_at: read_at(raw, now)?,
    })
}
