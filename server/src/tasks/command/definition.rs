//! A command as the operator declared it, checked and ready to be used.

use std::{collections::BTreeMap, path::PathBuf, time::Duration};

use regex::Regex;
use serde_json::Value;

use super::{argv::Template, progress::Rules};

/// One `[commands.<word>]`.
#[derive(Clone, Debug)]
pub struct Definition {
    /// The kind's word.
    pub word: String,
    /// What people read.
    pub title: String,
    /// One sentence for the start page.
    pub description: String,
    /// What is started, with places for the parameters.
    pub argv: Template,
    /// The parameters, in the order of the file.
    pub params: Vec<Param>,
    /// Where it works; `None`: in the run's own folder.
    pub folder: Option<PathBuf>,
    /// Variables of the server that it may see.
    pub env: Vec<String>,
    /// Variables that are given to it.
    pub set_env: BTreeMap<String, String>,
    /// What it may use.
    pub limits: Limits,
    /// Exit codes that mean success.
    pub success: Vec<i32>,
    /// Names and weights; empty: none.
    pub stages: Vec<(String, f64)>,
    /// How its progress is found in what it prints.
    pub progress: Rules,
    /// Patterns of the files in the run's own folder that become results.
    pub results: Vec<String>,
    /// Whether it gets a terminal.
    pub pty: bool,
    /// Whether it may become another user, as `sudo` and other setuid programs do.
    pub new_privileges: bool,
    /// Whether the run's own folder stays.
    pub keep_folder: bool,
    /// Tells whether two definitions do the same with the same parameters; hexadecimal.
    pub fingerprint: String,
}

/// What one run may use.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Limits {
    /// A run that takes longer is stopped. Default: 1 hour.
    pub timeout: Duration,
    /// Between TERM and KILL. Default: 5 s.
    pub grace: Duration,
    /// Runs at once in one process of the server. Default: 2.
    pub concurrency: u32,
    /// Runs in all, after crashes too. Default: 1, as a command may not bear being run twice.
    pub max_attempts: u32,
    /// Bytes of output that are kept, half of them from its beginning. Default: 256 KiB.
    pub output_bytes: usize,
    /// Address space of each process, in bytes. Default: not limited.
    pub memory_bytes: Option<u64>,
    /// Memory of all its processes together, in bytes. Default: not limited.
    pub total_memory_bytes: Option<u64>,
    /// Processor time of each process, in seconds. Default: not limited.
    pub cpu_s: Option<u64>,
    /// Size of each file that is written, in bytes. Default: not limited.
    pub file_bytes: Option<u64>,
    /// Processes at once. Default: 256.
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

/// One declared parameter.
#[derive(Clone, Debug)]
pub struct Param {
    /// Its name in the input.
    pub name: String,
    /// What people read.
    pub title: Option<String>,
    /// What helps to fill it in.
    pub description: Option<String>,
    /// Whether a start needs it.
    pub required: bool,
    /// What it is where the start does not say.
    pub default: Option<Value>,
    /// Whether its value is shown nowhere.
    pub secret: bool,
    /// Whether its value may look like an option.
    pub allow_leading_dash: bool,
    /// The variable that it is given by.
    pub env: Option<String>,
    /// What it is.
    pub sort: ParamType,
}

/// What a parameter is.
#[derive(Clone, Debug)]
pub enum ParamType {
    /// A text.
    Text(Text),
    /// A whole number.
    Integer {
        /// The least.
        min: Option<i64>,
        /// The greatest.
        max: Option<i64>,
    },
    /// A number.
    Number {
        /// The least.
        min: Option<f64>,
        /// The greatest.
        max: Option<f64>,
    },
    /// One of these.
    Choice(Vec<String>),
    /// Yes or no; yes adds the flag.
    Boolean {
        /// What is added where it is yes.
        flag: Option<String>,
    },
    /// A file that is sent before the start; its value is its path.
    File,
    /// Several texts.
    List {
        /// Each of them.
        items: Text,
        /// Each is one of these, unless there are none.
        choices: Vec<String>,
        /// The least number of items.
        min: usize,
        /// The greatest number of items.
        max: usize,
    },
}

/// What a text must be.
#[derive(Clone, Debug)]
pub struct Text {
    /// What it matches from its first to its last character.
    pub pattern: Option<Pattern>,
    /// What the pattern asks for, in the operator's words.
    pub pattern_description: Option<String>,
    /// The least number of characters.
    pub min: usize,
    /// The greatest number of characters.
    pub max: usize,
    /// Whether it may hold line breaks and tabs.
    pub multiline: bool,
}

impl Text {
    /// What is said of a text that does not match the pattern, in forms too; `None` where there is
    /// none.
    pub fn mismatch(&self) -> Option<String> {
        let pattern = self.pattern.as_ref()?;
        let pattern_description = self.pattern_description.clone();
        Some(
            pattern_description
                .unwrap_or_else(|| format!("must match the pattern {}", pattern.source())),
        )
    }
}

/// A pattern that a whole text matches.
#[derive(Clone, Debug)]
pub struct Pattern {
    source: String,
    whole: Regex,
}

impl Pattern {
    /// Compiles it.
    ///
    /// # Errors
    /// When it is no regular expression of the crate `regex`.
    pub fn new(source: &str) -> Result<Self, regex::Error> {
        // By itself first: `a)(b` would make sense inside the brackets below.
        let by_itself = Regex::new(source)?;
        let whole = Regex::new(&format!(r"\A(?:{})\z", by_itself.as_str()))?;
        Ok(Self { source: source.to_owned(), whole })
    }

    /// As the operator wrote it.
    pub fn source(&self) -> &str {
        &self.source
    }

    /// Whether all of the text matches.
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
