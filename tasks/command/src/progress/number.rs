//! Parses numbers formatted for people: separators, units, times. Invalid and negative numbers are
//! `None`.

/// Maximum length; longer texts are not numbers.
const MAX_BYTES: usize = 48;

/// Parses an amount: `1,234,567`, `1.5 GiB`, `12 MB`, `00:01:02.5` (in seconds), `1 234`. `kB`,
/// `MB`, ... are powers of 1,000; `KiB`, `MiB`, ... and bare letters are powers of 1,024.
pub(super) fn amount(text: &str) -> Option<f64> {
    let text = text.trim();
    if text.len() > MAX_BYTES {
        return None;
    }
    if text.contains(':') {
        return time(text);
    }
    if let Some(value) = scientific(text) {
        return Some(value);
    }
    let unit_at = text.find(char::is_alphabetic).unwrap_or(text.len());
    let (number, unit) = text.split_at(unit_at);
    let value = decimal(number.trim_end(), false)? * scale(unit)?;
    value.is_finite().then_some(value)
}

/// Parses a percentage; here a comma is always decimal.
pub(super) fn percent(text: &str) -> Option<f64> {
    let text = text.trim();
    if text.len() > MAX_BYTES {
        return None;
    }
    let text = text.trim_end_matches('%').trim_end();
    scientific(text).or_else(|| decimal(text, true))
}

/// Parses a number with an exponent, such as `3.2e-07`.
fn scientific(text: &str) -> Option<f64> {
    let (mantissa, exponent) = text.split_once(['e', 'E'])?;
    let digits = exponent.strip_prefix(['+', '-']).unwrap_or(exponent);
    let plain = |part: &str| part.bytes().all(|b| b.is_ascii_digit());
    let whole = mantissa.starts_with(|c: char| c.is_ascii_digit());
    let fits = whole && plain(&mantissa.replacen('.', "", 1)) && plain(digits);
    if !fits || digits.is_empty() {
        return None;
    }
    text.parse().ok().filter(|value: &f64| value.is_finite())
}

/// Length of an exponent at the beginning of a text, as in `e-07,`.
pub(super) fn exponent(text: &str) -> usize {
    let Some(rest) = text.strip_prefix(['e', 'E']) else { return 0 };
    let sign = usize::from(rest.starts_with(['+', '-']));
    let digits = rest[sign..].bytes().take_while(u8::is_ascii_digit).count();
    if digits == 0 { 0 } else { 1 + sign + digits }
}

/// Converts hours, minutes and seconds to seconds.
fn time(text: &str) -> Option<f64> {
    let mut parts = text.split(':');
    let mut seconds = 0.0;
    for part in parts.by_ref().take(3) {
        seconds = seconds * 60.0 + decimal(part, true)?;
    }
    (parts.next().is_none() && seconds.is_finite()).then_some(seconds)
}

/// Parses digits with separators.
fn decimal(text: &str, comma_is_decimal: bool) -> Option<f64> {
    let (points, commas) = (text.matches('.').count(), text.matches(',').count());
    let decimal = match (points, commas) {
        (0, 0) => None,
        (1, 0) => Some('.'),
        (0, 1) => (comma_is_decimal || !is_grouped(text)).then_some(','),
        // Several separators of one kind group thousands.
        (_, 0) | (0, _) => None,
        // The last separator is decimal and must occur once.
        _ => {
            let last = if text.rfind('.') > text.rfind(',') { '.' } else { ',' };
            if text.matches(last).count() > 1 {
                return None;
            }
            Some(last)
        }
    };
    let mut plain = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '0'..='9' => plain.push(c),
            c if Some(c) == decimal => plain.push('.'),
            '.' | ',' | '\'' | '_' | ' ' | '\u{a0}' | '\u{202f}' => {}
            _ => return None,
        }
    }
    // As `bc` prints it.
    if plain.len() > 1 && plain.starts_with('.') {
        plain.insert(0, '0');
    }
    if !plain.starts_with(|c: char| c.is_ascii_digit()) {
        return None;
    }
    plain.parse().ok().filter(|value: &f64| value.is_finite())
}

