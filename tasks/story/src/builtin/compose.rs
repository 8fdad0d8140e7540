//! Composes a story from a frame, passages and the protagonist's reactions.

use super::{
    super::{lexicon::Lexicon, research::Research},
    beats::Beats,
    frames::{self, Frame},
    material::{self, Chapter, Run},
    react::Reactions,
    thread::{self, Thread},
    voice::{Deck, Dice, capital, fill, is_quotable, joined, plain, speech},
};

/// A complete story.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in super::super) struct Tale {
    /// Title as plain text.
    pub(in super::super) title: String,
    /// Chapters; at least one.
    pub(in super::super) chapters: Vec<TaleChapter>,
}

/// A chapter of a story.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in super::super) struct TaleChapter {
    /// Title as plain text.
    pub(in super::super) title: String,
    /// Markdown.
    pub(in super::super) text: String,
}

/// How a passage is presented.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Mode {
    Narrated,
    Asked,
    Read,
    Spoken,
}

struct Composer<'a> {
    lexicon: &'a Lexicon,
    thread: &'a Thread,
    frame: &'static Frame,
    player: String,
    topic: String,
    react: Reactions<'a>,
    arrivals: Deck,
    readings: Deck,
    lists: Deck,
    hooks: Deck,
    dice: Dice,
    /// Index of the opening, and of the answer and farewell that belong to it.
    variant: usize,
    tag: usize,
    titles: Vec<String>,
}

/// Composes a story. `research` must have been read from `text`, which must not be blank.
pub(in super::super) fn compose(
    text: &str,
    research: &Research,
    subject: &str,
    player: &str,
) -> Tale {
    let sentences = || research.paragraphs().flat_map(|p| &p.sentences).map(String::as_str);
    let all: Vec<&str> = sentences().collect();
    let lexicon = Lexicon::build(all.iter().copied());
    let thread = thread::find(research, &lexicon);
    let chapters = material::chapters(research, &lexicon, &thread.kept);
    let mut dice = Dice::new(&[text, subject, player]);
    let frame = frames::choose(&lexicon, &mut dice);
    let title = research.title.clone().unwrap_or_else(|| capital(subject));
    let titles: Vec<String> = chapters.iter().map(|chapter| plain(&chapter.title)).collect();
    let asides = Deck::new(frame.asides, &mut dice);
    let beats = Beats::new(&mut dice);
    let mut composer = Composer {
        lexicon: &lexicon,
        thread: &thread,
        frame,
        player: plain(player),
        topic: plain(&title),
        react: Reactions::new(&lexicon, &thread, plain(player), titles.clone(), beats, asides),
        arrivals: Deck::new(frame.arrivals, &mut dice),
        readings: Deck::new(frame.readings, &mut dice),
        lists: Deck::new(frame.lists, &mut dice),
        hooks: Deck::new(frame.hooks, &mut dice),
        variant: dice.below(frame.openings.len()),
        dice,
        tag: 0,
        titles,
    };
    let told = (0..chapters.len()).map(|i| composer.chapter(i, &chapters)).collect();
    Tale { title, chapters: told }
}

