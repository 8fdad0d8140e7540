//! A single task with its own bar.

use milepost::{
    client::{Client, Watch},
    task::TaskId,
};

use super::{Cancelling, Followed, Pending, lost};
use crate::{CliError, ClientError, Exit, is_over, screen::Screen, show};

/// See the module.
pub(super) struct One {
    id: [TaskId; 1],
    screen: Screen,
}

impl One {
    pub(super) fn new(id: TaskId) -> Self {
        Self { id: [id], screen: Screen::new() }
    }
}

impl Followed for One {
    const CALLED: &str = "the task";
    const LEFT: &str = "left; the task goes on by itself";

    fn ids(&self) -> &[TaskId] {
        &self.id
    }

    fn draw(&mut self, watch: &Watch) {
        if let Some(view) = watch.view(self.id[0]) {
            self.screen.draw(&view);
        }
    }

    fn moves(&self, watch: &Watch) -> bool {
        self.screen.is_live() && watch.view(self.id[0]).is_some_and(|view| view.moving)
    }

    fn say(&self, text: &str) {
        self.screen.say(text);
    }

    fn cancel(&self, api: Client) -> Pending<Cancelling> {
        let [id] = self.id;
        Box::pin(async move { api.cancel(id).await.map(|snapshot| vec![snapshot]) })
    }

    fn end(&mut self, watch: &Watch) -> Result<Option<Exit>, CliError> {
        let Some(view) = watch.view(self.id[0]) else {
            return Err(ClientError::Lost("the task is not watched any more".to_owned()).into());
        };
        if let Some(snapshot) = view.snapshot.filter(|snapshot| is_over(snapshot)) {
            let exit = Exit::of(snapshot.status);
            let last = format!("{}\n{}", show::end(snapshot), show::receipt(snapshot));
            self.screen.finish(last.trim_end());
            return Ok(Some(exit));
        }
        let Some(why) = lost(watch, self.id[0]) else { return Ok(None) };
        self.screen.clear();
        Err(why.into())
    }
}
