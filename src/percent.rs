//! Percent-encoding.

use std::fmt;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

/// All characters that RFC 3986 does not call unreserved.
const RESERVED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// Percent-encodes a text for a path segment, a query or a header.
#[cfg_attr(not(feature = "http"), expect(unreachable_pub, reason = "the layer `http` exports it"))]
pub fn percent_encoded(text: &str) -> impl fmt::Display + Iterator<Item = &str> {
    utf8_percent_encode(text, RESERVED)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_cannot_leave_its_segment() {
        assert_eq!(percent_encoded("data-set_1.csv").to_string(), "data-set_1.csv");
        assert_eq!(percent_encoded("../x?y#ü").to_string(), "..%2Fx%3Fy%23%C3%BC");
    }
}
