//! Detects the encoding of a file.

use chardetng::{EncodingDetector, Iso2022JpDetection, Utf8Detection};
use encoding_rs::{
    Encoding, ISO_8859_2, MACINTOSH, UTF_8, UTF_16BE, UTF_16LE, WINDOWS_1250, WINDOWS_1252,
};
use oem_cp::code_table::DECODING_TABLE_CP850;

/// An encoding.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Charset {
    /// One of the Encoding Standard.
    Standard(&'static Encoding),
    /// Code page 850, which DOS and the Windows console write in Western Europe; the Encoding
    /// Standard does not have it.
    Ibm850,
}

impl Charset {
    pub(super) const UTF_8: Self = Self::Standard(UTF_8);

    /// The encoding with a name such as `utf-8`, `latin1` or `cp850`.
    pub(super) fn by_name(name: &str) -> Option<Self> {
        let name = name.trim();
        let dos = ["cp850", "ibm850", "850", "cp-850"];
        if dos.iter().any(|known| name.eq_ignore_ascii_case(known)) {
            return Some(Self::Ibm850);
        }
        let bare = name.strip_prefix("cp").or_else(|| name.strip_prefix("CP"));
        let windows = bare.map(|number| format!("windows-{number}"));
        let found = Encoding::for_label(name.as_bytes());
        let found = found.or_else(|| match name.to_ascii_lowercase().as_str() {
            "macroman" | "mac-roman" | "mac_roman" => Some(MACINTOSH),
            "utf8" | "utf-8-sig" | "utf8-sig" | "utf-8-bom" => Some(UTF_8),
            "utf16" => Some(UTF_16LE),
            _ => Encoding::for_label(windows?.as_bytes()),
        });
        found.map(Self::Standard)
    }

    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Standard(encoding) => encoding.name(),
            Self::Ibm850 => "IBM850",
        }
    }

    /// Whether each byte is one character.
    pub(super) fn is_single_byte(self) -> bool {
        match self {
            Self::Standard(encoding) => encoding.is_single_byte(),
            Self::Ibm850 => true,
        }
    }

    /// Character of a byte above ASCII.
    pub(super) fn char_of(self, byte: u8) -> char {
        match self {
            Self::Standard(encoding) => {
                let (text, _) = encoding.decode_without_bom_handling(std::slice::from_ref(&byte));
                text.chars().next().unwrap_or('\u{fffd}')
            }
            Self::Ibm850 => {
                let position = usize::from(byte).checked_sub(128);
                position.map_or(char::from(byte), |position| DECODING_TABLE_CP850[position])
            }
        }
    }
}

/// Encoding of the beginning of a file, and whether it is a guess.
pub(super) fn detect(sample: &[u8], is_whole: bool) -> (Charset, bool) {
    if let Some((encoding, _)) = Encoding::for_bom(sample) {
        return (Charset::Standard(encoding), false);
    }
    if let Some(encoding) = utf_16(sample) {
        return (Charset::Standard(encoding), true);
    }
    let (mut valid, mut invalid) = (0, 0);
    let mut chunks = sample.utf8_chunks().peekable();
    while let Some(chunk) = chunks.next() {
        valid += chunk.valid().chars().filter(|char| !char.is_ascii()).count();
        // A character cut off at the end of the sample is valid.
        let is_cut = chunks.peek().is_none() && !is_whole;
        invalid += usize::from(!chunk.invalid().is_empty() && !is_cut);
    }
    // One broken character among right ones does not make another encoding.
    if valid > invalid || invalid == 0 {
        return (Charset::UTF_8, false);
    }
    (guess(sample, is_whole), true)
}

