//! Pattern over a command's output, and its matches.

use std::sync::Arc;

use regex::{Captures, Match, Regex, RegexBuilder};

use super::{
    Source,
    number::{self, exponent},
};

/// Maximum length of a pattern in characters.
const MAX_CHARS: usize = 1_000;
/// Maximum size of a compiled pattern, and of its matching state, in bytes.
const MAX_BYTES: usize = 1 << 18;

/// Groups with a meaning.
pub(super) const GROUPS: [&str; 11] = [
    "percent", "fraction", "done", "total", "left", "stage", "message", "instead", "part", "parts",
    "bar",
];
/// Groups for presets only: whether the program knows its total yet, the number of the step under
/// way, and the percentage of an item that says nothing about the whole.
const SURE: &str = "sure";
const UNSURE: &str = "unsure";
const STEP: &str = "step";
const ITEM: &str = "item";

/// Streams that a pattern applies to.
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

/// Compiled pattern. Cheap to clone.
#[derive(Clone, Debug)]
pub(super) struct Pattern {
    regex: Regex,
    pub(super) streams: Streams,
    /// Whether matching lines are omitted from the log.
    pub(super) hide: bool,
    /// Meaning of the first group if no group has a name.
    first: Option<&'static str>,
    /// Stage to which matches belong.
    stage: Option<Arc<str>>,
    /// Unit of `done` in units of `total`.
    pub(super) scale: f64,
    /// Whether the largest of several totals is used.
    pub(super) largest: bool,
    /// Whether bars of different names add up to the whole.
    pub(super) sum: bool,
    /// Message instead of a fraction: text before and after the group `instead`.
    say: (Arc<str>, Arc<str>),
}

/// Matches in one piece of output.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Seen {
    pub(super) fraction: Option<f64>,
    pub(super) done: Option<f64>,
    pub(super) left: Option<f64>,
    pub(super) total: Option<f64>,
    /// Whether the largest total so far is used.
    pub(super) largest: bool,
    pub(super) stage: Option<String>,
    pub(super) message: Option<String>,
    /// Message if no fraction is known.
    pub(super) instead: Option<String>,
    /// Whether the program knows its total, if it reports that.
    pub(super) sure: Option<bool>,
    /// A part begins: its name, or an empty text.
    pub(super) part: Option<String>,
    /// Number of the part, if it was reported, from 1.
    pub(super) part_number: Option<f64>,
    /// Number of parts.
    pub(super) parts: Option<f64>,
    /// Name of the bar, where a program shows several; may be empty.
    pub(super) bar: Option<String>,
    /// Whether the bars add up to the whole.
    pub(super) sum: bool,
    /// Fraction of an item that says nothing about the whole.
    pub(super) item: Option<f64>,
    pub(super) hide: bool,
}

/// What is wrong with a regular expression, in one line.
pub(crate) fn regex_error(error: &regex::Error) -> String {
    if let regex::Error::CompiledTooBig(max) = error {
        return format!("the pattern takes more than {max} bytes; make its repetitions smaller");
    }
    // The crate shows the pattern with a mark below the error, and names the error at the end.
    let text = error.to_string();
    let reason = text.lines().last().unwrap_or_default();
    format!("invalid regular expression: {}", reason.trim_start_matches("error: "))
}

