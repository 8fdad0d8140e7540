//! The trace that a start or a run belongs to, as the header `traceparent` names it.

use std::{fmt, str::FromStr};

/// Length of a `traceparent` of version 00.
const LENGTH: usize = 55;

/// A position in a trace: the trace and one span of it, by
/// [W3C Trace Context](https://www.w3.org/TR/trace-context/), version 00.
///
/// ```
/// use milepost::task::TraceParent;
///
/// let text = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
/// let parent: TraceParent = text.parse()?;
/// assert_eq!(parent.span_id(), 0x00f0_67aa_0ba9_02b7);
/// assert_eq!(parent.to_string(), text);
/// # Ok::<(), milepost::task::InvalidTraceParent>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct TraceParent {
    trace_id: u128,
    span_id: u64,
    flags: u8,
}

impl TraceParent {
    /// The header that carries it.
    pub const HEADER: &'static str = "traceparent";

    /// Creates one; `None` if an id is 0, which names nothing.
    pub const fn new(trace_id: u128, span_id: u64, flags: u8) -> Option<Self> {
        if trace_id == 0 || span_id == 0 {
            return None;
        }
        Some(Self { trace_id, span_id, flags })
    }

    /// The trace.
    pub const fn trace_id(self) -> u128 {
        self.trace_id
    }

    /// The span in that trace.
    pub const fn span_id(self) -> u64 {
        self.span_id
    }

    /// The flags; the lowest bit says that the trace is recorded.
    pub const fn flags(self) -> u8 {
        self.flags
    }
}

impl fmt::Display for TraceParent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "00-{:032x}-{:016x}-{:02x}", self.trace_id, self.span_id, self.flags)
    }
}

/// The text is no `traceparent` of version 00.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct InvalidTraceParent;

impl fmt::Display for InvalidTraceParent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(
            "a traceparent looks like 00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
        )
    }
}

impl std::error::Error for InvalidTraceParent {}

impl FromStr for TraceParent {
    type Err = InvalidTraceParent;

    /// Parses the form of the standard only: lower-case digits, ids that are not 0.
    fn from_str(text: &str) -> Result<Self, InvalidTraceParent> {
        let is_digit = |byte: u8| matches!(byte, b'0'..=b'9' | b'a'..=b'f');
        let fits = |(index, byte): (usize, u8)| match index {
            2 | 35 | 52 => byte == b'-',
            _ => is_digit(byte),
        };
        // From here on each byte is a character.
        if text.len() != LENGTH || !text.bytes().enumerate().all(fits) || !text.starts_with("00") {
            return Err(InvalidTraceParent);
        }
        let trace_id = u128::from_str_radix(&text[3..35], 16);
        let span_id = u64::from_str_radix(&text[36..52], 16);
        let flags = u8::from_str_radix(&text[53..], 16);
        match (trace_id, span_id, flags) {
            (Ok(trace_id), Ok(span_id), Ok(flags)) => Self::new(trace_id, span_id, flags),
            _ => None,
        }
        .ok_or(InvalidTraceParent)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const TRACE: &str = "4bf92f3577b34da6a3ce929d0e0e4736";
    const SPAN: &str = "00f067aa0ba902b7";

    fn parse(text: &str) -> Option<TraceParent> {
        text.parse().ok()
    }

    #[test]
    fn the_form_of_the_standard_is_read() {
        for flags in ["00", "01", "03", "ff"] {
            let text = format!("00-{TRACE}-{SPAN}-{flags}");
            let parent = parse(&text).unwrap_or_else(|| panic!("{text}"));
            assert_eq!(parent.trace_id(), 0x4bf9_2f35_77b3_4da6_a3ce_929d_0e0e_4736);
            assert_eq!(parent.span_id(), 0x00f0_67aa_0ba9_02b7);
            assert_eq!(Ok(parent.flags()), u8::from_str_radix(flags, 16));
            assert_eq!(parent.to_string(), text);
        }
    }

    #[test]
    fn anything_else_is_none() {
        let zero = |digits: usize| "0".repeat(digits);
        for text in [
            String::new(),
            format!("01-{TRACE}-{SPAN}-01"),
            format!("ff-{TRACE}-{SPAN}-01"),
            format!("00-{}-{SPAN}-01", zero(32)),
            format!("00-{TRACE}-{}-01", zero(16)),
            format!("00-{}-{SPAN}-01", TRACE.to_uppercase()),
            format!("00-{TRACE}-{SPAN}-1"),
            format!("00-{TRACE}-{SPAN}-001"),
            format!("00-{TRACE}-{SPAN}-01-"),
            format!("00-{TRACE}-{SPAN}-01 "),
            format!(" 00-{TRACE}-{SPAN}-01"),
            format!("00_{TRACE}_{SPAN}_01"),
            format!("00-{TRACE}-{SPAN}-0g"),
            format!("00-+{}-{SPAN}-01", &TRACE[1..]),
            format!("00-{}é-{SPAN}-01", &TRACE[2..]),
        ] {
            assert_eq!(parse(&text), None, "{text}");
        }
    }

    proptest! {
        #[test]
        fn what_is_written_is_read(trace in any::<u128>(), span in any::<u64>(), flags in any::<u8>()) {
            if let Some(parent) = TraceParent::new(trace, span, flags) {
                prop_assert_eq!(parse(&parent.to_string()), Some(parent));
            }
        }

        #[test]
        fn what_is_read_has_one_spelling(text in "(00|[0-9a-fg]{2})-[0-9a-fF]{31,33}-[0-9a-f]{15,17}-[0-9a-f+]{1,3}|\\PC*") {
            if let Some(parent) = parse(&text) {
                prop_assert_eq!(parent.to_string(), text);
            }
        }
    }
}
