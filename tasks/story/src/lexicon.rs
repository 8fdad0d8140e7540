//! What a text is about: its names, things, years and figures. Uses grammar for English texts, and
//! the frequency of long words for others.

mod english;

use std::collections::{BTreeSet, HashMap};

pub(super) use self::english::{is_anaphoric, is_stopword};
use self::english::{is_function_word, is_month_or_day};
use super::sentences::{Word, words};

/// Maximum number of key terms.
const MAX_TERMS: usize = 24;

/// Proper name, or something that the text mentions repeatedly.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Term {
    /// Form in running text, with its article: `the bell`, `salt`, `Keziah Trewin`.
    pub(super) shown: String,
    /// Lower-case words by which it is found, the longest form first.
    pub(super) keys: Vec<String>,
    /// Whether it is a proper name.
    pub(super) name: bool,
    /// Number of sentences that contain it.
    pub(super) count: usize,
}

/// Key terms of a text.
#[derive(Clone, Debug, Default)]
pub(super) struct Lexicon {
    /// The most significant first.
    pub(super) terms: Vec<Term>,
    /// Whether the text is English.
    pub(super) english: bool,
    /// Whether the text is in the past tense.
    pub(super) past: bool,
    /// Years per sentence.
    pub(super) years: f64,
}

#[derive(Default)]
struct Noun {
    the: usize,
    bare: usize,
    other: usize,
}

#[derive(Default)]
struct Counts {
    nouns: HashMap<String, Noun>,
    pairs: HashMap<(String, String), usize>,
    names: HashMap<String, usize>,
    lower: HashMap<String, usize>,
    capital: HashMap<String, usize>,
    words: usize,
    function: usize,
    past: usize,
    present: usize,
    years: usize,
}

impl Lexicon {
    /// Builds the lexicon from all sentences of a text.
    pub(super) fn build<'a>(sentences: impl Iterator<Item = &'a str> + Clone) -> Self {
        let mut counts = Counts::default();
        let mut total = 0_usize;
        for sentence in sentences.clone() {
            total += 1;
            counts.years += years(sentence).len();
            counts.count_words(&words(sentence));
        }
        for sentence in sentences {
            counts.count_names(&words(sentence));
        }
        let english = counts.words > 0 && counts.function * 100 >= counts.words * 18;
        let mut terms = if english { counts.english_terms() } else { counts.plain_terms() };
        terms.truncate(MAX_TERMS);
        Self {
            terms,
            english,
            past: counts.past > counts.present,
            years: counts.years as f64 / total.max(1) as f64,
        }
    }

    /// Indices of the terms in a sentence, the most significant first.
    pub(super) fn terms_in(&self, sentence: &str) -> Vec<usize> {
        let haystack = padded(sentence);
        let holds = |term: &Term| term.keys.iter().any(|key| haystack.contains(key.as_str()));
        (0..self.terms.len()).filter(|i| holds(&self.terms[*i])).collect()
    }
}

/// Lower-case words surrounded by spaces, for searching whole words.
fn padded(text: &str) -> String {
    let mut out = String::from(" ");
    for word in words(text) {
        out.push_str(&bare(word.text).to_lowercase());
        out.push(' ');
    }
    out
}

/// Removes a possessive ending.
fn bare(word: &str) -> &str {
    word.strip_suffix("'s").or_else(|| word.strip_suffix("’s")).unwrap_or(word)
}

fn is_capitalised(word: &str) -> bool {
    let mut chars = word.chars();
    chars.next().is_some_and(char::is_uppercase) && chars.any(char::is_lowercase)
}

