//! Parameters of a command.

use std::{
    cmp::Ordering::{Equal, Less},
    path::{Path, PathBuf},
};

use toml::Spanned;

use super::{
    check::CONFIG_DIR,
    env::{self, Rule},
    errors::Errors,
    names::{VARIABLE, is_name, is_variable},
    raw::{At, RawCommand, RawParam},
};
use crate::{
    offer::Offer,
    params::{Param, ParamType, Pattern, Text},
    progress::regex_error,
};

/// Maximum length of a text; a process argument has at most 128 KiB.
const MAX_TEXT: usize = 30_000;
/// Default maximum length of a text.
const USUAL_TEXT: usize = 1_000;
const MAX_ITEMS: usize = 1_000;
/// Maximum length of single-line descriptions.
const MAX_LINE: usize = 200;

/// Keys specific to each type.
const TYPES: [(&str, &[&str]); 7] = [
    ("text", &["pattern", "pattern_description", "min_length", "max_length", "multiline"]),
    ("integer", &["min", "max"]),
    ("number", &["min", "max"]),
    ("choice", &["choices", "choices_from"]),
    ("boolean", &["flag"]),
    ("file", &[]),
    (
        "list",
        &[
            "pattern",
            "pattern_description",
            "min_length",
            "max_length",
            "multiline",
            "choices",
            "min_items",
            "max_items",
        ],
    ),
];

/// Validates the parameters of a command; returns them in the file's order.
pub(super) fn check(
    command_name: &str,
    command: &RawCommand,
    folder: &Path,
    working_folder: Option<&Path>,
    errors: &mut Errors<'_>,
) -> Option<Vec<Param>> {
    let mut params: Vec<_> = command.params.iter().flatten().collect();
    params.sort_by_key(|(_, param)| param.span().start);
    let checked: Vec<_> = params
        .into_iter()
        .map(|(name, raw)| {
            let key = format!("commands.{command_name}.params.{name}");
            let working_folder = working_folder.map(Path::to_owned);
            One { key, command_name, command, folder, working_folder, name, raw }.check(errors)
        })
        .collect();
    checked.into_iter().collect()
}

struct One<'r> {
    key: String,
    command_name: &'r str,
    command: &'r RawCommand,
    /// Folder of the configuration file.
    folder: &'r Path,
    /// Folder in which the command runs, if it is declared.
    working_folder: Option<PathBuf>,
    name: &'r str,
    raw: &'r Spanned<RawParam>,
}

