//! HTML that no Leptos view renders: one escape function, and a writer with limits on size and
//! depth.

mod escape;
mod writer;

pub use escape::{Escaped, escape};
pub use writer::{Html, HtmlLimits};
