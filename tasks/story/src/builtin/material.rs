//! Selects the content: chapters, and the most informative passages of each.

use std::collections::HashSet;

use super::{
    super::{
        lexicon::{Lexicon, figures, is_anaphoric, is_stopword, years},
        research::{Paragraph, Research, Section},
        sentences::words,
    },
    voice::capital,
};

/// Maximum number of chapters, for which each frame has enough lines.
const MAX_CHAPTERS: usize = 9;
/// Approximate number of words of the text itself per chapter.
const CHAPTER_WORDS: usize = 200;
const MAX_RUNS: usize = 4;
/// Maximum number of sentences in a passage.
const MAX_RUN: usize = 3;
const MAX_ITEMS: usize = 5;
/// Sentences per chapter for a text without headings.
const SENTENCES_PER_CHAPTER: usize = 9;
/// Maximum length of a sentence in characters; longer ones are truncated and rarely are sentences.
const MAX_SENTENCE_CHARS: usize = 600;

/// A passage: consecutive sentences of the text, or items of a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Run {
    /// In order.
    pub(super) sentences: Vec<String>,
    /// Whether they are running text.
    pub(super) prose: bool,
}

/// Content of one chapter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Chapter {
    /// The text's own heading, or one made of its terms.
    pub(super) title: String,
    /// At least one, unless the chapter contains only the story's answer.
    pub(super) runs: Vec<Run>,
}

/// Chapters of a text, without the sentences reserved for the end.
pub(super) fn chapters(
    research: &Research,
    lexicon: &Lexicon,
    kept: &HashSet<String>,
) -> Vec<Chapter> {
    let sections = sections(research, lexicon);
    let mut chapters: Vec<Chapter> = sections
        .iter()
        .map(|section| Chapter {
            title: section.heading.clone(),
            runs: runs(&section.paragraphs, lexicon, kept),
        })
        .collect();
    // A last section that contains only the answer is preserved as the end of the story.
    let ending = sections
        .last()
        .filter(|last| last.paragraphs.iter().flat_map(|p| &p.sentences).any(|s| kept.contains(s)));
    let ending = ending.and(chapters.pop_if(|last| last.runs.is_empty()));
    if chapters.iter().any(|chapter| !chapter.runs.is_empty()) {
        chapters.retain(|chapter| !chapter.runs.is_empty());
    } else {
        chapters.truncate(1);
    }
    chapters.extend(ending);
    chapters
}

/// At most [`MAX_CHAPTERS`] sections, by heading or else by topic.
fn sections(research: &Research, lexicon: &Lexicon) -> Vec<Section> {
    let mut sections = if research.sections.len() >= 2 {
        let mut sections = research.sections.clone();
        // Text before the first heading belongs to the first chapter.
        sections[0].paragraphs.splice(0..0, research.preamble.iter().cloned());
        sections
    } else {
        by_topic(research, lexicon)
    };
    let group = sections.len() / MAX_CHAPTERS;
    if group > 1 {
        // Too many to compare each with its neighbours.
        sections = sections.chunks(group).map(merged).collect();
    }
    while sections.len() > MAX_CHAPTERS {
        let size =
            |section: &Section| section.paragraphs.iter().map(|p| p.sentences.len()).sum::<usize>();
        let at = (1..sections.len())
            .min_by_key(|i| size(&sections[i - 1]) + size(&sections[*i]))
            .unwrap_or(1);
        let joined = merged(&sections[at - 1..=at]);
        sections.splice(at - 1..=at, [joined]);
    }
    for section in &mut sections {
        if section.heading.is_empty() {
            section.heading = title_from(&section.paragraphs, lexicon);
        }
    }
    sections
}

fn merged(group: &[Section]) -> Section {
    Section {
        heading: group
            .iter()
            .map(|s| s.heading.clone())
            .find(|h| !h.is_empty())
            .unwrap_or_default(),
        paragraphs: group.iter().flat_map(|section| section.paragraphs.clone()).collect(),
    }
}

