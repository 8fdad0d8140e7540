//! Input of a story: two short texts that are safe as folder names.

use std::{borrow::Cow, fmt};

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Serialize};

/// Maximum length of a subject and a name in characters; settings may only lower it.
pub const MAX_CHARS: usize = 100;

/// Rule for both texts as a regular expression (ECMA 262), for forms. The types below are
/// authoritative.
const PATTERN: &str = r"^\s*[^\s.\/\\][^\/\\]*$";

/// Names of the two texts in messages.
const SUBJECT: &str = "the subject";
const PLAYER: &str = "the player's name";

/// Invalid text; the message says what would be valid.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum InvalidText {
    /// Only white space.
    #[error("{what} is empty; give 1 to {MAX_CHARS} characters")]
    Empty {
        /// Which text.
        what: &'static str,
    },
    /// More than [`MAX_CHARS`] characters.
    #[error("{what} has {chars} characters; at most {MAX_CHARS} are allowed")]
    TooLong {
        /// Which text.
        what: &'static str,
        /// Number of characters.
        chars: usize,
    },
    /// It could name a hidden file, the folder itself, its parent or a nested path: the cases that
    /// `PATTERN` excludes. Forms show the same message in the browser.
    #[error("{what} starts with a dot or has a / or \\ in it; leave those out")]
    Path {
        /// Which text.
        what: &'static str,
    },
    /// An invisible character.
    #[error("{what} has a control character at character {position}; use visible characters")]
    Control {
        /// Which text.
        what: &'static str,
        /// Position, from 1.
        position: usize,
    },
}

/// Name of the folder of the research file: a single path segment that cannot leave its parent.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Subject(String);

/// Name of the story's protagonist.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct PlayerName(String);

impl Subject {
    /// The trimmed text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl PlayerName {
    /// The trimmed text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for Subject {
    type Error = InvalidText;

    fn try_from(text: String) -> Result<Self, InvalidText> {
        validate(SUBJECT, &text).map(Self)
    }
}

impl TryFrom<String> for PlayerName {
    type Error = InvalidText;

    fn try_from(text: String) -> Result<Self, InvalidText> {
        validate(PLAYER, &text).map(Self)
    }
}

impl From<Subject> for String {
    fn from(subject: Subject) -> Self {
        subject.0
    }
}

impl From<PlayerName> for String {
    fn from(player: PlayerName) -> Self {
        player.0
    }
}

impl fmt::Display for Subject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Display for PlayerName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl JsonSchema for Subject {
    fn schema_name() -> Cow<'static, str> {
        Cow::Borrowed("Subject")
    }

    fn inline_schema() -> bool {
        true
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "type": "string",
            "title": "Subject",
            "description": "What the story is about: a research file that is there, or a name for research of your own.",
            "minLength": 1,
            "maxLength": MAX_CHARS,
            "pattern": PATTERN,
            "x-pattern-description": InvalidText::Path { what: SUBJECT }.to_string(),
            "examples": ["lighthouse", "sourdough"],
        })
    }
}

impl JsonSchema for PlayerName {
    fn schema_name() -> Cow<'static, str> {
        Cow::Borrowed("PlayerName")
    }

    fn inline_schema() -> bool {
        true
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "type": "string",
            "title": "Player",
            "description": "The name of the protagonist.",
            "minLength": 1,
            "maxLength": MAX_CHARS,
            "pattern": PATTERN,
            "x-pattern-description": InvalidText::Path { what: PLAYER }.to_string(),
            "examples": ["Ada"],
        })
    }
}

fn validate(what: &'static str, text: &str) -> Result<String, InvalidText> {
    let text = text.trim();
    if text.is_empty() {
        return Err(InvalidText::Empty { what });
    }
    let chars = text.chars().count();
    if chars > MAX_CHARS {
        return Err(InvalidText::TooLong { what, chars });
    }
    if text.starts_with('.') || text.contains(['/', '\\']) {
        return Err(InvalidText::Path { what });
    }
    match text.chars().position(is_unseen) {
        Some(at) => Err(InvalidText::Control { what, position: at + 1 }),
        None => Ok(text.to_owned()),
    }
}

/// Control characters, line endings, and direction marks, with which a name could imitate another.
fn is_unseen(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{2028}' | '\u{2029}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

#[cfg(test)]
mod tests {
    use std::path::{Component, Path};

    use proptest::prelude::*;

    use super::*;

    fn subject(text: &str) -> Result<Subject, InvalidText> {
        Subject::try_from(text.to_owned())
    }

    #[test]
    fn white_space_around_a_text_is_cut_off() {
        assert_eq!(subject("  the old light \n").unwrap().as_str(), "the old light");
    }

    #[test]
    fn texts_that_could_leave_the_folder_are_refused() {
        for text in
            [".", "..", ".hidden", "a/b", "../a", "a\\b", "/etc", "a\0b", "a\nb", "\u{202e}a"]
        {
            assert!(subject(text).is_err(), "{text:?} was taken");
        }
    }

    #[test]
    fn a_text_of_a_hundred_characters_is_taken_and_one_more_is_not() {
        assert!(subject(&"é".repeat(100)).is_ok());
        assert_eq!(
            subject(&"é".repeat(101)).unwrap_err().to_string(),
            "the subject has 101 characters; at most 100 are allowed"
        );
    }

    #[test]
    fn a_refusal_says_where_and_what_would_be_right() {
        assert_eq!(
            subject("tides/../x").unwrap_err().to_string(),
            "the subject starts with a dot or has a / or \\ in it; leave those out"
        );
        let player = PlayerName::try_from(" ".to_owned()).unwrap_err();
        assert_eq!(player.to_string(), "the player's name is empty; give 1 to 100 characters");
    }

    #[test]
    fn a_form_says_in_the_browser_what_a_refusal_says() {
        let says = |schema: Schema| schema.to_value()["x-pattern-description"].clone();
        let player = |text: &str| PlayerName::try_from(text.to_owned()).unwrap_err().to_string();
        for text in [".x", "a/b", "a\\b"] {
            let refusal = subject(text).unwrap_err().to_string();
            assert_eq!(says(schemars::schema_for!(Subject)), refusal);
            assert_eq!(says(schemars::schema_for!(PlayerName)), player(text));
        }
    }

    #[test]
    fn deserialising_validates() {
        assert!(serde_json::from_str::<Subject>("\"../x\"").is_err());
        assert_eq!(serde_json::from_str::<Subject>("\"x\"").unwrap().as_str(), "x");
    }

    proptest! {
        #[test]
        fn a_subject_is_one_path_segment_below_its_parent(text in "\\PC{0,120}|[./\\\\a~ ]{0,8}") {
            if let Ok(subject) = subject(&text) {
                let path = Path::new("root").join(subject.as_str());
                let parts: Vec<_> = path.components().collect();
                prop_assert_eq!(parts.len(), 2);
                prop_assert!(matches!(parts[1], Component::Normal(name) if name == subject.as_str()));
            }
        }
    }
}
