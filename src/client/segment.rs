//! Percent-encoding of a name in a URL.

use std::fmt;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

/// All characters that could end a path segment or make it `.` or `..`.
const RESERVED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'~');

/// Percent-encodes a text as one path segment, or as one value of a query string.
pub(super) fn segment(text: &str) -> impl fmt::Display {
    utf8_percent_encode(text, RESERVED)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_cannot_leave_its_segment() {
        assert_eq!(segment("data-set_1").to_string(), "data-set_1");
        assert_eq!(segment("../x?y").to_string(), "%2E%2E%2Fx%3Fy");
    }
}
