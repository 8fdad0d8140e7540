//! Milepost's pages, islands and server functions: thin.
//!
//! * [`api`]: the server functions, called from the browser.
//! * [`islands`]: what moves on a page.
//! * `pages`, `shell`: the pages, rendered on the server alone (feature `ssr`).
//! * `forms`: what the pages' forms post to; the whole loop works without a script.
//! * `serve`: the router of all of it.

// The types of nested views are deep.
#![recursion_limit = "256"]

pub mod api;
pub mod islands;

#[cfg(feature = "ssr")]
pub mod chunks;
#[cfg(feature = "ssr")]
mod content_policy;
#[cfg(feature = "ssr")]
mod context;
#[cfg(feature = "ssr")]
mod forms;
#[cfg(feature = "ssr")]
mod log_view;
#[cfg(feature = "ssr")]
pub mod pages;
#[cfg(feature = "ssr")]
pub mod schema;
#[cfg(feature = "ssr")]
pub mod serve;
#[cfg(feature = "ssr")]
mod shell;
#[cfg(feature = "ssr")]
pub mod viewers;