impl Composer<'_> {
    fn chapter(&mut self, i: usize, chapters: &[Chapter]) -> TaleChapter {
        let chapter = &chapters[i];
        let mut parts = Vec::new();
        // Some chapters open with a passage directly.
        let cold =
            i > 0 && i % 3 == 2 && chapter.runs.first().is_some_and(|run| self.can_narrate(run));
        if i == 0 {
            parts.push(self.variant(self.frame.openings));
        } else if !cold {
            parts.extend(self.arrive());
        }
        let shift = self.dice.below(4) + i;
        self.react.enter(i);
        for (j, run) in chapter.runs.iter().enumerate() {
            if cold && j == 0 {
                parts.push(lines(run));
                parts.extend(self.arrive());
                continue;
            }
            self.tell(run, self.mode(run, shift + j), j > 0, &mut parts);
            parts.extend(self.react.to(run, &mut self.dice));
        }
        for run in &chapter.runs {
            self.react.remember(run);
        }
        parts.extend(self.react.arc(chapters.len()));
        if i + 1 < chapters.len() {
            let next = self.titles[i + 1].clone();
            parts.extend(self.hooks.draw(&[("p", &self.player), ("next", &next)]));
        } else {
            self.end(&mut parts);
        }
        TaleChapter { title: chapter.title.clone(), text: parts.join("\n\n") }
    }

    /// The line that belongs to the opening.
    fn variant(&self, lines: &[&'static str]) -> String {
        let line = lines[self.variant % lines.len()];
        let question = plain(&self.thread.question);
        fill(line, &[("p", &self.player), ("topic", &self.topic), ("q", &question)])
    }

    fn arrive(&mut self) -> Option<String> {
        let possessive = format!("{}'s", self.player);
        self.arrivals.draw(&[("p", &self.player), ("ps", &possessive)])
    }

    fn can_narrate(&self, run: &Run) -> bool {
        run.prose && self.lexicon.english
    }

    fn can_speak(&self, run: &Run) -> bool {
        run.prose && self.lexicon.english && run.sentences.iter().all(|s| is_quotable(s))
    }

    /// The next mode in turn that suits the passage.
    fn mode(&self, run: &Run, turn: usize) -> Mode {
        let turns = [Mode::Narrated, Mode::Asked, Mode::Read, Mode::Spoken];
        let suits = |mode: &Mode| match mode {
            Mode::Narrated => self.can_narrate(run),
            Mode::Asked | Mode::Spoken => self.can_speak(run),
            Mode::Read => true,
        };
        (0..4).map(|k| turns[(turn + k) % 4]).find(suits).unwrap_or(Mode::Read)
    }

    fn tell(&mut self, run: &Run, mode: Mode, followed: bool, parts: &mut Vec<String>) {
        if !run.prose {
            let lead = self.lists.draw(&[("p", &self.player)]);
            parts.extend(lead);
            let items: Vec<String> =
                run.sentences.iter().map(|item| format!("> - {}", plain(item))).collect();
            parts.push(items.join("\n"));
            return;
        }
        match mode {
            Mode::Narrated => {
                // A text in the present tense needs a transition from the past tense of the story.
                let led = !self.lexicon.past || self.dice.below(3) == 0;
                let lead = if led { self.react.lead() } else { None };
                let lead = lead.map(|lead| lead + " ").unwrap_or_default();
                parts.push(format!("{lead}{}", lines(run)));
            }
            Mode::Asked => {
                let question = self.react.question(run, followed);
                let asked = question.is_some();
                parts.extend(question);
                parts.push(self.spoken(run, asked));
            }
            Mode::Read => {
                parts.extend(self.readings.draw(&[("p", &self.player)]));
                parts.push(format!("> {}", lines(run)));
            }
            Mode::Spoken => parts.push(self.spoken(run, false)),
        }
    }

    fn spoken(&mut self, run: &Run, asked: bool) -> String {
        let fits = |tag: &&str| asked || !(tag.contains("answered") || tag.contains("replied"));
        let tags: Vec<&str> = self.frame.tags.iter().copied().filter(fits).collect();
        let tag = tags[self.tag % tags.len()];
        self.tag += 1;
        let sentences: Vec<&str> = run.sentences.iter().map(String::as_str).collect();
        speech(&sentences, tag)
    }

    /// Repeats the question and gives its answer.
    fn end(&mut self, parts: &mut Vec<String>) {
        parts.push(self.variant(self.frame.answers));
        let answer: Vec<&str> = self.thread.answer.iter().map(String::as_str).collect();
        parts.push(format!("> {}", joined(&answer)));
        if let Some((capital, x, y)) = self.thread.pair_slots() {
            let slots = [("X", plain(&capital)), ("x", plain(&x)), ("y", plain(&y))];
            let slots: Vec<(&str, &str)> = slots.iter().map(|(k, v)| (*k, v.as_str())).collect();
            parts.extend(self.react.solved(&slots));
        }
        parts.push(self.variant(self.frame.farewells));
    }
}

fn lines(run: &Run) -> String {
    let sentences: Vec<&str> = run.sentences.iter().map(String::as_str).collect();
    joined(&sentences)
}
