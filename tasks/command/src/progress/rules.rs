//! Configured rules for recognising progress in a command's output.

mod form;

use std::{fmt, sync::Arc};

use serde::{Deserialize, Deserializer, Serialize, Serializer};

pub(crate) use self::form::RawRules;
use self::form::{Form, StreamName};
use super::{
    pattern::{GROUPS, Pattern, Streams},
    presets::{preset, presets},
};

/// Maximum number of patterns, not counting presets.
const MAX_PATTERNS: usize = 50;
/// [`RulesError::path`] of the rules as a whole.
const WHOLE: &str = "progress";

/// Rules for recognising progress in a command's output: `progress = "rsync"`, the name of a
/// preset, or a table of patterns (docs/commands.md). The default recognises nothing; the channel
/// is always read. Cheap to clone.
#[derive(Clone, Default)]
pub struct Rules {
    form: Arc<Form>,
    patterns: Arc<[Pattern]>,
    /// Number of the table's own patterns, before those of the preset.
    own: usize,
    stages: Arc<[(String, f64)]>,
}

/// Invalid rules, with the position.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{path}: {detail}")]
#[non_exhaustive]
pub struct RulesError {
    /// Position in the table, such as `stages[1].pattern`.
    pub path: String,
    /// What is wrong and what would be valid.
    pub detail: String,
}

impl RulesError {
    fn new(path: impl Into<String>, detail: impl Into<String>) -> Self {
        Self { path: path.into(), detail: detail.into() }
    }

    /// Full key of the position; `table` is the key of the rules.
    pub(crate) fn key(&self, table: &str) -> String {
        if self.path == WHOLE { table.to_owned() } else { format!("{table}.{}", self.path) }
    }
}

impl Rules {
    /// Rules of a preset.
    ///
    /// # Errors
    /// If the preset does not exist.
    pub fn preset(name: &str) -> Result<Self, RulesError> {
        Self::from_form(Form { preset: Some(name.to_owned()), short: true, ..Form::default() })
    }

    /// Names and weights of the rules' stages, for commands that declare none.
    pub fn stages(&self) -> Vec<(String, f64)> {
        self.stages.to_vec()
    }

    /// The total, for output that does not contain it.
    pub fn total(&self) -> Option<f64> {
        self.form.total
    }

    /// A stage that the rules use but the command does not declare; its progress would be ignored.
    pub fn unknown_stage(&self, declared: &[String]) -> Option<String> {
        let known =
            |name: &str| declared.iter().any(|d| d.trim().eq_ignore_ascii_case(name.trim()));
        self.stages.iter().map(|(name, _)| name).find(|name| !known(name)).cloned()
    }

    /// The table's own patterns, then those of the preset.
    pub(super) fn patterns(&self) -> &[Pattern] {
        &self.patterns
    }

    pub(super) const fn own_patterns(&self) -> usize {
        self.own
    }

    fn from_form(form: Form) -> Result<Self, RulesError> {
        let (mut patterns, mut stages) = (Vec::new(), Vec::new());
        let streams = streams(form.streams.as_deref())?;
        own_patterns(&form, streams, &mut patterns)?;
        for (n, stage) in form.stages.iter().enumerate() {
            let path = |field: &str| format!("stages[{n}].{field}");
            if stage.name.trim().is_empty() {
                return Err(RulesError::new(path("name"), "a stage needs a name"));
            }
            let weight = stage.weight.unwrap_or(1.0);
            if !(weight.is_finite() && weight > 0.0) {
                return Err(RulesError::new(path("weight"), "a weight is a number above 0"));
            }
            if let Some(text) = &stage.pattern {
                let pattern = Pattern::new(text, streams)
                    .map_err(|detail| RulesError::new(path("pattern"), detail))?;
                known_groups(&pattern, || path("pattern"))?;
                patterns.push(pattern.within(&stage.name));
            }
            stages.push((stage.name.trim().to_owned(), weight));
        }
        if patterns.len() > MAX_PATTERNS {
            let detail = format!("there are {} patterns; at most {MAX_PATTERNS}", patterns.len());
            return Err(RulesError::new(WHOLE, detail));
        }
        if let Some(total) = form.total
            && !(total.is_finite() && total > 0.0)
        {
            return Err(RulesError::new("total", format!("{total} is no number above 0")));
        }
        let own = patterns.len();
        if let Some(name) = &form.preset {
            let Some(preset) = preset(name) else { return Err(no_preset(name, form.short)) };
            patterns.extend(preset.patterns);
            if stages.is_empty() {
                stages.extend(preset.stages);
            }
        }
        Ok(Self { form: Arc::new(form), patterns: patterns.into(), own, stages: stages.into() })
    }
}

