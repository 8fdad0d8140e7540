//! Reads dates and times as people write them.
//!
//! In which order day and month stand is decided per column, not here: [`parse`] reads one cell
//! under one [`Order`].

use super::{
    clock::{DateKey, number, of_day, split_clock},
    months::month,
};

/// Order of the parts of a date.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Order {
    /// `2024-1-5`, `2024/01/05`, `2024.01.05`.
    YearFirst,
    /// `5.1.2024`, `05/01/24`.
    DayFirst,
    /// `1/5/2024`.
    MonthFirst,
    /// `24-01-05`: a year of two digits.
    ShortYearFirst,
    /// `05-Jan-24`, `January 5, 2024`, `Fri, 5 Jan 2024 10:00:00 +0100`.
    Named,
    /// `20240105`.
    Compact,
    /// `Jan  5 10:00:00`, as in system logs.
    WithoutYear,
}

/// A date and how it was written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Moment {
    pub(super) key: DateKey,
    /// Sign between the parts.
    pub(super) separator: char,
    /// Whether the year has two digits.
    pub(super) is_short: bool,
    /// First and last number of a date of digits with a short year.
    pub(super) ends: Option<(u8, u8)>,
}

impl Moment {
    /// A date with a whole year, and without signs between its parts.
    const fn of(seconds: i64, nanos: u32) -> Self {
        Self { key: (seconds, nanos), separator: ' ', is_short: false, ends: None }
    }
}

/// Maximum length of a date, in bytes.
const MAX_BYTES: usize = 64;
const WEEKDAYS: [&str; 7] = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];
/// Two-digit years up to this one belong to this century, as in POSIX.
const LAST_SHORT_YEAR: i64 = 68;

/// Reads a date, with or without a time.
pub(super) fn parse(text: &str, order: Order) -> Option<Moment> {
    if text.len() < 6 || text.len() > MAX_BYTES || !text.bytes().any(|byte| byte.is_ascii_digit()) {
        return None;
    }
    match order {
        Order::YearFirst => numeric(text, order).or_else(|| basic(text)),
        Order::DayFirst | Order::MonthFirst | Order::ShortYearFirst => numeric(text, order),
        Order::Named => named(text),
        Order::Compact => compact(text),
        Order::WithoutYear => without_year(text),
    }
}

/// Digits at the beginning of a text, and the rest.
fn leading(text: &str) -> Option<(&str, &str)> {
    let end = text.bytes().position(|byte| !byte.is_ascii_digit()).unwrap_or(text.len());
    (end > 0).then(|| text.split_at(end))
}

fn numeric(text: &str, order: Order) -> Option<Moment> {
    let (first, rest) = leading(text)?;
    let separator = rest.chars().next().filter(|char| matches!(char, '-' | '/' | '.'))?;
    let (second, rest) = leading(&rest[1..])?;
    let (third, rest) = leading(rest.strip_prefix(separator)?)?;
    let (year, month, day) = match order {
        Order::YearFirst | Order::ShortYearFirst => (first, second, third),
        Order::MonthFirst => (third, first, second),
        _ => (third, second, first),
    };
    let is_short = year.len() == 2;
    let is_wrong = match order {
        Order::YearFirst => is_short,
        Order::ShortYearFirst => [first, second, third].iter().any(|part| part.len() != 2),
        Order::MonthFirst => separator == '.',
        _ => false,
    };
    if is_wrong {
        return None;
    }
    let end = |part: &str| part.parse().unwrap_or(0);
    let ends = is_short.then(|| (end(first), end(third)));
    let day = number(day, 1, 2)?;
    let midnight = midnight(self::year(year)?, number(month, 1, 2)?, day)?;
    Some(Moment { key: with_time(midnight, rest)?, separator, is_short, ends })
}

/// Adds the time after a date, if there is one.
fn with_time(midnight: i64, rest: &str) -> Option<DateKey> {
    if rest.is_empty() {
        return Some((midnight, 0));
    }
    let time = rest.strip_prefix(['T', 't', ' ', ',']).or_else(|| rest.strip_prefix(", "))?;
    let (seconds, nanos) = of_day(time.trim_start())?;
    Some((midnight + seconds, nanos))
}

