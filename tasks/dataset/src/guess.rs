//! Guesses the encoding of bytes that are no UTF-8: which reading of them looks most like words and
//! signs where people write them.

use chardetng::{EncodingDetector, Iso2022JpDetection, Utf8Detection};
use encoding_rs::{ISO_8859_2, MACINTOSH, WINDOWS_1250, WINDOWS_1252};

use super::charset::Charset;

/// An encoding that was guessed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Guess {
    pub(super) charset: Charset,
    /// Another one that reads the bytes in another way and fits nearly as well.
    pub(super) rival: Option<Charset>,
}

const WINDOWS: Charset = Charset::Standard(WINDOWS_1252);
/// Encodings of Latin letters; in doubt the first one that fits.
const LATIN: [Charset; 6] = [
    WINDOWS,
    Charset::Standard(ISO_8859_2),
    Charset::Standard(WINDOWS_1250),
    Charset::Ibm850,
    Charset::Standard(MACINTOSH),
    Charset::Ibm852,
];
/// Maximum number of bytes by which Latin letters are judged.
const MAX_JUDGED: usize = 64 << 10;

/// Guesses the encoding of bytes that are no UTF-8.
pub(super) fn guess(bytes: &[u8], is_whole: bool) -> Guess {
    let mut detector = EncodingDetector::new(Iso2022JpDetection::Deny);
    detector.feed(bytes, is_whole);
    let guessed = Charset::Standard(detector.guess(None, Utf8Detection::Deny));
    let bytes = &bytes[..bytes.len().min(MAX_JUDGED)];
    let bytes = &if guessed.is_single_byte() { without_utf_8(bytes) } else { bytes.to_vec() };
    let western = read(bytes, WINDOWS);
    if are_signs(&western, if guessed.is_single_byte() { 3 } else { 1 }) {
        return Guess { charset: WINDOWS, rival: None };
    }
    if !is_latin(bytes, &western, guessed.is_single_byte()) {
        return Guess { charset: guessed, rival: None };
    }
    let own =
        if guessed.is_single_byte() { score(&read(bytes, guessed), letters(guessed)) } else { -1 };
    let scores: Vec<_> = std::iter::once((guessed, own))
        .chain(LATIN.map(|other| (other, score(&read(bytes, other), letters(other)))))
        .collect();
    // The first of the best.
    let (charset, best) =
        scores.iter().rev().copied().max_by_key(|(_, score)| *score).unwrap_or((guessed, own));
    let text = read(bytes, charset);
    let is_other = |other: Charset| !other.is_single_byte() || read(bytes, other) != text;
    let rival = scores.iter().filter(|_| is_other(guessed)).find(|(other, score)| {
        *score > 0 && *score >= best - (best / 4).max(1) && is_other(*other)
    });
    Guess { charset, rival: rival.map(|(rival, _)| *rival) }
}

/// Replaces what is UTF-8 beyond ASCII by blanks: it is read as UTF-8 among other bytes.
fn without_utf_8(bytes: &[u8]) -> Vec<u8> {
    let mut other = Vec::with_capacity(bytes.len());
    for chunk in bytes.utf8_chunks() {
        other.extend(chunk.valid().bytes().map(|byte| if byte.is_ascii() { byte } else { b' ' }));
        other.extend_from_slice(chunk.invalid());
    }
    other
}

/// Reads each byte as one character.
fn read(bytes: &[u8], charset: Charset) -> Vec<char> {
    let mut chars = ['\0'; 128];
    for (byte, char) in (128..=u8::MAX).zip(&mut chars) {
        *char = charset.char_of(byte);
    }
    let char = |byte: &u8| chars.get(usize::from(*byte).wrapping_sub(128)).copied();
    bytes.iter().map(|byte| char(byte).unwrap_or(char::from(*byte))).collect()
}

