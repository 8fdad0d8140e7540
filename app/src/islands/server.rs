//! On the server an island gets what it begins with from its context.

use leptos::prelude::*;
use serde::Serialize;

/// What the island begins with; `None` where the page provided nothing.
pub(super) fn seed<T: Clone + 'static>() -> Option<T> {
    use_context()
}

/// What the island that follows begins with: as its context on the server, and in the page for the
/// browser. The element comes before the island.
pub(crate) fn plant<T: Serialize + Clone + Send + Sync + 'static>(seed: T) -> impl IntoView {
    // Inside a script only `<` can end what is meant as data.
    let json = serde_json::to_string(&seed).unwrap_or_default().replace('<', "\\u003c");
    provide_context(seed);
    view! { <script type="application/json" id="seed" inner_html=json></script> }
}
