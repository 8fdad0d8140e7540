//! Classifies a single cell.
//!
//! * Missing: empty or blank. Markers of missing values are texts here; see `markers`.
//! * A number with a leading zero (`007`) is an identifier and stays text.
//! * `inf` and numbers beyond a double are text, because they would spoil a mean.
//! * An integer beyond 64 bits is a number here; a column with it is one of codes, unless others
//!   have decimals.

use super::{clock::DateKey, moment::midnight};

/// A classified cell. Does not borrow the text.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Cell {
    Missing,
    Integer(i64),
    Number(f64),
    Boolean,
    Date(DateKey),
    /// Time of day or duration, in seconds and nanoseconds.
    Time(DateKey),
    Text,
}

impl Cell {
    /// Numbers by value, dates by their seconds since 1970-01-01T00:00Z, times by their seconds.
    pub(super) fn number(self) -> Option<f64> {
        match self {
            Self::Integer(value) => Some(value as f64),
            Self::Number(value) => Some(value),
            Self::Date((seconds, nanos)) | Self::Time((seconds, nanos)) => {
                Some(seconds as f64 + f64::from(nanos) / 1e9)
            }
            Self::Missing | Self::Boolean | Self::Text => None,
        }
    }
}

/// Classifies a cell without surrounding blanks.
pub(super) fn classify(text: &str) -> Cell {
    let Some(first) = text.bytes().next() else { return Cell::Missing };
    // The first byte identifies most texts; only the others are parsed.
    let cell = match first {
        b'0'..=b'9' => number(text).or_else(|| date(text).map(Cell::Date)),
        b'+' | b'-' | b'.' => number(text),
        b't' | b'T' | b'f' | b'F' | b'y' | b'Y' | b'n' | b'N' if is_boolean(text) => {
            Some(Cell::Boolean)
        }
        _ => None,
    };
    cell.unwrap_or(Cell::Text)
}

fn is_boolean(text: &str) -> bool {
    ["true", "false", "yes", "no"].iter().any(|word| text.eq_ignore_ascii_case(word))
}

fn number(text: &str) -> Option<Cell> {
    let unsigned = text.strip_prefix(['+', '-']).unwrap_or(text);
    let (mantissa, exponent) = match unsigned.find(['e', 'E']) {
        Some(at) => (&unsigned[..at], Some(&unsigned[at + 1..])),
        None => (unsigned, None),
    };
    let (whole, fraction) = match mantissa.split_once('.') {
        Some((whole, fraction)) => (whole, Some(fraction)),
        None => (mantissa, None),
    };
    let digits = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
    let exponent_digits = exponent.map(|part| part.strip_prefix(['+', '-']).unwrap_or(part));
    let well_formed = digits(whole)
        && fraction.is_none_or(digits)
        && whole.len() + fraction.map_or(0, str::len) > 0
        && exponent_digits.is_none_or(|part| !part.is_empty() && digits(part));
    let identifier = whole.len() > 1 && whole.starts_with('0');
    if !well_formed || identifier {
        return None;
    }
    if fraction.is_none()
        && exponent.is_none()
        && let Ok(integer) = text.parse()
    {
        return Some(Cell::Integer(integer));
    }
    text.parse().ok().filter(|value: &f64| value.is_finite()).map(Cell::Number)
}

/// Parses `YYYY-MM-DD` or `YYYY/MM/DD`, optionally followed by `T` or a blank and
/// `HH:MM[:SS[.fraction]]`, optionally with `Z` or an offset.
fn date(text: &str) -> Option<DateKey> {
    let bytes = text.as_bytes();
    if bytes.len() < 10 || !text.is_ascii() {
        return None;
    }
    let separator = bytes[4];
    if !matches!(separator, b'-' | b'/') || bytes[7] != separator {
        return None;
    }
    let year = fixed(&text[..4], 0, 9999)?;
    let month = fixed(&text[5..7], 1, 12)?;
    let midnight = midnight(year, month, fixed(&text[8..10], 1, 31)?)?;
    let Some(rest) = text.get(10..).filter(|rest| !rest.is_empty()) else {
        return Some((midnight, 0));
    };
    let (seconds, nanos) = time(rest.strip_prefix(['T', 't', ' '])?)?;
    Some((midnight + seconds, nanos))
}

/// Seconds after midnight UTC, and nanoseconds.
fn time(text: &str) -> Option<(i64, u32)> {
    let (clock, offset) = match text.find(['Z', 'z', '+', '-']) {
        Some(at) => (&text[..at], offset_seconds(&text[at..])?),
        None => (text, 0),
    };
    let hours = fixed(clock.get(..2)?, 0, 23)?;
    let minutes = fixed(clock.get(2..)?.strip_prefix(':')?.get(..2)?, 0, 59)?;
    let rest = &clock[5..];
    let (seconds, nanos) = if rest.is_empty() {
        (0, 0)
    } else {
        let rest = rest.strip_prefix(':')?;
        // 60 is a leap second.
        let seconds = fixed(rest.get(..2)?, 0, 60)?;
        (seconds, nanoseconds(&rest[2..])?)
    };
    Some((hours * 3600 + minutes * 60 + seconds - offset, nanos))
}

