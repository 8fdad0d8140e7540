//! HTML that no Leptos view renders: one escape function, and a writer with limits on size and
//! depth.

mod escape;
mod writer;

pub use escape::{Escaped, escape};
pub use writer::{Html, HtmlLimits, is_void};

/// Appends formatted text to a `String` or an [`Html`]. Writing to a `String` cannot fail; a full
/// [`Html`] ignores it.
#[doc(hidden)]
#[macro_export]
macro_rules! __put_html {
    ($html:expr, $($arg:tt)*) => {{
        use std::fmt::Write as _;
        let _ = write!($html, $($arg)*);
    }};
}
pub use __put_html as put;
