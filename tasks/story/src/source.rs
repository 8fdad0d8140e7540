//! What a story is written from: the research file of its subject, or research that was given at its
//! start, as a text or as a file.

use milepost::{
    engine::{Context, OpenFile, TaskError, ValidationError},
    task::UploadId,
};
use tokio::io::AsyncReadExt as _;

use super::{
    Story,
    library::{Library, LibraryError, text_of},
    research::Research,
};

/// Maximum length of research that is given as a text, in characters. A file may be longer.
pub(super) const MAX_RESEARCH_CHARS: usize = 200_000;

/// Where the research is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Source {
    /// In the folder of the subject. The story is also written there.
    Library,
    /// In the input.
    Text(String),
    /// In an upload.
    File(UploadId),
}

impl Source {
    /// The source that the input names. A blank text is none.
    ///
    /// # Errors
    /// If it names two.
    pub(super) fn of(story: &Story) -> Result<Self, ValidationError> {
        let text = story.research.as_deref().filter(|text| !text.trim().is_empty());
        match (text, story.file) {
            (None, None) => Ok(Self::Library),
            (Some(text), None) => Ok(Self::Text(text.to_owned())),
            (None, Some(id)) => Ok(Self::File(id)),
            (Some(_), Some(_)) => {
                Err(ValidationError::field("file", "give a text or a file, not both"))
            }
        }
    }

    /// Checks research that was given as a text.
    ///
    /// # Errors
    /// If it is too long or has no sentence in it.
    pub(super) fn check_text(text: &str, max_bytes: u64) -> Result<(), ValidationError> {
        let chars = text.chars().count();
        let refused = |detail| Err(ValidationError::field("research", detail));
        if chars > MAX_RESEARCH_CHARS {
            return refused(format!(
                "the text has {chars} characters, at most {MAX_RESEARCH_CHARS} are allowed; give it as a file"
            ));
        }
        if text.len() as u64 > max_bytes {
            let bytes = text.len();
            return refused(format!(
                "the text has {bytes} bytes, at most {max_bytes} are allowed (story.max_research_bytes)"
            ));
        }
        match Research::read(text).is_empty() {
            true => refused("the text has no sentence in it; write at least one".to_owned()),
            false => Ok(()),
        }
    }

    /// Reads the research.
    ///
    /// # Errors
    /// If there is none, if it is too large, not UTF-8, or cannot be read.
    pub(super) async fn read(
        &self,
        story: &Story,
        ctx: &Context,
        library: &Library,
    ) -> Result<String, TaskError> {
        match self {
            Self::Library => {
                let (library, subject) = (library.clone(), story.subject.clone());
                ctx.blocking(move |_| Ok(library.read(&subject)?)).await
            }
            Self::Text(text) => Ok(text.clone()),
            Self::File(id) => upload(ctx.open_file(*id).await?, library.max_bytes()).await,
        }
    }
}

async fn upload(mut file: OpenFile, max: u64) -> Result<String, TaskError> {
    let name = file.info().name.clone();
    let mut bytes = Vec::new();
    let read = (&mut file).take(max.saturating_add(1)).read_to_end(&mut bytes).await;
    read.map_err(|error| TaskError::retry("artifacts", error.to_string()))?;
    if bytes.len() as u64 > max {
        return Err(LibraryError::TooLarge { path: name, max }.into());
    }
    Ok(text_of(bytes, &name)?)
}
