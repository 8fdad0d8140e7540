//! Reads times of day and durations.

/// Sort key of dates and times: seconds since 1970-01-01T00:00Z and nanoseconds. Times without an
/// offset are UTC.
pub(super) type DateKey = (i64, u32);

/// Greatest number of hours of a duration.
pub(super) const MAX_HOURS: i64 = 9_999;
/// Time zones by name, with their hours.
const ZONES: [(&str, i64); 16] = [
    ("UTC", 0),
    ("GMT", 0),
    ("UT", 0),
    ("Z", 0),
    ("z", 0),
    ("CET", 1),
    ("CEST", 2),
    ("EST", -5),
    ("EDT", -4),
    ("CST", -6),
    ("CDT", -5),
    ("MST", -7),
    ("MDT", -6),
    ("PST", -8),
    ("PDT", -7),
    ("BST", 1),
];

/// Splits a date from the time after it: before the blank, `T` or colon before the hours.
pub(super) fn split_clock(text: &str) -> (&str, &str) {
    let Some(colon) = text.find(':') else { return (text, "") };
    let before = &text[..colon];
    let digits = before.bytes().rev().take_while(u8::is_ascii_digit).count();
    // `05/Jan/2024:10:00:00`: the year before the first colon.
    if digits == 4 {
        return (before, &text[colon + 1..]);
    }
    let start = colon - digits;
    (text[..start].trim_end_matches([' ', ',', 'T']), &text[start..])
}

/// Seconds of a time of day or a duration in hours and minutes, and nanoseconds: `H:MM`, optionally
/// with seconds, a fraction, `am` or `pm`, and a zone.
pub(super) fn clock(text: &str, max_hours: i64) -> Option<(i64, u32)> {
    let (hours, rest) = text.split_once(':')?;
    let hours = number(hours, 1, 4).filter(|hours| *hours <= max_hours)?;
    let minutes = number(rest.get(..2)?, 2, 2).filter(|minutes| *minutes < 60)?;
    let mut rest = &rest[2..];
    let (mut seconds, mut nanos) = (0, 0);
    if let Some(after) = rest.strip_prefix(':') {
        // 60 is a leap second.
        seconds = number(after.get(..2)?, 2, 2).filter(|seconds| *seconds <= 60)?;
        rest = &after[2..];
        if let Some(fraction) = rest.strip_prefix(['.', ',']) {
            let end = fraction.bytes().take_while(u8::is_ascii_digit).count();
            if !(1..=9).contains(&end) {
                return None;
            }
            nanos = format!("{:0<9}", &fraction[..end]).parse().ok()?;
            rest = &fraction[end..];
        }
    }
    let (hours, rest) = half_of_day(hours, rest)?;
    let offset = offset(rest.trim_start())?;
    Some((hours * 3600 + minutes * 60 + seconds - offset, nanos))
}

/// Seconds of a time of day after a date; `24:00` is the end of the day.
pub(super) fn of_day(text: &str) -> Option<(i64, u32)> {
    match text {
        "24:00" | "24:00:00" => Some((86_400, 0)),
        _ => clock(text, 23),
    }
}

/// Hours after midnight, where the text goes on with `am` or `pm`.
fn half_of_day(hours: i64, rest: &str) -> Option<(i64, &str)> {
    let trimmed = rest.trim_start();
    let named = |names: [&str; 2]| {
        names.iter().find_map(|name| {
            let found = trimmed.get(..name.len())?.eq_ignore_ascii_case(name);
            found.then(|| &trimmed[name.len()..])
        })
    };
    let (is_after_noon, rest) = match (named(["a.m.", "am"]), named(["p.m.", "pm"])) {
        (Some(rest), _) => (false, rest),
        (_, Some(rest)) => (true, rest),
        _ => return Some((hours, rest)),
    };
    let hours = match (hours, is_after_noon) {
        (1..=11, false) => hours,
        (12, false) => 0,
        (12, true) => 12,
        (1..=11, true) => hours + 12,
        _ => return None,
    };
    Some((hours, rest))
}