fn no_preset(name: &str, short: bool) -> RulesError {
    let names: Vec<_> = presets().iter().map(|preset| preset.name.as_str()).collect();
    let path = if short { WHOLE } else { "preset" };
    let name: String = name.chars().take(40).filter(|c| !c.is_control()).collect();
    RulesError::new(path, format!("there is no preset `{name}`; there are: {}", names.join(", ")))
}

fn streams(names: Option<&[StreamName]>) -> Result<Streams, RulesError> {
    let Some(names) = names else { return Ok(Streams::BOTH) };
    if names.is_empty() {
        return Err(RulesError::new("streams", "name `stdout`, `stderr` or both"));
    }
    Ok(Streams {
        stdout: names.contains(&StreamName::Stdout),
        stderr: names.contains(&StreamName::Stderr),
    })
}

/// Compiles the table's own patterns, except those of stages.
fn own_patterns(
    form: &Form,
    streams: Streams,
    patterns: &mut Vec<Pattern>,
) -> Result<(), RulesError> {
    let kinds = [
        ("percent", &form.percent),
        ("fraction", &form.fraction),
        ("count", &form.count),
        ("stage", &form.stage),
        ("message", &form.message),
        ("hide", &form.hide),
    ];
    for (key, texts) in kinds {
        for (n, text) in texts.0.iter().enumerate() {
            let path = || match texts.0.len() {
                1 => key.to_owned(),
                _ => format!("{key}[{n}]"),
            };
            let pattern =
                Pattern::new(text, streams).map_err(|detail| RulesError::new(path(), detail))?;
            known_groups(&pattern, path)?;
            patterns.push(meant(key, pattern, path)?);
        }
    }
    Ok(())
}

fn known_groups(pattern: &Pattern, path: impl Fn() -> String) -> Result<(), RulesError> {
    let Some(group) = pattern.unknown_group() else { return Ok(()) };
    let detail = format!("a group `{group}` means nothing; there are: {}", GROUPS.join(", "));
    Err(RulesError::new(path(), detail))
}

/// Gives a pattern the meaning of its key.
fn meant(
    key: &'static str,
    pattern: Pattern,
    path: impl Fn() -> String,
) -> Result<Pattern, RulesError> {
    match key {
        "hide" => Ok(pattern.hidden()),
        "count" if ["done", "left", "total"].iter().any(|group| pattern.has(group)) => Ok(pattern),
        "count" => Err(RulesError::new(
            path(),
            "name the groups: `(?<done>\\d+)/(?<total>\\d+)`; `left` instead of `done` counts down",
        )),
        _ if pattern.has(key) => Ok(pattern),
        _ if pattern.groups() > 0 => Ok(pattern.meaning(key)),
        _ => {
            let detail = format!("put what is meant into a group: `(...)` or `(?<{key}>...)`");
            Err(RulesError::new(path(), detail))
        }
    }
}

impl RawRules {
    /// Validates the rules and compiles their patterns.
    pub(crate) fn compile(&self) -> Result<Rules, RulesError> {
        Rules::from_form(self.0.clone())
    }
}

impl fmt::Debug for Rules {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.form.fmt(f)
    }
}

impl PartialEq for Rules {
    fn eq(&self, other: &Self) -> bool {
        self.form == other.form
    }
}

impl Serialize for Rules {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.form.serialize_short(serializer)
    }
}

impl<'de> Deserialize<'de> for Rules {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        RawRules::deserialize(deserializer)?.compile().map_err(serde::de::Error::custom)
    }
}
