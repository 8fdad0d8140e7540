//! Tools for single lines: selection without repetition, slots, quotations.

use sha2::{Digest, Sha256};

/// Random number generator (SplitMix64) with a stable sequence: the same research, subject and
/// player give the same story on every machine and with every library version.
#[derive(Clone, Debug)]
pub(super) struct Dice(u64);

impl Dice {
    /// Seeds from texts, including their lengths, so that ("ab", "c") differs from ("a", "bc").
    pub(super) fn new(texts: &[&str]) -> Self {
        let mut hash = Sha256::new();
        for text in texts {
            hash.update((text.len() as u64).to_le_bytes());
            hash.update(text.as_bytes());
        }
        let digest = hash.finalize();
        Self(digest.iter().take(8).fold(0, |seed, byte| (seed << 8) | u64::from(*byte)))
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// A number below `n`; 0 if `n` is 0.
    pub(super) fn below(&mut self, n: usize) -> usize {
        if n == 0 { 0 } else { (self.next() % n as u64) as usize }
    }
}

/// Lines that are each used at most once.
#[derive(Clone, Debug)]
pub(super) struct Deck(Vec<&'static str>);

impl Deck {
    /// Shuffles the lines.
    pub(super) fn new(lines: &[&'static str], dice: &mut Dice) -> Self {
        let mut lines = lines.to_vec();
        for i in (1..lines.len()).rev() {
            lines.swap(i, dice.below(i + 1));
        }
        Self(lines)
    }

    /// The next line with its slots filled; `None` if all are used.
    pub(super) fn draw(&mut self, slots: &[(&str, &str)]) -> Option<String> {
        self.0.pop().map(|line| fill(line, slots))
    }
}

/// Replaces `{name}` by its value. Values are not expanded again.
pub(super) fn fill(line: &str, slots: &[(&str, &str)]) -> String {
    let mut out = String::with_capacity(line.len() + 32);
    let mut rest = line;
    while let Some((before, after)) = rest.split_once('{') {
        out.push_str(before);
        let Some((name, after)) = after.split_once('}') else {
            out.push('{');
            rest = after;
            continue;
        };
        if let Some((_, value)) = slots.iter().find(|(slot, _)| *slot == name) {
            out.push_str(value);
        }
        rest = after;
    }
    out.push_str(rest);
    out
}

/// Escapes plain text for Markdown: it is displayed as is and starts no markup.
pub(in super::super) fn plain(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 8);
    for (at, c) in text.char_indices() {
        let risky = match c {
            '\\' | '`' | '*' | '_' | '[' | ']' | '<' | '>' | '|' | '~' => true,
            '&' => text[at + 1..].starts_with(|c: char| c.is_ascii_alphanumeric() || c == '#'),
            '#' | '+' | '-' | '=' => at == 0,
            '.' | ')' => at > 0 && at <= 9 && text[..at].bytes().all(|b| b.is_ascii_digit()),
            _ => false,
        };
        if risky {
            out.push('\\');
        }
        out.push(c);
    }
    out
}

/// Whether the text can be placed in quotation marks.
pub(super) fn is_quotable(text: &str) -> bool {
    !text.contains(['"', '“', '”', '„', '«', '»'])
}

/// `“First sentence,” said she. “The others.”`
pub(super) fn speech(sentences: &[&str], tag: &str) -> String {
    let Some((first, rest)) = sentences.split_first() else { return String::new() };
    let mut out = format!("“{}” {tag}.", before_tag(&plain(first)));
    if !rest.is_empty() {
        out.push_str(&format!(" “{}”", joined(rest)));
    }
    out
}

/// Ending of a sentence before `said she`.
fn before_tag(sentence: &str) -> String {
    if sentence.ends_with(['?', '!', '…']) || sentence.ends_with("...") {
        return sentence.to_owned();
    }
    let open = sentence.trim_end_matches(['.', ':', ';', ',']);
    format!("{open},")
}

/// Joins sentences, each with a final punctuation mark.
pub(super) fn joined(sentences: &[&str]) -> String {
    let ended: Vec<String> = sentences.iter().map(|sentence| ended(&plain(sentence))).collect();
    ended.join(" ")
}

fn ended(sentence: &str) -> String {
    let last = sentence.chars().rev().find(|c| !matches!(c, '”' | '"' | '’' | ')' | '»' | '*'));
    if last.is_some_and(|c| c.is_alphanumeric() || matches!(c, ',' | ';' | ':')) {
        format!("{}.", sentence.trim_end_matches([',', ';', ':']))
    } else {
        sentence.to_owned()
    }
}

/// Capitalises the first letter.
pub(super) fn capital(text: &str) -> String {
    let mut chars = text.chars();
    chars.next().map_or_else(String::new, |c| c.to_uppercase().chain(chars).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_deck_gives_each_line_once() {
        let mut deck = Deck::new(&["a {x}", "b {x}"], &mut Dice::new(&["seed"]));
        let mut drawn = [deck.draw(&[("x", "1")]), deck.draw(&[("x", "2")])];
        drawn.sort();
        assert!(drawn.iter().all(Option::is_some));
        assert_ne!(drawn[0].as_ref().unwrap()[..1], drawn[1].as_ref().unwrap()[..1]);
        assert_eq!(deck.draw(&[]), None);
    }

    #[test]
    fn values_are_not_filled_again() {
        assert_eq!(fill("{p} and {q}", &[("p", "{q}"), ("q", "x")]), "{q} and x");
        assert_eq!(fill("an open { brace", &[]), "an open { brace");
    }

    #[test]
    fn hostile_text_shows_as_it_is() {
        assert_eq!(plain("<b>*x*</b>"), "\\<b\\>\\*x\\*\\</b\\>");
        assert_eq!(plain("# no heading"), "\\# no heading");
        assert_eq!(plain("1871. no list"), "1871\\. no list");
        assert_eq!(plain("&lt; & co"), "\\&lt; & co");
    }

    #[test]
    fn speech_ends_its_sentences_as_english_does() {
        assert_eq!(speech(&["It was lit."], "she said"), "“It was lit,” she said.");
        assert_eq!(
            speech(&["Why?", "No one knows"], "she said"),
            "“Why?” she said. “No one knows.”"
        );
    }
}
