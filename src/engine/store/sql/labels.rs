//! Tags and notes of tasks, and starting a task before its time.

use super::{
    This, audit,
    connections::Session,
    map::{self, storable},
    statements::{self as sql, columns, next_generation},
};
use crate::{
    engine::store::{Change, LabelChange, NewAudit, NewTask, Row, StoreError},
    task::TaskId,
};

const STORE_LABELS: &str = concat!(
    "INSERT INTO task_labels (task_id, labels) SELECT value ->> 0, value ->> 1 FROM ",
    json_rows!("$1"),
    // Separates ON CONFLICT from a join's ON.
    " WHERE TRUE ON CONFLICT (task_id) DO UPDATE SET labels = excluded.labels"
);

const STORE_TAGS: &str = concat!(
    "INSERT INTO task_tags (task_id, tag, owner, created_at) ",
    "SELECT tasks.id, value ->> 1, tasks.owner, tasks.created_at FROM ",
    json_rows!("$1"),
    " JOIN tasks ON tasks.id = value ->> 0"
);

const DROP_LABELS: &str = "DELETE FROM task_labels WHERE task_id = $1";
const DROP_TAGS: &str = "DELETE FROM task_tags WHERE task_id = $1";

/// A new version of a task that does not run: the run counts its own.
const NEXT_VERSION: &str = concat!(
    "UPDATE tasks SET ",
    next_generation!(),
    " WHERE id = $1 AND status NOT IN ('running', 'cancelling')"
);

const START_NOW: &str = concat!(
    "UPDATE tasks SET run_at = $2, updated_at = $2, ",
    next_generation!(),
    " WHERE id = $1 AND status = 'queued' AND run_at > $2 RETURNING ",
    columns!()
);

/// Stores the tags of new tasks.
pub(super) async fn store_tags(
    tx: &mut Session<'_>,
    new: &[(usize, &NewTask)],
) -> Result<(), StoreError> {
    let tagged: Vec<_> =
        new.iter().map(|(_, new)| *new).filter(|new| !new.tags.is_empty()).collect();
    if tagged.is_empty() {
        return Ok(());
    }
    let mut labels = Vec::with_capacity(tagged.len());
    for task in &tagged {
        labels.push((task.id, to_json(&task.labels())?));
    }
    tx.execute(sqlx::query(STORE_LABELS).bind(to_json(&labels)?)).await?;
    let tags = tagged.iter().flat_map(|task| task.tags.iter().map(|tag| (task.id, storable(tag))));
    let tags = to_json(&tags.collect::<Vec<_>>())?;
    tx.execute(sqlx::query(STORE_TAGS).bind(tags)).await?;
    Ok(())
}

fn to_json(value: &impl serde::Serialize) -> Result<String, StoreError> {
    serde_json::to_string(value).map_err(|error| map::corrupt("labels", error))
}

impl This {
    pub(super) async fn write_labels(
        &self,
        id: TaskId,
        change: &LabelChange,
        audit: Option<&NewAudit>,
    ) -> Result<Option<Row>, StoreError> {
        let mut tx = self.db.write_for(&format!("task {id}")).await?;
        tx.execute(sqlx::query(sql::LOCK).bind(id.to_string())).await?;
        let now = self.now_in(&mut tx).await?;
        let Some(raw) = tx.first(sqlx::query(sql::GET).bind(id.to_string())).await? else {
            return Ok(None);
        };
        let row = map::row(&raw, now)?;
        let mut labels = row.labels.clone();
        change.apply(&mut labels);
        if row.expired().is_some() || labels == row.labels {
            // Unlocks the row at once: a rollback comes later, and a claim meanwhile would skip it.
            tx.commit().await?;
            return Ok(Some(row));
        }
        for statement in [DROP_LABELS, DROP_TAGS] {
            tx.execute(sqlx::query(statement).bind(id.to_string())).await?;
        }
        if !labels.is_empty() {
            let stored = to_json(&[(id, to_json(&labels)?)])?;
            tx.execute(sqlx::query(STORE_LABELS).bind(stored)).await?;
            let tags: Vec<_> = labels.tags.iter().map(|tag| (id, storable(tag))).collect();
            tx.execute(sqlx::query(STORE_TAGS).bind(to_json(&tags)?)).await?;
        }
        tx.execute(sqlx::query(NEXT_VERSION).bind(id.to_string())).await?;
        let raw = tx.one(sqlx::query(sql::GET).bind(id.to_string())).await?;
        let row = map::row(&raw, now)?;
        audit::write(&mut tx, audit, now).await?;
        self.announce(&mut tx, &[Change::Labels(id)]).await?;
        tx.commit().await?;
        Ok(Some(row))
    }

    pub(super) async fn start_task_now(
        &self,
        id: TaskId,
        audit: Option<&NewAudit>,
    ) -> Result<Option<Row>, StoreError> {
        let mut tx = self.db.write_for(&format!("task {id}")).await?;
        let now = self.now_in(&mut tx).await?;
        let started = tx.first(sqlx::query(START_NOW).bind(id.to_string()).bind(now)).await?;
        let Some(raw) = started else {
            let raw = tx.first(sqlx::query(sql::GET).bind(id.to_string())).await?;
            tx.commit().await?;
            return raw.map(|raw| map::row(&raw, now)).transpose();
        };
        let row = map::row(&raw, now)?;
        audit::write(&mut tx, audit, now).await?;
        self.announce(&mut tx, &[Change::Queued, Change::Task(id)]).await?;
        tx.commit().await?;
        Ok(Some(row))
    }
}
