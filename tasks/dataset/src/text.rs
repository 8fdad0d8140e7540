//! Numbers formatted for people.

/// Formats an integer with grouped thousands and a noun in singular or plural: `noun` takes an `s`,
/// is given as `one|many`, or is empty.
pub(super) fn count(value: i64, noun: &str) -> String {
    let digits = value.unsigned_abs().to_string();
    let mut text = String::with_capacity(digits.len() + 8 + noun.len());
    if value < 0 {
        text.push('−');
    }
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    if noun.is_empty() {
        return text;
    }
    let plural = format!("{noun}s");
    let (one, many) = noun.split_once('|').unwrap_or((noun, &plural));
    format!("{text} {}", if value == 1 { one } else { many })
}

/// Formats a number with six significant digits; very large and very small ones with an exponent.
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
    if text.contains('.') {
        text.trim_end_matches('0').trim_end_matches('.').to_owned()
    } else {
        text
    }
}

/// Formats a size in bytes.
pub(super) fn bytes(value: i64) -> String {
    const KIB: f64 = 1024.0;
    let size = value as f64;
    if size < KIB {
        count(value, "byte")
    } else if size < KIB * KIB {
        format!("{} KiB", number((size / KIB * 10.0).round() / 10.0))
    } else {
        format!("{} MiB", number((size / KIB / KIB * 10.0).round() / 10.0))
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
        assert_eq!(number(1e300), "1.00000e300");
        assert_eq!(number(0.000_012_34), "1.23400e-5");
        assert_eq!(number(0.0), "0");
        assert_eq!(bytes(1), "1 byte");
        assert_eq!(bytes(1536), "1.5 KiB");
        assert_eq!(bytes(3 * 1024 * 1024), "3 MiB");
    }
}
