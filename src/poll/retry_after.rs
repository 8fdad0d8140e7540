//! Parses `Retry-After`: seconds, or an HTTP date.

/// Returns the milliseconds that a `Retry-After` header asks to wait; `None` if it cannot be
/// parsed. A date in the past gives 0. `date` is the response's `Date` header: the difference needs
/// no local clock. Only the preferred form of HTTP dates is parsed, which all servers send.
pub fn retry_after_ms(value: &str, date: Option<&str>) -> Option<i64> {
    let value = value.as_bytes().trim_ascii();
    if let Some(seconds) = number(value) {
        return Some(seconds.saturating_mul(1_000));
    }
    let seconds = unix_seconds(value)? - unix_seconds(date?.as_bytes().trim_ascii())?;
    Some(seconds.max(0) * 1_000)
}

/// Parses `Sun, 06 Nov 1994 08:49:37 GMT`. Works on bytes, because text search would be most of the
/// code that a page loads for this.
fn unix_seconds(text: &[u8]) -> Option<i64> {
    const MONTHS: &[u8; 36] = b"JanFebMarAprMayJunJulAugSepOctNovDec";
    let (text, zone) = text.split_at_checked(25)?;
    if zone != b" GMT" || text[3] != b',' {
        return None;
    }
    let month = MONTHS.chunks(3).position(|name| name == &text[8..11])? as i64 + 1;
    let (day, year) = (number(&text[5..7])?, number(&text[12..16])?);
    let (hour, minute) = (number(&text[17..19])?, number(&text[20..22])?);
    let second = number(&text[23..25])?;
    if day == 0 || day > 31 || hour > 23 || minute > 59 || second > 60 {
        return None;
    }
    // Days since 1970-01-01; the year begins in March, so that the leap day is its last.
    let year = if month <= 2 { year - 1 } else { year };
    let leap_days = year.div_euclid(4) - year.div_euclid(100) + year.div_euclid(400);
    let day_of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    let days = year * 365 + leap_days + day_of_year - 719_468;
    Some(((days * 24 + hour) * 60 + minute) * 60 + second)
}

/// Parses digits only.
pub(super) fn number(digits: &[u8]) -> Option<i64> {
    if digits.is_empty() || !digits.iter().all(u8::is_ascii_digit) {
        return None;
    }
    let add = |sum: i64, digit: &u8| sum.saturating_mul(10).saturating_add(i64::from(digit - b'0'));
    Some(digits.iter().fold(0, add))
}
