//! Closures that read one value of a view.
//!
//! They take plain functions, so that there are only three closure types: each further type in a
//! template adds about a kilobyte of WASM to the page.

use leptos::prelude::*;

use crate::view::TaskView;

/// Text that follows the view.
pub(super) fn says(
    view: Signal<TaskView>,
    what: fn(&TaskView) -> String,
) -> impl Fn() -> String + Copy + Send + Sync + 'static {
    move || view.with(what)
}

/// Attribute that follows the view; omitted for `None`.
pub(super) fn tells(
    view: Signal<TaskView>,
    what: fn(&TaskView) -> Option<String>,
) -> impl Fn() -> Option<String> + Copy + Send + Sync + 'static {
    move || view.with(what)
}

/// Condition that follows the view.
pub(super) fn holds(
    view: Signal<TaskView>,
    what: fn(&TaskView) -> bool,
) -> impl Fn() -> bool + Copy + Send + Sync + 'static {
    move || view.with(what)
}