impl One<'_> {
    fn check(&self, errors: &mut Errors<'_>) -> Option<Param> {
        let raw = self.raw.get_ref();
        let before = errors.count();
        if !is_name(self.name, '_') || self.name == "config_dir" {
            let right = "a parameter's name has 1 to 40 of a-z, 0-9 and _, and begins with a letter; \
                         config_dir is reserved";
            errors.at(&self.raw.span(), &self.key, right);
        }
        let param_type = self.param_type(errors)?;
        let required = raw.required.unwrap_or(false);
        let secret = raw.secret.as_ref().is_some_and(|secret| *secret.get_ref());
        if secret && !matches!(param_type, ParamType::Text(_)) {
            errors.at(&self.raw.span(), &self.key, "only a text can be secret");
        }
        if let Some(env) = &raw.env {
            self.check_env(env, &param_type, errors);
        }
        let default = self.default(&param_type, secret, errors);
        (errors.count() == before).then(|| Param {
            name: self.name.to_owned(),
            title: raw.title.clone(),
            description: raw.description.clone(),
            required,
            default,
            secret,
            allow_leading_dash: raw.allow_leading_dash.unwrap_or(false),
            env: raw.env.as_ref().map(|env| env.get_ref().clone()),
            param_type,
        })
    }

    fn check_env(&self, env: &Spanned<String>, param_type: &ParamType, errors: &mut Errors<'_>) {
        let name = env.get_ref().as_str();
        let key = format!("{}.env", self.key);
        match env::rule(name) {
            _ if !is_variable(name) => errors.at(&env.span(), &key, VARIABLE),
            Rule::Never => errors.at(&env.span(), &key, &env::never(name)),
            Rule::OnlyIfAllowed if !self.command.allows_env(name) => {
                errors.at(&env.span(), &key, &env::not_allowed(name, self.command_name));
            }
            Rule::OnlyIfAllowed | Rule::Free => {}
        }
        if matches!(param_type, ParamType::List { .. }) {
            errors.at(&env.span(), &key, "a list does not fit into one variable");
        }
    }

    fn default(
        &self,
        param_type: &ParamType,
        secret: bool,
        errors: &mut Errors<'_>,
    ) -> Option<serde_json::Value> {
        let default = self.raw.get_ref().default.as_ref()?;
        let key = format!("{}.default", self.key);
        if secret {
            errors.at(&default.span(), &key, "a secret has no default: everyone would have it");
            return None;
        }
        if matches!(param_type, ParamType::File) {
            errors.at(&default.span(), &key, "a file has no default");
            return None;
        }
        let value = serde_json::to_value(default.get_ref()).unwrap_or_default();
        if let Err(right) = param_type.read(&value) {
            errors.at(&default.span(), &key, &right);
        }
        Some(value)
    }

    fn param_type(&self, errors: &mut Errors<'_>) -> Option<ParamType> {
        let raw = self.raw.get_ref();
        let known: Vec<_> = TYPES.iter().map(|(name, _)| *name).collect();
        let known = format!("must be one of: {}", known.join(", "));
        let Some(param_type) = &raw.param_type else {
            errors.at(&self.raw.span(), &format!("{}.type", self.key), &known);
            return None;
        };
        let Some((name, keys)) = TYPES.iter().find(|(name, _)| name == param_type.get_ref()) else {
            errors.at(&param_type.span(), &format!("{}.type", self.key), &known);
            return None;
        };
        for (key, span) in raw.own_keys() {
            if !keys.contains(&key) {
                let what = format!("does not belong to the type {name}");
                errors.at(&span, &format!("{}.{key}", self.key), &what);
            }
        }
        Some(match *name {
            "integer" => self.integer(errors),
            "number" => {
                let (min, max) = (raw.min.as_ref(), raw.max.as_ref());
                let (min, max) = (min.map(|min| *min.get_ref()), max.map(|max| *max.get_ref()));
                self.ordered(min, max, errors);
                ParamType::Number { min, max }
            }
            "choice" => match &raw.choices_from {
                Some(argv) => ParamType::Offered(self.offer(argv, errors)),
                None => ParamType::Choice(self.choices(true, errors)),
            },
            "boolean" => {
                ParamType::Boolean { flag: raw.flag.as_ref().map(|f| f.get_ref().clone()) }
            }
            "file" => ParamType::File,
            "list" => self.list(errors),
            _ => ParamType::Text(self.text(errors)),
        })
    }

    fn integer(&self, errors: &mut Errors<'_>) -> ParamType {
        let raw = self.raw.get_ref();
        let mut whole = |at: &At<f64>, key| {
            let number = *at.as_ref()?.get_ref();
            // Beyond this, `f64` cannot represent every integer.
            if number.fract() != 0.0 || number.abs() > 9e15 {
                let span = at.as_ref().map_or(0..0, Spanned::span);
                errors.at(&span, &format!("{}.{key}", self.key), "must be a whole number");
            }
            Some(number as i64)
        };
        let (min, max) = (whole(&raw.min, "min"), whole(&raw.max, "max"));
        self.ordered(min, max, errors);
        ParamType::Integer { min, max }
    }

    fn ordered<T: PartialOrd>(&self, min: Option<T>, max: Option<T>, errors: &mut Errors<'_>) {
        // NaN is not in order, either.
        let above = |min: &T, max: &T| !matches!(min.partial_cmp(max), Some(Less | Equal));
        let (low, high) = (min.as_ref().or(max.as_ref()), max.as_ref().or(min.as_ref()));
        if low.zip(high).is_some_and(|(min, max)| above(min, max)) {
            errors.at(&self.raw.span(), &self.key, "`min` must not be above `max`");
        }
    }

    fn choices(&self, needed: bool, errors: &mut Errors<'_>) -> Vec<String> {
        let Some(choices) = &self.raw.get_ref().choices else {
            if needed {
                let right = "needs `choices`, such as [\"small\", \"large\"], or `choices_from`, such as \
                             [\"git\", \"branch\", \"--list\"]";
                errors.at(&self.raw.span(), &self.key, right);
            }
            return Vec::new();
        };
        let wrong = |text: &String| text.is_empty() || text.chars().any(char::is_control);
        if choices.get_ref().is_empty() || choices.get_ref().iter().any(wrong) {
            let right = "at least one text; none empty or with control characters";
            errors.at(&choices.span(), &format!("{}.choices", self.key), right);
        }
        choices.get_ref().clone()
    }

    fn offer(&self, argv: &Spanned<Vec<String>>, errors: &mut Errors<'_>) -> Offer {
        let key = format!("{}.choices_from", self.key);
        let parts = argv.get_ref();
        if parts.first().is_none_or(String::is_empty) || parts.iter().any(|it| it.contains('\0')) {
            let right = "a program and its arguments, such as [\"git\", \"branch\", \"--list\"]";
            errors.at(&argv.span(), &key, right);
        }
        if let Some(choices) = &self.raw.get_ref().choices {
            errors.at(&choices.span(), &key, "give `choices` or `choices_from`, not both");
        }
        let here = self.folder.to_string_lossy();
        let argv = parts.iter().map(|part| part.replace(CONFIG_DIR, &here)).collect();
        Offer::new(argv, self.working_folder.clone())
    }

    fn list(&self, errors: &mut Errors<'_>) -> ParamType {
        let raw = self.raw.get_ref();
        let (items, choices) = (self.text(errors), self.choices(false, errors));
        let count = |at: &At<usize>, usual| at.as_ref().map_or(usual, |at| *at.get_ref());
        let usual_min = usize::from(raw.required.unwrap_or(false));
        let (min, max) = (count(&raw.min_items, usual_min), count(&raw.max_items, 100));
        if min > max || max > MAX_ITEMS {
            let right = format!("`min_items` to `max_items`, at most {MAX_ITEMS}");
            errors.at(&self.raw.span(), &self.key, &right);
        }
        ParamType::List { items, choices, min, max }
    }

    fn text(&self, errors: &mut Errors<'_>) -> Text {
        let raw = self.raw.get_ref();
        let count = |at: &At<usize>, usual| at.as_ref().map_or(usual, |at| *at.get_ref());
        let (min, max) = (count(&raw.min_length, 1), count(&raw.max_length, USUAL_TEXT));
        if min > max || max > MAX_TEXT {
            let right = format!("`min_length` to `max_length`, at most {MAX_TEXT}");
            errors.at(&self.raw.span(), &self.key, &right);
        }
        let pattern = raw.pattern.as_ref().and_then(|pattern| {
            let compiled = Pattern::new(pattern.get_ref());
            if let Err(error) = &compiled {
                let what = regex_error(error);
                errors.at(&pattern.span(), &format!("{}.pattern", self.key), &what);
            }
            compiled.ok()
        });
        let multiline = raw.multiline.as_ref().is_some_and(|yes| *yes.get_ref());
        Text { pattern, pattern_description: self.pattern_description(errors), min, max, multiline }
    }

    fn pattern_description(&self, errors: &mut Errors<'_>) -> Option<String> {
        let raw = self.raw.get_ref();
        let pattern_description = raw.pattern_description.as_ref()?;
        let (key, text) =
            (format!("{}.pattern_description", self.key), pattern_description.get_ref().trim());
        if raw.pattern.is_none() {
            errors.at(
                &pattern_description.span(),
                &key,
                "says what `pattern` asks for; there is none",
            );
        }
        if !(1..=MAX_LINE).contains(&text.chars().count()) || text.chars().any(char::is_control) {
            let right = format!("one line of 1 to {MAX_LINE} characters");
            errors.at(&pattern_description.span(), &key, &right);
        }
        Some(text.to_owned())
    }
}

impl RawParam {
    /// The given keys that are specific to some types.
    fn own_keys(&self) -> Vec<(&'static str, std::ops::Range<usize>)> {
        fn span<T>(at: &At<T>) -> Option<std::ops::Range<usize>> {
            at.as_ref().map(Spanned::span)
        }
        let keys = [
            ("pattern", span(&self.pattern)),
            ("pattern_description", span(&self.pattern_description)),
            ("min_length", span(&self.min_length)),
            ("max_length", span(&self.max_length)),
            ("multiline", span(&self.multiline)),
            ("min", span(&self.min)),
            ("max", span(&self.max)),
            ("choices", span(&self.choices)),
            ("choices_from", span(&self.choices_from)),
            ("flag", span(&self.flag)),
            ("min_items", span(&self.min_items)),
            ("max_items", span(&self.max_items)),
        ];
        keys.into_iter().filter_map(|(key, span)| Some((key, span?))).collect()
    }
}
