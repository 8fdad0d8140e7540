//! The button of a form that the script sends: a start, or the deletion of a task.

use leptos::{either::Either, prelude::*};

use super::{delete_button::delete_button, platform::initial_state, start_button::start_button};

/// The state of a button that deletes a task; no kind is called that.
pub(crate) const DELETE: &str = "";

/// Button that submits its form. The initial state is the kind that it starts, or `DELETE`. Without the script it
/// submits at once.
#[island(lazy)]
pub fn SubmitIsland() -> impl IntoView {
    initial_state::<String>().map(|kind| match kind == DELETE {
        false => Either::Left(start_button(kind)),
        true => Either::Right(delete_button()),
    })
}
