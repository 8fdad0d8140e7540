//! Helpers for writing HTML.

pub(crate) use milepost::html::{Html, escape};

/// Appends formatted text. Writing to a `String` cannot fail; a full `Html` ignores it.
macro_rules! put {
    ($html:expr, $($arg:tt)*) => {{
        use std::fmt::Write as _;
        let _ = write!($html, $($arg)*);
    }};
}
pub(crate) use put;
