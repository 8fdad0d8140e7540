//! Changes made by other processes, as notifications of the database.

use std::time::Duration;

use sqlx::postgres::PgListener;
use tokio::sync::mpsc;

use super::{Change, Changes, PostgresStore};
use crate::engine::store::sql_error::described;

pub(super) const CHANNEL: &str = "milepost";
/// Capacity of the channel to the engine; changes beyond it are found by polling.
const WAITING: usize = 256;
/// Delay between two attempts to connect.
const RETRY: Duration = Duration::from_secs(1);
/// How long a statement on the connection may take.
const ANSWER: Duration = Duration::from_secs(2);

const QUEUED: &str = "queued";
const CANCEL: &str = "cancel ";
const TASK: &str = "task ";
const LABELS: &str = "labels ";
const PROGRESS: &str = "progress";

/// Encodes a change as the payload of a notification.
pub(super) fn word(change: &Change) -> String {
    match change {
        Change::Queued | Change::Anything => QUEUED.to_owned(),
        Change::Cancel(id) => format!("{CANCEL}{id}"),
        Change::Task(id) => format!("{TASK}{id}"),
        Change::Labels(id) => format!("{LABELS}{id}"),
        Change::Progress => PROGRESS.to_owned(),
    }
}

fn change(word: &str) -> Change {
    let id_after = |prefix| word.strip_prefix(prefix).and_then(|id| id.parse().ok());
    match word {
        QUEUED => Change::Queued,
        PROGRESS => Change::Progress,
        _ => {
            let task = || id_after(TASK).map(Change::Task);
            // May also be a payload of a newer version.
            let labels = || id_after(LABELS).map(Change::Labels);
            let cancel = id_after(CANCEL).map(Change::Cancel);
            cancel.or_else(task).or_else(labels).unwrap_or(Change::Anything)
        }
    }
}

impl PostgresStore {
    /// Listens until the store is closed or the receiver is dropped.
    pub(super) fn listen(&self) -> Option<Changes> {
        let (told, changes) = mpsc::channel(WAITING);
        let (closing, silence) = (self.closing.clone(), self.silence);
        let Some((options, connect)) = self.listener.clone() else {
            // Nothing is heard; the receiver polls.
            self.listening.spawn(closing.run_until_cancelled_owned(async move {
                told.closed().await;
            }));
            return Some(changes);
        };
        self.listening.spawn(closing.run_until_cancelled_owned(async move {
            while !told.is_closed() {
                // A new pool for each attempt, so that a hanging connection blocks nothing else.
                let pool = options.clone().connect_lazy_with(connect.clone());
                if let Err(error) = listen_once(&pool, silence, &told).await {
                    let error = described(&error);
                    tracing::warn!(%error, "notifications of the database are not heard");
                }
                tokio::time::sleep(RETRY).await;
            }
        }));
        Some(changes)
    }
}

/// Listens on one connection until it is lost.
async fn listen_once(
    pool: &sqlx::PgPool,
    silence: Duration,
    told: &mpsc::Sender<Change>,
) -> Result<(), sqlx::Error> {
    // The pool limits the time to connect; statements on the connection are limited here.
    let mut listener = PgListener::connect_with(pool).await?;
    listener.ignore_pool_close_event(true);
    in_time(listener.listen(CHANNEL)).await?;
    // Notifications sent before this moment were missed.
    let mut heard = Change::Anything;
    let mut missed = false;
    loop {
        // If the channel is full, the next message makes the engine check everything.
        match told.try_send(if missed { Change::Anything } else { heard }) {
            Ok(()) => missed = false,
            Err(mpsc::error::TrySendError::Full(_)) => missed = true,
            Err(mpsc::error::TrySendError::Closed(_)) => return Ok(()),
        }
        match hear(&mut listener, silence).await? {
            Some(word) => heard = change(&word),
            None => return Ok(()),
        }
    }
}

/// Returns the next notification; `None` once the connection is lost. After a silence it checks
/// that the connection answers, and fails if it does not.
async fn hear(listener: &mut PgListener, silence: Duration) -> Result<Option<String>, sqlx::Error> {
    loop {
        match tokio::time::timeout(silence, listener.try_recv()).await {
            Ok(heard) => {
                return Ok(heard?.map(|notification| notification.payload().to_owned()));
            }
            Err(_) => {
                in_time(sqlx::query("SELECT 1").execute(&mut *listener)).await?;
            }
        }
    }
}

/// Limits the time of a call on the connection.
async fn in_time<T>(call: impl Future<Output = Result<T, sqlx::Error>>) -> Result<T, sqlx::Error> {
    let late = |_| sqlx::Error::Io(std::io::ErrorKind::TimedOut.into());
    tokio::time::timeout(ANSWER, call).await.map_err(late)?
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_change_is_read_as_it_was_written() {
        let id = "4bf9e1a2-6a4e-4d0e-9b1f-0c7f6f3f1d55".parse().unwrap();
        for told in [
            Change::Queued,
            Change::Cancel(id),
            Change::Task(id),
            Change::Labels(id),
            Change::Progress,
        ] {
            assert_eq!(change(&word(&told)), told);
        }
        for odd in ["", "cancel x", "task", "task x", "new"] {
            assert_eq!(change(odd), Change::Anything);
        }
    }
}
