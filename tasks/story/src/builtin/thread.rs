//! The question that opens a story, and its answer in the text.

use std::collections::{HashMap, HashSet};

use super::{
    super::{
        lexicon::{Lexicon, is_anaphoric, is_stopword},
        research::Research,
        sentences::words,
    },
    voice::capital,
};

/// A question and its answer, both from the text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Thread {
    /// Question asked at the beginning.
    pub(super) question: String,
    /// Sentences that answer it, reserved for the end.
    pub(super) answer: Vec<String>,
    /// Sentences reserved for the thread: the answer, and the question if the text itself asks it.
    pub(super) kept: HashSet<String>,
    /// Terms in the question, by index in the lexicon.
    pub(super) terms: Vec<usize>,
    /// Display forms of the two terms of the question, if it has two.
    pub(super) pair: Option<(String, String)>,
}

/// Finds the best thread of a text: its own question, two terms that meet late in it, or one term;
/// otherwise its last sentence.
pub(super) fn find(research: &Research, lexicon: &Lexicon) -> Thread {
    let prose: Vec<&String> =
        research.paragraphs().filter(|p| p.prose).flat_map(|p| &p.sentences).collect();
    let all: Vec<&String> = research.paragraphs().flat_map(|p| &p.sentences).collect();
    let sentences = if prose.is_empty() { &all } else { &prose };
    own_question(sentences, lexicon)
        .or_else(|| two_terms(sentences, lexicon))
        .or_else(|| one_term(sentences, lexicon))
        .unwrap_or_else(|| last_word(sentences))
}

fn thread(question: String, answer: &str) -> Thread {
    let answer = vec![answer.to_owned()];
    let kept = answer.iter().cloned().collect();
    Thread { question, answer, kept, terms: Vec::new(), pair: None }
}

/// Set of content words.
fn content(sentence: &str) -> HashSet<String> {
    let lower = words(sentence).into_iter().map(|word| word.text.to_lowercase());
    lower.filter(|word| word.chars().count() >= 3 && !is_stopword(word)).collect()
}

fn is_question(sentence: &str) -> bool {
    sentence.ends_with(['?', '？', '؟'])
}

/// The text asks a question early and returns to it late.
fn own_question(sentences: &[&String], lexicon: &Lexicon) -> Option<Thread> {
    let early = (sentences.len() / 3).max(1).min(sentences.len());
    let asked = |s: &str| is_question(s) && (15..=260).contains(&s.len()) && !is_anaphoric(s);
    let at = sentences[..early].iter().position(|s| asked(s))?;
    let question = sentences[at];
    let wanted = content(question);
    let mut spread: HashMap<&str, usize> = HashMap::new();
    let contents: Vec<HashSet<String>> = sentences.iter().map(|s| content(s)).collect();
    for words in &contents {
        for word in words.intersection(&wanted) {
            *spread.entry(word).or_default() += 1;
        }
    }
    let why = question.to_lowercase().starts_with("why");
    let late = (sentences.len() / 2).max(at + 1);
    let (score, i) = (late..sentences.len())
        .filter(|i| !is_question(sentences[*i]))
        .map(|i| {
            let shared: f64 = contents[i]
                .intersection(&wanted)
                .map(|word| 1.0 / (1.0 + (spread[word.as_str()] as f64).ln()))
                .sum();
            let causal = why && contents_cause(sentences[i]);
            let lateness = i as f64 / sentences.len() as f64;
            (shared * if causal { 2.0 } else { 1.0 } * lateness, i)
        })
        .max_by(|a, b| a.0.total_cmp(&b.0))?;
    if score < 0.5 || contents[i].intersection(&wanted).count() < 2 {
        return None;
    }
    let mut thread = thread(question.clone(), sentences[i]);
    thread.kept.insert(question.clone());
    thread.terms = lexicon.terms_in(question);
    Some(thread)
}

fn contents_cause(sentence: &str) -> bool {
    let lower = sentence.to_lowercase();
    ["because", "so that", "the reason", "therefore"].iter().any(|word| lower.contains(word))
}

/// Sentences that may be the answer: late, of suitable length, self-contained.
fn candidates<'a>(sentences: &[&'a String]) -> Vec<(usize, &'a String)> {
    let late = sentences.len() * 3 / 5;
    let mut found: Vec<(usize, &String)> =
        sentences.iter().copied().enumerate().skip(late).collect();
    found.retain(|(_, s)| (30..=320).contains(&s.len()) && !is_question(s) && !is_anaphoric(s));
    found
}

/// Two key terms that rarely meet before a late sentence combines them.
fn two_terms(sentences: &[&String], lexicon: &Lexicon) -> Option<Thread> {
    if !lexicon.english {
        return None;
    }
    let terms: Vec<Vec<usize>> = sentences.iter().map(|s| lexicon.terms_in(s)).collect();
    let mut together: HashMap<(usize, usize), usize> = HashMap::new();
    for found in &terms {
        for pair in pairs(found) {
            *together.entry(pair).or_default() += 1;
        }
    }
    let mut best: Option<(f64, usize, (usize, usize))> = None;
    for (i, _) in candidates(sentences) {
        for pair in pairs(&terms[i]) {
            let (a, b) = (&lexicon.terms[pair.0], &lexicon.terms[pair.1]);
            if a.shown.contains(&b.shown) || b.shown.contains(&a.shown) {
                continue;
            }
            let fame = ((a.count * b.count) as f64).ln_1p();
            let mixed = if a.name == b.name { 1.0 } else { 1.3 };
            let lateness = i as f64 / sentences.len() as f64;
            let score = fame * mixed * lateness / together[&pair] as f64;
            if best.is_none_or(|(known, ..)| score > known) {
                best = Some((score, i, pair));
            }
        }
    }
    let (_, i, (a, b)) = best?;
    let (x, y) = (lexicon.terms[a].shown.clone(), lexicon.terms[b].shown.clone());
    let has = if lexicon.past { "had" } else { "has" };
    let mut thread = thread(format!("What {has} {x} to do with {y}?"), sentences[i]);
    thread.terms = vec![a, b];
    thread.pair = Some((x, y));
    Some(thread)
}

fn pairs(found: &[usize]) -> Vec<(usize, usize)> {
    let mut pairs = Vec::new();
    for (at, a) in found.iter().enumerate() {
        pairs.extend(found[at + 1..].iter().map(|b| (*a, *b)));
    }
    pairs
}

/// One term, and the late sentence with the most information about it.
fn one_term(sentences: &[&String], lexicon: &Lexicon) -> Option<Thread> {
    let (i, term) = candidates(sentences)
        .into_iter()
        .filter_map(|(i, s)| lexicon.terms_in(s).first().map(|term| (i, *term)))
        .min_by_key(|(i, term)| (*term, std::cmp::Reverse(*i)))?;
    let shown = &lexicon.terms[term].shown;
    let mut thread = thread(format!("What is there to know about {shown}?"), sentences[i]);
    thread.terms = vec![term];
    Some(thread)
}

/// Fallback for a text without a thread: its last sentence.
fn last_word(sentences: &[&String]) -> Thread {
    let answer = sentences.last().map_or("", |last| last.as_str());
    let question = "What does it come to, in the end?".to_owned();
    let mut thread = thread(question, answer);
    if sentences.len() == 1 {
        // The only sentence is used first and repeated at the end.
        thread.kept.clear();
    }
    thread
}

impl Thread {
    /// `{x}` and `{y}` for the line after the answer.
    pub(super) fn pair_slots(&self) -> Option<(String, String, String)> {
        let (x, y) = self.pair.clone()?;
        Some((capital(&x), x, y))
    }
}
