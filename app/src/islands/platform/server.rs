//! Server side of the islands: provides the initial state.

use leptos::{ev::MouseEvent, prelude::*, tachys::html::InertElement};
use milepost::view::server_fns::ApiError;
use serde::Serialize;

use crate::chunks::IslandPreloads;

/// Uninhabited: there are no forms to read on the server.
pub(crate) enum NoForm {}

/// Never called: there are no clicks on the server.
pub(crate) fn valid_form(_: &MouseEvent) -> Option<NoForm> {
    None
}

/// Never called.
pub(crate) fn entered(form: &NoForm) -> (Vec<(String, String)>, Option<String>) {
    match *form {}
}

/// Never called.
pub(crate) async fn upload_files(form: &NoForm, _: impl Fn(u32)) -> Result<(), ApiError> {
    match *form {}
}

/// Never called.
pub(crate) async fn wait(_: u32) {}

/// Never called.
pub(crate) fn send(form: &NoForm) {
    match *form {}
}

/// Never called.
pub(crate) async fn may_notify() -> bool {
    false
}

/// Never called.
pub(crate) fn is_secure() -> bool {
    false
}

/// Never called.
pub(crate) fn notify(_: &str) {}

/// Never called.
pub(crate) fn append(_: &str, _: &str) {}

/// Never called.
pub(crate) fn replace(_: &str) {}

/// Never called.
pub(crate) fn replace_all(_: &[String]) {}

/// Does nothing.
pub(crate) fn open(_: &str) {}

/// Initial state of the island from its context; `None` if the page provided none.
pub(crate) fn initial_state<T: Clone + 'static>() -> Option<T> {
    use_context()
}

/// Provides the initial state of the next island: as its context on the server, and in the page for
/// the browser. Place it before the island.
pub(crate) fn embed_state<T: Serialize + Clone + Send + Sync + 'static>(seed: T) -> impl IntoView {
    // Cannot fail: the wire types have no map with keys other than texts. Inside a script element,
    // only `<` could end the data.
    let json = serde_json::to_string(&seed).unwrap_or_default().replace('<', "\\u003c");
    provide_context(seed);
    let preloads = use_context().map(|IslandPreloads(links)| InertElement::new(links));
    view! {
        {preloads}
        <script type="application/json" id="initial-state" inner_html=json></script>
    }
}
