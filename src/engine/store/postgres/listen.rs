//! What other processes change, as notifications of the database.

use std::time::Duration;

use sqlx::postgres::PgListener;
use tokio::sync::mpsc;

use super::{Change, Changes, PostgresStore};

pub(super) const CHANNEL: &str = "milepost";
/// Changes that wait for the engine; beyond, they are found by asking.
const WAITING: usize = 256;
/// Between two tries to reach the database.
const RETRY: Duration = Duration::from_secs(1);
/// How long a connection that was asked something may take to answer.
const ANSWER: Duration = Duration::from_secs(2);

const QUEUED: &str = "queued";
const CANCEL: &str = "cancel ";
const TASK: &str = "task ";
const PROGRESS: &str = "progress";

/// A change as the text of a notification.
pub(super) fn word(change: &Change) -> String {
    match change {
        Change::Queued | Change::Anything => QUEUED.to_owned(),
        Change::Cancel(id) => format!("{CANCEL}{id}"),
        Change::Task(id) => format!("{TASK}{id}"),
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
            // Or a word of a newer version.
            id_after(CANCEL).map(Change::Cancel).or_else(task).unwrap_or(Change::Anything)
        }
    }
}

impl PostgresStore {
    /// Listens until the store is closed or nobody takes the changes any more.
    pub(super) fn listen(&self) -> Option<Changes> {
        let (told, changes) = mpsc::channel(WAITING);
        let (options, connect) = (self.listener.clone(), self.connect.clone());
        let (closing, silence) = (self.closing.clone(), self.silence);
        self.listening.spawn(closing.run_until_cancelled_owned(async move {
            while !told.is_closed() {
                // A pool for each, so that a connection that hangs is in nobody's way.
                let pool = options.clone().connect_lazy_with(connect.clone());
                if let Err(error) = listen_once(&pool, silence, &told).await {
                    tracing::warn!(%error, "notifications of the database are not heard");
                }
                tokio::time::sleep(RETRY).await;
            }
        }));
        Some(changes)
    }
}

/// Listens over one connection, until it is lost.
async fn listen_once(
    pool: &sqlx::PgPool,
    silence: Duration,
    told: &mpsc::Sender<Change>,
) -> Result<(), sqlx::Error> {
    // The pool limits how long that takes; whatever is said over the connection has to be limited here.
    let mut listener = PgListener::connect_with(pool).await?;
    listener.ignore_pool_close_event(true);
    in_time(listener.listen(CHANNEL)).await?;
    // Whatever was told before this moment was not heard.
    let mut heard = Change::Anything;
    let mut missed = false;
    loop {
        // What a full channel has no place for makes the engine look at everything a little later.
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

/// The next notification; `None` once the connection is lost, and an error where it is silent for
/// another reason than that there is nothing to say.
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

/// Ends what is said over a connection that does not answer.
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
        for told in [Change::Queued, Change::Cancel(id), Change::Task(id), Change::Progress] {
            assert_eq!(change(&word(&told)), told);
        }
        for odd in ["", "cancel x", "task", "task x", "new"] {
            assert_eq!(change(odd), Change::Anything);
        }
    }
}
