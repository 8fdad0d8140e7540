//! Decodes bytes of which some may have another encoding than most.

use encoding_rs::{
    CoderResult, Decoder, Encoding, MACINTOSH, UTF_8, UTF_16BE, UTF_16LE, WINDOWS_1252,
};

use super::{charset::Charset, guess::guess};

/// Decodes a file block by block to UTF-8.
pub(super) enum Decoding {
    /// All of it has one encoding, or all from here on if it is named.
    Whole(Box<Decoder>, Option<Charset>),
    /// UTF-8 in which single bytes may have another encoding, or the other way round.
    Mixed(Mixed),
}

/// UTF-8 mixed with an encoding of single bytes.
pub(super) struct Mixed {
    /// The other encoding, once it is known.
    pub(super) other: Option<Charset>,
    /// Whether the file is mostly UTF-8.
    mostly_utf_8: bool,
    at_start: bool,
    has_utf_8: bool,
}

/// What became of a block.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Decoded {
    /// Number of bytes read; the rest belongs to the next block.
    pub(super) read: usize,
    /// Whether the file ended and all of it is decoded.
    pub(super) is_finished: bool,
    /// Characters of the rarer encoding: their number, and where in the text the first stands.
    pub(super) odd: usize,
    pub(super) first_odd: usize,
}

impl Decoding {
    /// Decodes a file of this encoding; `is_exact` if it was given.
    pub(super) fn new(charset: Charset, is_exact: bool) -> Self {
        match charset {
            Charset::Standard(encoding)
                if encoding == UTF_16LE || encoding == UTF_16BE || is_exact =>
            {
                Self::Whole(Box::new(encoding.new_decoder()), None)
            }
            Charset::Standard(encoding)
                if encoding != UTF_8 && encoding != WINDOWS_1252 && encoding != MACINTOSH =>
            {
                Self::Whole(Box::new(encoding.new_decoder()), None)
            }
            _ => Self::Mixed(Mixed {
                other: (charset != Charset::UTF_8).then_some(charset),
                mostly_utf_8: charset == Charset::UTF_8,
                at_start: true,
                has_utf_8: false,
            }),
        }
    }

    /// Encoding of the odd characters, and whether they are UTF-8.
    pub(super) const fn odd_charset(&self) -> Option<(Charset, bool)> {
        match self {
            Self::Mixed(Mixed { other: Some(other), mostly_utf_8, .. }) => {
                Some((*other, !*mostly_utf_8))
            }
            Self::Whole(_, Some(later)) => Some((*later, false)),
            _ => None,
        }
    }

    /// Decodes a block, and appends its text to `text`.
    pub(super) fn decode(&mut self, raw: &[u8], is_last: bool, text: &mut Vec<u8>) -> Decoded {
        match self {
            Self::Whole(decoder, later) => {
                let start = text.len();
                let decoded = whole(decoder, raw, is_last, text);
                if later.is_none() {
                    return decoded;
                }
                let added = &text[start..];
                let first_odd = added.iter().position(|byte| !byte.is_ascii()).unwrap_or(0);
                // Bytes that begin a character beyond ASCII.
                let odd = added.iter().filter(|byte| **byte >= 0xc0).count();
                Decoded { odd, first_odd, ..decoded }
            }
            Self::Mixed(mixed) => {
                let start = text.len();
                let decoded = mixed.decode(raw, is_last, text);
                match decoded {
                    Ok(decoded) => decoded,
                    Err((encoding, read)) => {
                        let decoder = Box::new(encoding.new_decoder_without_bom_handling());
                        *self = Self::Whole(decoder, Some(Charset::Standard(encoding)));
                        let before = text.len() - start;
                        let mut rest = self.decode(&raw[read..], is_last, text);
                        rest.read += read;
                        rest.first_odd += before;
                        rest
                    }
                }
            }
        }
    }
}

