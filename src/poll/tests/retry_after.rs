//! Reading `Retry-After`.

use crate::poll::retry_after_ms;

const DATE: Option<&str> = Some("Sun, 06 Nov 1994 08:49:37 GMT");

#[test]
fn seconds_are_read() {
    assert_eq!(retry_after_ms("7", None), Some(7_000));
    assert_eq!(retry_after_ms(" 0 ", None), Some(0));
    assert_eq!(retry_after_ms("99999999999999999999999", None), Some(i64::MAX));
}

/// 37.
#[test]
fn a_date_counts_from_the_answers_own_date() {
    assert_eq!(retry_after_ms("Sun, 06 Nov 1994 08:49:40 GMT", DATE), Some(3_000));
    assert_eq!(retry_after_ms("Mon, 07 Nov 1994 08:49:37 GMT", DATE), Some(86_400_000));
    let leap =
        retry_after_ms("Fri, 01 Mar 2024 00:00:00 GMT", Some("Wed, 28 Feb 2024 00:00:00 GMT"));
    assert_eq!(leap, Some(2 * 86_400_000));
    let year =
        retry_after_ms("Sat, 01 Jan 2000 00:00:00 GMT", Some("Fri, 31 Dec 1999 23:59:59 GMT"));
    assert_eq!(year, Some(1_000));
}

/// 37.
#[test]
fn a_date_in_the_past_is_now() {
    assert_eq!(retry_after_ms("Sun, 06 Nov 1994 08:49:36 GMT", DATE), Some(0));
    assert_eq!(retry_after_ms("Thu, 01 Jan 1970 00:00:00 GMT", DATE), Some(0));
}

#[test]
fn what_cannot_be_read_says_nothing() {
    let bad = [
        "",
        "-1",
        "1.5",
        "soon",
        "Sun, 06 Nov 1994 08:49:37 UTC",
        "Sun, 06 Foo 1994 08:49:37 GMT",
        "Sun, 06 anF 1994 08:49:37 GMT",
        "Sun, 66 Nov 1994 08:49:37 GMT",
        "Sun, 06 Nov 1994 28:49:37 GMT",
        "Sun, 06 Nov 19é4 08:49:37 GM",
        "Sün, 06 Nov 1994 08:49:3 GMT",
        "Sun, 0x Nov 1994 08:49:37 GMT",
    ];
    for value in bad {
        assert_eq!(retry_after_ms(value, DATE), None, "{value}");
        if !value.is_empty() {
            assert_eq!(
                retry_after_ms("Sun, 06 Nov 1994 08:49:37 GMT", Some(value)),
                None,
                "{value}"
            );
        }
    }
    assert_eq!(retry_after_ms("Sun, 06 Nov 1994 08:49:37 GMT", None), None);
}
