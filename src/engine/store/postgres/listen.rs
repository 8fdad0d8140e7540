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

const QUEUED: &str = "queued";
const CANCEL: &str = "cancel ";

/// A change as the text of a notification.
pub(super) fn word(change: &Change) -> String {
    match change {
        Change::Queued | Change::Anything => QUEUED.to_owned(),
        Change::Cancel(id) => format!("{CANCEL}{id}"),
    }
}

fn change(word: &str) -> Change {
    let id = word.strip_prefix(CANCEL).and_then(|id| id.parse().ok());
    match (id, word) {
        (Some(id), _) => Change::Cancel(id),
        (None, QUEUED) => Change::Queued,
        // A word of a newer version.
        _ => Change::Anything,
    }
}

impl PostgresStore {
    /// Listens until the store is closed or nobody takes the changes any more.
    pub(super) fn listen(&self) -> Option<Changes> {
        let (told, changes) = mpsc::channel(WAITING);
        let (pool, closing) = (self.listener.clone(), self.closing.clone());
        self.listening.spawn(closing.run_until_cancelled_owned(async move {
            while !told.is_closed() {
                if let Err(error) = listen_once(&pool, &told).await {
                    tracing::warn!(%error, "notifications of the database are not heard");
                }
                tokio::time::sleep(RETRY).await;
            }
        }));
        Some(changes)
    }
}

/// Listens over one connection, until it is lost.
async fn listen_once(pool: &sqlx::PgPool, told: &mpsc::Sender<Change>) -> Result<(), sqlx::Error> {
    let mut listener = PgListener::connect_with(pool).await?;
    listener.ignore_pool_close_event(true);
    listener.listen(CHANNEL).await?;
    // Whatever was told before this moment was not heard.
    let mut heard = Change::Anything;
    loop {
        // A full channel is no loss: what is in it makes the engine look.
        if let Err(mpsc::error::TrySendError::Closed(_)) = told.try_send(heard) {
            return Ok(());
        }
        match listener.try_recv().await? {
            Some(notification) => heard = change(notification.payload()),
            None => return Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_change_is_read_as_it_was_written() {
        let id = "4bf9e1a2-6a4e-4d0e-9b1f-0c7f6f3f1d55".parse().unwrap();
        for told in [Change::Queued, Change::Cancel(id)] {
            assert_eq!(change(&word(&told)), told);
        }
        for odd in ["", "cancel x", "new"] {
            assert_eq!(change(odd), Change::Anything);
        }
    }
}
