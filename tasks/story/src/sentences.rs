//! Splits text into sentences, and sentences into words.

/// Abbreviations, whose full stop does not end a sentence.
const ABBREVIATIONS: &[&str] = &[
    "mr", "mrs", "ms", "dr", "prof", "rev", "hon", "capt", "col", "gen", "lt", "sgt", "st", "sr",
    "jr", "no", "nos", "vol", "fig", "figs", "ch", "p", "pp", "ed", "eds", "cf", "vs", "etc", "ca",
    "approx", "e.g", "i.e", "jan", "feb", "mar", "apr", "jun", "jul", "aug", "sept", "oct", "nov",
    "dec", "al",
];

/// Sentences of one paragraph, with collapsed white space; none is empty.
pub(super) fn split(paragraph: &str) -> Vec<String> {
    let text = collapse(paragraph);
    let chars: Vec<(usize, char)> = text.char_indices().collect();
    let mut sentences = Vec::new();
    let (mut start, mut i) = (0, 0);
    while i < chars.len() {
        let (at, c) = chars[i];
        i += 1;
        let wide = matches!(c, '。' | '！' | '？' | '।');
        if !(wide || matches!(c, '.' | '!' | '?' | '…' | '؟' | '۔')) {
            continue;
        }
        while i < chars.len() && is_closer(chars[i].1) {
            i += 1;
        }
        let end = chars.get(i).map_or(text.len(), |(at, _)| *at);
        if end < text.len() && !wide && !ends_here(&text[start..at], c, &chars[i..]) {
            continue;
        }
        push(&mut sentences, &text[start..end]);
        start = end;
    }
    push(&mut sentences, &text[start..]);
    sentences
}

/// Whether `c` after `before` ends a sentence, given the text after it.
fn ends_here(before: &str, c: char, after: &[(usize, char)]) -> bool {
    let mut after = after.iter().map(|(_, c)| *c);
    if after.next() != Some(' ') {
        return false;
    }
    let next = after.find(|c| c.is_alphanumeric());
    if next.is_some_and(char::is_lowercase) {
        return false;
    }
    if c != '.' {
        return true;
    }
    let last = before.rsplit([' ', '(', '“', '"', '[']).next().unwrap_or_default();
    let initial = last.chars().count() == 1 && last.chars().all(char::is_uppercase);
    !(initial || ABBREVIATIONS.contains(&last.to_lowercase().as_str()))
}

fn is_closer(c: char) -> bool {
    matches!(
        c,
        '.' | '!'
            | '?'
            | '…'
            | '"'
            | '”'
            | '’'
            | '\''
            | ')'
            | ']'
            | '»'
            | '」'
            | '』'
            | '！'
            | '？'
    )
}

fn push(sentences: &mut Vec<String>, text: &str) {
    let text = text.trim();
    if text.chars().any(char::is_alphanumeric) {
        sentences.push(text.to_owned());
    }
}

/// Collapses white space, and removes control characters and references such as `[12]`.
pub(super) fn collapse(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(c) = rest.chars().next() {
        if let Some(after) = citation(rest) {
            rest = after;
            out.truncate(out.trim_end().len());
            continue;
        }
        rest = &rest[c.len_utf8()..];
        if c.is_whitespace() || c.is_control() {
            if !out.is_empty() && !out.ends_with(' ') {
                out.push(' ');
            }
        } else {
            out.push(c);
        }
    }
    out.truncate(out.trim_end().len());
    out
}

/// The text after a reference such as `[12]`, if `text` starts with one.
fn citation(text: &str) -> Option<&str> {
    let inner = text.strip_prefix('[')?;
    let digits = inner.bytes().take_while(u8::is_ascii_digit).count();
    if digits == 0 || digits > 3 { None } else { inner[digits..].strip_prefix(']') }
}

/// One word of a sentence, and its surroundings.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Word<'a> {
    /// The word without surrounding punctuation.
    pub(super) text: &'a str,
    /// Whether it is the first of the sentence.
    pub(super) first: bool,
    /// Whether only white space separates it from the previous word.
    pub(super) joined: bool,
    /// Whether punctuation or the end follows.
    pub(super) closed: bool,
}

/// Words of a sentence in order.
pub(super) fn words(sentence: &str) -> Vec<Word<'_>> {
    let mut words: Vec<Word<'_>> = Vec::new();
    let mut joined = true;
    for piece in sentence.split([' ', '—', '–', '/']) {
        let text = piece.trim_matches(|c: char| !c.is_alphanumeric());
        if text.is_empty() {
            // A dash on its own, or one at which words were split.
            joined = false;
            if let Some(last) = words.last_mut() {
                last.closed = true;
            }
            continue;
        }
        let opened = !piece.starts_with(text);
        let closed = !piece.ends_with(text);
        words.push(Word { text, first: words.is_empty(), joined: joined && !opened, closed });
        joined = !closed;
    }
    if let Some(last) = words.last_mut() {
        last.closed = true;
    }
    words
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn titles_initials_and_decimals_do_not_end_a_sentence() {
        let text = "Dr. J. R. Hale measured 3.5 m at St. Piran. She wrote it down.";
        assert_eq!(
            split(text),
            ["Dr. J. R. Hale measured 3.5 m at St. Piran.", "She wrote it down."]
        );
    }

    #[test]
    fn closing_quotes_stay_with_their_sentence() {
        assert_eq!(
            split("“It burns.” He left (at last). Why?"),
            ["“It burns.”", "He left (at last).", "Why?"]
        );
    }

    #[test]
    fn chinese_and_hindi_are_cut_without_spaces() {
        assert_eq!(split("海很大。灯塔很高。"), ["海很大。", "灯塔很高。"]);
        assert_eq!(split("यह एक है। वह दो है।").len(), 2);
    }

    #[test]
    fn references_are_left_out() {
        assert_eq!(
            split("Salt slows it.[12] So does cold [3]."),
            ["Salt slows it.", "So does cold."]
        );
    }

    #[test]
    fn words_know_their_neighbours() {
        let words = words("The lamp, at last—lit.");
        let told: Vec<_> = words.iter().map(|w| (w.text, w.joined, w.closed)).collect();
        assert_eq!(
            told,
            [
                ("The", true, false),
                ("lamp", true, true),
                ("at", false, false),
                ("last", true, false),
                ("lit", true, true)
            ]
        );
    }

    proptest! {
        #[test]
        fn no_letter_is_lost(text in "\\PC{0,200}") {
            let letters = |text: &str| text.chars().filter(|c| c.is_alphabetic()).collect::<String>();
            let all: String = split(&text).concat();
            prop_assert_eq!(letters(&all), letters(&text));
            for sentence in split(&text) {
                words(&sentence);
            }
        }
    }
}
