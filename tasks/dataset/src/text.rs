//! Numbers formatted for people.

/// Formats an integer with grouped thousands and a noun in singular or plural: `noun` takes an `s`,
/// is given as `one|many`, or is empty.
pub(super) fn count(value: i64, noun: &str) -> String {
    let sign = if value < 0 { "−" } else { "" };
    let text = format!("{sign}{}", grouped(&value.unsigned_abs().to_string()));
    if noun.is_empty() {
        return text;
    }
    let plural = format!("{noun}s");
    let (one, many) = noun.split_once('|').unwrap_or((noun, &plural));
    format!("{text} {}", if value == 1 { one } else { many })
}

/// Separates thousands.
fn grouped(digits: &str) -> String {
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// Formats a value of a column that is an integer. A year, or another number of four digits, has no
/// separator.
pub(super) fn integer(value: i64) -> String {
    if value.unsigned_abs() < SEPARATED { value.to_string() } else { count(value, "") }
}

/// From here on the thousands of a value are separated.
const SEPARATED: u64 = 10_000;

/// Formats a number with six significant digits, its thousands separated; very large and very small
/// ones with an exponent.
pub(super) fn number(value: f64) -> String {
    let size = value.abs();
    if size == 0.0 {
        return "0".to_owned();
    }
    if !(1e-4..1e15).contains(&size) {
        return format!("{value:.5e}");
    }
    let decimals = (5 - size.log10().floor() as i32).clamp(0, 9);
    let text = format!("{value:.*}", decimals as usize);
    let text = match text.contains('.') {
        true => text.trim_end_matches('0').trim_end_matches('.'),
        false => &text,
    };
    if size < SEPARATED as f64 {
        return text.to_owned();
    }
    let (whole, fraction) = text.split_once('.').map_or((text, None), |(a, b)| (a, Some(b)));
    let (sign, digits) = whole.strip_prefix('-').map_or(("", whole), |digits| ("-", digits));
    let fraction = fraction.map(|digits| format!(".{digits}")).unwrap_or_default();
    format!("{sign}{}{fraction}", grouped(digits))
}

/// Formats a size in bytes, in units of 1,000 as the pages do.
pub(super) fn bytes(value: i64) -> String {
    const KB: f64 = 1000.0;
    let size = value as f64;
    if size < KB {
        count(value, "byte")
    } else if size < KB * KB {
        format!("{} KB", number((size / KB * 10.0).round() / 10.0))
    } else {
        format!("{} MB", number((size / KB / KB * 10.0).round() / 10.0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_readable() {
        assert_eq!(count(1_234_567, ""), "1,234,567");
        assert_eq!(count(-1000, "row"), "−1,000 rows");
        assert_eq!(count(1, "row"), "1 row");
        assert_eq!(count(100, "oddity|oddities"), "100 oddities");
        assert_eq!(count(i64::MIN, ""), "−9,223,372,036,854,775,808");
        assert_eq!(number(0.1 + 0.2), "0.3");
        assert_eq!(number(1_234.567_89), "1234.57");
        assert_eq!(number(-120.0), "-120");
        assert_eq!(number(161_430.0), "161,430");
        assert_eq!(number(-98_765.43), "-98,765.4");
        assert_eq!((integer(2024), integer(-9999)), ("2024".to_owned(), "-9999".to_owned()));
        assert_eq!(integer(161_430), "161,430");
        assert_eq!(number(1e300), "1.00000e300");
        assert_eq!(number(0.000_012_34), "1.23400e-5");
        assert_eq!(number(0.0), "0");
        assert_eq!(bytes(1), "1 byte");
        assert_eq!(bytes(1_530), "1.5 KB");
        assert_eq!(bytes(3_000_000), "3 MB");
    }
}
