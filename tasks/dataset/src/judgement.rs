//! Which interpretation a column has, by its own values and by those of the other columns.

use std::collections::BTreeSet;

use super::{
    doubt::{About, Doubt},
    interpretation::{Interpretation, Shapes},
    markers::Marker,
    moment::Order,
    profile::{DataType, TypeCounts},
    reading::Form,
    short_years::YearPlace,
    values::Values,
};

/// What the columns of a file tell about each other, and what was given.
#[derive(Clone, Debug, Default)]
pub(super) struct Evidence {
    /// The delimiter: where cells are separated by semicolons, a comma is likely the decimal sign.
    delimiter: Option<u8>,
    /// Decimal sign that was given.
    given_decimal: Option<char>,
    /// Whether a delimiter was given that separates nothing.
    lacks_delimiter: bool,
    has_points: bool,
    has_commas: bool,
    has_day_first: bool,
    has_month_first: bool,
    /// Markers of missing values in columns of figures.
    pub(super) markers: BTreeSet<Marker>,
}

impl Evidence {
    /// What is known before any column is looked at.
    pub(super) fn new(
        delimiter: Option<u8>,
        given_decimal: Option<char>,
        lacks_delimiter: bool,
    ) -> Self {
        Self { delimiter, given_decimal, lacks_delimiter, ..Self::default() }
    }

    /// Decimal sign of the file.
    fn decimal(&self) -> Option<char> {
        match (self.has_points, self.has_commas) {
            _ if self.given_decimal.is_some() => self.given_decimal,
            (true, false) => Some('.'),
            (false, true) => Some(','),
            _ => None,
        }
    }

    const fn day_first(&self) -> Option<bool> {
        match (self.has_day_first, self.has_month_first) {
            (true, false) => Some(true),
            (false, true) => Some(false),
            _ => None,
        }
    }

    /// Adds what a column tells without doubt.
    pub(super) fn note(&mut self, judged: &Judged) {
        let forms: Vec<Form> =
            judged.candidates.iter().map(|candidate| candidate.reading.form).collect();
        let has = |form| forms.contains(&form);
        self.has_points |= judged.has_points || has(Form::Point) && !has(Form::Comma);
        self.has_commas |= has(Form::Comma) && !has(Form::Point);
        let (day, month) = (Form::Dates(Order::DayFirst), Form::Dates(Order::MonthFirst));
        let is_sure = !has(Form::Dates(Order::ShortYearFirst));
        self.has_day_first |= is_sure && has(day) && !has(month);
        self.has_month_first |= is_sure && has(month) && !has(day);
    }
}

/// What a column may be by its own values.
#[derive(Default)]
pub(super) struct Judged {
    candidates: Vec<Interpretation>,
    shapes: Option<Shapes>,
    /// Whether there are plain numbers with a decimal point that is nothing else.
    has_points: bool,
}

/// What a column is.
pub(super) enum Verdict {
    /// Values in the plain form.
    Plain(DataType),
    /// Plain numbers that are codes: texts, with what they look like.
    Codes(String),
    /// Values in another form.
    Read(Box<Interpretation>),
}

impl Verdict {
    /// What the values look like, unless they are in the plain form without doubt.
    pub(super) fn describe(&self, data_type: DataType, is_doubtful: bool) -> Option<String> {
        match self {
            Self::Plain(_) if !is_doubtful || data_type == DataType::Text => None,
            Self::Plain(_) => Some("numbers with a decimal point".to_owned()),
            Self::Codes(codes) => Some(codes.clone()),
            Self::Read(found) => Some(found.reading.describe()),
        }
    }
}

impl Judged {
    /// Looks at the values of a column.
    pub(super) fn of(types: &TypeCounts, values: &Values) -> Self {
        match types.data_type() {
            DataType::Integer | DataType::Number => {
                let shapes = values.shapes();
                let has_points = types.number > 0 && !shapes.are_thousands();
                Self { candidates: Vec::new(), shapes: Some(shapes), has_points }
            }
            DataType::Text => Self { candidates: values.interpretations(), ..Self::default() },
            _ => Self::default(),
        }
    }

    /// Decides, with what the other columns tell.
    pub(super) fn decide(
        mut self,
        name: &str,
        plain: DataType,
        values: &Values,
        evidence: &Evidence,
    ) -> (Verdict, Option<Doubt>) {
        if let Some(shapes) = self.shapes {
            return decide_numbers(shapes, name, plain, values, evidence);
        }
        if self.candidates.is_empty() {
            return (Verdict::Plain(plain), None);
        }
        if let Some(found) = self.numbers(evidence) {
            return found;
        }
        if let Some(found) = self.dates(evidence) {
            return found;
        }
        if let Some(found) = self.times() {
            return found;
        }
        (Verdict::Read(Box::new(self.candidates.swap_remove(0))), None)
    }

