//! Closures that read one thing from a view.
//!
//! They take plain functions, so that all of them are of three types: each further type of closure in
//! a template costs the page about a kilobyte of WASM.

use leptos::prelude::*;

use crate::view::TaskView;

/// A text that follows the view.
pub(super) fn says(
    view: Signal<TaskView>,
    what: fn(&TaskView) -> String,
) -> impl Fn() -> String + Copy + Send + Sync + 'static {
    move || view.with(what)
}

/// An attribute that follows the view; absent where there is nothing to say.
pub(super) fn tells(
    view: Signal<TaskView>,
    what: fn(&TaskView) -> Option<String>,
) -> impl Fn() -> Option<String> + Copy + Send + Sync + 'static {
    move || view.with(what)
}

/// Whether the view is like that.
pub(super) fn holds(
    view: Signal<TaskView>,
    what: fn(&TaskView) -> bool,
) -> impl Fn() -> bool + Copy + Send + Sync + 'static {
    move || view.with(what)
}
