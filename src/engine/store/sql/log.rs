//! Log lines: all lines of one report are written at once.

use sqlx::Row as _;

use super::{
    DbRow, This,
    connections::Session,
    map::{corrupt, storable},
    statements as sql,
};
use crate::{
    engine::store::{LogEntry, ProgressWrite, StoreError},
    task::{LogStream, TaskId},
};

const LOG: &str = "SELECT seq, at, stream, text FROM log_lines \
    WHERE task_id = $1 AND seq > $2 ORDER BY seq LIMIT $3";

const LOG_END: &str = "SELECT seq, at, stream, text FROM log_lines \
    WHERE task_id = $1 ORDER BY seq DESC LIMIT $2";

impl This {
    pub(super) async fn read_log(
        &self,
        id: TaskId,
        after: i64,
        limit: u32,
    ) -> Result<Vec<LogEntry>, StoreError> {
        let rows = self
            .read_all(sqlx::query(LOG).bind(id.to_string()).bind(after).bind(i64::from(limit)))
            .await?;
        rows.iter().map(entry).collect()
    }

    pub(super) async fn read_log_end(
        &self,
        id: TaskId,
        limit: u32,
    ) -> Result<Vec<LogEntry>, StoreError> {
        let query = sqlx::query(LOG_END).bind(id.to_string()).bind(i64::from(limit));
        let rows = self.read_all(query).await?;
        rows.iter().rev().map(entry).collect()
    }
}

/// Writes a run's new lines and removes those no longer retained.
pub(super) async fn save(tx: &mut Session<'_>, write: &ProgressWrite) -> Result<(), StoreError> {
    if !write.log.is_empty() {
        let line = |line: &'_ LogEntry| {
            (line.seq, line.at, number(line.stream), storable(&line.text).into_owned())
        };
        let lines: Vec<_> = write.log.iter().map(line).collect();
        let lines = serde_json::to_string(&lines).map_err(|error| corrupt("log", error))?;
        tx.execute(
            sqlx::query(sql::SAVE_LOG_LINES)
                .bind(write.id.to_string())
                .bind(write.run_seq)
                .bind(lines),
        )
        .await?;
    }
    if let Some(gap) = write.log_gap {
        tx.execute(
            sqlx::query(sql::DROP_LOG_LINES)
                .bind(write.id.to_string())
                .bind(write.run_seq)
                .bind(gap.after)
                .bind(gap.before),
        )
        .await?;
    }
    Ok(())
}

/// The stored number of a stream.
const fn number(stream: LogStream) -> i64 {
    match stream {
        LogStream::Task => 0,
        LogStream::Stdout => 1,
        LogStream::Stderr => 2,
    }
}

fn entry(raw: &DbRow) -> Result<LogEntry, StoreError> {
    let stream: i16 = raw.try_get("stream")?;
    Ok(LogEntry {
        seq: raw.try_get("seq")?,
        at: raw.try_get("at")?,
        stream: match stream {
            1 => LogStream::Stdout,
            2 => LogStream::Stderr,
            _ => LogStream::Task,
        },
        text: raw.try_get("text")?,
    })
}
