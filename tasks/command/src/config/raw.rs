//! Commands as written in the file, each value with its position.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use toml::Spanned;

use crate::progress::RawRules;

/// The part of the file that is read here.
#[derive(Deserialize)]
pub(super) struct Document {
    #[serde(default)]
    pub(super) commands: BTreeMap<String, Spanned<RawCommand>>,
}

/// An optional value with its position.
pub(super) type At<T> = Option<Spanned<T>>;

/// `[commands.<name>]`. `docs/commands.md` describes each key.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawCommand {
    pub(super) title: At<String>,
    pub(super) description: At<String>,
    pub(super) argv: At<Vec<Spanned<RawElement>>>,
    pub(super) folder: At<String>,
    pub(super) stdin: At<String>,
    pub(super) stdin_file: At<String>,
    pub(super) encoding: At<String>,
    pub(super) env: At<Vec<Spanned<String>>>,
    pub(super) allow_env: At<Vec<Spanned<String>>>,
    pub(super) allow: At<Vec<Spanned<String>>>,
    pub(super) timeout_s: At<u64>,
    pub(super) grace_s: At<u64>,
    pub(super) keep_s: At<u64>,
    pub(super) concurrency: At<u32>,
    pub(super) global_concurrency: At<u32>,
    pub(super) at_most: At<String>,
    pub(super) at_most_per_owner: At<String>,
    pub(super) max_attempts: At<u32>,
    pub(super) max_output_bytes: At<u64>,
    pub(super) max_memory_mb: At<u64>,
    pub(super) max_total_memory_mb: At<u64>,
    pub(super) max_cpu_s: At<u64>,
    pub(super) max_file_mb: At<u64>,
    pub(super) max_processes: At<u32>,
    pub(super) success_exit_codes: At<Vec<Spanned<i32>>>,
    pub(super) results: At<Vec<Spanned<String>>>,
    pub(super) pty: Option<bool>,
    pub(super) new_privileges: Option<bool>,
    pub(super) keep_folder: Option<bool>,
    pub(super) progress: Option<RawRules>,
    pub(super) stages: At<Vec<Spanned<RawStage>>>,
    pub(super) set_env: Option<BTreeMap<String, Spanned<String>>>,
    pub(super) params: Option<BTreeMap<String, Spanned<RawParam>>>,
}

/// One element of `argv`, or several that are omitted together.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(untagged, expecting = "expected a text, or a list of texts that belong together")]
pub(super) enum RawElement {
    One(String),
    Group(Vec<String>),
}

/// An element of `stages`.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawStage {
    pub(super) name: String,
    #[serde(default = "one")]
    pub(super) weight: f64,
}

const fn one() -> f64 {
    1.0
}

/// `[commands.<name>.params.<name>]`.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawParam {
    #[serde(rename = "type")]
    pub(super) param_type: At<String>,
    pub(super) title: Option<String>,
    pub(super) description: Option<String>,
    pub(super) required: Option<bool>,
    pub(super) default: At<toml::Value>,
    pub(super) secret: At<bool>,
    pub(super) allow_leading_dash: Option<bool>,
    pub(super) env: At<String>,
    pub(super) pattern: At<String>,
    pub(super) pattern_description: At<String>,
    pub(super) min_length: At<usize>,
    pub(super) max_length: At<usize>,
    pub(super) multiline: At<bool>,
    pub(super) min: At<f64>,
    pub(super) max: At<f64>,
    pub(super) choices: At<Vec<String>>,
    pub(super) choices_from: At<Vec<String>>,
    pub(super) flag: At<String>,
    pub(super) min_items: At<usize>,
    pub(super) max_items: At<usize>,
}

impl RawCommand {
    /// Whether the operator lets parameters set this variable.
    pub(super) fn allows_env(&self, name: &str) -> bool {
        let mut allowed = self.allow_env.iter().flat_map(|names| names.get_ref());
        allowed.any(|allowed| allowed.get_ref() == name)
    }

    /// The part that determines what is run, without descriptions and limits.
    pub(super) fn essence(&self) -> Self {
        let params = self.params.clone().map(|params| {
            let bare = |param: Spanned<RawParam>| {
                let span = param.span();
                let param = param.into_inner();
                let param =
                    RawParam { title: None, description: None, pattern_description: None, ..param };
                Spanned::new(span, param)
            };
            params.into_iter().map(|(name, param)| (name, bare(param))).collect()
        });
        Self {
            argv: self.argv.clone(),
            folder: self.folder.clone(),
            stdin: self.stdin.clone(),
            stdin_file: self.stdin_file.clone(),
            encoding: self.encoding.clone(),
            env: self.env.clone(),
            set_env: self.set_env.clone(),
            progress: self.progress.clone(),
            stages: self.stages.clone(),
            success_exit_codes: self.success_exit_codes.clone(),
            results: self.results.clone(),
            pty: self.pty,
            params,
            ..Self::default()
        }
    }
}
