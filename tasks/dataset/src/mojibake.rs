//! UTF-8 that was read as windows-1252 and written as UTF-8 again: `MÃ¼ller` for `Müller`.

use encoding_rs::WINDOWS_1252;
use memchr::memchr_iter;

/// Positions in a text where such a character begins, and the characters meant.
pub(super) fn find(text: &[u8]) -> impl Iterator<Item = (usize, char)> {
    // `Â`, `Ã` and `â` begin with this byte; they stand for the first byte of two or three.
    memchr_iter(0xc3, text).filter_map(|at| Some((at, meant(text.get(at..)?)?)))
}

/// How a character looks after it was read wrongly.
pub(super) fn misread(meant: char) -> String {
    let mut bytes = [0; 4];
    let bytes = meant.encode_utf8(&mut bytes).as_bytes();
    WINDOWS_1252.decode_without_bom_handling(bytes).0.into_owned()
}

/// The character meant by the beginning of a text.
fn meant(text: &[u8]) -> Option<char> {
    // Enough for three characters.
    let text = text.get(..text.len().min(12))?;
    let valid = match std::str::from_utf8(text) {
        Ok(valid) => valid,
        Err(error) => std::str::from_utf8(text.get(..error.valid_up_to())?).ok()?,
    };
    let mut chars = valid.chars();
    let length = match chars.next()? {
        'Â' | 'Ã' => 2,
        'â' => 3,
        _ => return None,
    };
    let misread: String = valid.chars().take(length).collect();
    let (bytes, _, is_unmappable) = WINDOWS_1252.encode(&misread);
    if is_unmappable || bytes.len() != length {
        return None;
    }
    let mut meant = std::str::from_utf8(&bytes).ok()?.chars();
    meant.next().filter(|meant| meant.is_alphanumeric() || !meant.is_control())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn characters_that_were_read_wrongly_are_found() {
        let found =
            |text: &str| -> String { find(text.as_bytes()).map(|(_, meant)| meant).collect() };
        assert_eq!(misread('ü'), "Ã¼");
        assert_eq!(found("MÃ¼ller, StraÃŸe, 25Â°C, Itâ€™s"), "üß°’");
        for fine in ["Müller", "NÃO", "Ângela", "château", "Ã", "â", ""] {
            assert_eq!(found(fine), "", "{fine}");
        }
    }
}