/// A character beyond ASCII with those around it.
struct Spot {
    char: char,
    /// Up to two before it, the nearest first.
    before: [char; 2],
    /// Up to three after it, the nearest first.
    after: [char; 3],
}

fn spots(chars: &[char]) -> impl Iterator<Item = Spot> {
    let at = |at: Option<usize>| at.and_then(|at| chars.get(at)).copied().unwrap_or(' ');
    let others = chars.iter().enumerate().filter(|(_, char)| !char.is_ascii());
    others.map(move |(index, char)| Spot {
        char: *char,
        before: [1, 2].map(|back| at(index.checked_sub(back))),
        after: [1, 2, 3].map(|on| at(index.checked_add(on))),
    })
}

/// Whether all characters beyond ASCII are signs where they are usual, at most so many side by side.
fn are_signs(chars: &[char], side_by_side: usize) -> bool {
    let runs = chars.split(char::is_ascii);
    runs.map(<[char]>::len).all(|length| length <= side_by_side)
        && spots(chars).all(|spot| spot.is_usual_sign())
}

/// Whether most bytes above ASCII stand in words of ASCII letters, as in Latin scripts, or are signs;
/// if bytes may belong together, whether most stand alone in such words.
fn is_latin(bytes: &[u8], western: &[char], is_single_byte: bool) -> bool {
    let (mut alone, mut short, mut all, mut at) = (0, 0, 0, 0_usize);
    for run in bytes.split(u8::is_ascii) {
        let is_letter = |at: Option<usize>| {
            at.and_then(|at| bytes.get(at)).is_some_and(u8::is_ascii_alphabetic)
        };
        let in_word = is_letter(at.checked_sub(1)) || is_letter(Some(at + run.len()));
        all += run.len();
        match run.len() {
            1 if in_word => (alone, short) = (alone + 1, short + 1),
            2 if in_word => short += 2,
            _ => {}
        }
        at += run.len() + 1;
    }
    let signs = spots(western).filter(Spot::is_usual_sign).filter(|spot| !spot.is_in_word());
    alone * 2 > all || is_single_byte && (short + signs.count()) * 2 > all
}

/// Letters beside ASCII that are common in Western Europe.
const WESTERN: &str = "äöüßéèêëàâçîïôûùñáíóúåøæãõýðþÄÖÜÉÅØÆÇÑÞ";
/// The same of Central Europe: Polish, Czech, Slovak, Hungarian, Slovenian, Croatian, German.
const CENTRAL: &str = "äöüßéáíóúýąćęłńśźżčďěňřšťůžľĺőűôđÄÖÜÉÁŁŚŻŹĆČĎĚŇŘŠŤŮŽŐÚÓ";
/// Western letters, and those of Turkish or of the Baltic that have their place.
const TURKISH: &str = "äöüßéèêëàâçîïôûùñáíóúåøæãõşğıÄÖÜÉÅØÆÇÑŞĞİ";
const BALTIC: &str = "äöüßéèêëàâçîïôûùñáíóúåøæãõšžÄÖÜÉÅØÆÇÑŠŽ";

fn letters(charset: Charset) -> &'static str {
    match charset.name() {
        "ISO-8859-2" | "windows-1250" | "IBM852" => CENTRAL,
        "windows-1254" => TURKISH,
        "windows-1257" | "ISO-8859-4" | "ISO-8859-13" => BALTIC,
        _ => WESTERN,
    }
}

/// How much like words with these letters, and signs, a text looks.
fn score(chars: &[char], letters: &str) -> i64 {
    spots(chars).map(|spot| spot.score(letters)).sum()
}

impl Spot {
    /// Whether an ASCII letter stands beside it.
    const fn is_in_word(&self) -> bool {
        self.before[0].is_ascii_alphabetic() || self.after[0].is_ascii_alphabetic()
    }

    const fn is_letter(&self) -> bool {
        !matches!(self.char, 'ª' | 'º' | 'µ' | 'ˇ' | 'ˆ' | 'ƒ')
    }

