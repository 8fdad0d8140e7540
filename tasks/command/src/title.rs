//! Titles with placeholders for parameters: `Archive {folder}`.

use super::{definition::Definition, element::TemplateError, params::Param, value::ParamValue};

/// Maximum number of characters of a parameter's value in a task's title.
const MAX_IN_TITLE: usize = 60;
/// Stands for what a title does not know: values in the title of a kind, and optional ones that are
/// not given.
const OPEN: &str = "…";
/// What the engine replaces by the name of the uploaded file.
const UPLOAD: &str = "{name}";

/// Title of a task, and the one with the name of its upload in place of `{name}`, if that differs.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct TaskTitle {
    pub(super) plain: String,
    pub(super) with_upload: Option<String>,
}

/// Checks the placeholders of a title.
pub(super) fn check(title: &str, params: &[Param]) -> Result<(), TemplateError> {
    for part in parts(title)? {
        let Part::Param(name) = part else { continue };
        match params.iter().find(|param| param.name == name) {
            None => return Err(TemplateError::Unknown(name.to_owned())),
            Some(param) if param.secret => return Err(TemplateError::InTitle(name.to_owned())),
            Some(_) => {}
        }
    }
    Ok(())
}

/// The title of the kind.
pub(super) fn of_kind(definition: &Definition) -> String {
    filled(&definition.title, |_| OPEN.to_owned())
}

/// The title of a task. Without placeholders the first required value that is not secret follows.
pub(super) fn of_task(definition: &Definition, values: &[ParamValue]) -> TaskTitle {
    let Definition { title, params, .. } = definition;
    let value = |name: &str| {
        let index = params.iter().position(|param| param.name == name)?;
        values.get(index)
    };
    let has_params =
        parts(title).is_ok_and(|parts| parts.iter().any(|part| matches!(part, Part::Param(_))));
    if has_params {
        let plain = filled(title, |name| shown(value(name), OPEN));
        let with_upload = filled(title, |name| shown(value(name), UPLOAD));
        return TaskTitle { with_upload: (with_upload != plain).then_some(with_upload), plain };
    }
    let title = of_kind(definition);
    let named = params.iter().zip(values).filter(|(param, _)| param.required && !param.secret);
    let required: Vec<_> = named.map(|(_, value)| value).collect();
    let text = required.iter().find(|value| !value.as_text().trim().is_empty());
    match text {
        Some(text) => {
            TaskTitle { plain: format!("{title}: {}", shown(Some(text), OPEN)), with_upload: None }
        }
        None if required.iter().any(|value| matches!(value, ParamValue::Upload(_))) => {
            TaskTitle { with_upload: Some(format!("{title}: {UPLOAD}")), plain: title }
        }
        None => TaskTitle { plain: title, with_upload: None },
    }
}

/// The first line of a value, shortened; `upload` for a file.
fn shown(value: Option<&ParamValue>, upload: &str) -> String {
    let text = match value {
        Some(ParamValue::Upload(_)) => return upload.to_owned(),
        Some(ParamValue::Text(text)) => text.clone(),
        Some(ParamValue::List(list)) => list.join(", "),
        Some(ParamValue::Yes) => "yes".to_owned(),
        Some(ParamValue::Absent) | None => String::new(),
    };
    let line = text.lines().map(str::trim).find(|line| !line.is_empty()).unwrap_or(OPEN);
    match line.char_indices().nth(MAX_IN_TITLE) {
        Some((end, _)) => format!("{}…", &line[..end]),
        None => line.to_owned(),
    }
}

enum Part<'t> {
    Text(&'t str),
    Param(&'t str),
}

/// `{{` and `}}` are braces themselves.
fn parts(title: &str) -> Result<Vec<Part<'_>>, TemplateError> {
    let brace = || TemplateError::Brace(title.to_owned());
    let (mut parts, mut rest) = (Vec::new(), title);
    while let Some(at) = rest.find(['{', '}']) {
        let (text, after) = rest.split_at(at);
        parts.push(Part::Text(text));
        let (this, after) = after.split_at(1);
        if let Some(after) = after.strip_prefix(this) {
            parts.push(Part::Text(this));
            rest = after;
            continue;
        }
        let inner = (this == "{").then(|| after.split_once('}')).flatten().ok_or_else(brace)?;
        parts.push(Part::Param(inner.0));
        rest = inner.1;
    }
    parts.push(Part::Text(rest));
    Ok(parts)
}

fn filled(title: &str, value: impl Fn(&str) -> String) -> String {
    // The title was checked with the configuration.
    let parts = parts(title).unwrap_or_else(|_| vec![Part::Text(title)]);
    let filled = parts.into_iter().map(|part| match part {
        Part::Text(text) => text.to_owned(),
        Part::Param(name) => value(name),
    });
    filled.collect()
}