impl Pattern {
    /// Compiles a pattern, or returns what is wrong with it.
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
            .map_err(|error| regex_error(&error))?;
        Ok(Self {
            regex,
            streams,
            hide: false,
            first: None,
            stage: None,
            scale: 1.0,
            largest: false,
            sum: false,
            say: Default::default(),
        })
    }

    /// Omits matching lines from the log.
    pub(super) fn hidden(mut self) -> Self {
        self.hide = true;
        self
    }

    /// Assigns matches to a stage.
    pub(super) fn within(mut self, stage: &str) -> Self {
        self.stage = Some(stage.into());
        self
    }

    /// Sets the meaning of the first group for patterns without named groups.
    pub(super) fn meaning(mut self, group: &'static str) -> Self {
        self.first = Some(group);
        self
    }

    /// Sets the message for matches without a fraction; `{}` stands for the group `instead`.
    pub(super) fn saying(mut self, message: &str) -> Self {
        let (before, after) = message.split_once("{}").unwrap_or((message, ""));
        self.say = (before.into(), after.into());
        self
    }

    /// Whether the pattern has a group with this name.
    pub(super) fn has(&self, group: &str) -> bool {
        self.regex.capture_names().flatten().any(|name| name == group)
    }

    /// A named group without a meaning, if any.
    pub(super) fn unknown_group(&self) -> Option<&str> {
        self.regex.capture_names().flatten().find(|name| !GROUPS.contains(name))
    }

    /// Number of groups, not counting the whole match.
    pub(super) fn groups(&self) -> usize {
        self.regex.captures_len() - 1
    }

    /// Adds the matches in a text to earlier ones, which take precedence. Returns whether it
    /// matched.
    pub(super) fn look(&self, text: &str, seen: &mut Seen) -> bool {
        if self.hide && self.first.is_none() && self.stage.is_none() && self.groups() == 0 {
            let hides = self.regex.is_match(text);
            seen.hide |= hides;
            return hides;
        }
        let Some(found) = self.regex.captures(text) else { return false };
        seen.hide |= self.hide;
        let get = |name| self.get(&found, name);
        self.look_at_numbers(text, &found, seen);
        let stage = || get("stage").or(self.stage.as_deref()).map(|name| name.trim().to_owned());
        set(&mut seen.stage, stage);
        set(&mut seen.message, || get("message").map(str::to_owned));
        if self.has("bar") {
            set(&mut seen.bar, || Some(get("bar").unwrap_or_default().trim().to_owned()));
        }
        seen.sum |= self.sum;
        let (before, after) = &self.say;
        set(&mut seen.instead, || {
            let text = get("instead")?.split_whitespace().collect::<Vec<_>>().join(" ");
            Some([&**before, &*text, &**after].concat())
        });
        if found.name(UNSURE).is_some() {
            seen.sure = Some(false);
        } else if found.name(SURE).is_some() {
            seen.sure = Some(true);
        }
        true
    }

    fn look_at_numbers(&self, text: &str, found: &Captures<'_>, seen: &mut Seen) {
        let get = |name| self.number(text, found, name);
        let amount = |name| get(name).and_then(number::amount);
        let percent = |name| get(name).and_then(number::percent).map(|percent| percent / 100.0);
        set(&mut seen.fraction, || percent("percent"));
        set(&mut seen.fraction, || amount("fraction"));
        set(&mut seen.item, || percent(ITEM));
        let step = || amount(STEP).map(|step| (step - 1.0).max(0.0));
        set(&mut seen.done, || amount("done").or_else(step).map(|done| done * self.scale));
        set(&mut seen.left, || amount("left").map(|left| left * self.scale));
        if seen.total.is_none() {
            seen.total = amount("total");
            seen.largest = self.largest;
        }
        if seen.part.is_none()
            && let Some(part) = self.get(found, "part")
        {
            seen.part_number = number::amount(part);
            seen.part = Some(if seen.part_number.is_some() { "" } else { part.trim() }.to_owned());
            seen.parts = amount("parts");
        }
    }

    fn get<'a>(&self, found: &Captures<'a>, name: &str) -> Option<&'a str> {
        self.group(found, name).map(|group| group.as_str())
    }

    /// The group, with the exponent that follows it: of `3.2e-07`, `[0-9.]+` matches `3.2` only.
    fn number<'a>(&self, text: &'a str, found: &Captures<'a>, name: &str) -> Option<&'a str> {
        let group = self.group(found, name)?;
        let follows = text.get(group.end()..).map_or(0, exponent);
        let digit = group.as_str().ends_with(|c: char| c.is_ascii_digit() || c == '.');
        text.get(group.start()..group.end() + if digit { follows } else { 0 })
    }

    fn group<'a>(&self, found: &Captures<'a>, name: &str) -> Option<Match<'a>> {
        match found.name(name) {
            Some(group) => Some(group),
            None if self.first == Some(name) => found.get(1),
            None => None,
        }
    }
}

fn set<T>(place: &mut Option<T>, value: impl FnOnce() -> Option<T>) {
    if place.is_none() {
        *place = value();
    }
}
