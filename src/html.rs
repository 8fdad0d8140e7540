//! HTML that is not made by a Leptos view: the one escape function, and a writer that keeps its
//! limits whatever is written.

mod escape;
mod writer;

pub use escape::{Escaped, escape};
pub use writer::{Html, HtmlLimits};
