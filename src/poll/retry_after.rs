//! Reads `Retry-After`: seconds, or an HTTP date.

/// Milliseconds that a `Retry-After` header asks to wait; `None` where it cannot be read. A moment
/// in the past is 0. `date` is the answer's `Date` header: the difference of the two needs no clock
/// of ours. Only the preferred form of HTTP dates is read, as all servers write it.
pub fn retry_after_ms(value: &str, date: Option<&str>) -> Option<i64> {
    let value = value.trim();
    if !value.is_empty() && value.bytes().all(|byte| byte.is_ascii_digit()) {
        let seconds: i64 = value.parse().unwrap_or(i64::MAX);
        return Some(seconds.saturating_mul(1_000));
    }
    let seconds = unix_seconds(value)? - unix_seconds(date?.trim())?;
    Some(seconds.max(0) * 1_000)
}

/// Reads `Sun, 06 Nov 1994 08:49:37 GMT`.
fn unix_seconds(text: &str) -> Option<i64> {
    const MONTHS: &str = "JanFebMarAprMayJunJulAugSepOctNovDec";
    let bytes = text.as_bytes();
    if bytes.len() != 29 || !text.is_ascii() || !text.ends_with(" GMT") || bytes[3] != b',' {
        return None;
    }
    let number = |from: usize, to: usize| {
        let digits = &bytes[from..to];
        let all = digits.iter().all(u8::is_ascii_digit);
        all.then(|| digits.iter().fold(0_i64, |sum, byte| sum * 10 + i64::from(byte - b'0')))
    };
    let month = MONTHS.find(&text[8..11]).filter(|at| at % 3 == 0)? as i64 / 3 + 1;
    let (day, year) = (number(5, 7)?, number(12, 16)?);
    let (hour, minute, second) = (number(17, 19)?, number(20, 22)?, number(23, 25)?);
    if day == 0 || day > 31 || hour > 23 || minute > 59 || second > 60 {
        return None;
    }
    // Days since 1970-01-01; the year begins in March, so that the leap day is its last.
    let year = if month <= 2 { year - 1 } else { year };
    let days = year * 365 + year.div_euclid(4) - year.div_euclid(100)
        + year.div_euclid(400)
        + (153 * ((month + 9) % 12) + 2) / 5
        + day
        - 1
        - 719_468;
    Some(((days * 24 + hour) * 60 + minute) * 60 + second)
}
