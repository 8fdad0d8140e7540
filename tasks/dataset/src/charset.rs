//! Detects the encoding of a file.

use encoding_rs::{Encoding, UTF_8, UTF_16BE, UTF_16LE};
use oem_cp::code_table::{DECODING_TABLE_CP437, DECODING_TABLE_CP850, DECODING_TABLE_CP852};

use super::guess::{Guess, guess};

/// An encoding.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Charset {
    /// One of the Encoding Standard.
    Standard(&'static Encoding),
    /// Code page 850, which DOS and the Windows console write in Western Europe; the Encoding
    /// Standard does not have it.
    Ibm850,
    /// The same of the first IBM PC.
    Ibm437,
    /// The same of Central Europe.
    Ibm852,
}

impl Charset {
    pub(super) const UTF_8: Self = Self::Standard(UTF_8);

    /// The encoding with a name such as `utf-8`, `latin1` or `cp850`.
    pub(super) fn by_name(name: &str) -> Option<Self> {
        let name = name.trim();
        let plain: String =
            name.chars().filter(char::is_ascii_alphanumeric).collect::<String>().to_lowercase();
        match plain.as_str() {
            "cp437" | "ibm437" | "437" => return Some(Self::Ibm437),
            "cp850" | "ibm850" | "850" => return Some(Self::Ibm850),
            "cp852" | "ibm852" | "852" => return Some(Self::Ibm852),
            _ => {}
        }
        let known = match plain.as_str() {
            "macroman" => Some("macintosh"),
            "utf8" | "utf8sig" | "utf8bom" | "cp65001" => Some("utf-8"),
            "utf16" | "cp1200" => Some("utf-16le"),
            "latin9" => Some("iso-8859-15"),
            "ansi" => Some("windows-1252"),
            "cp932" => Some("shift_jis"),
            "cp936" => Some("gbk"),
            "cp949" => Some("euc-kr"),
            "cp950" => Some("big5"),
            _ => None,
        };
        let windows = plain.strip_prefix("cp").map(|number| format!("windows-{number}"));
        let dashed = name.replace('_', "-");
        let labels = [Some(name), known, Some(dashed.as_str()), Some(&plain), windows.as_deref()];
        let found =
            labels.into_iter().flatten().find_map(|label| Encoding::for_label(label.as_bytes()));
        found.map(Self::Standard)
    }

    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Standard(encoding) => encoding.name(),
            Self::Ibm850 => "IBM850",
            Self::Ibm437 => "IBM437",
            Self::Ibm852 => "IBM852",
        }
    }

    /// Whether each byte is one character.
    pub(super) fn is_single_byte(self) -> bool {
        match self {
            Self::Standard(encoding) => encoding.is_single_byte(),
            Self::Ibm437 | Self::Ibm850 | Self::Ibm852 => true,
        }
    }

    /// Character of a byte above ASCII.
    pub(super) fn char_of(self, byte: u8) -> char {
        match self {
            Self::Standard(encoding) => {
                let (text, _) = encoding.decode_without_bom_handling(std::slice::from_ref(&byte));
                text.chars().next().unwrap_or('\u{fffd}')
            }
            Self::Ibm437 => of_table(&DECODING_TABLE_CP437, byte),
            Self::Ibm850 => of_table(&DECODING_TABLE_CP850, byte),
            Self::Ibm852 => of_table(&DECODING_TABLE_CP852, byte),
        }
    }
}

/// Character of a byte in a table of those above ASCII.
fn of_table(table: &[char; 128], byte: u8) -> char {
    let position = usize::from(byte).checked_sub(128);
    position.map_or(char::from(byte), |position| table[position])
}

/// Encoding of the beginning of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Detected {
    pub(super) charset: Charset,
    /// Whether it was guessed, because nothing states it.
    pub(super) guessed: bool,
    /// Another encoding that fits nearly as well.
    pub(super) rival: Option<Charset>,
}

impl Detected {
    /// An encoding that is certain.
    pub(super) const fn sure(charset: Charset) -> Self {
        Self { charset, guessed: false, rival: None }
    }

    /// Its name, and the other that is as possible.
    pub(super) fn named(self) -> String {
        let name = self.charset.name();
        self.rival
            .map_or(name.to_owned(), |rival| format!("{name}; {} is as possible", rival.name()))
    }
}

/// Detects the encoding of the beginning of a file.
pub(super) fn detect(sample: &[u8], is_whole: bool) -> Detected {
    if let Some((encoding, _)) = Encoding::for_bom(sample) {
        return Detected::sure(Charset::Standard(encoding));
    }
    if let Some(encoding) = utf_16(sample) {
        return Detected { guessed: true, ..Detected::sure(Charset::Standard(encoding)) };
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
        return Detected::sure(Charset::UTF_8);
    }
    let Guess { charset, rival } = guess(sample, is_whole);
    Detected { charset, guessed: true, rival }
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

#[cfg(test)]
mod tests {
    use super::{super::decoding::Decoding, *};

    fn decoded(bytes: &[u8]) -> (String, &'static str) {
        let charset = detect(bytes, true).charset;
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
            ("latin-1", "windows-1252"),
            ("cp932", "Shift_JIS"),
            ("CP437", "IBM437"),
            ("utf_16", "UTF-16LE"),
            ("utf-8-sig", "UTF-8"),
            ("mac_roman", "macintosh"),
            ("latin-9", "ISO-8859-15"),
            ("ANSI", "windows-1252"),
        ] {
            assert_eq!(Charset::by_name(label).map(Charset::name), Some(name), "{label:?}");
        }
        assert_eq!(Charset::by_name("klingon"), None);
    }
}