    fn score(&self, letters: &str) -> i64 {
        let (before, after) = (self.before[0], self.after[0]);
        if self.char.is_alphabetic() && self.is_letter() {
            return self.score_of_letter(letters);
        }
        let is_between = before.is_ascii_alphabetic() && after.is_ascii_alphabetic();
        match self.char {
            _ if self.is_usual_sign() => 2,
            char if char.is_control() || char == '\u{fffd}' => -3,
            '’' | '“' | '”' | '–' | '…' if !is_between => 0,
            _ if is_between => -3,
            _ if self.is_in_word() => -1,
            _ => 0,
        }
    }

    fn score_of_letter(&self, letters: &str) -> i64 {
        let ([before, _], [after, ..]) = (self.before, self.after);
        let is_vowel = |char: char| "aeiouAEIOU".contains(char);
        let is_between_vowels = is_vowel(before) && is_vowel(after);
        let begins = !before.is_alphabetic();
        match self.char {
            _ if begins && !after.is_alphabetic() => 0,
            char if char.is_uppercase() && before.is_ascii_lowercase() => -1,
            // A small letter goes on, so that this one is no capital.
            char if char.is_uppercase() && before.is_alphabetic() && after.is_ascii_lowercase() => {
                -1
            }
            // A figure before a letter is the value of a unit.
            _ if before.is_ascii_digit() => 0,
            'â' | 'ê' | 'î' | 'ô' | 'û' if is_between_vowels => 0,
            'ñ' if is_between_vowels => 3,
            'þ' | 'Þ' if !begins => 0,
            'ð' if begins => 0,
            char if letters.contains(char) => 2,
            _ => 0,
        }
    }

    /// Whether it is a sign that is common in tables and texts, and stands where it usually does.
    fn is_usual_sign(&self) -> bool {
        let ([before, _], [after, ..]) = (self.before, self.after);
        let (left, right) = (before.is_alphabetic(), after.is_alphabetic());
        match self.char {
            'µ' => !left,
            '°' => {
                (!left || matches!(before, 'n' | 'N')) && (!right || "CFKNSEWO".contains(after))
            }
            '±' | '×' | '÷' | '€' | '£' | '¥' | '¢' => !left && !right,
            '²' | '³' | '¹' => (before.is_alphanumeric() || before == ')') && !right,
            '©' | '„' | '«' => !before.is_alphanumeric(),
            '®' | '™' | '…' | '”' | '»' => !after.is_alphanumeric(),
            '“' => !before.is_alphanumeric() && !after.is_whitespace(),
            '’' => self.is_apostrophe(),
            '–' | '—' | '½' | '¼' | '¾' | '•' | '·' => !left && !right,
            '§' => !left && (after.is_whitespace() || after.is_ascii_digit() || after == '§'),
            '\u{a0}' => {
                let has_figure = before.is_ascii_digit() || after.is_ascii_digit();
                has_figure || before == '«' || ":;!?»%€".contains(after)
            }
            _ => false,
        }
    }

    /// Whether it stands where an apostrophe does: before an ending, as in `it’s`, or after an article,
    /// as in `l’eau`.
    fn is_apostrophe(&self) -> bool {
        let ([before, second], [after, next, third]) = (self.before, self.after);
        let ends = |char: char| !char.is_alphanumeric();
        let is_ending = matches!(after, 's' | 't' | 'm' | 'd' | 'S' | 'T') && ends(next)
            || matches!((after, next), ('l', 'l') | ('r' | 'v', 'e')) && ends(third);
        let is_article = "lLdDjJnNmMtTsScCuUO".contains(before) && !second.is_alphabetic()
            || (second, before) == ('l', 'l');
        before.is_alphabetic() && (is_ending || is_article && after.is_alphabetic())
    }
}

#[cfg(test)]
#[path = "guess_tests.rs"]
mod tests;
