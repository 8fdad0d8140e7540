//! On the server an island gets what it begins with from its context.

use leptos::{ev::MouseEvent, prelude::*};
use serde::Serialize;

use crate::api::ApiError;

/// There are no forms to read on the server.
pub(super) enum NoForm {}

/// Never called: nothing is pressed on the server.
pub(super) fn valid_form(_: &MouseEvent) -> Option<NoForm> {
    None
}

/// Never called.
pub(super) fn entered(form: &NoForm) -> (Vec<(String, String)>, Option<String>) {
    match *form {}
}

/// Never called.
pub(super) async fn upload_files(form: &NoForm, _: impl Fn(u32)) -> Result<(), ApiError> {
    match *form {}
}

/// Never called.
pub(super) fn send(form: &NoForm) {
    match *form {}
}

/// Never called.
pub(super) async fn may_notify() -> bool {
    false
}

/// Never called.
pub(super) fn notify(_: &str) {}

/// Never called.
pub(super) fn append(_: &str, _: &str) {}

/// Does nothing.
pub(super) fn open(_: &str) {}

/// What the island begins with; `None` where the page provided nothing.
pub(super) fn initial_state<T: Clone + 'static>() -> Option<T> {
    use_context()
}

/// What the island that follows begins with: as its context on the server, and in the page for the
/// browser. The element comes before the island.
pub(crate) fn embed_state<T: Serialize + Clone + Send + Sync + 'static>(seed: T) -> impl IntoView {
    // The wire types have no map with keys that are not texts, the only thing that could fail. Inside a script
    // only `<` can end what is meant as data.
    let json = serde_json::to_string(&seed).unwrap_or_default().replace('<', "\\u003c");
    provide_context(seed);
    view! { <script type="application/json" id="initial-state" inner_html=json></script> }
}