fn named(text: &str) -> Option<Moment> {
    let text = after_weekday(text);
    let (date, time) = split_clock(text);
    let mut parts = [""; 4];
    let mut count = 0;
    for part in date.split([' ', '-', '/', ',', '.']).filter(|part| !part.is_empty()) {
        if matches!(part, "de" | "of" | "T") {
            continue;
        }
        *parts.get_mut(count)? = part;
        count += 1;
    }
    // `Mon Jan  1 10:00:00 2024`: the year follows the time.
    let (time, last) = match time.rsplit_once(' ') {
        Some((time, year)) if count == 2 && year.len() == 4 => (time, Some(year)),
        _ => (time, None),
    };
    if let Some(year) = last {
        parts[2] = year;
        count = 3;
    }
    if count != 3 {
        return None;
    }
    let [a, b, c, _] = parts;
    let (a_month, b_month) = (month(a), month(b));
    let month_first = a_month.is_some();
    let (year, month, day) = match (a_month, b_month) {
        (Some(month), _) => (c, month, b),
        (_, Some(month)) if a.len() == 4 => (a, month, c),
        (_, Some(month)) => (c, month, a),
        _ => return None,
    };
    let day = day.trim_end_matches(|char: char| char.is_ascii_alphabetic());
    let is_short = year.len() == 2;
    // `Jan 31 10` is the beginning of `Jan 31 10:00`, and no year.
    if is_short && month_first && !date.contains([',', '-', '/', '.']) {
        return None;
    }
    let midnight = midnight(self::year(year)?, month, number(day, 1, 2)?)?;
    let (seconds, nanos) = if time.is_empty() { (0, 0) } else { of_day(time)? };
    Some(Moment { is_short, ..Moment::of(midnight + seconds, nanos) })
}

fn without_year(text: &str) -> Option<Moment> {
    let (date, time) = split_clock(text);
    let mut parts = date.split_whitespace();
    let (month, day) = (month(parts.next()?)?, number(parts.next()?, 1, 2)?);
    if parts.next().is_some() {
        return None;
    }
    // A leap year, so that each day exists.
    let midnight = midnight(1972, month, day)?;
    let (seconds, nanos) = of_day(time)?;
    Some(Moment::of(midnight + seconds, nanos))
}

fn compact(text: &str) -> Option<Moment> {
    let (date, rest) = text.split_at_checked(8)?;
    if !date.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let year = number(&date[..4], 4, 4).filter(|year| (1900..2100).contains(year))?;
    let midnight = midnight(year, number(&date[4..6], 2, 2)?, number(&date[6..], 2, 2)?)?;
    rest.is_empty().then(|| Moment::of(midnight, 0))
}

/// `20240105T100000Z`: the basic format of ISO 8601.
fn basic(text: &str) -> Option<Moment> {
    let (date, time) = text.split_once('T').filter(|(date, _)| date.len() == 8)?;
    let midnight = compact(date)?.key.0;
    let end = time.bytes().position(|byte| !byte.is_ascii_digit()).unwrap_or(time.len());
    let (digits, zone) = time.split_at(end);
    let time = match digits.len() {
        4 => format!("{}:{}{zone}", &digits[..2], &digits[2..]),
        6 => format!("{}:{}:{}{zone}", &digits[..2], &digits[2..4], &digits[4..]),
        _ => return None,
    };
    let (seconds, nanos) = of_day(&time)?;
    Some(Moment::of(midnight + seconds, nanos))
}

fn after_weekday(text: &str) -> &str {
    let end = text.bytes().position(|byte| !byte.is_ascii_alphabetic()).unwrap_or(0);
    let is_weekday = text
        .get(..3)
        .is_some_and(|begin| WEEKDAYS.iter().any(|day| begin.eq_ignore_ascii_case(day)));
    if end >= 3 && is_weekday { text[end..].trim_start_matches([',', '.', ' ']) } else { text }
}

fn year(text: &str) -> Option<i64> {
    match text.len() {
        2 => number(text, 2, 2)
            .map(|year| if year > LAST_SHORT_YEAR { 1900 + year } else { 2000 + year }),
        4 => number(text, 4, 4),
        _ => None,
    }
}

/// Seconds from 1970-01-01 to a day that exists.
pub(super) fn midnight(year: i64, month: i64, day: i64) -> Option<i64> {
    let exists = (1..=12).contains(&month) && (1..=days_in(year, month)).contains(&day);
    exists.then(|| days_since_epoch(year, month, day) * 86_400)
}

const fn days_in(year: i64, month: i64) -> i64 {
    match month {
        4 | 6 | 9 | 11 => 30,
        2 if year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) => 29,
        2 => 28,
        _ => 31,
    }
}

/// Days since 1970-01-01 in the proleptic Gregorian calendar (Howard Hinnant's `days_from_civil`).
const fn days_since_epoch(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let era = year.div_euclid(400);
    let year_of_era = year - era * 400;
    let day_of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    era * 146_097 + day_of_era - 719_468
}