/// Splits a text without headings where its words change most.
fn by_topic(research: &Research, lexicon: &Lexicon) -> Vec<Section> {
    let paragraphs: Vec<Paragraph> = research.paragraphs().flat_map(pieces).collect();
    let sentences: usize = paragraphs.iter().map(|p| p.sentences.len()).sum();
    let wanted = (sentences / SENTENCES_PER_CHAPTER).clamp(1, MAX_CHAPTERS).min(paragraphs.len());
    let terms: Vec<HashSet<usize>> = paragraphs
        .iter()
        .map(|p| p.sentences.iter().flat_map(|s| lexicon.terms_in(s)).collect())
        .collect();
    let mut cuts = Vec::new();
    for part in 1..wanted {
        let ideal = part * paragraphs.len() / wanted;
        let reach = (paragraphs.len() / wanted / 3).max(1);
        let low = ideal.saturating_sub(reach).max(cuts.last().map_or(1, |&last: &usize| last + 1));
        let high = (ideal + reach).min(paragraphs.len().saturating_sub(1));
        let cut = (low..=high)
            .min_by_key(|i| (terms[*i].intersection(&terms[i - 1]).count(), i.abs_diff(ideal)));
        cuts.extend(cut);
    }
    cuts.push(paragraphs.len());
    let mut start = 0;
    let mut sections = Vec::new();
    for cut in cuts {
        let paragraphs = paragraphs[start..cut].to_vec();
        let heading = research.sections.first().filter(|_| wanted == 1);
        let heading = heading.map(|section| section.heading.clone()).unwrap_or_default();
        sections.push(Section { heading, paragraphs });
        start = cut;
    }
    sections
}

/// Splits a paragraph into pieces of a few sentences, before self-contained sentences.
fn pieces(paragraph: &Paragraph) -> Vec<Paragraph> {
    let mut pieces: Vec<Paragraph> = Vec::new();
    for sentence in &paragraph.sentences {
        let full = pieces.last().is_none_or(|piece| {
            piece.sentences.len() >= 4 && !(paragraph.prose && is_anaphoric(sentence))
                || piece.sentences.len() >= 8
        });
        if full {
            pieces.push(Paragraph { sentences: Vec::new(), prose: paragraph.prose });
        }
        if let Some(piece) = pieces.last_mut() {
            piece.sentences.push(sentence.clone());
        }
    }
    pieces
}

/// Heading for paragraphs without one: their main terms, or their first words.
fn title_from(paragraphs: &[Paragraph], lexicon: &Lexicon) -> String {
    let sentences = || paragraphs.iter().flat_map(|p| &p.sentences);
    let mut counts = vec![0_usize; lexicon.terms.len()];
    for sentence in sentences() {
        for term in lexicon.terms_in(sentence) {
            counts[term] += 1;
        }
    }
    // Terms that are frequent here and rare elsewhere describe the part best.
    let share = |i: usize| counts[i] * counts[i] * 1000 / lexicon.terms[i].count.max(1);
    let mut best: Vec<usize> = (0..counts.len()).filter(|i| counts[*i] > 0).collect();
    best.sort_by_key(|i| (std::cmp::Reverse(share(*i)), *i));
    match best[..] {
        [first, second, ..] if lexicon.english => {
            let (first, second) = (&lexicon.terms[first].shown, &lexicon.terms[second].shown);
            format!("{} and {second}", capital(first))
        }
        [first, ..] => capital(lexicon.terms[first].shown.trim_matches(['“', '”'])),
        [] => first_words(sentences().next().map_or("", String::as_str)),
    }
}

fn first_words(sentence: &str) -> String {
    let start: String = sentence.chars().take(48).collect();
    if start.len() == sentence.len() {
        return start.trim_end_matches(['.', ',', ':', ';']).to_owned();
    }
    let whole = start.rsplit_once(' ').map_or(start.as_str(), |(whole, _)| whole);
    format!("{} …", whole.trim_end_matches([',', ':', ';']))
}

