//! Validates a command and converts it to a [`Definition`].

use std::{
    collections::BTreeMap,
    ops::{Range, RangeInclusive},
    path::{Path, PathBuf},
    time::Duration,
};

use milepost::engine::{InvalidRate, RetentionOptions, RunRate, is_user_or_group};
use sha2::{Digest as _, Sha256};
use toml::Spanned;

use super::{
    env,
    errors::Errors,
    names::{VARIABLE, is_name, is_variable},
    params,
    positions::Positions,
    raw::{At, RawCommand, RawElement},
};
use crate::{
    argv::Template,
    definition::{Definition, Limits},
    params::Param,
    progress::Rules,
    stdin::Stdin,
    title,
};

const MB: u64 = 1 << 20;
/// Placeholder for the folder of the configuration file.
pub(super) const CONFIG_DIR: &str = "{config_dir}";

/// The command being validated.
pub(super) struct Checker<'r> {
    pub(super) name: &'r str,
    pub(super) raw: &'r RawCommand,
    pub(super) span: Range<usize>,
    pub(super) folder: &'r Path,
    /// Names of other kinds.
    pub(super) reserved: &'r [&'r str],
    pub(super) positions: &'r Positions,
}

impl Checker<'_> {
    pub(super) fn check(&self, errors: &mut Errors<'_>) -> Option<Definition> {
        let before = errors.count();
        if !is_name(self.name, '-') {
            let right =
                "the name of a kind has 1 to 40 of a-z, 0-9, - and _, and begins with a letter";
            errors.at(&self.span, &self.key(""), right);
        }
        if self.reserved.contains(&self.name) {
            errors.at(&self.span, &self.key(""), "this is the name of a built-in kind of task");
        }
        let title = self.text(&self.raw.title, "title", 100, errors);
        let description = self.text(&self.raw.description, "description", 500, errors);
        let working_folder = self.working_folder();
        let params =
            params::check(self.name, self.raw, self.folder, working_folder.as_deref(), errors);
        if let (Some(title), Some(params)) = (&self.raw.title, &params)
            && let Err(unfit) = title::check(title.get_ref(), params)
        {
            errors.at(&title.span(), &self.key("title"), &unfit.to_string());
        }
        let stdin = params.as_ref().and_then(|params| self.stdin(params, errors));
        let argv = params.as_ref().and_then(|params| self.argv(params, stdin.as_ref(), errors));
        let encoding = self.encoding(errors);
        let limits = self.limits(errors);
        self.allow_env(errors);
        let set_env = self.set_env(errors);
        let (env, success) = (self.env(errors), self.success(errors));
        let (stages, results) = (self.stages(errors), self.results(errors));
        let progress = self.progress(&stages, errors);
        let allow = self.allow(errors);
        if errors.count() > before {
            return None;
        }
        Some(Definition {
            name: self.name.to_owned(),
            title: title.unwrap_or_else(|| self.name.to_owned()),
            description: description.unwrap_or_default(),
            argv: argv?,
            params: params?,
            folder: working_folder,
            stdin,
            encoding,
            env,
            set_env,
            limits,
            success,
            stages,
            progress,
            results,
            pty: self.raw.pty.unwrap_or(false),
            new_privileges: self.raw.new_privileges.unwrap_or(false),
            keep_folder: self.raw.keep_folder.unwrap_or(false),
            allow,
            fingerprint: self.fingerprint(),
        })
    }

    pub(super) fn key(&self, key: &str) -> String {
        let dot = if key.is_empty() { "" } else { "." };
        format!("commands.{}{dot}{key}", self.name)
    }

    fn text(
        &self,
        text: &At<String>,
        key: &str,
        max: usize,
        errors: &mut Errors<'_>,
    ) -> Option<String> {
        let text = text.as_ref()?;
        let value = text.get_ref().trim();
        if value.is_empty() || value.chars().count() > max || value.chars().any(char::is_control) {
            let right = format!("one line of 1 to {max} characters");
            errors.at(&text.span(), &self.key(key), &right);
        }
        Some(value.to_owned())
    }

    fn argv(
        &self,
        params: &[Param],
        stdin: Option<&Stdin>,
        errors: &mut Errors<'_>,
    ) -> Option<Template> {
        let Some(argv) = &self.raw.argv else {
            let right = "needs `argv`, the program and its arguments: [\"tar\", \"--create\", …]";
            errors.at(&self.span, &self.key(""), right);
            return None;
        };
        let group = |element: &Spanned<RawElement>| match element.get_ref() {
            RawElement::One(text) => vec![self.placed(text)],
            RawElement::Group(texts) => texts.iter().map(|text| self.placed(text)).collect(),
        };
        let groups: Vec<Vec<String>> = argv.get_ref().iter().map(group).collect();
        match Template::new(&groups, params, stdin) {
            Ok(template) if is_program(template.program()) => return Some(template),
            Ok(_) => {
                let right = "the program is an absolute path, or a name that is looked for in PATH";
                errors.at(&argv.span(), &self.key("argv"), right);
            }
            Err(unfit) => errors.at(&argv.span(), &self.key("argv"), &unfit.to_string()),
        }
        None
    }

    /// Replaces the placeholder by the file's folder.
    pub(super) fn placed(&self, text: &str) -> String {
        let folder = self.folder.to_string_lossy().replace('{', "{{").replace('}', "}}");
        text.replace(CONFIG_DIR, &folder)
    }

    fn working_folder(&self) -> Option<PathBuf> {
        let folder = self.raw.folder.as_ref()?.get_ref();
        Some(self.folder.join(folder.replace(CONFIG_DIR, &self.folder.to_string_lossy())))
    }

    fn env(&self, errors: &mut Errors<'_>) -> Vec<String> {
        let names = self.raw.env.iter().flat_map(|names| names.get_ref());
        for name in names.clone().filter(|name| !is_variable(name.get_ref())) {
            errors.at(&name.span(), &self.key("env"), VARIABLE);
        }
        names.map(|name| name.get_ref().clone()).collect()
    }

    /// Each allowed name must be set by some parameter and must not be forbidden.
    fn allow_env(&self, errors: &mut Errors<'_>) {
        let params = self.raw.params.iter().flatten();
        let set: Vec<_> = params
            .filter_map(|(_, param)| Some(param.get_ref().env.as_ref()?.get_ref().as_str()))
            .collect();
        for name in self.raw.allow_env.iter().flat_map(|names| names.get_ref()) {
            let (key, text) = (self.key("allow_env"), name.get_ref().as_str());
            if env::rule(text) == env::Rule::Never {
                errors.at(&name.span(), &key, &env::never(text));
            } else if !set.contains(&text) {
                let what = format!("no parameter of this command has `env = \"{text}\"`");
                errors.at(&name.span(), &key, &what);
            }
        }
    }

    fn set_env(&self, errors: &mut Errors<'_>) -> BTreeMap<String, String> {
        let mut set = BTreeMap::new();
        for (name, value) in self.raw.set_env.iter().flatten() {
            if !is_variable(name) {
                errors.at(&value.span(), &self.key("set_env"), VARIABLE);
            }
            if value.get_ref().contains('\0') {
                errors.at(&value.span(), &self.key("set_env"), "no NUL characters");
            }
            let folder = self.folder.to_string_lossy();
            set.insert(name.clone(), value.get_ref().replace(CONFIG_DIR, &folder));
        }
        set
    }

    fn success(&self, errors: &mut Errors<'_>) -> Vec<i32> {
        let Some(codes) = &self.raw.success_exit_codes else { return vec![0] };
        let right = "exit codes from 0 to 255, at least one";
        if codes.get_ref().is_empty() {
            errors.at(&codes.span(), &self.key("success_exit_codes"), right);
        }
        for code in codes.get_ref().iter().filter(|code| !(0..=255).contains(code.get_ref())) {
            errors.at(&code.span(), &self.key("success_exit_codes"), right);
        }
        codes.get_ref().iter().map(|code| *code.get_ref()).collect()
    }

    fn stages(&self, errors: &mut Errors<'_>) -> Vec<(String, f64)> {
        let stages = self.raw.stages.iter().flat_map(|stages| stages.get_ref());
        for stage in stages.clone() {
            let (name, weight) = (stage.get_ref().name.trim(), stage.get_ref().weight);
            let named = !name.is_empty() && name.chars().count() <= 100;
            if !named || name.chars().any(char::is_control) || !(weight > 0.0 && weight < 1e9) {
                let right = "each stage has a name of 1 to 100 characters and a weight above 0";
                errors.at(&stage.span(), &self.key("stages"), right);
            }
        }
        if let Some(stages) = self.raw.stages.as_ref().filter(|all| all.get_ref().len() > 50) {
            errors.at(&stages.span(), &self.key("stages"), "at most 50 stages");
        }
        stages
            .map(|stage| (stage.get_ref().name.trim().to_owned(), stage.get_ref().weight))
            .collect()
    }

    fn progress(&self, stages: &[(String, f64)], errors: &mut Errors<'_>) -> Rules {
        let Some(raw) = &self.raw.progress else { return Rules::default() };
        let rules = match raw.compile() {
            Ok(rules) => rules,
            Err(error) => {
                let key = error.key(&self.key("progress"));
                errors.at(&self.positions.span(&key), &key, &error.detail);
                return Rules::default();
            }
        };
        let declared: Vec<_> = stages.iter().map(|(name, _)| name.clone()).collect();
        let unknown = (!declared.is_empty()).then(|| rules.unknown_stage(&declared)).flatten();
        if let Some(name) = unknown {
            let what = format!("there is no stage `{name}` in `stages`");
            let key = self.key("progress");
            errors.at(&self.positions.span(&key), &key, &what);
        }
        rules
    }

    /// Users and groups who may start it.
    fn allow(&self, errors: &mut Errors<'_>) -> Vec<String> {
        let Some(allow) = &self.raw.allow else { return Vec::new() };
        let entries = allow.get_ref();
        if entries.is_empty() {
            // An empty list could be meant to allow nobody.
            errors.at(&allow.span(), &self.key("allow"), "must name a user or a group");
        }
        for entry in entries.iter().filter(|entry| !is_user_or_group(entry.get_ref())) {
            let right = "each must be a user, such as `ada`, or a group, such as `group:ops`";
            errors.at(&entry.span(), &self.key("allow"), right);
        }
        entries.iter().map(|entry| entry.get_ref().clone()).collect()
    }

    fn results(&self, errors: &mut Errors<'_>) -> Vec<String> {
        let patterns = self.raw.results.iter().flat_map(|patterns| patterns.get_ref());
        for pattern in patterns.clone() {
            let text = pattern.get_ref();
            let leaves = text.starts_with('/') || text.split('/').any(|part| part == "..");
            let right = match globset::Glob::new(text) {
                Ok(_) if !leaves && !text.is_empty() => continue,
                Ok(_) => "a pattern of files in the run's own folder, such as `*.csv`".to_owned(),
                Err(error) => error.to_string(),
            };
            errors.at(&pattern.span(), &self.key("results"), &right);
        }
        patterns.map(|pattern| pattern.get_ref().clone()).collect()
    }

    fn limits(&self, errors: &mut Errors<'_>) -> Limits {
        let (raw, usual) = (self.raw, Limits::default());
        let at_most = self.rate(&raw.at_most, "at_most", errors);
        let at_most_per_owner = self.rate(&raw.at_most_per_owner, "at_most_per_owner", errors);
        let mut number = |at: &At<u64>, key: &str, fine: RangeInclusive<u64>| {
            let at = at.as_ref()?;
            if !fine.contains(at.get_ref()) {
                let right = format!("{} to {}", fine.start(), fine.end());
                errors.at(&at.span(), &self.key(key), &format!("must be {right}"));
            }
            Some(*at.get_ref())
        };
        let seconds = |s: Option<u64>, usual| s.map_or(usual, Duration::from_secs);
        let bytes = |mb: Option<u64>| mb.map(|mb| mb.saturating_mul(MB));
        let mut small = |at: &At<u32>, key, fine| -> Option<u32> {
            let wide = at.as_ref().map(|at| Spanned::new(at.span(), u64::from(*at.get_ref())));
            number(&wide, key, fine).and_then(|number| number.try_into().ok())
        };
        let concurrency = small(&raw.concurrency, "concurrency", 1..=10_000);
        let global_concurrency =
            small(&raw.global_concurrency, "global_concurrency", 1..=1_000_000);
        let max_attempts = small(&raw.max_attempts, "max_attempts", 1..=100);
        let processes = small(&raw.max_processes, "max_processes", 1..=100_000);
        let keep = number(&raw.keep_s, "keep_s", 0..=RetentionOptions::MAX_KEEP_S);
        let output = number(&raw.max_output_bytes, "max_output_bytes", 1024..=2 * MB);
        Limits {
            timeout: seconds(number(&raw.timeout_s, "timeout_s", 1..=31_536_000), usual.timeout),
            grace: seconds(number(&raw.grace_s, "grace_s", 0..=3600), usual.grace),
            keep: keep.map(Duration::from_secs),
            concurrency: concurrency.unwrap_or(usual.concurrency),
            global_concurrency,
            at_most,
            at_most_per_owner,
            max_attempts: max_attempts.unwrap_or(usual.max_attempts),
            output_bytes: output.and_then(|n| n.try_into().ok()).unwrap_or(usual.output_bytes),
            memory_bytes: bytes(number(&raw.max_memory_mb, "max_memory_mb", 1..=1 << 30)),
            total_memory_bytes: bytes(number(
                &raw.max_total_memory_mb,
                "max_total_memory_mb",
                1..=1 << 30,
            )),
            cpu_s: number(&raw.max_cpu_s, "max_cpu_s", 1..=31_536_000),
            file_bytes: bytes(number(&raw.max_file_mb, "max_file_mb", 1..=1 << 30)),
            processes: processes.unwrap_or(usual.processes),
        }
    }

    fn rate(&self, at: &At<String>, key: &str, errors: &mut Errors<'_>) -> Option<RunRate> {
        let at = at.as_ref()?;
        let rate = at.get_ref().parse();
        rate.map_err(|error: InvalidRate| errors.at(&at.span(), &self.key(key), &error.to_string()))
            .ok()
    }

    fn fingerprint(&self) -> String {
        let essence = serde_json::to_string(&self.raw.essence()).unwrap_or_default();
        let mut hash = Sha256::new().chain_update(&essence);
        // Without such a dependency, the file may be in different folders on different machines.
        if essence.contains(CONFIG_DIR) || self.raw.folder.is_some() {
            hash = hash.chain_update([0]).chain_update(&*self.folder.to_string_lossy());
        }
        format!("{:x}", hash.finalize())
    }
}

fn is_program(program: &str) -> bool {
    !program.is_empty() && (program.starts_with('/') || !program.contains('/'))
}