fn whole(decoder: &mut Decoder, raw: &[u8], is_last: bool, text: &mut Vec<u8>) -> Decoded {
    let start = text.len();
    // UTF-8 needs at most three bytes per byte, and the decoder may hold back some.
    text.resize(start + raw.len() * 3 + 16, 0);
    let (result, read, written, _) = decoder.decode_to_utf8(raw, &mut text[start..], is_last);
    text.truncate(start + written);
    let is_finished = is_last && result == CoderResult::InputEmpty;
    Decoded { read, is_finished, ..Decoded::default() }
}

impl Mixed {
    /// Decodes a block; an encoding of several bytes, and where it begins, if it turns out to be
    /// one from there on.
    fn decode(
        &mut self,
        raw: &[u8],
        is_last: bool,
        text: &mut Vec<u8>,
    ) -> Result<Decoded, (&'static Encoding, usize)> {
        let mark = "\u{feff}".as_bytes();
        let mut at = if self.at_start && raw.starts_with(mark) { mark.len() } else { 0 };
        self.at_start &= raw.is_empty();
        let mut decoded = Decoded { is_finished: is_last, ..Decoded::default() };
        let start = text.len();
        let mut note = |odd: usize, index: usize| {
            if decoded.odd == 0 {
                decoded.first_odd = index - start;
            }
            decoded.odd += odd;
        };
        while at < raw.len() {
            let (valid, bad) = match std::str::from_utf8(&raw[at..]) {
                Ok(valid) => (valid.as_bytes(), 0),
                Err(error) => {
                    let valid = &raw[at..at + error.valid_up_to()];
                    let rest = raw.len() - at - valid.len();
                    let bad = error.error_len();
                    if bad.is_none() && !is_last {
                        self.see(valid, text, &mut note);
                        at += valid.len();
                        break;
                    }
                    (valid, bad.unwrap_or(rest))
                }
            };
            self.see(valid, text, &mut note);
            at += valid.len();
            if bad > 0 {
                let bytes = &raw[at..at + bad];
                self.odd(bytes, &raw[at..], text, &mut note).map_err(|encoding| (encoding, at))?;
                at += bad;
            }
        }
        decoded.read = at;
        Ok(decoded)
    }

    /// Appends valid UTF-8.
    fn see(&mut self, valid: &[u8], text: &mut Vec<u8>, note: &mut impl FnMut(usize, usize)) {
        if !valid.is_ascii() {
            self.has_utf_8 = true;
            if !self.mostly_utf_8 {
                let first = valid.iter().position(|byte| !byte.is_ascii()).unwrap_or(0);
                let all =
                    String::from_utf8_lossy(valid).chars().filter(|char| !char.is_ascii()).count();
                note(all, text.len() + first);
            }
        }
        text.extend_from_slice(valid);
    }

    /// Appends bytes that are no UTF-8, in the other encoding.
    fn odd(
        &mut self,
        bytes: &[u8],
        rest: &[u8],
        text: &mut Vec<u8>,
        note: &mut impl FnMut(usize, usize),
    ) -> Result<(), &'static Encoding> {
        // The beginning of a character whose end is cut off.
        if self.mostly_utf_8 && bytes.len() > 1 {
            text.extend_from_slice("\u{fffd}".as_bytes());
            return Ok(());
        }
        let other = match self.other {
            Some(other) => other,
            None => match guess(rest, false).charset {
                Charset::Standard(encoding) if !encoding.is_single_byte() => {
                    if !self.has_utf_8 {
                        return Err(encoding);
                    }
                    Charset::Standard(WINDOWS_1252)
                }
                single => single,
            },
        };
        self.other = Some(other);
        if self.mostly_utf_8 {
            note(bytes.len(), text.len());
        }
        for byte in bytes {
            let mut buffer = [0; 4];
            text.extend_from_slice(other.char_of(*byte).encode_utf8(&mut buffer).as_bytes());
        }
        Ok(())
    }
}
