//! The run of a story, from the first stage to the last, with either narrator.

mod manuscript;
mod reports;
mod stall;

use std::{sync::Arc, time::SystemTime};

use milepost::engine::{Context, Output, RERUN_KEYS, TaskError};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use self::{
    manuscript::{body, file_name, finished, manuscript},
    reports::Reports,
    stall::{Patience, Stall},
};
use super::{
    Story, StoryDeps,
    builtin::BuiltIn,
    input::Subject,
    library::Library,
    narrator::{Brief, Narrator, NarratorError, Outline, Report},
    research::Research,
    settings::NarratorSettings,
    source::Source,
};

const INITIALIZING: usize = 0;
const READING: usize = 1;
const OUTLINING: usize = 2;
const WRITING: usize = 3;
const FINALIZING: usize = 4;

/// Media type of the preview.
const MARKDOWN: &str = "text/markdown";

/// Checkpoint: tokens used, or reserved for the call under way.
const TOKENS: &str = "tokens";
/// Checkpoint: the step that waits for its endpoint.
const STALL: &str = "stall";
/// Checkpoint: the outline.
const PLAN: &str = "rerun:plan";

/// Why the built-in narrator writes a story although a model is configured.
const NOT_FOR_ANONYMOUS: &str =
    "the language model is not available to anonymous callers (narrator.allow_anonymous)";

/// An outline and the fingerprint of its sources; finished chapters belong to one outline only.
#[derive(Serialize, Deserialize)]
struct PlanCheckpoint {
    made_of: String,
    outline: Outline,
}

/// A finished chapter.
#[derive(Serialize, Deserialize)]
struct ChapterCheckpoint {
    made_of: String,
    text: String,
}

/// What became of the story's file.
enum Saved {
    Written,
    /// It has a whole story, which an unfinished one does not replace.
    WholeThere,
    /// There is none.
    NoFile,
}

/// Writes the story with the configured narrator.
pub(super) async fn run(
    story: Story,
    ctx: &Context,
    deps: &StoryDeps,
) -> Result<Output, TaskError> {
    ctx.stage(INITIALIZING).await?;
    let source = Source::of(&story).map_err(|error| TaskError::fail("input", error.to_string()))?;
    if source == Source::Library {
        ctx.message("Looking for the research file");
        let (library, subject) = (deps.library.clone(), story.subject.clone());
        ctx.blocking(move |_| Ok(library.locate(&subject)?)).await?;
    }
    let spent: u64 = ctx.restore(TOKENS).await?.unwrap_or(0);

    ctx.stage(READING).await?;
    ctx.message("Reading the research");
    let brief = read(&source, &story, ctx, &deps.library).await?;
    let desk = Desk::new(ctx, deps, story, source, brief);
    let built_in = BuiltIn::new(deps.words_per_second);
    match &deps.endpoint {
        Some(endpoint) if endpoint.serves(ctx) => desk.write(&endpoint.narrator(spent, ctx)).await,
        Some(_) => {
            ctx.log(format!("Told by the built-in narrator: {NOT_FOR_ANONYMOUS}."));
            desk.write(&built_in.because(NOT_FOR_ANONYMOUS)).await
        }
        None => desk.write(&built_in).await,
    }
}

async fn read(
    source: &Source,
    story: &Story,
    ctx: &Context,
    library: &Library,
) -> Result<Brief, TaskError> {
    let text = source.read(story, ctx, library).await?;
    ctx.progress(0.5);
    let subject = story.subject.clone();
    let (text, research) = ctx
        .blocking(move |_| {
            let research = Research::read(&text);
            if research.is_empty() {
                let detail = format!(
                    "the research of “{subject}” has no text; write at least one sentence in it"
                );
                return Err(TaskError::fail("research_empty", detail));
            }
            Ok((text, research))
        })
        .await?;
    let sentences: usize = research.paragraphs().map(|paragraph| paragraph.sentences.len()).sum();
    ctx.log(format!("Read {} bytes: {sentences} sentences.", text.len()));
    Ok(Brief {
        subject: story.subject.as_str().to_owned(),
        player: story.player.as_str().to_owned(),
        text: Arc::from(text),
        research: Arc::new(research),
    })
}

