//! Reads numbers as people write them: with a decimal comma, grouped thousands, a currency, a
//! percent sign, or brackets for a negative.
//!
//! What a number looks like is decided per column, not here: [`parse`] reads one cell under one
//! decimal sign and returns the grouping and unit that it found.

/// A number and how it was written.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Figure {
    pub(super) value: f64,
    /// The exact value if it has no decimals and fits.
    pub(super) integer: Option<i64>,
    /// Whether it has no decimals, but does not fit.
    pub(super) is_beyond: bool,
    /// Sign between groups of digits.
    pub(super) group: Option<char>,
    /// Currency or percent sign, in one spelling.
    pub(super) unit: Option<&'static str>,
    /// Whether four or more digits stand before the decimal sign without grouping.
    pub(super) is_ungrouped: bool,
}

/// Maximum length of a number, in bytes.
const MAX_BYTES: usize = 64;
/// Currencies and other units: as written, and in one spelling. Longer ones before their beginnings.
const UNITS: [(&str, &str); 51] = [
    ("US$", "USD"),
    ("U$S", "USD"),
    ("R$", "BRL"),
    ("A$", "AUD"),
    ("C$", "CAD"),
    ("CA$", "CAD"),
    ("AU$", "AUD"),
    ("NZ$", "NZD"),
    ("HK$", "HKD"),
    ("$", "$"),
    ("€", "EUR"),
    ("£", "GBP"),
    ("¥", "¥"),
    ("₹", "INR"),
    ("₽", "RUB"),
    ("₩", "KRW"),
    ("₺", "TRY"),
    ("₴", "UAH"),
    ("฿", "THB"),
    ("₫", "VND"),
    ("₪", "ILS"),
    ("₱", "PHP"),
    ("EUR", "EUR"),
    ("Euro", "EUR"),
    ("USD", "USD"),
    ("GBP", "GBP"),
    ("CHF", "CHF"),
    ("SFr.", "CHF"),
    ("Fr.", "CHF"),
    ("JPY", "JPY"),
    ("CNY", "CNY"),
    ("INR", "INR"),
    ("Rs.", "INR"),
    ("SEK", "SEK"),
    ("NOK", "NOK"),
    ("DKK", "DKK"),
    ("kr.", "kr"),
    ("kr", "kr"),
    ("PLN", "PLN"),
    ("zł", "PLN"),
    ("CZK", "CZK"),
    ("Kč", "CZK"),
    ("HUF", "HUF"),
    ("Ft", "HUF"),
    ("CAD", "CAD"),
    ("AUD", "AUD"),
    ("BRL", "BRL"),
    ("RUB", "RUB"),
    ("TRY", "TRY"),
    ("%", "%"),
    ("‰", "‰"),
];

const fn is_blank(char: char) -> bool {
    matches!(char, ' ' | '\u{a0}' | '\u{202f}' | '\u{2009}' | '\u{2007}')
}

/// Signs that separate groups of digits where this is the decimal sign.
const fn is_group(char: char, decimal: char) -> bool {
    is_blank(char)
        || matches!(char, '\'' | '\u{2019}')
        || matches!((char, decimal), ('.', ',') | (',', '.'))
}

/// Reads a number whose decimal sign is `.` or `,`.
pub(super) fn parse(text: &str, decimal: char) -> Option<Figure> {
    if text.len() > MAX_BYTES {
        return None;
    }
    if !text.bytes().any(|byte| byte.is_ascii_digit()) {
        return accounting_zero(text);
    }
    let (text, in_brackets) = bracketed(text).map_or((text, false), |inner| (inner, true));
    let (text, first_sign) = sign(text);
    let (text, prefix) = unit_before(text);
    // `$ (5.00)`: brackets after the currency.
    let (text, in_brackets) = match bracketed(text).filter(|_| prefix.is_some() && !in_brackets) {
        Some(inner) => (inner, true),
        None => (text, in_brackets),
    };
    let (text, second_sign) = sign(text);
    let (text, suffix) = unit_after(text);
    let (text, last_sign) = sign_after(text);
    let (text, suffix) = if suffix.is_some() { (text, suffix) } else { unit_after(text) };
    let signs = [first_sign, second_sign, last_sign];
    let written = signs.iter().flatten().count() + usize::from(in_brackets);
    if written > 1 || prefix.is_some() && suffix.is_some() {
        return None;
    }
    let is_negative = in_brackets || signs.contains(&Some(true));
    let mut figure = digits(text, decimal, is_negative)?;
    figure.unit = prefix.or(suffix);
    Some(figure)
}

