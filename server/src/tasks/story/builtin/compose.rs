//! Puts a story together: frame, passages, what the protagonist makes of them.

use std::collections::HashMap;

use super::{
    super::{
        lexicon::{Lexicon, figures, years},
        research::Research,
        sentences::words,
    },
    beats::Beats,
    frames::{self, Frame},
    material::{self, Chapter, Run},
    thread::{self, Thread},
    voice::{Deck, Dice, capital, fill, is_quotable, joined, plain, speech},
};

/// A whole story.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in super::super) struct Tale {
    /// Its title, as plain text.
    pub(in super::super) title: String,
    /// Its chapters; at least one.
    pub(in super::super) chapters: Vec<TaleChapter>,
}

/// A chapter of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in super::super) struct TaleChapter {
    /// As plain text.
    pub(in super::super) title: String,
    /// Markdown.
    pub(in super::super) text: String,
}

/// How a passage is told.
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
    beats: Beats,
    arrivals: Deck,
    readings: Deck,
    lists: Deck,
    asides: Deck,
    hooks: Deck,
    dice: Dice,
    tag: usize,
    /// Where each term came up first.
    seen: HashMap<usize, usize>,
    called: Vec<usize>,
    titles: Vec<String>,
    last_year: Option<u32>,
    threads: usize,
}

/// Writes the story. `text` is what `research` was read from; it must not be blank.
pub(in super::super) fn compose(text: &str, research: &Research, subject: &str, player: &str) -> Tale {
    let sentences = || research.paragraphs().flat_map(|p| &p.sentences).map(String::as_str);
    let all: Vec<&str> = sentences().collect();
    let lexicon = Lexicon::build(all.iter().copied());
    let thread = thread::find(research, &lexicon);
    let chapters = material::chapters(research, &lexicon, &thread.kept);
    let mut dice = Dice::new(&[text, subject, player]);
    let frame = frames::choose(&lexicon, &mut dice);
    let title = research.title.clone().unwrap_or_else(|| capital(subject));
    let mut composer = Composer {
        lexicon: &lexicon,
        thread: &thread,
        frame,
        player: plain(player),
        topic: plain(&title),
        beats: Beats::new(&mut dice),
        arrivals: Deck::new(frame.arrivals, &mut dice),
        readings: Deck::new(frame.readings, &mut dice),
        lists: Deck::new(frame.lists, &mut dice),
        asides: Deck::new(frame.asides, &mut dice),
        hooks: Deck::new(frame.hooks, &mut dice),
        dice,
        tag: 0,
        seen: HashMap::new(),
        called: Vec::new(),
        titles: chapters.iter().map(|chapter| plain(&chapter.title)).collect(),
        last_year: None,
        threads: 0,
    };
    let told = (0..chapters.len()).map(|i| composer.chapter(i, &chapters));
    let told = told.collect();
    Tale { title, chapters: told }
}