impl Counts {
    fn count_words(&mut self, words: &[Word<'_>]) {
        let lower: Vec<String> = words.iter().map(|w| bare(w.text).to_lowercase()).collect();
        for (i, word) in words.iter().enumerate() {
            let text = lower[i].as_str();
            self.words += 1;
            self.function += usize::from(is_function_word(text));
            self.past += usize::from(matches!(text, "was" | "were" | "had" | "did"));
            self.present += usize::from(matches!(text, "is" | "are" | "has" | "does" | "can"));
            if is_capitalised(word.text) {
                if !word.first {
                    *self.capital.entry(text.to_owned()).or_default() += 1;
                }
                continue;
            }
            *self.lower.entry(text.to_owned()).or_default() += 1;
            self.count_noun(words, &lower, i);
        }
    }

    /// Counts a word as a noun if an article or a preposition precedes it and its phrase ends.
    fn count_noun(&mut self, words: &[Word<'_>], lower: &[String], i: usize) {
        let text = lower[i].as_str();
        let ends = words[i].closed || lower.get(i + 1).is_some_and(|next| is_stopword(next));
        if !ends || !english::may_be_noun(text) || i == 0 || !words[i].joined {
            return;
        }
        let before = lower[i - 1].as_str();
        let pair = i >= 2
            && words[i - 1].joined
            && english::may_qualify(before)
            && !is_capitalised(words[i - 1].text);
        // `the clockwork holds the lens`: more likely a verb.
        if pair && text.ends_with('s') && !words[i].closed {
            return;
        }
        let lead = if pair { lower[i - 2].as_str() } else { before };
        let noun = self.nouns.entry(text.to_owned()).or_default();
        match lead {
            "the" => noun.the += 1,
            _ if english::is_determiner(lead) => noun.other += 1,
            _ if english::is_preposition(lead) => noun.bare += 1,
            _ => return,
        }
        if pair {
            *self.pairs.entry((before.to_owned(), text.to_owned())).or_default() += 1;
        }
    }

    /// Counts names: words whose capital letter is not due to their position.
    fn count_names(&mut self, words: &[Word<'_>]) {
        let mut i = 0;
        while i < words.len() {
            if !self.starts_name(&words[i]) {
                i += 1;
                continue;
            }
            let mut end = i + 1;
            while end < words.len() && !words[end - 1].closed && words[end].joined {
                let linked = matches!(words[end].text, "of" | "de" | "van" | "von" | "la" | "du")
                    && words.get(end + 1).is_some_and(|next| is_capitalised(next.text));
                if !(linked || is_name_part(words[end].text)) {
                    break;
                }
                end += 1;
            }
            let parts: Vec<&str> = words[i..end].iter().map(|word| bare(word.text)).collect();
            *self.names.entry(parts.join(" ")).or_default() += 1;
            i = end;
        }
    }

    fn starts_name(&self, word: &Word<'_>) -> bool {
        let lower = bare(word.text).to_lowercase();
        if !is_name_part(word.text) || is_stopword(&lower) || word.text.chars().count() < 2 {
            return false;
        }
        let as_word = self.lower.get(&lower).copied().unwrap_or(0);
        let as_name = self.capital.get(&lower).copied().unwrap_or(0);
        as_name > as_word
    }

    fn english_terms(&self) -> Vec<Term> {
        let mut found: Vec<(f64, Term)> = self.name_terms();
        let mut single: HashMap<&str, (usize, String)> = HashMap::new();
        for (word, noun) in &self.nouns {
            let seen = noun.the + noun.bare + noun.other;
            let uses = self.lower.get(word).copied().unwrap_or(0);
            // A word that is mostly something else, such as a verb, is not a significant noun.
            if uses < 2 || seen * 3 < uses {
                continue;
            }
            let shown = if noun.bare > noun.the { word.clone() } else { format!("the {word}") };
            single.insert(word, (uses, shown));
        }
        for ((qualifier, word), count) in &self.pairs {
            let Some((uses, shown)) = single.get(word.as_str()) else { continue };
            if *count < 2 || count * 2 < *uses {
                continue;
            }
            let article = if shown.starts_with("the ") { "the " } else { "" };
            let full = format!("{article}{qualifier} {word}");
            single.insert(word, (*uses, full));
        }
        for (word, (uses, shown)) in single {
            let keys = vec![format!(" {word} ")];
            found.push(((uses as f64).ln_1p(), Term { shown, keys, name: false, count: uses }));
        }
        sorted(found)
    }

    /// Terms for names; a person's short form counts towards the full name.
    fn name_terms(&self) -> Vec<(f64, Term)> {
        let full: Vec<(&String, &usize)> =
            self.names.iter().filter(|(name, _)| name.contains(' ')).collect();
        let owners = |word: &str| -> Vec<&String> {
            full.iter()
                .filter(|(name, _)| name.split(' ').next_back() == Some(word))
                .map(|(name, _)| *name)
                .collect()
        };
        let mut terms = Vec::new();
        for (name, count) in &self.names {
            let last = name.split(' ').next_back().unwrap_or(name);
            if !name.contains(' ') && (!owners(name).is_empty() || is_month_or_day(name)) {
                continue;
            }
            let mut keys = vec![format!(" {} ", name.to_lowercase())];
            let mut count = *count;
            // Not every stone refers to `Gannet Stone`.
            if owners(last).len() == 1
                && name.contains(' ')
                && !self.lower.contains_key(&last.to_lowercase())
            {
                count += self.names.get(last).copied().unwrap_or(0);
                keys.push(format!(" {} ", last.to_lowercase()));
            }
            let weight = (count as f64).ln_1p() * if name.contains(' ') { 1.5 } else { 1.0 };
            terms.push((weight, Term { shown: name.clone(), keys, name: true, count }));
        }
        terms
    }

    /// Without grammar: repeated long words.
    fn plain_terms(&self) -> Vec<Term> {
        let mut found = Vec::new();
        for (word, count) in self.lower.iter().chain(&self.capital) {
            let chars = word.chars().count();
            if *count >= 2 && (5..=24).contains(&chars) && word.chars().all(char::is_alphabetic) {
                let keys = vec![format!(" {word} ")];
                let term =
                    Term { shown: format!("“{word}”"), keys, name: false, count: *count };
                found.push(((*count as f64).ln_1p() * (chars as f64).sqrt(), term));
            }
        }
        sorted(found)
    }
}

/// Sorted by weight, then by name, so that the order of the hash map has no effect.
fn sorted(mut found: Vec<(f64, Term)>) -> Vec<Term> {
    found.sort_by(|a, b| b.0.total_cmp(&a.0).then_with(|| a.1.shown.cmp(&b.1.shown)));
    let mut seen = BTreeSet::new();
    found.into_iter().map(|(_, term)| term).filter(|term| seen.insert(term.shown.clone())).collect()
}

fn is_name_part(word: &str) -> bool {
    is_capitalised(word) && word.chars().all(|c| c.is_alphabetic() || matches!(c, '\'' | '’' | '-'))
}

/// Years in a sentence: four digits after a word that introduces a year.
pub(super) fn years(sentence: &str) -> Vec<u32> {
    let words = words(sentence);
    let mut years = Vec::new();
    for pair in words.windows(2) {
        let lead = pair[0].text.to_lowercase();
        let year = pair[1].text.parse().ok().filter(|year| (1000..2100).contains(year));
        if let Some(year) =
            year.filter(|_| pair[1].text.len() == 4 && english::leads_to_year(&lead))
        {
            years.push(year);
        }
    }
    years
}

/// Figures in a sentence with their units: `178 steps`, `31 m`.
pub(super) fn figures(sentence: &str) -> Vec<String> {
    let words = words(sentence);
    let mut figures = Vec::new();
    for pair in words.windows(2) {
        let number = pair[0].text;
        let unit = pair[1].text;
        let counted = number.starts_with(|c: char| c.is_ascii_digit())
            && number.chars().all(|c| c.is_ascii_digit() || matches!(c, ',' | '.'))
            && !pair[0].closed
            && pair[1].joined;
        let lower = unit.to_lowercase();
        if counted && unit.chars().all(char::is_lowercase) && !is_stopword(&lower) {
            figures.push(format!("{number} {unit}"));
        }
    }
    figures
}

#[cfg(test)]
mod tests;