fn bracketed(text: &str) -> Option<&str> {
    Some(text.strip_prefix('(')?.strip_suffix(')')?.trim())
}

/// Zero as spreadsheets show it in accounting: `$ -`, `- €`, `$ -??`.
fn accounting_zero(text: &str) -> Option<Figure> {
    let (rest, prefix) = unit_before(text);
    let (rest, suffix) = unit_after(rest);
    let dash = rest.trim_matches(is_blank).trim_end_matches('?').trim_end_matches(is_blank);
    let is_dash = matches!(dash, "-" | "\u{2013}" | "\u{2014}" | "\u{2212}");
    let unit = prefix.xor(suffix).filter(|unit| is_dash && !matches!(*unit, "%" | "‰"))?;
    Some(Figure {
        value: 0.0,
        integer: Some(0),
        is_beyond: false,
        group: None,
        unit: Some(unit),
        is_ungrouped: false,
    })
}

fn sign(text: &str) -> (&str, Option<bool>) {
    let mut chars = text.chars();
    match chars.next() {
        Some('-' | '\u{2212}' | '\u{2013}') => {
            (chars.as_str().trim_start_matches(is_blank), Some(true))
        }
        Some('+') => (chars.as_str(), Some(false)),
        _ => (text, None),
    }
}

fn sign_after(text: &str) -> (&str, Option<bool>) {
    match text.strip_suffix(['-', '\u{2212}']) {
        // `5,-` is a price without cents.
        Some(rest) if !rest.ends_with(['.', ',', '-']) => {
            (rest.trim_end_matches(is_blank), Some(true))
        }
        _ => (text, None),
    }
}

fn unit_before(text: &str) -> (&str, Option<&'static str>) {
    if text.starts_with(|char: char| char.is_ascii_digit()) {
        return (text, None);
    }
    let found = UNITS.iter().find_map(|(unit, name)| Some((text.strip_prefix(unit)?, *name)));
    match found {
        Some((rest, name)) => (rest.trim_start_matches(is_blank), Some(name)),
        None => (text, None),
    }
}

fn unit_after(text: &str) -> (&str, Option<&'static str>) {
    if text.ends_with(|char: char| char.is_ascii_digit()) {
        return (text, None);
    }
    let found = UNITS.iter().find_map(|(unit, name)| Some((text.strip_suffix(unit)?, *name)));
    match found {
        Some((rest, name)) => (rest.trim_end_matches(is_blank), Some(name)),
        None => (text, None),
    }
}

/// Reads digits with groups, decimals and an exponent.
fn digits(text: &str, decimal: char, is_negative: bool) -> Option<Figure> {
    let (mantissa, exponent) = match text.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, Some(exponent)),
        None => (text, None),
    };
    let (whole, fraction) = match mantissa.split_once(decimal) {
        Some((whole, "-" | "--" | "\u{2013}" | "\u{2014}")) => (whole, None),
        Some((whole, fraction)) => (whole, Some(fraction)),
        None => (mantissa, None),
    };
    if fraction.is_some_and(|part| part.is_empty() || !is_digits(part)) {
        return None;
    }
    let mut plain = String::with_capacity(text.len() + 1);
    if is_negative {
        plain.push('-');
    }
    let group = ungroup(whole, decimal, &mut plain)?;
    let is_ungrouped = group.is_none() && whole.len() > 3;
    if whole.is_empty() && fraction.is_none() {
        return None;
    }
    if let Some(fraction) = fraction {
        plain.push('.');
        plain.push_str(fraction);
    }
    if let Some(exponent) = exponent {
        let unsigned = exponent.strip_prefix(['+', '-'])?;
        if unsigned.is_empty() || !is_digits(unsigned) || group.is_some() {
            return None;
        }
        plain.push('e');
        plain.push_str(exponent);
    }
    let value: f64 = plain.parse().ok().filter(|value: &f64| value.is_finite())?;
    let is_whole = fraction.is_none() && exponent.is_none();
    let integer = if is_whole { plain.parse().ok() } else { None };
    let is_beyond = is_whole && integer.is_none();
    Some(Figure { value, integer, is_beyond, group, unit: None, is_ungrouped })
}

fn is_digits(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_digit())
}