/// Whether the only comma groups thousands: `1,234`, but neither `0,123` nor `1,5`.
fn is_grouped(text: &str) -> bool {
    text.split_once(',').is_some_and(|(before, after)| {
        (1..=3).contains(&before.len()) && before != "0" && after.len() == 3
    })
}

/// Factor of a unit; `None` if it is not a unit of size.
fn scale(unit: &str) -> Option<f64> {
    let mut unit = unit.trim();
    if matches!(unit.to_ascii_lowercase().as_str(), "" | "b" | "byte" | "bytes") {
        return Some(1.0);
    }
    let letter = unit.chars().next()?;
    let power = match letter.to_ascii_lowercase() {
        'k' => 1,
        'm' => 2,
        'g' => 3,
        't' => 4,
        'p' => 5,
        'e' => 6,
        _ => return None,
    };
    unit = &unit[letter.len_utf8()..];
    match unit {
        "B" | "b" => Some(1000_f64.powi(power)),
        "" | "iB" | "ib" | "i" => Some(1024_f64.powi(power)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_are_read_as_people_write_them() {
        for (text, value) in [
            ("0", 0.0),
            ("1234", 1234.0),
            ("1,234,567", 1_234_567.0),
            ("1.234.567", 1_234_567.0),
            ("1,234", 1234.0),
            ("1,5", 1.5),
            ("0,123", 0.123),
            ("1.234,5", 1234.5),
            ("1,234.5", 1234.5),
            ("1 234 567", 1_234_567.0),
            ("1\u{202f}234", 1234.0),
            ("1'234", 1234.0),
            ("12kB", 12_000.0),
            ("1.5 MiB", 1_572_864.0),
            ("4687k", 4_799_488.0),
            ("2G", 2_147_483_648.0),
            ("7 bytes", 7.0),
            ("00:00:02.040078", 2.040_078),
            ("1:02:03", 3723.0),
            (" 42 ", 42.0),
            (".25", 0.25),
            (".5 kB", 500.0),
            ("3.2e-07", 3.2e-7),
            ("1e9", 1e9),
            ("2.5E+03", 2500.0),
            ("2E", 2.0 * 1024_f64.powi(6)),
        ] {
            let read = amount(text).unwrap_or(f64::NAN);
            assert!((read - value).abs() < 1e-6, "{text}: {read}, not {value}");
        }
    }

    #[test]
    fn what_is_no_number_is_none() {
        let long = "9".repeat(400);
        for text in [
            "",
            "-5",
            "+5",
            "NaN",
            "inf",
            "1e999",
            "e5",
            "1e5x",
            "1,5e3",
            "--",
            "N/A",
            ".",
            ",",
            "1:2:3:4",
            ":",
            "1:x",
            "12 parsecs",
            "1.2.3,4,5",
            "٣",
            "5 €",
            "1..2,3,",
            long.as_str(),
        ] {
            assert_eq!(amount(text), None, "{text}");
        }
    }

    #[test]
    fn an_exponent_is_found_where_it_ends() {
        for (text, length) in
            [("e-07,", 4), ("E3", 2), ("e+12 x", 4), ("e", 0), ("e-x", 0), ("ta", 0), ("", 0)]
        {
            assert_eq!(exponent(text), length, "{text:?}");
        }
    }

    #[test]
    fn a_percentage_has_a_decimal_comma() {
        assert_eq!(percent("45,125"), Some(45.125));
        assert_eq!(percent(" 7.5 %"), Some(7.5));
        assert_eq!(percent("100"), Some(100.0));
        assert_eq!(percent(".5%"), Some(0.5));
        assert_eq!(percent("."), None);
        assert_eq!(percent("-1"), None);
        assert_eq!(percent("4.5e1 %"), Some(45.0));
    }
}
