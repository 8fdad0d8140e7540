//! How a command prints what it has: for people, or as JSON.

use milepost::{client::Client, task::TaskId};
use serde::Serialize;

use super::{
    batch::{self, Found},
    print,
};
use crate::{CliError, Exit};

/// Output of a command.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Format {
    /// Text for people.
    #[default]
    Text,
    /// The JSON of the HTTP API, one document on one line.
    Json,
}

impl Format {
    /// JSON if it is asked for.
    #[must_use]
    pub const fn of(json: bool) -> Self {
        if json { Self::Json } else { Self::Text }
    }

    /// Prints a value: as JSON, or the text that describes it.
    ///
    /// # Errors
    /// If standard output is closed or full.
    pub(super) fn show<T: Serialize>(
        self,
        value: &T,
        text: impl FnOnce(&T) -> String,
    ) -> Result<(), std::io::Error> {
        match self {
            Self::Text => print(&text(value)),
            Self::Json => {
                let json = serde_json::to_string(value).map_err(std::io::Error::other)?;
                print(&format!("{json}\n"))
            }
        }
    }

    /// Prints the task or the batch once more as JSON, after it was followed to its end as text.
    pub(super) async fn show_end(
        self,
        api: &Client,
        id: TaskId,
        exit: Exit,
    ) -> Result<Exit, CliError> {
        if self == Self::Json {
            match batch::find(api, id).await? {
                Found::Task(task) => self.show(&*task, |_| String::new())?,
                Found::Batch(batch) => self.show(&batch, |_| String::new())?,
            }
        }
        Ok(exit)
    }
}
