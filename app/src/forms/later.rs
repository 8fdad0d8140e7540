//! Tags and start time in a start form.

use milepost::task::{FieldError, Problem};

use crate::wire::{AT_FIELD, MINUTES_FIELD, TAGS_FIELD, last};

/// What a start form sets besides the input.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(super) struct Later {
    pub(super) tags: Vec<String>,
    pub(super) run_at: Option<String>,
    pub(super) delay_s: Option<i64>,
}

impl Later {
    /// Reads the fields; an empty one counts as absent.
    pub(super) fn read(entered: &[(String, String)]) -> Result<Self, Vec<FieldError>> {
        let value =
            |name: &str| last(entered, name).map(str::trim).filter(|value| !value.is_empty());
        let minutes = |text: &str| {
            let wrong = "Start time: the minutes are a whole number";
            let minutes = text.parse::<u32>();
            let seconds = minutes.map(|minutes| i64::from(minutes) * 60);
            seconds.map_err(|_| vec![FieldError::new(MINUTES_FIELD, wrong)])
        };
        Ok(Self {
            tags: value(TAGS_FIELD).map(tags).unwrap_or_default(),
            run_at: value(AT_FIELD).map(in_utc),
            delay_s: value(MINUTES_FIELD).map(minutes).transpose()?,
        })
    }
}

/// Tags of a text with commas between them.
pub(super) fn tags(text: &str) -> Vec<String> {
    text.split(',').map(str::trim).filter(|tag| !tag.is_empty()).map(str::to_owned).collect()
}

/// The value of a `datetime-local` field as a time in UTC.
fn in_utc(local: &str) -> String {
    match local.len() {
        16 => format!("{local}:00Z"),
        19 => format!("{local}Z"),
        _ => local.to_owned(),
    }
}

/// Assigns errors of a start to the fields of the form, with their labels.
pub(super) fn at_the_fields(mut problem: Problem) -> Problem {
    for error in &mut problem.errors {
        let (field, label) = match error.field.as_str() {
            "tags" => (TAGS_FIELD, "Tags"),
            "run_at" => (AT_FIELD, "Start time"),
            "delay_s" => (MINUTES_FIELD, "Start time"),
            _ => continue,
        };
        *error = FieldError::new(field, format!("{label}: {}", error.detail));
    }
    problem
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(fields: &[(&str, &str)]) -> Result<Later, Vec<FieldError>> {
        let entered: Vec<_> =
            fields.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        Later::read(&entered)
    }

    #[test]
    fn tags_and_times_are_read_and_what_is_empty_is_absent() {
        assert_eq!(read(&[("_tags", " "), ("_at", ""), ("_minutes", "")]), Ok(Later::default()));
        let later = read(&[("_tags", "a, b b,,"), ("_at", "2026-12-24T14:02")]).unwrap();
        assert_eq!(later.tags, ["a", "b b"]);
        assert_eq!(later.run_at.as_deref(), Some("2026-12-24T14:02:00Z"));
        assert_eq!(read(&[("_minutes", " 90 ")]).unwrap().delay_s, Some(5_400));
        for wrong in ["-1", "1.5", "soon", "99999999999"] {
            assert!(read(&[("_minutes", wrong)]).is_err(), "{wrong}");
        }
    }
}