fn offset(text: &str) -> Option<i64> {
    if text.is_empty() {
        return Some(0);
    }
    // `+0000 (UTC)`, as in mails.
    let text = text.split_once(" (").map_or(text, |(offset, _)| offset);
    if let Some((_, hours)) = ZONES.iter().find(|(name, _)| *name == text) {
        return Some(hours * 3600);
    }
    let sign = match text.as_bytes().first()? {
        b'+' => 1,
        b'-' => -1,
        _ => return None,
    };
    let hours = number(text.get(1..3)?, 2, 2).filter(|hours| *hours < 24)?;
    let minutes = match text.get(3..)? {
        "" => 0,
        rest => {
            let minutes = rest.strip_prefix(':').unwrap_or(rest);
            number(minutes, 2, 2).filter(|minutes| *minutes < 60)?
        }
    };
    Some(sign * (hours * 3600 + minutes * 60))
}

/// Seconds of a cell that is a time of day or a duration, and nanoseconds.
pub(super) fn parse(text: &str) -> Option<(i64, u32)> {
    let (text, is_negative) = match text.strip_prefix('-') {
        Some(rest) => (rest, true),
        None => (text, false),
    };
    let (seconds, nanos) = clock(text, MAX_HOURS)?;
    match (is_negative, nanos) {
        (false, _) => Some((seconds, nanos)),
        (true, 0) => Some((-seconds, 0)),
        (true, nanos) => Some((-seconds - 1, 1_000_000_000 - nanos)),
    }
}

/// The same where `M:SS` are minutes and seconds, beside `H:MM:SS`.
pub(super) fn minutes(text: &str) -> Option<(i64, u32)> {
    let is_plain = |byte: u8| byte.is_ascii_digit() || b":-.,".contains(&byte);
    let (seconds, nanos) = parse(text).filter(|_| text.bytes().all(is_plain))?;
    Some(if is_short(text) { (seconds / 60, nanos) } else { (seconds, nanos) })
}

/// Whether a time has two numbers.
fn is_short(text: &str) -> bool {
    text.bytes().filter(|byte| *byte == b':').count() == 1
}

/// How the times of a column were written.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Times {
    /// Whether there are times of two numbers, and of three.
    has_short: bool,
    has_long: bool,
    /// Whether the hours of one of two numbers would be more than a day.
    is_beyond_day: bool,
    /// Whether a first number has one digit, unlike most times of day.
    is_unpadded: bool,
}

impl Times {
    /// Adds a time that was read.
    pub(super) fn see(&mut self, text: &str, (seconds, _): DateKey) {
        let is_short = is_short(text);
        self.has_short |= is_short;
        self.has_long |= !is_short;
        self.is_beyond_day |= is_short && seconds.abs() > 86_400;
        self.is_unpadded |= text.trim_start_matches('-').find(':') == Some(1);
    }

    /// Whether there are times of two numbers and of three.
    pub(super) const fn are_mixed(self) -> bool {
        self.has_short && self.has_long
    }

    /// Whether those of two numbers are hardly times of day.
    pub(super) const fn is_beyond_day(self) -> bool {
        self.is_beyond_day
    }

    /// Whether a first number has one digit.
    pub(super) const fn is_unpadded(self) -> bool {
        self.is_unpadded
    }
}

/// Parses a number with so many digits.
pub(super) fn number(text: &str, min: usize, max: usize) -> Option<i64> {
    let is_plain =
        (min..=max).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit());
    if is_plain { text.parse().ok() } else { None }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_and_durations_are_read() {
        for (text, seconds) in [
            ("00:00", 0),
            ("9:05", 32_700),
            ("25:05:00", 90_300),
            ("10:30 PM", 81_000),
            ("12:00 AM", 0),
            ("12:30pm", 45_000),
            ("100:00:00", 360_000),
            ("-1:30", -5_400),
            ("10:00:00Z", 36_000),
        ] {
            assert_eq!(parse(text), Some((seconds, 0)), "{text:?}");
        }
        assert_eq!(parse("0:00:01.5"), Some((1, 500_000_000)));
        for text in [
            "",
            "10",
            "10:60",
            "10:5",
            "1:2:3",
            "a:00",
            "13:00 PM",
            "10:00 XYZ",
            "10:00:00:00",
            ":30",
            "10:é0",
        ] {
            assert_eq!(parse(text), None, "{text:?}");
        }
    }
}
