//! Kind `story`: a story in Markdown, written from `{output}/{subject}/research.md`, or from research that
//! is given at its start.
//!
//! There are two narrators: one behind an OpenAI-compatible endpoint ([`NarratorSettings`]), and,
//! if none is configured, the built-in one, which works offline from the research text. Each
//! finished chapter is a checkpoint, so that a crash never pays for it twice. The finished chapters
//! are also written to `{output}/{subject}/story.md`, unless the research was given.
//!
//! * `input`, `settings`, `library`: input of a story, settings, files.
//! * `source`: where the research is.
//! * `research`, `sentences`, `lexicon`: reading the research text.
//! * `narrator`: interface of narrators; `builtin` and `chat`: the two narrators.
//! * `write`: the run, from the first stage to the last.

mod builtin;
mod chat;
mod input;
mod lexicon;
mod library;
mod narrator;
mod research;
mod sentences;
mod settings;
mod source;
mod write;

#[cfg(test)]
mod test_server;
#[cfg(test)]
mod tests;

use std::{borrow::Cow, path::PathBuf, sync::Arc};

use milepost::{
    engine::{
        Check, Context, DailyBudget, Output, Stages, Suggestion, Task, TaskError, ValidationError,
    },
    task::UploadId,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use self::{
    library::{Library, LibraryError},
    source::{MAX_RESEARCH_CHARS, Source},
};

pub use self::{
    chat::{Endpoint, InvalidEndpoint, NarratorCheck, check},
    input::{InvalidText, MAX_CHARS, PlayerName, Subject},
    settings::{
        ApiKey, ExtraBody, ExtraHeaders, Invalid, NarratorSettings, Omission, StorySettings,
        TokenField,
    },
};

/// Writes a story.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Story {
    /// What the story is about: a research file that is there, such as lighthouse or sourdough, or a name
    /// for research of your own.
    pub subject: Subject,
    /// Name of the protagonist.
    pub player: PlayerName,
    /// Research of your own to write from, as Markdown: headings become chapters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(title = "Research", length(min = 1, max = MAX_RESEARCH_CHARS), extend("format" = "textarea"))]
    pub research: Option<String>,
    /// File with research of your own, instead of a text: Markdown or plain text, UTF-8.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<String>", title = "Research file", extend("format" = "upload"))]
    pub file: Option<UploadId>,
}

/// Dependencies of all stories.
pub struct StoryDeps {
    library: Library,
    max_name_chars: usize,
    words_per_second: f64,
    endpoint: Option<Endpoint>,
    /// A sentence for the start form.
    who_writes: String,
}

impl StoryDeps {
    /// Reads and writes below `output_dir`; does not connect yet.
    ///
    /// # Errors
    /// If the configured endpoint is invalid.
    pub fn new(
        output_dir: PathBuf,
        story: &StorySettings,
        narrator: &NarratorSettings,
    ) -> Result<Self, InvalidEndpoint> {
        let endpoint = narrator.endpoint().map(|_| Endpoint::new(narrator)).transpose()?;
        let library = Library::new(output_dir, story.max_research_bytes);
        let StorySettings { max_name_chars, words_per_second, .. } = *story;
        let who_writes = match (&endpoint, narrator.allow_anonymous) {
            (Some(_), false) => format!(
                "Written by {}; without a session, by the built-in narrator.",
                narrator.writer()
            ),
            _ => format!("Written by {}.", narrator.writer()),
        };
        Ok(Self { library, max_name_chars, words_per_second, endpoint, who_writes })
    }

    /// Writes stories with the file modes that this umask leaves, so that other programs can read
    /// them whatever the umask of this process is. Default: `None`, that of the process.
    pub fn with_umask(self, umask: Option<u32>) -> Self {
        Self { library: self.library.with_umask(umask), ..self }
    }
}

impl Task for Story {
    const KIND: &'static str = "story";
    const TITLE: &'static str = "Story";
    const DESCRIPTION: &'static str =
        "Writes a story from research, with you as its protagonist, while you watch.";
    type Deps = StoryDeps;

    fn description(deps: &StoryDeps) -> Cow<'static, str> {
        Cow::Owned(format!("{} {}", Self::DESCRIPTION, deps.who_writes))
    }

    fn title(&self) -> String {
        format!("Story: {}, for {}", self.subject, self.player)
    }

    fn stages(&self) -> Stages {
        Stages::new([
            ("Initializing story creation", 1.0),
            ("Reading research", 2.0),
            ("Outlining", 4.0),
            ("Writing", 90.0),
            ("Finalizing", 3.0),
        ])
    }

    async fn check(&self, deps: &StoryDeps) -> Check {
        let names = [("subject", self.subject.as_str()), ("player", self.player.as_str())];
        for (field, name) in names {
            let (chars, max) = (name.chars().count(), deps.max_name_chars);
            if chars > max {
                let detail = format!("it has {chars} characters; at most {max} are allowed here");
                return Err(ValidationError::field(field, detail));
            }
        }
        match Source::of(self)? {
            Source::Library => {}
            Source::Text(text) => return Source::check_text(&text, deps.library.max_bytes()),
            Source::File(_) => return Ok(()),
        }
        let (library, subject) = (deps.library.clone(), self.subject.clone());
        let found = tokio::task::spawn_blocking(move || library.locate(&subject)).await;
        match found {
            Ok(Ok(_)) => Ok(()),
            Ok(Err(error)) => Err(ValidationError::field("subject", error.to_string())),
            // The runtime is shutting down.
            Err(_) => Err(ValidationError::new("the server is stopping")),
        }
    }

    /// Equal input is equal work. Subject and player contain no line ending.
    fn unique_key(&self) -> Option<String> {
        let given = match Source::of(self).ok()? {
            Source::Library => String::new(),
            Source::Text(text) => format!("\n{:x}", Sha256::digest(text.as_bytes())),
            Source::File(id) => format!("\n{id}"),
        };
        Some(format!("{}\n{}{given}", self.subject, self.player))
    }

    fn uploads(&self) -> Vec<(String, UploadId)> {
        self.file.iter().map(|id| ("file".to_owned(), *id)).collect()
    }

    fn lookup_key(&self) -> Option<String> {
        Some(self.subject.as_str().to_owned())
    }

    async fn suggestions(deps: &StoryDeps) -> Vec<Suggestion> {
        let library = deps.library.clone();
        let subjects = tokio::task::spawn_blocking(move || library.subjects()).await;
        subjects.unwrap_or_default()
    }

    fn budget(deps: &StoryDeps) -> Option<DailyBudget> {
        deps.endpoint.as_ref().map(|endpoint| endpoint.daily_budget().clone())
    }

    async fn run(self, ctx: Context, deps: Arc<StoryDeps>) -> Result<Output, TaskError> {
        write::run(self, &ctx, &deps).await
    }
}

impl From<LibraryError> for TaskError {
    fn from(error: LibraryError) -> Self {
        let code = match error {
            LibraryError::Missing => "research_missing",
            LibraryError::TooLarge { .. } => "research_too_large",
            LibraryError::Encoding { .. } => "research_encoding",
            _ => "files",
        };
        Self::fail(code, error.to_string())
    }
}