    /// Whether no interpretation fits all values.
    pub(super) const fn is_text(&self) -> bool {
        self.candidates.is_empty()
    }

    fn remove(&mut self, form: Form) -> Option<Interpretation> {
        let index = self.candidates.iter().position(|found| found.reading.form == form)?;
        Some(self.candidates.remove(index))
    }

    /// Decides between a decimal point and a decimal comma.
    fn numbers(&mut self, evidence: &Evidence) -> Option<(Verdict, Option<Doubt>)> {
        let (point, comma) = (self.remove(Form::Point), self.remove(Form::Comma));
        let (point, comma) = match (point, comma) {
            (Some(point), Some(comma)) => (point, comma),
            (Some(only), None) | (None, Some(only)) => return Some(one_sign(only, evidence)),
            (None, None) => return None,
        };
        if !point.reading.is_ambiguous() && !comma.reading.is_ambiguous() {
            // Neither sign occurs, so that both say the same.
            return Some((Verdict::Read(Box::new(point)), None));
        }
        if let Some(decimal) = evidence.decimal() {
            let sure = if decimal == ',' { comma } else { point };
            return Some((Verdict::Read(Box::new(sure)), None));
        }
        // Large numbers without grouping beside grouped ones: it is no grouping.
        match (point.reading.is_uneven(), comma.reading.is_uneven()) {
            (true, false) => return Some((Verdict::Read(Box::new(comma)), None)),
            (false, true) => return Some((Verdict::Read(Box::new(point)), None)),
            _ => {}
        }
        let is_group = point.reading.is_ambiguous();
        let sign = if is_group { point.reading.group() } else { comma.reading.group() };
        let likely = match (evidence.delimiter, point.reading.unit()) {
            (_, Some("$" | "USD" | "GBP" | "CAD" | "AUD")) | (Some(b','), _) => point,
            (Some(b';'), _) => comma,
            _ => {
                let doubt = "might have a decimal sign or a sign between thousands; the column is \
                             read as text unless the decimal sign is given";
                let doubt = Doubt::of("ambiguous_numbers", doubt.to_owned()).with(sign);
                return Some((Verdict::Plain(DataType::Text), Some(doubt)));
            }
        };
        let doubt = format!(
            "might have a decimal sign or a sign between thousands; they are read as {}",
            likely.reading.describe()
        );
        let doubt = Doubt::of("ambiguous_numbers", doubt).with(sign);
        Some((Verdict::Read(Box::new(likely)), Some(doubt)))
    }

    /// Decides between day and month.
    fn dates(&mut self, evidence: &Evidence) -> Option<(Verdict, Option<Doubt>)> {
        if let Some(year_first) = self.remove(Form::Dates(Order::YearFirst)) {
            return Some((Verdict::Read(Box::new(year_first)), None));
        }
        let (day, month) = (
            self.remove(Form::Dates(Order::DayFirst)),
            self.remove(Form::Dates(Order::MonthFirst)),
        );
        let short = self.remove(Form::Dates(Order::ShortYearFirst));
        let (day, month) = match (day, month) {
            (day, month) if short.is_some() => return short_year(short?, day, month, evidence),
            (Some(day), Some(month)) => (day, month),
            (Some(only), None) | (None, Some(only)) => {
                return Some((Verdict::Read(Box::new(only)), None));
            }
            (None, None) => return None,
        };
        Some(day_or_month(day, month, evidence))
    }

    /// Decides between minutes and seconds, and hours and minutes.
    fn times(&mut self) -> Option<(Verdict, Option<Doubt>)> {
        let minutes = self.remove(Form::Minutes);
        let hours = self.remove(Form::Times)?;
        let times = hours.reading.times();
        let likely = match minutes {
            Some(minutes) if times.is_beyond_day() => {
                return Some((Verdict::Read(Box::new(minutes)), None));
            }
            // Times of day have two digits for the hours, and may leave seconds out.
            Some(minutes) if times.is_unpadded() => minutes,
            None if !times.is_beyond_day() || times.are_mixed() => {
                return Some((Verdict::Read(Box::new(hours)), None));
            }
            _ => hours,
        };
        let doubt = format!(
            "do not tell whether the short ones are hours:minutes or minutes:seconds; they are \
             read as {}",
            likely.reading.describe()
        );
        let doubt = Doubt::of("ambiguous_times", doubt);
        Some((Verdict::Read(Box::new(likely)), Some(doubt)))
    }
}

