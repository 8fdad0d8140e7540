//! Previews: the pieces of one task, written with its reports.

use sqlx::Row as _;

use super::{DbRow, This, connections::Session, map::corrupt, statements::for_held_run};
use crate::{
    engine::store::{PreviewPiece, ProgressWrite, StoreError},
    task::TaskId,
};

/// The pieces with a version after $2.
pub(super) const PREVIEW: &str = "SELECT start, version, media_type, text FROM previews \
    WHERE task_id = $1 AND version > $2 ORDER BY start";

/// The pieces that the next one replaces.
pub(super) const DROP_PIECES: &str = concat!(
    "DELETE FROM previews WHERE task_id = $1 AND start >= $3 AND EXISTS (SELECT 1 FROM tasks ",
    for_held_run!(),
    ")"
);

/// In the transaction of [`super::map::SAVE_PROGRESS`], which has locked the row.
pub(super) const SAVE_PIECE: &str = concat!(
    "INSERT INTO previews (task_id, start, version, media_type, text) ",
    "SELECT id, $3, $4, $5, $6 FROM tasks ",
    for_held_run!()
);

impl This {
    pub(super) async fn read_preview(
        &self,
        id: TaskId,
        after: i64,
    ) -> Result<Vec<PreviewPiece>, StoreError> {
        let query = sqlx::query(PREVIEW).bind(id.to_string()).bind(after);
        self.read_all(query).await?.iter().map(piece).collect()
    }
}

/// Writes a run's new piece.
pub(super) async fn save(tx: &mut Session<'_>, write: &ProgressWrite) -> Result<(), StoreError> {
    let Some(piece) = &write.preview else { return Ok(()) };
    let start = i64::try_from(piece.start).map_err(|error| corrupt("preview", error))?;
    tx.execute(sqlx::query(DROP_PIECES).bind(write.id.to_string()).bind(write.run_seq).bind(start))
        .await?;
    tx.execute(
        sqlx::query(SAVE_PIECE)
            .bind(write.id.to_string())
            .bind(write.run_seq)
            .bind(start)
            .bind(piece.version)
            .bind(&piece.media_type)
            .bind(&piece.text),
    )
    .await?;
    Ok(())
}

fn piece(raw: &DbRow) -> Result<PreviewPiece, StoreError> {
    let start: i64 = raw.try_get("start")?;
    Ok(PreviewPiece {
        start: usize::try_from(start).map_err(|error| corrupt("preview", error))?,
        version: raw.try_get("version")?,
        media_type: raw.try_get("media_type")?,
        text: raw.try_get("text")?,
    })
}