#[cfg(test)]
mod tests {
    use super::*;

    const JANUARY_5: i64 = 1_704_412_800;

    #[test]
    fn dates_are_read_as_people_write_them() {
        let at_ten = JANUARY_5 + 36_000;
        for (text, order, seconds) in [
            ("2024-1-5", Order::YearFirst, JANUARY_5),
            ("2024/01/05", Order::YearFirst, JANUARY_5),
            ("2024.01.05", Order::YearFirst, JANUARY_5),
            ("05.01.2024", Order::DayFirst, JANUARY_5),
            ("5.1.24", Order::DayFirst, JANUARY_5),
            ("05/01/2024", Order::DayFirst, JANUARY_5),
            ("01/05/2024", Order::MonthFirst, JANUARY_5),
            ("1-5-2024", Order::MonthFirst, JANUARY_5),
            ("05-Jan-24", Order::Named, JANUARY_5),
            ("5 January 2024", Order::Named, JANUARY_5),
            ("January 5, 2024", Order::Named, JANUARY_5),
            ("Jan 5th, 2024", Order::Named, JANUARY_5),
            ("5. Januar 2024", Order::Named, JANUARY_5),
            ("2024-Jan-05", Order::Named, JANUARY_5),
            ("5 janv. 2024", Order::Named, JANUARY_5),
            ("5 stycznia 2024", Order::Named, JANUARY_5),
            ("5. ledna 2024", Order::Named, JANUARY_5),
            ("05-янв-2024", Order::Named, JANUARY_5),
            ("20240105", Order::Compact, JANUARY_5),
            ("24-01-05", Order::ShortYearFirst, JANUARY_5),
            ("Jan 5, 24", Order::Named, JANUARY_5),
            ("Fri, 05 Jan 2024 10:00:00 +0000", Order::Named, at_ten),
            ("Fri Jan  5 10:00:00 2024", Order::Named, at_ten),
            ("05/Jan/2024:11:00:00 +0100", Order::Named, at_ten),
            ("05.01.2024 10:00", Order::DayFirst, at_ten),
            ("1/5/2024 10:00:00 AM", Order::MonthFirst, at_ten),
            ("2024-01-05 12:00:00 +0200", Order::YearFirst, at_ten),
            ("2024-01-05 10:00:00 UTC", Order::YearFirst, at_ten),
            ("2024-01-05T10:00:00.000Z", Order::YearFirst, at_ten),
            ("05.01.2024, 10:00", Order::DayFirst, at_ten),
            ("04.01.2024 24:00", Order::DayFirst, JANUARY_5),
            ("2024-01-04 24:00:00", Order::YearFirst, JANUARY_5),
            ("20240105T100000Z", Order::YearFirst, at_ten),
            ("20240105T1000", Order::YearFirst, at_ten),
            ("20240105T110000+0100", Order::YearFirst, at_ten),
        ] {
            assert_eq!(parse(text, order).map(|moment| moment.key.0), Some(seconds), "{text:?}");
        }
        assert_eq!(parse("Jan  5 10:00:00", Order::WithoutYear).unwrap().key.0, 63_453_600);
    }

    #[test]
    fn what_is_no_date_is_none() {
        for (text, order) in [
            ("31/12/2024", Order::MonthFirst),
            ("12/31/2024", Order::DayFirst),
            ("30.02.2024", Order::DayFirst),
            ("05.01/2024", Order::DayFirst),
            ("1.2.3", Order::DayFirst),
            ("192.168.1.1", Order::DayFirst),
            ("20241305", Order::Compact),
            ("2024-01-05x", Order::YearFirst),
            ("Jan 5", Order::Named),
            ("Jan 31 10", Order::Named),
            ("24-1-05", Order::ShortYearFirst),
            ("2024-01-05", Order::ShortYearFirst),
            ("5 apples 2024", Order::Named),
            ("5 marks 2024", Order::Named),
            ("5 jui 2024", Order::Named),
            ("Jan 32 10:00:00", Order::WithoutYear),
            ("1.1.2024.1", Order::DayFirst),
            ("01.01.2024 24:01", Order::DayFirst),
            ("20240105T99", Order::YearFirst),
            ("20240105T250000", Order::YearFirst),
            ("20241305T100000", Order::YearFirst),
            ("05.01.202", Order::DayFirst),
            ("", Order::Named),
            ("ééé 5, 2024", Order::Named),
        ] {
            assert_eq!(parse(text, order), None, "{text:?}");
        }
        assert_eq!(parse("05.01.69", Order::DayFirst).unwrap().key.0, -31_190_400);
    }
}