/// Appends the digits without their groups; returns the sign between them, or `None` if these are
/// no groups. Groups have three digits; between commas also two, as in India, but the last.
fn ungroup(whole: &str, decimal: char, plain: &mut String) -> Option<Option<char>> {
    let is_identifier = whole.len() > 1 && whole.starts_with('0');
    if is_digits(whole) {
        plain.push_str(whole);
        return (!is_identifier).then_some(None);
    }
    let group = whole.chars().find(|char| !char.is_ascii_digit())?;
    if is_identifier || !is_group(group, decimal) {
        return None;
    }
    let mut lengths = Vec::new();
    for part in whole.split(group) {
        if !is_digits(part) {
            return None;
        }
        lengths.push(part.len());
        plain.push_str(part);
    }
    let [first, inner @ .., 3] = &lengths[..] else { return None };
    let thousands = (1..=3).contains(first) && inner.iter().all(|length| *length == 3);
    let indian = group == ','
        && !inner.is_empty()
        && (1..=2).contains(first)
        && inner.iter().all(|length| *length == 2);
    (thousands || indian).then_some(Some(group))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_read_as_people_write_them() {
        for (text, decimal, value) in [
            ("1,50", ',', 1.5),
            ("1.234,56", ',', 1234.56),
            ("1.234.567", ',', 1_234_567.0),
            ("1 234,5", ',', 1234.5),
            ("1\u{a0}234,5", ',', 1234.5),
            ("1\u{202f}234", ',', 1234.0),
            ("1'234.50", '.', 1234.5),
            ("1\u{2019}234", '.', 1234.0),
            ("1,234.5", '.', 1234.5),
            ("12,34,567.8", '.', 1_234_567.8),
            ("(1,234.50)", '.', -1234.5),
            ("\u{2212}5", '.', -5.0),
            ("5-", '.', -5.0),
            ("1.234,56-", ',', -1234.56),
            ("€ 5,00", ',', 5.0),
            ("5,00 €", ',', 5.0),
            ("-$5.00", '.', -5.0),
            ("$-5.00", '.', -5.0),
            ("($5.00)", '.', -5.0),
            ("12,5 %", ',', 12.5),
            ("12%", '.', 12.0),
            ("5,- €", ',', 5.0),
            ("Fr. 12.50", '.', 12.5),
            ("1,5E+3", ',', 1500.0),
            ("-0,5", ',', -0.5),
            (",5", ',', 0.5),
            ("+3,5", ',', 3.5),
            ("5,00- EUR", ',', -5.0),
            ("R$ 1.234,00", ',', 1234.0),
            ("1 234 zł", ',', 1234.0),
            ("- 5,00", ',', -5.0),
            ("$ -", '.', 0.0),
            ("$-", '.', 0.0),
            ("- €", ',', 0.0),
            ("€ \u{2013}", ',', 0.0),
            ("$ -??", '.', 0.0),
            ("$ (1,234.50)", '.', -1234.5),
        ] {
            assert_eq!(parse(text, decimal).map(|figure| figure.value), Some(value), "{text:?}");
        }
    }

    #[test]
    fn what_is_no_number_is_none() {
        for (text, decimal) in [
            ("1,50", '.'),
            ("1.50", ','),
            ("12.34", ','),
            ("1.2345", ','),
            ("01,5", ','),
            ("0.123", ','),
            ("1,2,3", '.'),
            ("1.234.56", ','),
            ("1,234,5", ','),
            ("€5€", '.'),
            ("--5", '.'),
            ("(-5)", '.'),
            ("5 m", '.'),
            ("", '.'),
            ("-", '.'),
            ("%", '.'),
            ("% -", '.'),
            ("$", '.'),
            ("$ - €", '.'),
            ("$ --", '.'),
            (".", '.'),
            ("1 23", ','),
            ("1e5", '.'),
            ("2024-01-01", '.'),
            ("1.1.2024", ','),
            ("1234.567.890", ','),
            ("10:30", '.'),
            ("1, 5", ','),
        ] {
            assert_eq!(parse(text, decimal), None, "{text:?} with {decimal:?}");
        }
    }

    #[test]
    fn how_a_number_was_written_is_told() {
        let figure = parse("1.234,00 €", ',').unwrap();
        assert_eq!((figure.group, figure.unit), (Some('.'), Some("EUR")));
        assert_eq!(parse("1.234", ',').unwrap().integer, Some(1234));
        assert!(parse("12345,6", ',').unwrap().is_ungrouped);
        assert_eq!(parse("(0)", '.').unwrap().integer, Some(0));
    }
}
