//! Follows one task to its end.

use std::{
    pin::{Pin, pin},
    task::{Context, Poll},
};

use futures_util::Stream;

use super::{Client, Error, Watch};
use crate::{
    poll::{Event, TaskView},
    task::{Snapshot, TaskId},
};

/// The snapshots of one task, to its end: the last one has a terminal status, or is an error. Also
/// a [`Stream`].
///
/// It works only while [`Follow::next`] is awaited. Dropping it ends the request in flight; the
/// task continues. While the server is away, nothing is returned until it is back or
/// [`Error::GaveUp`]; [`Follow::view`] has the details.
///
/// ```no_run
/// # use milepost::{client::{Client, Error}, task::TaskId};
/// # async fn run(client: Client, id: TaskId) -> Result<(), Error> {
/// let mut follow = client.follow(id);
/// while let Some(snapshot) = follow.next().await {
///     println!("{}", snapshot?.status);
/// }
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct Follow {
    watch: Watch,
    id: TaskId,
    /// Version and progress returned last.
    last: Option<(i64, Option<f64>)>,
    over: bool,
}

impl Client {
    /// Follows a task to its end.
    pub fn follow(&self, id: TaskId) -> Follow {
        let mut watch = self.watch();
        watch.add(id);
        Follow { watch, id, last: None, over: false }
    }

    /// Follows a task to its end, from a snapshot such as the response to its start.
    pub fn follow_snapshot(&self, snapshot: Snapshot) -> Follow {
        let (mut watch, id) = (self.watch(), snapshot.id);
        watch.add_snapshot(snapshot);
        Follow { watch, id, last: None, over: false }
    }

    /// Waits until a task has ended, however it did, and returns its last snapshot. Limited by
    /// [`follow_timeout`](super::ClientBuilder::follow_timeout), 24 h by default.
    ///
    /// # Errors
    /// [`Error::Gone`] when there is no such task, [`Error::GaveUp`] when the server is away for
    /// too long, [`Error::FollowTimeout`] when the task takes too long; [`Error::SignedOut`] or
    /// [`Error::Refused`] when the server refuses to report it.
    pub async fn wait(&self, id: TaskId) -> Result<Snapshot, Error> {
        let mut follow = self.follow(id);
        loop {
            match follow.next().await {
                Some(Ok(snapshot)) if snapshot.status.is_terminal() => return Ok(snapshot),
                Some(Ok(_)) => {}
                Some(Err(error)) => return Err(error),
                None => return Err(Error::FollowTimeout),
            }
        }
    }
}

impl Follow {
    /// Waits until the task has changed, and returns its new state; `None` after the end. Cancel
    /// safe.
    pub async fn next(&mut self) -> Option<Result<Snapshot, Error>> {
        std::future::poll_fn(|context| self.poll_snapshot(context)).await
    }

    /// The state of the task now, with its bar and whether the server answers; `None` if it is not
    /// followed any more.
    pub fn view(&self) -> Option<TaskView<'_>> {
        self.watch.view(self.id)
    }

    /// Requests cancellation; the following snapshots show how the task stops.
    ///
    /// # Errors
    /// As [`Client::cancel`]; the task is followed nevertheless.
    pub async fn cancel(&mut self) -> Result<(), Error> {
        let (id, client) = (self.id, self.watch.client.clone());
        self.watch.tell(Event::CancelRequested { id });
        match client.cancel(id).await {
            Ok(snapshot) => {
                self.watch.tell(Event::Told { snapshot: Box::new(snapshot) });
                Ok(())
            }
            Err(error) => {
                self.watch.tell(Event::CancelFailed { id });
                Err(error)
            }
        }
    }

    fn poll_snapshot(
        &mut self,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Snapshot, Error>>> {
        loop {
            if self.over {
                return Poll::Ready(None);
            }
            if let Some(news) = self.news() {
                return Poll::Ready(Some(news));
            }
            match pin!(self.watch.changed()).poll(context) {
                Poll::Ready(true) => {}
                // Nothing will change any more.
                Poll::Ready(false) => self.over = true,
                Poll::Pending => return Poll::Pending,
            }
        }
    }

    /// The snapshot, if it was not returned yet; or why there will be none.
    fn news(&mut self) -> Option<Result<Snapshot, Error>> {
        let snapshot = self.watch.view(self.id).and_then(|view| view.snapshot);
        if let Some(snapshot) = snapshot {
            let now = (snapshot.version, snapshot.progress);
            if self.last != Some(now) {
                let snapshot = snapshot.clone();
                self.last = Some(now);
                self.over = snapshot.status.is_terminal();
                return Some(Ok(snapshot));
            }
        }
        let lost = self.watch.lost(self.id)?;
        self.over = true;
        Some(Err(lost))
    }
}

impl Stream for Follow {
    type Item = Result<Snapshot, Error>;

    fn poll_next(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.get_mut().poll_snapshot(context)
    }
}
