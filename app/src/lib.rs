//! Pages, islands and server functions of Milepost.
//!
//! * [`api`]: the server functions, called from the browser.
//! * [`islands`]: interactive parts of the pages.
//! * `pages`, `shell`: the pages, rendered on the server only (feature `ssr`).
//! * [`wire`]: what pages and server functions exchange.
//! * `forms`: form targets; everything works without a script.
//! * `serve`: the router.

// Nested views have deeply nested types.
#![recursion_limit = "256"]

pub mod api;
pub mod islands;
pub mod wire;

#[cfg(feature = "ssr")]
pub mod chunks;
#[cfg(feature = "ssr")]
mod content_policy;
#[cfg(feature = "ssr")]
mod context;
#[cfg(feature = "ssr")]
mod forms;
#[cfg(feature = "ssr")]
mod links;
#[cfg(feature = "ssr")]
mod log_view;
#[cfg(feature = "ssr")]
mod outcome;
#[cfg(feature = "ssr")]
pub mod pages;
#[cfg(feature = "ssr")]
pub mod serve;
#[cfg(feature = "ssr")]
mod shell;
#[cfg(feature = "ssr")]
mod site;
#[cfg(feature = "ssr")]
pub mod viewers;
