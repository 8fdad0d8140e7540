//! The tasks of a batch, with one bar for all and a line for each ended task.

use std::collections::HashMap;

use milepost::{
    client::{Client, Watch},
    poll::{Freshness, Phase},
    task::{Batch, BatchId, Status, TaskId},
};

use super::{Cancelling, Followed, Pending, lost};
use crate::{CliError, ClientError, Exit, is_over, screen::Screen, show};

/// See the module.
pub(super) struct Several {
    batch: BatchId,
    ids: Vec<TaskId>,
    /// Final statuses of ended tasks; `None` for tasks that no longer exist.
    ended: HashMap<TaskId, Option<Status>>,
    screen: Screen,
}

impl Several {
    pub(super) fn new(batch: &Batch) -> Self {
        let ids = batch.tasks.iter().map(|task| task.id).collect();
        Self { batch: batch.id, ids, ended: HashMap::new(), screen: Screen::new() }
    }

    /// Prints a line for each task that has ended since the last call.
    fn tell_ends(&mut self, watch: &Watch) {
        for id in &self.ids {
            let Some(view) = watch.view(*id).filter(|_| !self.ended.contains_key(id)) else {
                continue;
            };
            match view.snapshot.filter(|snapshot| is_over(snapshot)) {
                Some(snapshot) => {
                    let title = show::printable(&snapshot.title);
                    self.screen.say(&format!("{id}  {}  {title}", show::end(snapshot)));
                    self.ended.insert(*id, Some(snapshot.status));
                }
                None if matches!(view.phase, Phase::Gone(_)) => {
                    self.screen.say(&format!("{id}  is not there any more"));
                    self.ended.insert(*id, None);
                }
                None => {}
            }
        }
    }

    fn statuses(&self) -> impl Iterator<Item = Status> + Clone {
        self.ended.values().filter_map(|status| *status)
    }
}

impl Followed for Several {
    const CALLED: &str = "the tasks";
    const LEFT: &str = "left; the tasks go on by themselves";

    fn ids(&self) -> &[TaskId] {
        &self.ids
    }

    fn draw(&mut self, watch: &mut Watch) {
        self.tell_ends(watch);
        let (mut percent, mut freshness) = (0.0, Freshness::Fresh);
        for id in &self.ids {
            if self.ended.contains_key(id) {
                percent += 100.0;
            } else if let Some(view) = watch.view(*id) {
                percent += view.bar.unwrap_or(0.0);
                // The connection is the same for all tasks; a lost worker affects only its own
                // task.
                if matches!(view.freshness, Freshness::Unreachable | Freshness::Offline) {
                    freshness = view.freshness;
                }
            }
        }
        if self.ended.len() < self.ids.len() {
            let failed = self.statuses().filter(|status| *status == Status::Error).count();
            let percent = percent / self.ids.len() as f64;
            let text = show::counts(self.ids.len(), self.ended.len(), failed);
            self.screen.draw_all(percent, text, freshness);
        }
    }

    fn moves(&self, watch: &Watch) -> bool {
        let moves = |id: &TaskId| watch.view(*id).is_some_and(|view| view.moving);
        self.screen.is_live() && self.ids.iter().any(moves)
    }

    fn say(&self, text: &str) {
        self.screen.say(text);
    }

    fn cancel(&self, api: Client) -> Pending<Cancelling> {
        let batch = self.batch;
        Box::pin(async move { api.cancel_batch(batch).await.map(|batch| batch.tasks) })
    }

    fn end(&mut self, watch: &Watch) -> Result<Option<Exit>, CliError> {
        // Tasks that had ended before are printed only here.
        self.tell_ends(watch);
        if self.ended.len() == self.ids.len() {
            let exit = Exit::of_all(self.statuses());
            self.screen.finish(&show::sum(self.statuses()));
            let gone = self.ended.values().filter(|status| status.is_none()).count();
            return match (gone, exit) {
                (0, exit) | (_, exit @ Exit::TaskFailed) => Ok(Some(exit)),
                (gone, _) => {
                    let why = format!("of {gone} of the tasks it is not known how they ended");
                    Err(ClientError::Lost(why).into())
                }
            };
        }
        let followed = |id: &TaskId| {
            watch.view(*id).is_some_and(|view| !matches!(view.phase, Phase::Gone(_) | Phase::Ended))
        };
        let mut followed = self.ids.iter().copied().filter(followed);
        let Some(why) = followed.find_map(|id| lost(watch, id)) else { return Ok(None) };
        self.screen.clear();
        Err(why.into())
    }
}