/// Passages of one chapter in the order of the text.
fn runs(paragraphs: &[Paragraph], lexicon: &Lexicon, kept: &HashSet<String>) -> Vec<Run> {
    let candidates: Vec<(f64, Run)> = paragraphs
        .iter()
        .flat_map(pieces)
        .filter_map(|piece| best_run(&piece, lexicon, kept))
        .collect();
    let mut order: Vec<usize> = (0..candidates.len()).collect();
    // The first passage introduces the chapter and gets a bonus.
    let worth = |i: usize| candidates[i].0 + if i == 0 { 1.5 } else { 0.0 };
    order.sort_by(|a, b| worth(*b).total_cmp(&worth(*a)).then(a.cmp(b)));
    let (mut chosen, mut told) = (Vec::new(), 0);
    for i in order {
        let length: usize = candidates[i].1.sentences.iter().map(|s| length_of(s)).sum();
        let fits = chosen.is_empty() || told + length <= CHAPTER_WORDS;
        if chosen.len() < MAX_RUNS && fits {
            chosen.push(i);
            told += length;
        }
    }
    chosen.sort_unstable();
    chosen.into_iter().map(|i| candidates[i].1.clone()).collect()
}

/// Number of words, or an equivalent for scripts without word separators.
fn length_of(sentence: &str) -> usize {
    words(sentence).len().max(sentence.chars().count() / 8)
}

/// The most informative sentences of a paragraph that are self-contained.
fn best_run(
    paragraph: &Paragraph,
    lexicon: &Lexicon,
    kept: &HashSet<String>,
) -> Option<(f64, Run)> {
    if !paragraph.prose {
        let usable = paragraph.sentences.iter().filter(|sentence| !kept.contains(*sentence));
        let sentences: Vec<String> = usable.take(MAX_ITEMS).map(|s| cut(s)).collect();
        let run = Run { sentences, prose: false };
        return (!run.sentences.is_empty()).then_some((1.0, run));
    }
    let usable = &paragraph.sentences;
    let weights: Vec<f64> = usable.iter().map(|sentence| weight(sentence, lexicon)).collect();
    let mut best: Option<(f64, usize, usize)> = None;
    for start in (0..usable.len()).filter(|i| *i == 0 || !lexicon.english || !leans(&usable[*i])) {
        // A passage ends before a sentence reserved for later.
        let free = usable[start..].iter().take(MAX_RUN).take_while(|s| !kept.contains(*s)).count();
        let end = start + free;
        if free == 0 {
            continue;
        }
        let sum: f64 = weights[start..end].iter().sum();
        let lead = if start == 0 { 1.0 } else { 0.0 };
        let score = sum / (free as f64).sqrt() + lead;
        if best.is_none_or(|(known, ..)| score > known) {
            best = Some((score, start, end));
        }
    }
    let (score, start, end) = best?;
    let sentences = usable[start..end].iter().map(|s| cut(s)).collect();
    Some((score, Run { sentences, prose: true }))
}

/// Whether a sentence refers to something that only the previous one names.
fn leans(sentence: &str) -> bool {
    const PRONOUNS: &[&str] = &[
        "it", "he", "she", "they", "him", "them", "his", "hers", "its", "their", "this", "these",
        "those", "such",
    ];
    let mut opening = words(sentence).into_iter().take(8).map(|word| word.text.to_lowercase());
    is_anaphoric(sentence) || opening.any(|word| PRONOUNS.contains(&word.as_str()))
}

/// Information content of a sentence.
fn weight(sentence: &str, lexicon: &Lexicon) -> f64 {
    let words = words(sentence);
    let content = words.iter().filter(|w| !is_stopword(&w.text.to_lowercase())).count() as f64;
    let terms = lexicon.terms_in(sentence);
    let names = terms.iter().filter(|i| lexicon.terms[**i].name).count() as f64;
    let figures = (figures(sentence).len() + years(sentence).len()).min(2) as f64;
    let sized = match words.len() {
        0..=4 => -0.4,
        5..=34 => 0.5,
        _ => -0.5,
    };
    content.sqrt() * 0.4 + (terms.len() as f64).min(4.0) * 0.3 + names * 0.4 + figures * 0.5 + sized
}

/// Truncates an overlong sentence after a whole word.
fn cut(sentence: &str) -> String {
    let Some((at, _)) = sentence.char_indices().nth(MAX_SENTENCE_CHARS) else {
        return sentence.to_owned();
    };
    let head = &sentence[..at];
    let whole = head.rsplit_once(' ').map_or(head, |(whole, _)| whole);
    format!("{whole} …")
}