/// Everything needed to write one story.
struct Desk<'a> {
    ctx: &'a Context,
    library: Library,
    subject: Subject,
    source: Source,
    brief: Brief,
    patience: Patience,
}

impl<'a> Desk<'a> {
    fn new(ctx: &'a Context, deps: &StoryDeps, story: Story, source: Source, brief: Brief) -> Self {
        let patience = match &deps.endpoint {
            Some(endpoint) => Patience::new(endpoint.settings()),
            None => Patience::new(&NarratorSettings::default()),
        };
        let (library, subject) = (deps.library.clone(), story.subject);
        Self { ctx, library, subject, source, brief, patience }
    }

    async fn write<N: Narrator>(&self, narrator: &N) -> Result<Output, TaskError> {
        let ctx = self.ctx;
        let made_of = self.fingerprint(&narrator.credit(&self.brief));
        ctx.stage(OUTLINING).await?;
        ctx.message("Outlining the story");
        let outline = self.outline(narrator, &made_of).await?;

        ctx.stage(WRITING).await?;
        let total = outline.chapters.len();
        let mut chapters = self.restore(&made_of, total).await?;
        ctx.progress(chapters.len() as f64 / total as f64);
        if chapters.is_empty() {
            ctx.preserved("nothing: no chapter was finished");
        }
        ctx.preview(MARKDOWN, body(&self.brief, &outline, &chapters));
        while chapters.len() < total {
            let text = self.chapter(narrator, &outline, &chapters).await?;
            let number = chapters.len() + 1;
            let checkpoint = ChapterCheckpoint { made_of: made_of.clone(), text };
            ctx.checkpoint(&key(chapters.len()), &checkpoint).await?;
            ctx.log(finished(narrator, number, &outline, &checkpoint.text));
            chapters.push(checkpoint.text);
            ctx.preview(MARKDOWN, body(&self.brief, &outline, &chapters));
            ctx.progress(number as f64 / total as f64);
            let saved = self.save(manuscript(&self.brief, &outline, &chapters, None)).await?;
            ctx.preserved(match saved {
                Saved::Written => format!("{number} of {total} chapters, in the file of the story"),
                Saved::WholeThere => {
                    format!("{number} of {total} chapters; the story's file has a whole one")
                }
                Saved::NoFile => format!("{number} of {total} chapters"),
            });
        }

        ctx.stage(FINALIZING).await?;
        ctx.message("Putting the story together");
        let story =
            manuscript(&self.brief, &outline, &chapters, Some(&narrator.credit(&self.brief)));
        self.save(story.clone()).await?;
        let words = story.split_whitespace().count();
        ctx.message(format!("{total} chapters, {words} words"));
        Ok(Output::markdown(story, file_name(self.subject.as_str())))
    }

    /// Fingerprint of the sources: with another research text or narrator, the chapters of an
    /// earlier attempt would not fit.
    fn fingerprint(&self, credit: &str) -> String {
        let mut hash = Sha256::new();
        hash.update(credit.as_bytes());
        hash.update([0]);
        hash.update(self.brief.text.as_bytes());
        hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect()
    }

    async fn outline<N: Narrator>(
        &self,
        narrator: &N,
        made_of: &str,
    ) -> Result<Outline, TaskError> {
        let checkpoint: Option<PlanCheckpoint> = self.ctx.restore(PLAN).await?;
        if let Some(checkpoint) = checkpoint.filter(|checkpoint| checkpoint.made_of == made_of) {
            return Ok(checkpoint.outline);
        }
        self.reserve(narrator, narrator.at_stake(&self.brief, None, &[])).await?;
        let reports = Reports::new(self.ctx, "Outlining the story", (0, 1));
        let sink = |report: Report<'_>| reports.take(report);
        let outlined = self.ctx.until_cancelled(narrator.outline(&self.brief, &sink)).await?;
        let outline = self.settle(narrator, 0, outlined).await?;
        let checkpoint = PlanCheckpoint { made_of: made_of.to_owned(), outline };
        self.ctx.checkpoint(PLAN, &checkpoint).await?;
        let count = checkpoint.outline.chapters.len();
        self.ctx.log(format!("“{}”, in {count} chapters.", checkpoint.outline.title));
        Ok(checkpoint.outline)
    }