impl Composer<'_> {
    fn chapter(&mut self, i: usize, chapters: &[Chapter]) -> TaleChapter {
        let chapter = &chapters[i];
        let mut parts = Vec::new();
        // Now and then a chapter opens in the middle of things.
        let cold = i > 0 && i % 3 == 2 && chapter.runs.first().is_some_and(|run| self.can_narrate(run));
        if i == 0 {
            let opening = self.one_of(self.frame.openings);
            parts.push(opening);
        } else if !cold {
            parts.extend(self.arrive(i));
        }
        let shift = self.dice.below(4) + i;
        for (j, run) in chapter.runs.iter().enumerate() {
            if cold && j == 0 {
                parts.push(lines(run));
                parts.extend(self.arrive(i));
                continue;
            }
            self.tell(run, self.mode(run, shift + j), &mut parts);
            parts.extend(self.beat(run, i));
        }
        for run in &chapter.runs {
            self.remember(run, i);
        }
        if i + 1 < chapters.len() {
            let next = self.titles[i + 1].clone();
            parts.extend(self.hooks.draw(&[("p", &self.player), ("next", &next)]));
        } else {
            self.end(&mut parts);
        }
        TaleChapter { title: chapter.title.clone(), text: parts.join("\n\n") }
    }

    fn one_of(&mut self, lines: &[&'static str]) -> String {
        let line = lines[self.dice.below(lines.len())];
        let question = plain(&self.thread.question);
        fill(line, &[("p", &self.player), ("topic", &self.topic), ("q", &question)])
    }

    fn arrive(&mut self, i: usize) -> Option<String> {
        let heading = self.titles[i].clone();
        let possessive = format!("{}'s", self.player);
        let slots = [("p", self.player.as_str()), ("ps", &possessive), ("h", &heading)];
        self.arrivals.draw(&slots)
    }

    fn can_narrate(&self, run: &Run) -> bool {
        run.prose && self.lexicon.english && self.lexicon.past
    }

    fn can_speak(&self, run: &Run) -> bool {
        run.prose && self.lexicon.english && run.sentences.iter().all(|s| is_quotable(s))
    }

    /// The next way of telling in turn that suits the passage.
    fn mode(&self, run: &Run, turn: usize) -> Mode {
        let turns = [Mode::Narrated, Mode::Asked, Mode::Read, Mode::Spoken];
        let suits = |mode: &Mode| match mode {
            Mode::Narrated => self.can_narrate(run),
            Mode::Asked | Mode::Spoken => self.can_speak(run),
            Mode::Read => true,
        };
        (0..4).map(|k| turns[(turn + k) % 4]).find(suits).unwrap_or(Mode::Read)
    }

    fn tell(&mut self, run: &Run, mode: Mode, parts: &mut Vec<String>) {
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
                let lead = if self.dice.below(3) == 0 {
                    self.beats.lead.draw(&[("p", &self.player)]).map(|lead| lead + " ")
                } else {
                    None
                };
                parts.push(format!("{}{}", lead.unwrap_or_default(), lines(run)));
            }
            Mode::Asked => {
                let question = self.question(run);
                parts.extend(question);
                parts.push(self.spoken(run));
            }
            Mode::Read => {
                parts.extend(self.readings.draw(&[("p", &self.player)]));
                parts.push(format!("> {}", lines(run)));
            }
            Mode::Spoken => parts.push(self.spoken(run)),
        }
    }

    fn spoken(&mut self, run: &Run) -> String {
        let tag = self.frame.tags[self.tag % self.frame.tags.len()];
        self.tag += 1;
        let sentences: Vec<&str> = run.sentences.iter().map(String::as_str).collect();
        speech(&sentences, tag)
    }

    /// A question that the passage answers.
    fn question(&mut self, run: &Run) -> Option<String> {
        let first = run.sentences.first()?;
        let lower = first.to_lowercase();
        let opening = words(first);
        let year = years(first).first().copied().filter(|_| lower.starts_with("in "));
        let term = self.lexicon.terms_in(first).into_iter().find(|i| {
            let shown = self.lexicon.terms[*i].shown.to_lowercase();
            lower.strip_prefix(&shown).is_some_and(|rest| rest.starts_with([' ', ',']))
        });
        let leads = opening.first().map(|word| word.text.to_lowercase()).unwrap_or_default();
        let asked = if let Some(year) = year {
            self.beats.ask_year.draw(&[("y", &year.to_string())])
        } else if let Some(term) = term {
            let shown = plain(&self.lexicon.terms[term].shown);
            self.beats.ask_term.draw(&[("x", &shown), ("X", &capital(&shown))])
        } else if matches!(leads.as_str(), "but" | "yet" | "however") {
            self.beats.ask_turn.draw(&[])
        } else if lower.contains("because") || lower.contains("reason") {
            self.beats.ask_why.draw(&[])
        } else if !figures(first).is_empty() {
            self.beats.ask_figure.draw(&[])
        } else {
            None
        };
        let asked = asked.or_else(|| self.beats.ask.draw(&[]))?;
        let verb = if asked.ends_with('?') { "asked" } else { "said" };
        let asked = if asked.ends_with('.') {
            format!("{},", asked.trim_end_matches('.'))
        } else {
            asked
        };
        Some(format!("“{asked}” {verb} {}.", self.player))
    }

    /// What the protagonist, or the room, makes of a passage.
    fn beat(&mut self, run: &Run, chapter: usize) -> Option<String> {
        let told = run.sentences.join(" ");
        let terms = self.lexicon.terms_in(&told);
        let found = self.thread_beat(&terms, chapter).or_else(|| self.callback(&terms, chapter));
        let found = found.or_else(|| self.year_beat(&told));
        if found.is_some() {
            return found;
        }
        let fresh: Vec<usize> =
            terms.into_iter().filter(|term| !self.seen.contains_key(term)).collect();
        let name = fresh.iter().copied().find(|term| self.lexicon.terms[*term].name);
        let thing = fresh.iter().copied().find(|term| !self.lexicon.terms[*term].name);
        match self.dice.below(5) {
            0 | 1 => figures(&told).first().and_then(|figure| {
                self.beats.figure.draw(&[("p", &self.player), ("n", &plain(figure))])
            }),
            2 => name.and_then(|term| {
                let shown = plain(&self.lexicon.terms[term].shown);
                self.beats.name.draw(&[("p", &self.player), ("x", &shown)])
            }),
            3 if self.lexicon.english => thing.and_then(|term| {
                let shown = plain(&self.lexicon.terms[term].shown);
                let slots = [("p", self.player.as_str()), ("x", &shown), ("X", &capital(&shown))];
                self.beats.term.draw(&slots)
            }),
            _ => None,
        }
        .or_else(|| if self.dice.below(2) == 0 { self.asides.draw(&[("p", &self.player)]) } else { None })
    }

    /// At most every other chapter, and never in the first: there the question is fresh.
    fn thread_beat(&mut self, terms: &[usize], chapter: usize) -> Option<String> {
        if chapter == 0 || self.threads * 2 >= chapter {
            return None;
        }
        let term = *terms.iter().find(|term| self.thread.terms.contains(term))?;
        self.threads += 1;
        let shown = plain(&self.lexicon.terms[term].shown);
        self.beats.thread.draw(&[("p", &self.player), ("x", &shown), ("X", &capital(&shown))])
    }

    /// Something that an earlier chapter had and the last one had not.
    fn callback(&mut self, terms: &[usize], chapter: usize) -> Option<String> {
        let term = *terms.iter().find(|term| {
            let known = self.seen.get(*term).is_some_and(|at| at + 1 < chapter);
            known && !self.called.contains(term) && !self.thread.terms.contains(term)
        })?;
        if self.called.len() * 2 > chapter {
            return None;
        }
        self.called.push(term);
        let shown = plain(&self.lexicon.terms[term].shown);
        let heading = self.titles[self.seen[&term]].clone();
        let capital = capital(&shown);
        let slots = [("p", self.player.as_str()), ("x", &shown), ("X", &capital), ("h", &heading)];
        self.beats.callback.draw(&slots)
    }

    fn year_beat(&mut self, told: &str) -> Option<String> {
        let year = years(told).into_iter().max()?;
        let before = self.last_year.replace(year)?;
        if year < before + 2 {
            return None;
        }
        let (y, z, d) = (before.to_string(), year.to_string(), (year - before).to_string());
        self.beats.span.draw(&[("p", &self.player), ("y", &y), ("z", &z), ("d", &d)])
    }

    fn remember(&mut self, run: &Run, chapter: usize) {
        for sentence in &run.sentences {
            for term in self.lexicon.terms_in(sentence) {
                self.seen.entry(term).or_insert(chapter);
            }
        }
    }

    /// The question comes back, with its answer.
    fn end(&mut self, parts: &mut Vec<String>) {
        let lead = self.one_of(self.frame.answers);
        parts.push(lead);
        let answer: Vec<&str> = self.thread.answer.iter().map(String::as_str).collect();
        parts.push(format!("> {}", joined(&answer)));
        if let Some((capital, x, y)) = self.thread.pair_slots() {
            let slots = [("X", plain(&capital)), ("x", plain(&x)), ("y", plain(&y))];
            let slots: Vec<(&str, &str)> = slots.iter().map(|(k, v)| (*k, v.as_str())).collect();
            parts.extend(self.beats.solved.draw(&slots));
        }
        let farewell = self.one_of(self.frame.farewells);
        parts.push(farewell);
    }
}

fn lines(run: &Run) -> String {
    let sentences: Vec<&str> = run.sentences.iter().map(String::as_str).collect();
    joined(&sentences)
}
