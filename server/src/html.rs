//! What HTML is made with: texts from outside, and formatted text.

pub(crate) use milepost::html::{Html, escape};

/// Appends formatted text. Writing to a `String` cannot fail; what is full takes no more.
macro_rules! put {
    ($html:expr, $($arg:tt)*) => {{
        use std::fmt::Write as _;
        let _ = write!($html, $($arg)*);
    }};
}
pub(crate) use put;