fn nanoseconds(text: &str) -> Option<u32> {
    if text.is_empty() {
        return Some(0);
    }
    let digits = text.strip_prefix(['.', ','])?;
    if digits.is_empty() || digits.len() > 9 || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    format!("{digits:0<9}").parse().ok()
}

fn offset_seconds(text: &str) -> Option<i64> {
    if text.eq_ignore_ascii_case("z") {
        return Some(0);
    }
    let sign = if text.starts_with('-') { -1 } else { 1 };
    let hours = fixed(text.get(1..3)?, 0, 23)?;
    let minutes = match text.get(3..)? {
        "" => 0,
        rest => fixed(rest.strip_prefix(':').unwrap_or(rest), 0, 59)?,
    };
    Some(sign * (hours * 3600 + minutes * 60))
}

/// Parses a number of two or four digits within bounds.
fn fixed(text: &str, min: i64, greatest: i64) -> Option<i64> {
    let plain = matches!(text.len(), 2 | 4) && text.bytes().all(|byte| byte.is_ascii_digit());
    let value = if plain { text.parse().ok()? } else { return None };
    (min..=greatest).contains(&value).then_some(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cell_is_read_as_the_narrowest_type() {
        let cases = [
            ("", Cell::Missing),
            ("NA", Cell::Text),
            ("NaN", Cell::Text),
            ("0", Cell::Integer(0)),
            ("-0", Cell::Integer(0)),
            ("+5", Cell::Integer(5)),
            ("9223372036854775807", Cell::Integer(i64::MAX)),
            ("-9223372036854775808", Cell::Integer(i64::MIN)),
            ("9223372036854775808", Cell::Number(9_223_372_036_854_775_808.0)),
            ("007", Cell::Text),
            ("-00.5", Cell::Text),
            ("0.5", Cell::Number(0.5)),
            (".5", Cell::Number(0.5)),
            ("5.", Cell::Number(5.0)),
            ("1e3", Cell::Number(1000.0)),
            ("1E-3", Cell::Number(0.001)),
            ("1e999", Cell::Text),
            ("inf", Cell::Text),
            ("-inf", Cell::Text),
            ("infinity", Cell::Text),
            (".", Cell::Text),
            ("-", Cell::Text),
            ("e5", Cell::Text),
            ("1e", Cell::Text),
            ("1.2.3", Cell::Text),
            ("1,5", Cell::Text),
            ("0x10", Cell::Text),
            ("1_000", Cell::Text),
            ("\u{0661}", Cell::Text),
            ("TRUE", Cell::Boolean),
            ("no", Cell::Boolean),
            ("nope", Cell::Text),
        ];
        for (text, expected) in cases {
            assert_eq!(classify(text), expected, "{text:?}");
        }
    }

    #[test]
    fn dates_are_those_of_the_calendar() {
        let seconds = |text| match classify(text) {
            Cell::Date((seconds, _)) => Some(seconds),
            _ => None,
        };
        assert_eq!(seconds("1970-01-01"), Some(0));
        assert_eq!(seconds("2000-03-01"), Some(951_868_800));
        assert_eq!(seconds("1969/12/31"), Some(-86_400));
        assert_eq!(seconds("2024-02-29"), Some(1_709_164_800));
        assert_eq!(seconds("2023-02-29"), None);
        assert_eq!(seconds("1900-02-29"), None);
        assert_eq!(seconds("2023-13-01"), None);
        assert_eq!(seconds("2023-1-01"), None);
        assert_eq!(seconds("2023-01/01"), None);
        assert_eq!(seconds("1970-01-01T01:00"), Some(3600));
        assert_eq!(seconds("1970-01-01 00:00:01.5"), Some(1));
        assert_eq!(seconds("1970-01-01T01:00:00+01:00"), Some(0));
        assert_eq!(seconds("1970-01-01T00:00:00-0130"), Some(5400));
        assert_eq!(seconds("1970-01-01T00:00:00Z"), Some(0));
        assert_eq!(seconds("1970-01-01T24:00"), None);
        assert_eq!(seconds("1970-01-01T"), None);
        assert_eq!(seconds("1970-01-01x"), None);
        assert_eq!(seconds("1970-01-01T00:00:00.1234567890"), None);
        assert_eq!(seconds("1970-01-0\u{e9}"), None);
    }
}
