//! A single task with its own bar.

use milepost::{
    client::{Client, Watch},
    task::{Preview, TaskId},
};

use super::{Cancelling, Followed, Pending, lost};
use crate::{CliError, ClientError, Exit, is_over, screen::Screen, show};

/// See the module.
pub(super) struct One {
    id: [TaskId; 1],
    screen: Screen,
    /// What was printed of the preview, if it is shown.
    preview: Option<String>,
}

impl One {
    pub(super) fn new(id: TaskId, preview: bool) -> Self {
        Self { id: [id], screen: Screen::new(), preview: preview.then(String::new) }
    }

    /// Prints what is new in a preview: what was added, or the whole if something before has changed.
    fn show(&mut self, part: &Preview) {
        let Some(shown) = &mut self.preview else { return };
        let before = shown.len();
        let offset = usize::try_from(part.offset).unwrap_or(0).min(before);
        shown.truncate(shown.floor_char_boundary(offset));
        let cut = shown.len() < before;
        shown.push_str(&part.text);
        let new = if cut { shown.as_str() } else { &shown[before..] };
        let text = show::printable_text(new);
        if !text.trim().is_empty() {
            self.screen.say(text.trim_end());
        }
    }
}

impl Followed for One {
    const CALLED: &str = "the task";
    const LEFT: &str = "left; the task goes on by itself";

    fn ids(&self) -> &[TaskId] {
        &self.id
    }

    fn begin(&self, watch: &mut Watch) {
        if self.preview.is_some() {
            watch.follow_preview(self.id[0]);
        }
    }

    fn draw(&mut self, watch: &mut Watch) {
        for part in watch.take_previews() {
            self.show(&part);
        }
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
