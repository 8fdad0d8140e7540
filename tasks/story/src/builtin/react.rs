//! The protagonist's reactions to passages: questions, notes, recurring things, a guess.

use std::collections::{BTreeSet, HashMap};

use super::{
    super::{
        lexicon::{Lexicon, figures, years},
        sentences::words,
    },
    beats::Beats,
    material::Run,
    thread::Thread,
    voice::{Deck, Dice, capital, plain},
};

/// Maximum number of calculated year spans per story.
const MAX_SPANS: u32 = 2;
/// Maximum number of questions that would fit any passage.
const MAX_VAGUE: u32 = 3;

/// State of the protagonist during a story.
pub(super) struct Reactions<'a> {
    lexicon: &'a Lexicon,
    thread: &'a Thread,
    player: String,
    titles: Vec<String>,
    beats: Beats,
    asides: Deck,
    chapter: usize,
    /// Chapter in which each term first appeared.
    seen: HashMap<usize, usize>,
    /// Terms that already had a line of their own.
    noted: Vec<usize>,
    figures: BTreeSet<String>,
    guess: Option<usize>,
    last_year: Option<u32>,
    spans: u32,
    vague: u32,
    threads: usize,
    callbacks: usize,
}

impl<'a> Reactions<'a> {
    pub(super) fn new(
        lexicon: &'a Lexicon,
        thread: &'a Thread,
        player: String,
        titles: Vec<String>,
        beats: Beats,
        asides: Deck,
    ) -> Self {
        Self {
            lexicon,
            thread,
            player,
            titles,
            beats,
            asides,
            chapter: 0,
            seen: HashMap::new(),
            noted: Vec::new(),
            figures: BTreeSet::new(),
            guess: None,
            last_year: None,
            spans: 0,
            vague: 0,
            threads: 0,
            callbacks: 0,
        }
    }

    /// Begins a chapter.
    pub(super) fn enter(&mut self, chapter: usize) {
        self.chapter = chapter;
    }

    /// Introduction of a narrated passage.
    pub(super) fn lead(&mut self) -> Option<String> {
        self.beats.lead.draw(&[("p", &self.player)])
    }

    /// The line after the answer.
    pub(super) fn solved(&mut self, slots: &[(&str, &str)]) -> Option<String> {
        self.beats.solved.draw(slots)
    }

    fn shown(&self, term: usize) -> String {
        plain(&self.lexicon.terms[term].shown)
    }

    /// Question that the passage answers. A question that would fit any passage requires text
    /// before it (`followed`).
    pub(super) fn question(&mut self, run: &Run, followed: bool) -> Option<String> {
        let first = run.sentences.first()?;
        let lower = first.to_lowercase();
        let year = years(first).first().copied().filter(|_| lower.starts_with("in "));
        let term = self.lexicon.terms_in(first).into_iter().find(|i| {
            let shown = self.lexicon.terms[*i].shown.to_lowercase();
            lower.strip_prefix(&shown).is_some_and(|rest| rest.starts_with([' ', ',']))
        });
        let leads = words(first).first().map(|word| word.text.to_lowercase()).unwrap_or_default();
        let asked = if let Some(year) = year {
            self.beats.ask_year.draw(&[("y", &year.to_string())])
        } else if let Some(term) = term {
            let shown = self.shown(term);
            self.beats.ask_term.draw(&[("x", &shown), ("X", &capital(&shown))])
        } else if followed && matches!(leads.as_str(), "but" | "yet" | "however") {
            self.beats.ask_turn.draw(&[])
        } else if followed && (lower.contains("because") || lower.contains("reason")) {
            self.beats.ask_why.draw(&[])
        } else if followed && !figures(first).is_empty() {
            self.beats.ask_figure.draw(&[])
        } else {
            None
        };
        let asked = asked.or_else(|| {
            self.vague += u32::from(followed);
            if followed && self.vague <= MAX_VAGUE { self.beats.ask.draw(&[]) } else { None }
        })?;
        let verb = if asked.ends_with('?') { "asked" } else { "said" };
        let asked = match asked.strip_suffix('.') {
            Some(open) => format!("{open},"),
            None => asked,
        };
        Some(format!("“{asked}” {verb} {}.", self.player))
    }

    /// Reaction of the protagonist or the surroundings to a passage.
    pub(super) fn to(&mut self, run: &Run, dice: &mut Dice) -> Option<String> {
        let told = run.sentences.join(" ");
        let terms = self.literal(&told);
        self.figures.extend(figures(&told));
        let met = self.thread_beat(&terms);
        let met = met.or_else(|| self.callback(&terms)).or_else(|| self.year_beat(&told));
        if met.is_some() {
            return met;
        }
        let noted = match dice.below(5) {
            0 | 1 => self.figure_beat(&told),
            2 => self.term_beat(&terms, true),
            3 if self.lexicon.english => self.term_beat(&terms, false),
            _ => None,
        };
        noted.or_else(|| match dice.below(2) {
            0 => self.asides.draw(&[("p", &self.player)]),
            _ => None,
        })
    }

    /// Terms that appear in a passage literally: `on board` does not mention a board.
    fn literal(&self, told: &str) -> Vec<usize> {
        let lower = told.to_lowercase();
        let stands = |term: &usize| {
            let term = &self.lexicon.terms[*term];
            term.name || !self.lexicon.english || lower.contains(&term.shown.to_lowercase())
        };
        self.lexicon.terms_in(told).into_iter().filter(stands).collect()
    }