    /// Restores the chapters that an earlier attempt finished.
    async fn restore(&self, made_of: &str, total: usize) -> Result<Vec<String>, TaskError> {
        let mut chapters = Vec::new();
        while chapters.len() < total {
            let checkpoint: Option<ChapterCheckpoint> =
                self.ctx.restore(&key(chapters.len())).await?;
            let Some(checkpoint) = checkpoint.filter(|checkpoint| checkpoint.made_of == made_of)
            else {
                break;
            };
            chapters.push(checkpoint.text);
        }
        if !chapters.is_empty() {
            let count = chapters.len();
            self.ctx.log(format!("Going on after chapter {count} of {total}."));
        }
        Ok(chapters)
    }

    async fn chapter<N: Narrator>(
        &self,
        narrator: &N,
        outline: &Outline,
        done: &[String],
    ) -> Result<String, TaskError> {
        let ctx = self.ctx;
        let total = outline.chapters.len();
        let message = format!("Writing chapter {} of {total}", done.len() + 1);
        ctx.message(message.as_str());
        self.reserve(narrator, narrator.at_stake(&self.brief, Some(outline), done)).await?;
        let reports = Reports::new(ctx, &message, (done.len(), total));
        let sink = |report: Report<'_>| reports.take(report);
        let work = narrator.chapter(&self.brief, outline, done, &sink);
        let written = ctx.until_cancelled(work).await?;
        self.settle(narrator, done.len() + 1, written).await
    }

    /// Counts the maximum cost of the next call as used, so that a crash in its middle does not
    /// forget it.
    async fn reserve<N: Narrator>(&self, narrator: &N, tokens: u64) -> Result<(), TaskError> {
        match narrator.spending() {
            Some((spent, _)) => self.ctx.checkpoint(TOKENS, &spent.saturating_add(tokens)).await,
            None => Ok(()),
        }
    }

    /// Replaces the reservation by the actual cost.
    async fn settle<N: Narrator, T>(
        &self,
        narrator: &N,
        step: usize,
        result: Result<T, NarratorError>,
    ) -> Result<T, TaskError> {
        self.reserve(narrator, 0).await?;
        let error = match result {
            Ok(done) => return Ok(done),
            Err(error) => error,
        };
        self.ctx.log(format!("{error} [{}]", error.code()));
        let before: Option<Stall> = self.ctx.restore(STALL).await?;
        let now = SystemTime::UNIX_EPOCH.elapsed().unwrap_or_default();
        let now_ms = i64::try_from(now.as_millis()).unwrap_or(i64::MAX);
        let (stall, failure) = self.patience.after(before, step, &error, now_ms);
        if matches!(failure, TaskError::Wait { .. }) {
            self.ctx.checkpoint(STALL, &stall).await?;
        }
        Err(failure)
    }

    /// Writes the story's file beside the research file. Research that was given has no folder, and must
    /// not replace the story of a subject with the same name.
    async fn save(&self, text: String) -> Result<Saved, TaskError> {
        if self.source != Source::Library {
            return Ok(Saved::NoFile);
        }
        let (library, subject) = (self.library.clone(), self.subject.clone());
        let written = self.ctx.blocking(move |_| Ok(library.save_story(&subject, &text)?)).await?;
        Ok(if written { Saved::Written } else { Saved::WholeThere })
    }
}

fn key(chapter: usize) -> String {
    format!("{RERUN_KEYS}chapter-{}", chapter + 1)
}
