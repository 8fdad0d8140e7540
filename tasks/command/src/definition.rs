//! Validated declaration of a command.

use std::{collections::BTreeMap, path::PathBuf, time::Duration};

use regex::Regex;
use serde_json::Value;

use super::{argv::Template, decode::Encoding, progress::Rules, stdin::Stdin};

/// A `[commands.<name>]` table.
#[derive(Clone, Debug)]
pub struct Definition {
    /// Name of the kind.
    pub word: String,
    /// Title.
    pub title: String,
    /// Description for the start page, one sentence.
    pub description: String,
    /// Program and arguments, with placeholders for parameters.
    pub argv: Template,
    /// Parameters in the order of the file.
    pub params: Vec<Param>,
    /// Working directory; `None`: the run's own folder.
    pub folder: Option<PathBuf>,
    /// Variables of the server that are passed to the command.
    pub env: Vec<String>,
    /// Variables set for the command.
    pub set_env: BTreeMap<String, String>,
    /// Resource limits.
    pub limits: Limits,
    /// Exit codes that mean success.
    pub success: Vec<i32>,
    /// Names and weights of the stages; may be empty.
    pub stages: Vec<(String, f64)>,
    /// How progress is recognised in the output.
    pub progress: Rules,
    /// Patterns of the files in the run's folder that become results.
    pub results: Vec<String>,
    /// Whether the command gets a terminal.
    pub pty: bool,
    /// What it reads from its standard input; `None`: nothing.
    pub stdin: Option<Stdin>,
    /// Encoding of its output; `None`: UTF-8, or else a guess.
    pub encoding: Option<Encoding>,
    /// Whether the command may change its user, as `sudo` and other setuid programs do.
    pub new_privileges: bool,
    /// Whether the run's folder is preserved after the end.
    pub keep_folder: bool,
    /// Hash of everything that determines what the command does; hexadecimal.
    pub fingerprint: String,
}

/// Limits of a run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Time limit; a run that exceeds it is stopped. Default: 1 hour.
    pub timeout: Duration,
    /// Time between SIGTERM and SIGKILL. Default: 5 s.
    pub grace: Duration,
    /// Maximum number of concurrent runs per server process. Default: 2.
    pub concurrency: u32,
    /// Maximum number of attempts, including those after crashes. Default: 1, because repeating a
    /// command may be harmful.
    pub max_attempts: u32,
    /// Bytes of output to store, half of them from its beginning. Default: 256 KiB.
    pub output_bytes: usize,
    /// Address space of each process in bytes. Default: unlimited.
    pub memory_bytes: Option<u64>,
    /// Total memory of all processes in bytes. Default: unlimited.
    pub total_memory_bytes: Option<u64>,
    /// CPU time of each process in seconds. Default: unlimited.
    pub cpu_s: Option<u64>,
    /// Size of each written file in bytes. Default: unlimited.
    pub file_bytes: Option<u64>,
    /// Maximum number of concurrent processes. Default: 256.
    pub processes: u32,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            timeout: Duration::from_secs(3600),
            grace: Duration::from_secs(5),
            concurrency: 2,
            max_attempts: 1,
            output_bytes: 256 << 10,
            memory_bytes: None,
            total_memory_bytes: None,
            cpu_s: None,
            file_bytes: None,
            processes: 256,
        }
    }
}

/// Declared parameter.
#[derive(Clone, Debug)]
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
    pub sort: ParamType,
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

/// Constraints of a text.
#[derive(Clone, Debug)]
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
