//! Interpretations of a column whose values are not in the plain form.
//!
//! A column has one interpretation or none: a [`Reading`] takes each value or refuses it, and one
//! refusal ends it. What one value decides for all (the sign between thousands, the currency, the
//! sign between the parts of a date) must be the same in each.

use super::{
    clock::{self, DateKey, Times},
    moment::{self, Order},
    number,
    short_years::ShortYears,
    value::Cell,
};

/// A form of values.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Form {
    /// Numbers with a decimal point, grouped or with a unit.
    Point,
    /// Numbers with a decimal comma.
    Comma,
    /// Dates.
    Dates(Order),
    /// Times of day and durations.
    Times,
    /// Durations, of which the short ones are minutes and seconds.
    Minutes,
    /// Two words for yes and no.
    Booleans,
}

/// The forms that are tried, in order of preference.
pub(super) const FORMS: [Form; 11] = [
    Form::Point,
    Form::Comma,
    Form::Dates(Order::YearFirst),
    Form::Dates(Order::DayFirst),
    Form::Dates(Order::MonthFirst),
    Form::Dates(Order::ShortYearFirst),
    Form::Dates(Order::Named),
    Form::Dates(Order::WithoutYear),
    Form::Times,
    Form::Minutes,
    Form::Booleans,
];

/// Words for yes and no. One letter or digit alone means nothing: both must occur.
const PAIRS: [(&str, &str); 16] = [
    ("yes", "no"),
    ("true", "false"),
    ("ja", "nein"),
    ("ja", "nee"),
    ("ja", "nej"),
    ("oui", "non"),
    ("sí", "no"),
    ("si", "no"),
    ("sì", "no"),
    ("sim", "não"),
    ("wahr", "falsch"),
    ("vrai", "faux"),
    ("y", "n"),
    ("j", "n"),
    ("o", "n"),
    ("t", "f"),
];

/// One interpretation of the values so far.
#[derive(Clone, Debug)]
pub(super) struct Reading {
    pub(super) form: Form,
    /// Sign between thousands.
    group: Option<char>,
    unit: Option<Option<&'static str>>,
    /// Sign between the parts of a date.
    separator: Option<char>,
    has_short_years: bool,
    short_years: ShortYears,
    times: Times,
    /// Whether a number has four digits or more without grouping, and whether one has decimals.
    is_ungrouped: bool,
    has_decimals: bool,
    /// Whether an integer is beyond 64 bits, so that it is hardly a figure.
    is_beyond: bool,
    /// Pairs of words that are still possible, and whether yes and no occurred.
    pairs: u32,
    words: [bool; 2],
}

impl Reading {
    pub(super) fn new(form: Form) -> Self {
        Self {
            form,
            group: None,
            unit: None,
            separator: None,
            has_short_years: false,
            short_years: ShortYears::default(),
            times: Times::default(),
            is_ungrouped: false,
            has_decimals: false,
            is_beyond: false,
            pairs: (1 << PAIRS.len()) - 1,
            words: [false; 2],
        }
    }

    /// Reads a value; `None` if it does not fit, and then nothing has changed.
    pub(super) fn take(&mut self, text: &str) -> Option<Cell> {
        match self.form {
            Form::Point => self.number(text, '.'),
            Form::Comma => self.number(text, ','),
            Form::Dates(order) => self.date(text, order),
            Form::Times => self.time(text, clock::parse(text)?),
            Form::Minutes => self.time(text, clock::minutes(text)?),
            Form::Booleans => self.boolean(text),
        }
    }

    fn number(&mut self, text: &str, decimal: char) -> Option<Cell> {
        let figure = number::parse(text, decimal)?;
        let group = figure.group.map(|group| match group {
            '.' | ',' => group,
            '\'' | '\u{2019}' => '\'',
            _ => ' ',
        });
        let is_known = group.is_none() || self.group.is_none() || group == self.group;
        // Zero is zero in each unit.
        let unit = (figure.unit.is_some() || figure.value != 0.0).then_some(figure.unit);
        if !is_known || unit.is_some() && self.unit.is_some() && unit != self.unit {
            return None;
        }
        self.group = group.or(self.group);
        self.unit = unit.or(self.unit);
        self.is_ungrouped |= figure.is_ungrouped;
        self.has_decimals |= figure.integer.is_none() && !figure.is_beyond;
        self.is_beyond |= figure.is_beyond;
        Some(figure.integer.map_or(Cell::Number(figure.value), Cell::Integer))
    }

    fn date(&mut self, text: &str, order: Order) -> Option<Cell> {
        let moment = moment::parse(text, order)?;
        if self.separator.is_some_and(|separator| separator != moment.separator) {
            return None;
        }
        self.separator = Some(moment.separator);
        self.has_short_years |= moment.is_short;
        if let Some(ends) = moment.ends {
            self.short_years.see(ends, moment.key);
        }
        Some(Cell::Date(moment.key))
    }

    fn time(&mut self, text: &str, key: DateKey) -> Option<Cell> {
        self.times.see(text, key);
        Some(Cell::Time(key))
    }

