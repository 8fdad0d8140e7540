//! Declared parameters of a command.

use regex::Regex;
use serde_json::Value;

use super::offer::Offer;

/// Declared parameter.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Param {
    /// Name in the input.
    pub name: String,
    /// Label.
    pub title: Option<String>,
    /// Help text.
    pub description: Option<String>,
    /// Whether a start must provide it.
    pub required: bool,
    /// Default value.
    pub default: Option<Value>,
    /// Whether its value is never shown.
    pub secret: bool,
    /// Whether its value may look like an option.
    pub allow_leading_dash: bool,
    /// Environment variable that passes the value.
    pub env: Option<String>,
    /// Type of the value.
    pub param_type: ParamType,
}

/// Type of a parameter.
#[derive(Clone, Debug)]
pub enum ParamType {
    /// Text.
    Text(Text),
    /// Integer.
    Integer {
        /// Minimum.
        min: Option<i64>,
        /// Maximum.
        max: Option<i64>,
    },
    /// Number.
    Number {
        /// Minimum.
        min: Option<f64>,
        /// Maximum.
        max: Option<f64>,
    },
    /// One of these values.
    Choice(Vec<String>),
    /// One of the lines that a program of the operator prints.
    Offered(Offer),
    /// Boolean; true adds the flag.
    Boolean {
        /// Argument added if true.
        flag: Option<String>,
    },
    /// File uploaded before the start; the value is its path.
    File,
    /// List of texts.
    List {
        /// Constraints of each item.
        items: Text,
        /// Allowed items; empty: any.
        choices: Vec<String>,
        /// Minimum number of items.
        min: usize,
        /// Maximum number of items.
        max: usize,
    },
}

impl ParamType {
    /// Whether the operator wrote all possible values.
    pub(super) const fn is_declared(&self) -> bool {
        match self {
            // Paths of files are absolute.
            Self::Choice(_) | Self::Boolean { .. } | Self::File => true,
            Self::List { choices, .. } => !choices.is_empty(),
            _ => false,
        }
    }
}

/// Constraints of a text.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Text {
    /// Pattern that the whole text must match.
    pub pattern: Option<Pattern>,
    /// Description of the pattern by the operator.
    pub pattern_description: Option<String>,
    /// Minimum number of characters.
    pub min: usize,
    /// Maximum number of characters.
    pub max: usize,
    /// Whether it may contain line breaks and tabs.
    pub multiline: bool,
}

impl Text {
    /// Message for a text that does not match the pattern, also used in forms; `None` without a
    /// pattern.
    pub fn mismatch(&self) -> Option<String> {
        let pattern = self.pattern.as_ref()?;
        let pattern_description = self.pattern_description.clone();
        Some(
            pattern_description
                .unwrap_or_else(|| format!("must match the pattern {}", pattern.source())),
        )
    }
}

/// Regular expression that must match a whole text.
#[derive(Clone, Debug)]
pub struct Pattern {
    source: String,
    whole: Regex,
}

impl Pattern {
    /// Compiles a pattern.
    ///
    /// # Errors
    /// If it is not a regular expression of the crate `regex`.
    pub fn new(source: &str) -> Result<Self, regex::Error> {
        // First on its own: `a)(b` would be valid inside the group below.
        let by_itself = Regex::new(source)?;
        let whole = Regex::new(&format!(r"\A(?:{})\z", by_itself.as_str()))?;
        Ok(Self { source: source.to_owned(), whole })
    }

    /// The pattern as written by the operator.
    pub fn source(&self) -> &str {
        &self.source
    }

    /// Whether the whole text matches.
    pub fn matches(&self, text: &str) -> bool {
        self.whole.is_match(text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pattern_means_the_whole_text() {
        let pattern = Pattern::new("[a-z]+|x y").unwrap();
        assert!(pattern.matches("abc") && pattern.matches("x y"));
        for text in ["abc\n", "abc; rm", "1abc", "", "x y z", "\nabc"] {
            assert!(!pattern.matches(text), "{text:?}");
        }
    }

    #[test]
    fn a_pattern_cannot_break_out_of_its_anchors() {
        assert!(Pattern::new("a)|(?:.*").is_err());
        // A comment that would swallow the closing anchor.
        let pattern = Pattern::new("(?x)a # b").map(|pattern| pattern.matches("a; rm -rf"));
        assert_ne!(pattern.ok(), Some(true));
    }
}
