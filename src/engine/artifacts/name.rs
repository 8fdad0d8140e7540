//! File names and media types.
//!
//! Names come from anyone and appear in pages, headers and other people's folders. None is ever
//! used as a path here.

use crate::engine::title::reorders;

/// Maximum length of a name, in bytes.
const MAX_BYTES: usize = 200;
/// Maximum length of a media type, in bytes.
const MAX_MEDIA_BYTES: usize = 127;
/// The media type of unknown data.
const UNKNOWN: &str = "application/octet-stream";

/// Why a name is invalid.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum InvalidName {
    /// It is empty.
    #[error("a file needs a name")]
    Empty,
    /// It is longer than the limit.
    #[error("a file's name has at most 200 bytes")]
    TooLong,
    /// It begins with a dot.
    #[error("a file's name does not begin with a dot")]
    Dot,
    /// It begins or ends with whitespace.
    #[error("a file's name does not begin or end with a blank")]
    Blank,
    /// It contains a path separator, a control character, or a character that changes the text
    /// direction.
    #[error(
        "a file's name holds no slash, no backslash, no control characters and none that change \
         the direction of the text"
    )]
    Character,
}

/// Validates a name.
///
/// # Errors
/// Why the name is invalid.
pub fn valid_name(name: &str) -> Result<&str, InvalidName> {
    if name.is_empty() {
        return Err(InvalidName::Empty);
    }
    if name.len() > MAX_BYTES {
        return Err(InvalidName::TooLong);
    }
    if name.starts_with('.') {
        return Err(InvalidName::Dot);
    }
    if name.trim() != name {
        return Err(InvalidName::Blank);
    }
    if name.chars().any(is_bad) {
        return Err(InvalidName::Character);
    }
    Ok(name)
}

/// Makes a valid name from one that a browser or a program sent: the last part of a path, without
/// or with replacements for what is not permitted.
pub fn clean_name(said: &str) -> String {
    let last = said.rsplit(['/', '\\']).next().unwrap_or_default();
    let name: String = last.chars().map(|c| if is_bad(c) { '_' } else { c }).collect();
    let name = name.trim_start_matches(|c: char| c == '.' || c.is_whitespace());
    let name = &name[..name.floor_char_boundary(MAX_BYTES)];
    match name.trim() {
        "" => "upload".to_owned(),
        name => name.to_owned(),
    }
}

/// Separators, control characters, and what [`reorders`] the text.
fn is_bad(c: char) -> bool {
    c.is_control() || matches!(c, '/' | '\\') || reorders(c)
}

/// The given media type if it is valid, else the one that the name suggests.
pub(in crate::engine) fn media_type(said: Option<&str>, name: &str) -> String {
    match said.map(str::trim).filter(|said| is_media_type(said)) {
        Some(said) => said.to_ascii_lowercase(),
        None => mime_guess::from_path(name).first_raw().unwrap_or(UNKNOWN).to_owned(),
    }
}

/// Whether the text is `type/subtype`, with optional parameters, in visible ASCII.
fn is_media_type(text: &str) -> bool {
    let token = |c: u8| c.is_ascii_alphanumeric() || b"!#$&^_.+-".contains(&c);
    let essence = text.split(';').next().unwrap_or_default().trim_end();
    let parts = essence.split_once('/');
    text.len() <= MAX_MEDIA_BYTES
        && text.bytes().all(|c| (b' '..=b'~').contains(&c))
        && parts.is_some_and(|(kind, sub)| {
            !kind.is_empty() && !sub.is_empty() && kind.bytes().all(token) && sub.bytes().all(token)
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    const BAD: [&str; 14] = [
        "",
        ".",
        "..",
        ".bashrc",
        "a/b",
        "a\\b",
        "a\nb",
        "a\0b",
        "a\u{85}b",
        " a",
        "a ",
        "a\u{202e}gpj.exe",
        "a\u{2066}b",
        "a\u{2028}b",
    ];

    #[test]
    fn names_that_mean_something_else_somewhere_are_refused() {
        for name in BAD {
            assert!(valid_name(name).is_err(), "{name:?}");
        }
        assert_eq!(valid_name(&"x".repeat(201)), Err(InvalidName::TooLong));
        for name in ["a", "-rf", "größe (1).csv", "<script>.html", "x".repeat(200).as_str()] {
            assert_eq!(valid_name(name), Ok(name));
        }
    }

    #[test]
    fn any_name_can_be_cleaned() {
        for name in BAD {
            let clean = clean_name(name);
            assert_eq!(valid_name(&clean), Ok(clean.as_str()), "{name:?}");
        }
        let long = clean_name(&"ä".repeat(300));
        assert_eq!((valid_name(&long), long.len()), (Ok(long.as_str()), 200));
        assert_eq!(clean_name("C:\\fakepath\\sales.csv"), "sales.csv");
        assert_eq!(clean_name("../../etc/passwd"), "passwd");
        assert_eq!(clean_name("..."), "upload");
    }

    #[test]
    fn a_media_type_is_what_was_said_or_what_the_name_lets_expect() {
        for (said, name, found) in [
            (Some("Text/CSV; charset=utf-8"), "a", "text/csv; charset=utf-8"),
            (None, "a.csv", "text/csv"),
            (None, "a.png", "image/png"),
            (None, "a", UNKNOWN),
            (Some("text"), "a.csv", "text/csv"),
            (Some("text/html\r\nx: y"), "a.csv", "text/csv"),
            (Some("/"), "a.json", "application/json"),
            (Some(""), "a.json", "application/json"),
        ] {
            assert_eq!(media_type(said, name), found, "{said:?} {name}");
        }
        assert_eq!(media_type(Some(&format!("a/{}", "b".repeat(200))), "x"), UNKNOWN);
    }
}