/// UTF-16 without a byte order mark: delimiters, digits and line endings contain a NUL each, all on
/// the same side.
fn utf_16(sample: &[u8]) -> Option<&'static Encoding> {
    let (mut first, mut second) = (0, 0);
    for pair in sample.chunks_exact(2) {
        first += usize::from(pair[0] == 0);
        second += usize::from(pair[1] == 0);
    }
    let many = |count: usize| count > 1 && count * 10 >= sample.len() / 2;
    match (many(first), many(second)) {
        (false, true) if first == 0 => Some(UTF_16LE),
        (true, false) if second == 0 => Some(UTF_16BE),
        _ => None,
    }
}

/// Guesses the encoding of bytes that are no UTF-8.
pub(super) fn guess(bytes: &[u8], is_whole: bool) -> Charset {
    let mut detector = EncodingDetector::new(Iso2022JpDetection::Deny);
    detector.feed(bytes, is_whole);
    let guessed = Charset::Standard(detector.guess(None, Utf8Detection::Deny));
    if !is_latin(bytes) {
        return guessed;
    }
    let others = [
        (Charset::Standard(WINDOWS_1252), WESTERN),
        (Charset::Standard(ISO_8859_2), CENTRAL),
        (Charset::Standard(WINDOWS_1250), CENTRAL),
        (Charset::Ibm850, WESTERN),
        (Charset::Standard(MACINTOSH), WESTERN),
    ];
    let own = others.iter().find(|(other, _)| *other == guessed);
    let own = own.map_or(WESTERN, |(_, letters)| letters);
    let mut best =
        (guessed, if guessed.is_single_byte() { score(bytes, guessed, own) } else { -1 });
    for (other, letters) in others {
        let score = score(bytes, other, letters);
        if score > best.1 {
            best = (other, score);
        }
    }
    best.0
}

/// Whether most bytes above ASCII stand alone in words of ASCII letters, as in Latin scripts.
fn is_latin(bytes: &[u8]) -> bool {
    let (mut alone, mut all) = (0, 0);
    for (before, byte, after) in neighbours(bytes) {
        if byte >= 0x80 {
            all += 1;
            let in_word = before.is_ascii_alphabetic() || after.is_ascii_alphabetic();
            alone += usize::from(before < 0x80 && after < 0x80 && in_word);
        }
    }
    alone * 2 > all
}

fn neighbours(bytes: &[u8]) -> impl Iterator<Item = (u8, u8, u8)> {
    let before = std::iter::once(b' ').chain(bytes.iter().copied());
    let after = bytes.iter().copied().skip(1).chain(std::iter::once(b' '));
    before
        .zip(bytes.iter().copied())
        .zip(after)
        .map(|((before, byte), after)| (before, byte, after))
}

/// Letters beside ASCII that are common in Western Europe.
const WESTERN: &str = "äöüßéèêëàâçîïôûùñáíóúåøæãõÄÖÜÉÅØÆÇÑ";
/// The same of Central Europe: Polish, Czech, Slovak, Hungarian, Slovenian, German.
const CENTRAL: &str = "äöüßéáíóúýąćęłńśźżčďěňřšťůžľĺőűôÄÖÜÉÁŁŚŻŹĆČĎĚŇŘŠŤŮŽŐÚÓ";

/// How much like words with these letters the bytes look in an encoding.
fn score(bytes: &[u8], charset: Charset, letters: &str) -> i64 {
    let mut chars = ['\0'; 128];
    for (byte, char) in (128..=u8::MAX).zip(&mut chars) {
        *char = charset.char_of(byte);
    }
    let mut score = 0;
    for (before, byte, after) in neighbours(bytes).filter(|(_, byte, _)| *byte >= 0x80) {
        let char = chars[usize::from(byte) - 128];
        let (left, right) = (before.is_ascii_alphabetic(), after.is_ascii_alphabetic());
        let is_symbol = !char.is_alphabetic() || matches!(char, 'ª' | 'º');
        score += match (is_symbol, left || right) {
            (_, false) | (true, true) if matches!(char, '’' | '“' | '”' | '–' | '…') => 0,
            (_, false) => 0,
            (true, true) => {
                if left && right {
                    -3
                } else {
                    -1
                }
            }
            (false, true) if char.is_uppercase() && before.is_ascii_lowercase() => -1,
            (false, true) => {
                if letters.contains(char) {
                    2
                } else {
                    0
                }
            }
        };
    }
    score
}