    fn figure_beat(&mut self, told: &str) -> Option<String> {
        let figure = plain(figures(told).first()?);
        self.beats.figure.draw(&[("p", &self.player), ("n", &figure)])
    }

    /// Line about a new name or thing.
    fn term_beat(&mut self, terms: &[usize], name: bool) -> Option<String> {
        let fresh = |term: &&usize| {
            self.lexicon.terms[**term].name == name
                && !self.seen.contains_key(term)
                && !self.noted.contains(term)
        };
        let term = *terms.iter().find(fresh)?;
        self.noted.push(term);
        let shown = self.shown(term);
        let deck = if name { &mut self.beats.name } else { &mut self.beats.term };
        deck.draw(&[("p", &self.player), ("x", &shown), ("X", &capital(&shown))])
    }

    /// At most in every other chapter, and never in the first, where the question is new.
    fn thread_beat(&mut self, terms: &[usize]) -> Option<String> {
        if self.chapter == 0 || self.threads * 2 >= self.chapter {
            return None;
        }
        let wanted = |term: &&usize| self.thread.terms.contains(term) && !self.noted.contains(term);
        let term = *terms.iter().find(wanted)?;
        self.threads += 1;
        self.noted.push(term);
        let shown = self.shown(term);
        let slots = [("p", self.player.as_str()), ("x", &shown), ("X", &capital(&shown))];
        self.beats.thread.draw(&slots)
    }

    /// A rare term that appeared in an earlier chapter but not in the previous one.
    fn callback(&mut self, terms: &[usize]) -> Option<String> {
        if self.callbacks * 2 > self.chapter {
            return None;
        }
        let returns = |term: &&usize| {
            let known = self.seen.get(term).is_some_and(|at| at + 1 < self.chapter);
            let told = &self.lexicon.terms[**term];
            let telling = told.shown.contains(' ') && told.name || told.count <= 3;
            known && telling && !self.noted.contains(term) && !self.thread.terms.contains(term)
        };
        let term = *terms.iter().find(returns)?;
        self.callbacks += 1;
        self.noted.push(term);
        let (shown, heading) = (self.shown(term), self.titles[self.seen[&term]].clone());
        let capital = capital(&shown);
        let slots = [("p", self.player.as_str()), ("x", &shown), ("X", &capital), ("h", &heading)];
        self.beats.callback.draw(&slots)
    }

    fn year_beat(&mut self, told: &str) -> Option<String> {
        let year = years(told).into_iter().max()?;
        let before = self.last_year.replace(year)?;
        if year < before + 10 || self.spans >= MAX_SPANS {
            return None;
        }
        self.spans += 1;
        let (y, z, d) = (before.to_string(), year.to_string(), (year - before).to_string());
        self.beats.span.draw(&[("p", &self.player), ("y", &y), ("z", &z), ("d", &d)])
    }

    /// Records the terms of a passage as known.
    pub(super) fn remember(&mut self, run: &Run) {
        for sentence in &run.sentences {
            for term in self.literal(sentence) {
                self.seen.entry(term).or_insert(self.chapter);
            }
        }
    }

    /// Line at the end of some chapters of a long story: a guess, a tally, the names, dropping the
    /// guess.
    pub(super) fn arc(&mut self, chapters: usize) -> Option<String> {
        if chapters < 4 || !self.lexicon.english {
            return None;
        }
        let at = self.chapter;
        if at == 1 {
            return self.guess();
        }
        if at == chapters / 2 {
            return self.tally();
        }
        if at + 2 == chapters {
            let shown = self.shown(self.guess?);
            let slots = [("p", self.player.as_str()), ("x", &shown), ("X", &capital(&shown))];
            return self.beats.doubt.draw(&slots);
        }
        if at + 3 == chapters { self.recap() } else { None }
    }

    /// The main term of this chapter that the question does not contain.
    fn guess(&mut self) -> Option<String> {
        let mut fresh: Vec<usize> = self
            .seen
            .iter()
            .filter(|(term, at)| **at == self.chapter && !self.thread.terms.contains(term))
            .map(|(term, _)| *term)
            .collect();
        fresh.sort_unstable();
        let term = *fresh.first()?;
        self.guess = Some(term);
        let shown = self.shown(term);
        self.beats.guess.draw(&[("p", &self.player), ("x", &shown), ("X", &capital(&shown))])
    }

    /// Known names, the most significant of the text first.
    fn names(&self) -> Vec<String> {
        let known = |i: &usize| self.lexicon.terms[*i].name && self.seen.contains_key(i);
        (0..self.lexicon.terms.len()).filter(known).map(|i| self.shown(i)).collect()
    }

    fn tally(&mut self) -> Option<String> {
        let (names, figures) = (self.names().len(), self.figures.len());
        if names < 2 || figures < 2 {
            return None;
        }
        let (names, figures) = (format!("{names} names"), format!("{figures} figures"));
        let possessive = format!("{}'s", self.player);
        self.beats.tally.draw(&[
            ("p", &self.player),
            ("ps", &possessive),
            ("names", &names),
            ("figures", &figures),
        ])
    }

    fn recap(&mut self) -> Option<String> {
        let names = self.names();
        if names.len() < 3 {
            return None;
        }
        let list = names.into_iter().take(5).collect::<Vec<_>>().join(", ");
        self.beats.recap.draw(&[("p", &self.player), ("list", &list)])
    }
}
