//! Ready-made rules for programs: the data of `presets.toml`.

use std::sync::LazyLock;

use serde::Deserialize;

use super::pattern::{Pattern, Streams};

/// Description of a preset.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[non_exhaustive]
pub struct PresetInfo {
    /// Name in a configuration.
    pub name: String,
    /// How to invoke the program.
    pub call: String,
    /// Additional settings that it needs, if any.
    #[serde(default)]
    pub needs: String,
}

/// All presets, by name.
pub fn presets() -> &'static [PresetInfo] {
    &PRESETS.infos
}

/// Patterns and stages of a preset.
#[derive(Clone)]
pub(super) struct Preset {
    pub(super) patterns: Vec<Pattern>,
    pub(super) stages: Vec<(String, f64)>,
}

/// The preset with this name.
pub(super) fn preset(name: &str) -> Option<Preset> {
    let form = PRESETS.forms.iter().find(|form| form.info.name == name)?;
    // Tests compile all of them.
    let patterns = form.rules.iter().map(RuleForm::pattern).collect::<Result<_, _>>().ok()?;
    Some(Preset { patterns, stages: form.stages.clone() })
}

struct Presets {
    infos: Vec<PresetInfo>,
    forms: Vec<PresetForm>,
}

static PRESETS: LazyLock<Presets> = LazyLock::new(|| {
    let file: File = toml::from_str(include_str!("presets.toml")).unwrap_or_default();
    let mut forms = file.preset;
    forms.sort_by(|a, b| a.info.name.cmp(&b.info.name));
    Presets { infos: forms.iter().map(|form| form.info.clone()).collect(), forms }
});

#[derive(Default, Deserialize)]
struct File {
    preset: Vec<PresetForm>,
}

#[derive(Deserialize)]
struct PresetForm {
    #[serde(flatten)]
    info: PresetInfo,
    #[serde(default)]
    stages: Vec<(String, f64)>,
    rules: Vec<RuleForm>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RuleForm {
    pattern: String,
    stream: Option<Stream>,
    stage: Option<String>,
    say: Option<String>,
    #[serde(default)]
    hide: bool,
    scale: Option<f64>,
    #[serde(default)]
    largest: bool,
    #[serde(default)]
    sum: bool,
}

#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Stream {
    Stdout,
    Stderr,
}

impl RuleForm {
    fn pattern(&self) -> Result<Pattern, String> {
        let streams = match self.stream {
            None => Streams::BOTH,
            Some(Stream::Stdout) => Streams::STDOUT,
            Some(Stream::Stderr) => Streams::STDERR,
        };
        let mut pattern = Pattern::new(&self.pattern, streams)?;
        pattern.hide = self.hide;
        pattern.largest = self.largest;
        pattern.sum = self.sum;
        if let Some(scale) = self.scale {
            pattern.scale = scale;
        }
        if let Some(stage) = &self.stage {
            pattern = pattern.within(stage);
        }
        if let Some(say) = &self.say {
            pattern = pattern.saying(say);
        }
        Ok(pattern)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_rule_of_each_preset_compiles() {
        let file: Result<File, _> = toml::from_str(include_str!("presets.toml"));
        assert!(file.is_ok(), "{:?}", file.err());
        assert!(presets().len() > 20);
        for form in &PRESETS.forms {
            for rule in &form.rules {
                let compiled = rule.pattern().map(|_| ());
                assert_eq!(compiled, Ok(()), "{}: {}", form.info.name, rule.pattern);
                let stage = rule.stage.as_ref();
                let known = |stage: &String| form.stages.iter().any(|(name, _)| name == stage);
                assert!(stage.is_none_or(known), "{}: {stage:?}", form.info.name);
            }
        }
    }
}