#[cfg(test)]
mod tests {
    use super::{super::decoding::Decoding, *};

    fn decoded(bytes: &[u8]) -> (String, &'static str) {
        let (charset, _) = detect(bytes, true);
        let mut text = Vec::new();
        let mut decoding = Decoding::new(charset, false);
        assert!(decoding.decode(bytes, true, &mut text).is_finished);
        (String::from_utf8(text).unwrap(), charset.name())
    }

    #[test]
    fn encodings_are_told_apart_by_the_words_in_them() {
        for (bytes, text, name) in [
            (b"M\xfcller,Stra\xdfe".as_slice(), "Müller,Straße", "windows-1252"),
            (b"M\x81ller,Stra\xe1e", "Müller,Straße", "IBM850"),
            (b"M\x9fller,Stra\xa7e", "Müller,Straße", "macintosh"),
            (b"caf\x82,fran\x87ais", "café,français", "IBM850"),
            (b"caf\x8e,fran\x8dais", "café,français", "macintosh"),
            (b"caf\xe9,fran\xe7ais", "café,français", "windows-1252"),
            (
                b"\xa3\xf3d\xbc,Gda\xf1sk,\xa6wi\xeatokrzyskie",
                "Łódź,Gdańsk,Świętokrzyskie",
                "ISO-8859-2",
            ),
            (
                b"\xa3\xf3d\x9f,Gda\xf1sk,\x8cwi\xeatokrzyskie",
                "Łódź,Gdańsk,Świętokrzyskie",
                "windows-1250",
            ),
            (
                b"P\xf8\xedbram,Plze\xf2,Ko\xb9ice,Brod\xec",
                "Příbram,Plzeň,Košice,Brodě",
                "ISO-8859-2",
            ),
            (
                b"P\xf8\xedbram,Plze\xf2,Ko\x9aice,\xdd\x9eov",
                "Příbram,Plzeň,Košice,Ýžov",
                "windows-1250",
            ),
            (b"Sm\xf8rrebr\xf8d,\xc5rhus,sm\xe5", "Smørrebrød,Århus,små", "windows-1252"),
            ("Müller,é\n".as_bytes(), "Müller,é\n", "UTF-8"),
            (b"M\xc3\xbcller,G\xc3\xb6the,caf\xe9", "Müller,Göthe,café", "UTF-8"),
            (b"M\xc3\xbcller,G\xc3\xb6the,\xe4\xb8,", "Müller,Göthe,\u{fffd},", "UTF-8"),
            (b"caf\xe9,fran\xe7ais,M\xc3\xbcller", "café,français,Müller", "windows-1252"),
            (b"\xef\xbb\xbfa", "a", "UTF-8"),
        ] {
            assert_eq!(decoded(bytes), (text.to_owned(), name), "{bytes:?}");
        }
        let russian = b"\xcf\xf0\xe8\xe2\xe5\xf2, \xec\xe8\xf0! \xca\xe0\xea \xe4\xe5\xeb\xe0?";
        assert_eq!(decoded(russian).0, "Привет, мир! Как дела?");
    }

    #[test]
    fn encodings_have_names() {
        for (label, name) in [
            ("latin1", "windows-1252"),
            ("cp850", "IBM850"),
            ("MacRoman", "macintosh"),
            ("UTF-8", "UTF-8"),
            ("cp1252", "windows-1252"),
            ("utf-16", "UTF-16LE"),
            ("utf8", "UTF-8"),
            ("cp1251", "windows-1251"),
        ] {
            assert_eq!(Charset::by_name(label).map(Charset::name), Some(name), "{label:?}");
        }
        assert_eq!(Charset::by_name("klingon"), None);
    }
}
