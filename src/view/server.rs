//! Stubs for the server, which polls nothing and renders the first snapshot.

use leptos::prelude::*;

use super::{TaskView, Transport, UseTaskOptions};
use crate::{
    poll::{Event, Machine, Stats},
    task::{Problem, TaskId},
};

/// Counters of a loop that never runs.
pub(super) fn watch(
    _views: Vec<RwSignal<TaskView>>,
    _transport: Transport,
    options: UseTaskOptions,
) -> Signal<Stats> {
    Signal::stored(Machine::new(options.config).stats(0))
}

/// Does nothing.
pub(super) fn dispatch(_event: Event) {}

/// Does nothing.
pub(super) fn cancel(_transport: Transport, _id: TaskId, _failed: impl FnOnce(Problem) + 'static) {}

/// Never used: the server submits no forms.
pub(super) fn random_key() -> String {
    String::new()
}

/// No lines: the server polls nothing.
pub fn take_log() -> String {
    String::new()
}

/// No changes: the server polls nothing.
pub fn take_parts() -> Vec<String> {
    Vec::new()
}

/// Does nothing.
pub fn move_focus(_from: &str, _to: &str) {}

/// Does nothing: the server renders the default icon.
pub fn set_icon(_percent: Option<u32>) {}

/// Does nothing: the server renders the title into the page's head.
pub fn set_title(_title: &str) {}