    fn boolean(&mut self, text: &str) -> Option<Cell> {
        if text.len() > 8 {
            return None;
        }
        let word = text.to_lowercase();
        let mut pairs = 0;
        let mut is_yes = false;
        for (position, (yes, no)) in PAIRS.iter().enumerate() {
            if word == *yes || word == *no {
                pairs |= 1 << position;
                is_yes = word == *yes;
            }
        }
        if self.pairs & pairs == 0 {
            return None;
        }
        self.pairs &= pairs;
        self.words[usize::from(is_yes)] = true;
        Some(Cell::Boolean)
    }

    /// Whether the values together mean what the form says.
    pub(super) fn is_plausible(&self) -> bool {
        match self.form {
            Form::Booleans => {
                let letters = PAIRS.iter().enumerate().filter(|(_, (yes, _))| yes.len() == 1);
                let is_letter =
                    letters.fold(0, |all, (position, _)| all | 1 << position) & self.pairs != 0;
                !is_letter || self.words == [true; 2]
            }
            Form::Point | Form::Comma => !self.is_beyond || self.has_decimals,
            Form::Minutes => self.times.are_mixed(),
            _ => true,
        }
    }

    /// Whether the sign between thousands might be the decimal sign of another form.
    pub(super) const fn is_ambiguous(&self) -> bool {
        matches!(self.group, Some('.' | ',')) && !self.has_decimals
    }

    /// Sign between thousands.
    pub(super) const fn group(&self) -> Option<char> {
        self.group
    }

    /// How dates with short years were written.
    pub(super) const fn short_years(&self) -> &ShortYears {
        &self.short_years
    }

    /// How times were written.
    pub(super) const fn times(&self) -> Times {
        self.times
    }

    /// Whether grouped numbers stand beside large ones without grouping.
    pub(super) const fn is_uneven(&self) -> bool {
        matches!(self.group, Some('.' | ',')) && self.is_ungrouped
    }

    /// Currency or percent sign of all values.
    pub(super) fn unit(&self) -> Option<&'static str> {
        self.unit.flatten()
    }

    /// Sign between the parts of the dates.
    pub(super) const fn separator(&self) -> Option<char> {
        self.separator
    }

    /// What the values look like, for people.
    pub(super) fn describe(&self) -> String {
        let separator = self.separator.unwrap_or('-');
        let mut text = match self.form {
            Form::Point => "numbers with a decimal point".to_owned(),
            Form::Comma => "numbers with a decimal comma".to_owned(),
            Form::Dates(Order::YearFirst | Order::ShortYearFirst) => {
                format!("dates as year{separator}month{separator}day")
            }
            Form::Dates(Order::DayFirst) => format!("dates as day{separator}month{separator}year"),
            Form::Dates(Order::MonthFirst) => {
                format!("dates as month{separator}day{separator}year")
            }
            Form::Dates(Order::Named) => "dates with the name of the month".to_owned(),
            Form::Dates(Order::Compact) => "dates as YYYYMMDD".to_owned(),
            Form::Dates(Order::WithoutYear) => "dates without a year".to_owned(),
            Form::Times => "times or durations as hours:minutes".to_owned(),
            Form::Minutes => "durations as minutes:seconds and hours:minutes:seconds".to_owned(),
            Form::Booleans => {
                let position = self.pairs.trailing_zeros() as usize;
                let (yes, no) = PAIRS.get(position).copied().unwrap_or(("yes", "no"));
                format!("“{yes}” and “{no}”")
            }
        };
        match self.group {
            Some(' ') => text.push_str(", thousands grouped by blanks"),
            Some(group) => text.push_str(&format!(", thousands grouped by “{group}”")),
            None => {}
        }
        if let Some(unit) = self.unit() {
            text.push_str(&format!(", in {unit}"));
        }
        if self.has_short_years {
            text.push_str(", years 00 to 68 taken for 2000 to 2068");
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fits(form: Form, values: &[&str]) -> bool {
        let mut reading = Reading::new(form);
        values.iter().all(|value| reading.take(value).is_some()) && reading.is_plausible()
    }

    #[test]
    fn all_values_of_a_column_are_read_in_one_way() {
        for (form, values, expected) in [
            (Form::Comma, vec!["1.234,50", "12,00", "5"], true),
            (Form::Comma, vec!["1.234,50", "1 234,50"], false),
            (Form::Comma, vec!["5,00 €", "6,00 EUR", "0"], true),
            (Form::Point, vec!["$5", "€5"], false),
            (Form::Point, vec!["5%", "6"], false),
            (Form::Dates(Order::DayFirst), vec!["1.2.2024", "1/2/2024"], false),
            (Form::Booleans, vec!["Ja", "nein"], true),
            (Form::Booleans, vec!["ja", "non"], false),
            (Form::Booleans, vec!["N", "N"], false),
            (Form::Booleans, vec!["N", "y"], true),
            (Form::Booleans, vec!["J", "N"], true),
            (Form::Booleans, vec!["T", "N"], false),
            (Form::Times, vec!["25:05:00", "4:10:00"], true),
        ] {
            assert_eq!(fits(form, &values), expected, "{values:?}");
        }
    }

    #[test]
    fn a_reading_says_what_the_values_look_like() {
        let mut reading = Reading::new(Form::Comma);
        reading.take("1.234,00 €");
        assert_eq!(
            reading.describe(),
            "numbers with a decimal comma, thousands grouped by “.”, in EUR"
        );
        let mut reading = Reading::new(Form::Booleans);
        reading.take("Oui");
        assert_eq!(reading.describe(), "“oui” and “non”");
    }
}
