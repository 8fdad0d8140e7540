//! Narrator that needs only the research text. It works offline, is deterministic, and writes at
//! the pace of a fast reader.

mod beats;
mod compose;
mod frames;
mod material;
mod pace;
mod react;
mod thread;
mod voice;

#[cfg(test)]
mod tests;

use tokio::sync::OnceCell;

pub(super) use self::compose::{Tale, compose};
pub(super) use self::voice::plain;
use super::narrator::{Brief, Narrator, NarratorError, Outline, Plan, Report, Sink};

/// Narrator of one story.
pub(super) struct BuiltIn {
    words_per_second: f64,
    because: Option<&'static str>,
    tale: OnceCell<Tale>,
}

impl BuiltIn {
    /// Writes `words_per_second`; 0: as fast as possible.
    pub(super) fn new(words_per_second: f64) -> Self {
        Self { words_per_second, because: None, tale: OnceCell::new() }
    }

    /// Adds the reason why no other narrator writes the story.
    pub(super) fn because(self, reason: &'static str) -> Self {
        Self { because: Some(reason), ..self }
    }

    /// The story, composed once. The same brief gives the same story, so that a later attempt
    /// continues with the chapters of an earlier one.
    async fn tale(&self, brief: &Brief) -> Result<&Tale, NarratorError> {
        let work = || async {
            let brief = brief.clone();
            let composing = tokio::task::spawn_blocking(move || {
                compose(&brief.text, &brief.research, &brief.subject, &brief.player)
            });
            composing.await.map_err(|error| NarratorError::Composing(error.to_string()))
        };
        self.tale.get_or_try_init(work).await
    }
}

impl Narrator for BuiltIn {
    fn credit(&self, _: &Brief) -> String {
        let because = self.because.map(|reason| format!(": {reason}")).unwrap_or_default();
        format!(
            "Told by Milepost's built-in narrator{because}. What is said about the subject stands in \
             the research file; the frame around it was added."
        )
    }

    async fn outline(&self, brief: &Brief, _: Sink<'_>) -> Result<Outline, NarratorError> {
        let tale = self.tale(brief).await?;
        let plan = |title: &String| Plan { title: title.clone(), summary: String::new() };
        let chapters = tale.chapters.iter().map(|chapter| plan(&chapter.title)).collect();
        Ok(Outline { title: tale.title.clone(), chapters })
    }

    async fn chapter(
        &self,
        brief: &Brief,
        _: &Outline,
        done: &[String],
        sink: Sink<'_>,
    ) -> Result<String, NarratorError> {
        let tale = self.tale(brief).await?;
        let Some(chapter) = tale.chapters.get(done.len()) else {
            return Err(NarratorError::Composing("the story has no such chapter".to_owned()));
        };
        let told = |share: f64| sink(Report::Written(share));
        Ok(pace::tell(&chapter.text, self.words_per_second, told).await)
    }
}