/// Numbers that fit only one decimal sign, which may not be the one that was given.
fn one_sign(only: Interpretation, evidence: &Evidence) -> (Verdict, Option<Doubt>) {
    let (sign, name) = match only.reading.form {
        Form::Comma => (',', "point"),
        _ => ('.', "comma"),
    };
    let described = only.reading.describe();
    if evidence.given_decimal.is_some_and(|given| given != sign) {
        let doubt = format!(
            "look like {described}, but the decimal sign was given as a {name}; the column is \
             read as text"
        );
        return (Verdict::Plain(DataType::Text), Some(Doubt::of("decimal_not_found", doubt)));
    }
    let doubt = (sign == ',' && evidence.lacks_delimiter).then(|| {
        let doubt = format!("might be two cells each; they are read as {described}");
        Doubt::of("ambiguous_numbers", doubt).with(Some(','))
    });
    (Verdict::Read(Box::new(only)), doubt)
}

/// Decides between day and month.
fn day_or_month(
    day: Interpretation,
    month: Interpretation,
    evidence: &Evidence,
) -> (Verdict, Option<Doubt>) {
    if let Some(day_first) = evidence.day_first() {
        let sure = if day_first { day } else { month };
        return (Verdict::Read(Box::new(sure)), None);
    }
    let is_european = evidence.delimiter == Some(b';') || evidence.decimal() == Some(',');
    let likely = if is_european || day.reading.separator() != Some('/') { day } else { month };
    let doubt =
        format!("do not tell day and month apart; they are read as {}", likely.reading.describe());
    (Verdict::Read(Box::new(likely)), Some(Doubt::of("ambiguous_dates", doubt)))
}

/// Decides where the year stands if it has two digits.
fn short_year(
    year: Interpretation,
    day: Option<Interpretation>,
    month: Option<Interpretation>,
    evidence: &Evidence,
) -> Option<(Verdict, Option<Doubt>)> {
    let others: Vec<_> =
        day.iter().chain(&month).map(|other| *other.reading.short_years()).collect();
    if others.is_empty() {
        return Some((Verdict::Read(Box::new(year)), None));
    }
    let position = year.reading.short_years().year_position(&others, year.reading.separator());
    if position == YearPlace::First {
        return Some((Verdict::Read(Box::new(year)), None));
    }
    let (other, doubt) = match (day, month) {
        (Some(day), Some(month)) => day_or_month(day, month, evidence),
        (day, month) => (Verdict::Read(Box::new(day.or(month)?)), None),
    };
    let YearPlace::Unsure(is_first) = position else { return Some((other, doubt)) };
    let likely = if is_first { Verdict::Read(Box::new(year)) } else { other };
    let described = likely.describe(DataType::Date, true).unwrap_or_default();
    let doubt = format!("do not tell year, month and day apart; they are read as {described}");
    Some((likely, Some(Doubt::of("ambiguous_dates", doubt))))
}

/// Decides what plain numbers are.
fn decide_numbers(
    shapes: Shapes,
    name: &str,
    plain: DataType,
    values: &Values,
    evidence: &Evidence,
) -> (Verdict, Option<Doubt>) {
    if let Some(codes) = shapes.codes() {
        return (Verdict::Codes(codes.to_owned()), None);
    }
    let read = |form| Interpretation::of(form, &values.distinct()?).map(Box::new);
    if shapes.are_days() {
        if says_date(name)
            && let Some(days) = read(Form::Dates(Order::Compact))
        {
            return (Verdict::Read(days), None);
        }
        return (Verdict::Codes("codes like 20240131, which may be dates".to_owned()), None);
    }
    if shapes.has_beyond() {
        let doubt = "are integers beyond 64 bits, which lose digits as numbers; are they codes?";
        let doubt = Doubt::of("inexact_numbers", doubt.to_owned());
        return (Verdict::Plain(plain), Some(Doubt { about: About::Beyond, ..doubt }));
    }
    if !shapes.are_thousands() || evidence.decimal() == Some('.') {
        return (Verdict::Plain(plain), None);
    }
    if evidence.decimal() == Some(',')
        && let Some(thousands) = read(Form::Comma)
    {
        return (Verdict::Read(thousands), None);
    }
    let doubt = "have three digits after each point: it is read as a decimal point, but might be a \
                 sign between thousands";
    let doubt = Doubt::of("ambiguous_numbers", doubt.to_owned()).with(Some('.'));
    (Verdict::Plain(plain), Some(doubt))
}

/// Whether the name of a column speaks of days.
fn says_date(name: &str) -> bool {
    let name = name.to_lowercase();
    let words = ["date", "datum", "fecha", "datetime", "yyyymmdd", "stichtag", "jour"];
    let last = name.rsplit(|char: char| !char.is_alphanumeric()).next().unwrap_or_default();
    words.iter().any(|word| name.contains(word))
        || ["day", "tag", "dat", "dt", "data", "giorno", "dag"].contains(&last)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_speak_of_days_are_known() {
        for name in ["date", "Order Date", "Buchungsdatum", "order_dt", "Day", "DATE"] {
            assert!(says_date(name), "{name:?}");
        }
        for name in ["id", "stage", "percentage", "code", "number"] {
            assert!(!says_date(name), "{name:?}");
        }
    }
}
