//! A pattern over what a command prints, and what it finds.

use std::sync::Arc;

use regex::{Captures, Regex, RegexBuilder};

use super::{Source, number};

/// Characters of one pattern.
const MAX_CHARS: usize = 1_000;
/// Bytes of a compiled pattern, and of what matching keeps.
const MAX_BYTES: usize = 1 << 18;

/// The groups that mean something.
pub(super) const GROUPS: [&str; 8] =
    ["percent", "fraction", "done", "total", "left", "stage", "message", "instead"];
/// Presets may also use these: whether the program knows its own total yet.
const SURE: &str = "sure";
const UNSURE: &str = "unsure";

/// Which streams a pattern looks at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Streams {
    pub(super) stdout: bool,
    pub(super) stderr: bool,
}

impl Streams {
    pub(super) const BOTH: Self = Self { stdout: true, stderr: true };
    pub(super) const STDOUT: Self = Self { stdout: true, stderr: false };
    pub(super) const STDERR: Self = Self { stdout: false, stderr: true };

    pub(super) const fn has(self, source: Source) -> bool {
        match source {
            Source::Stdout => self.stdout,
            Source::Stderr => self.stderr,
            Source::Channel => false,
        }
    }
}

/// A compiled pattern. Cheap to clone.
#[derive(Clone, Debug)]
pub(super) struct Pattern {
    regex: Regex,
    pub(super) streams: Streams,
    /// What matches is not for the log.
    pub(super) hide: bool,
    /// The group that is meant where the groups have no names.
    first: Option<&'static str>,
    /// What matches is within this stage.
    stage: Option<Arc<str>>,
    /// What `done` counts, in the units of `total`.
    scale: f64,
    /// Of several totals the largest counts.
    largest: bool,
    /// What is said instead of a fraction: the text before and after the group `instead`.
    say: (&'static str, &'static str),
}

/// What one piece of output says.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Seen {
    pub(super) fraction: Option<f64>,
    pub(super) done: Option<f64>,
    pub(super) left: Option<f64>,
    pub(super) total: Option<f64>,
    /// Of the totals so far the largest counts.
    pub(super) largest: bool,
    pub(super) stage: Option<String>,
    pub(super) message: Option<String>,
    /// The message where no fraction is known.
    pub(super) instead: Option<String>,
    /// Whether the program knows its total, where it says so.
    pub(super) sure: Option<bool>,
    pub(super) hide: bool,
}

impl Pattern {
    /// Compiles a pattern; says what is wrong with it.
    pub(super) fn new(text: &str, streams: Streams) -> Result<Self, String> {
        if text.is_empty() {
            return Err("the pattern is empty".to_owned());
        }
        if text.chars().count() > MAX_CHARS {
            return Err(format!("the pattern has more than {MAX_CHARS} characters"));
        }
        let regex = RegexBuilder::new(text)
            .size_limit(MAX_BYTES)
            .dfa_size_limit(MAX_BYTES)
            .build()
            .map_err(|error| match error {
                regex::Error::CompiledTooBig(most) => {
                    format!(
                        "the pattern takes more than {most} bytes; make its repetitions smaller"
                    )
                }
                error => error.to_string(),
            })?;
        Ok(Self {
            regex,
            streams,
            hide: false,
            first: None,
            stage: None,
            scale: 1.0,
            largest: false,
            say: ("", ""),
        })
    }

    /// What matches is not for the log.
    pub(super) fn hidden(mut self) -> Self {
        self.hide = true;
        self
    }

    /// What matches is within that stage.
    pub(super) fn within(mut self, stage: &str) -> Self {
        self.stage = Some(stage.into());
        self
    }

    /// Where no group has a name, the first means this.
    pub(super) fn meaning(mut self, group: &'static str) -> Self {
        self.first = Some(group);
        self
    }

    /// `done` counts things of this size.
    pub(super) fn scaled(mut self, scale: f64) -> Self {
        self.scale = scale;
        self
    }

    /// Of several totals the largest counts.
    pub(super) fn with_largest(mut self) -> Self {
        self.largest = true;
        self
    }

    /// What is said where no fraction is known.
    pub(super) fn saying(mut self, before: &'static str, after: &'static str) -> Self {
        self.say = (before, after);
        self
    }

    /// Whether the pattern has a group of this name.
    pub(super) fn has(&self, group: &str) -> bool {
        self.regex.capture_names().flatten().any(|name| name == group)
    }

    /// A group that means nothing, if there is one.
    pub(super) fn unknown_group(&self) -> Option<&str> {
        self.regex.capture_names().flatten().find(|name| !GROUPS.contains(name))
    }

    /// How many groups there are beside the whole.
    pub(super) fn groups(&self) -> usize {
        self.regex.captures_len() - 1
    }

    /// Adds what the text says to what others have seen in it; the first word counts.
    pub(super) fn look(&self, text: &str, seen: &mut Seen) {
        if self.hide && self.first.is_none() && self.stage.is_none() && self.groups() == 0 {
            seen.hide |= self.regex.is_match(text);
            return;
        }
        let Some(found) = self.regex.captures(text) else { return };
        seen.hide |= self.hide;
        let get = |name| self.get(&found, name);
        let amount = |name| get(name).and_then(number::amount);
        set(&mut seen.fraction, || get("percent").and_then(number::percent).map(|p| p / 100.0));
        set(&mut seen.fraction, || amount("fraction"));
        set(&mut seen.done, || amount("done").map(|done| done * self.scale));
        set(&mut seen.left, || amount("left").map(|left| left * self.scale));
        if seen.total.is_none() {
            seen.total = amount("total");
            seen.largest = self.largest;
        }
        let stage = || get("stage").or(self.stage.as_deref()).map(|name| name.trim().to_owned());
        set(&mut seen.stage, stage);
        set(&mut seen.message, || get("message").map(str::to_owned));
        let (before, after) = self.say;
        set(&mut seen.instead, || get("instead").map(|text| [before, text.trim(), after].concat()));
        if found.name(UNSURE).is_some() {
            seen.sure = Some(false);
        } else if found.name(SURE).is_some() {
            seen.sure = Some(true);
        }
    }

    fn get<'a>(&self, found: &Captures<'a>, name: &str) -> Option<&'a str> {
        match found.name(name) {
            Some(group) => Some(group.as_str()),
            None if self.first == Some(name) => found.get(1).map(|group| group.as_str()),
            None => None,
        }
    }
}

fn set<T>(place: &mut Option<T>, value: impl FnOnce() -> Option<T>) {
    if place.is_none() {
        *place = value();
    }
}
