//! The WASM entry: hydrates the islands, nothing else.

use milepost_app as _;
use wasm_bindgen::prelude::wasm_bindgen;

/// Called by the page's script once this module is loaded; the script then hydrates each island.
#[wasm_bindgen]
pub fn hydrate() {
    // Relative to the root of the site, which the page names.
    leptos::server_fn::client::set_server_url(".");
    leptos::mount::hydrate_islands();
}
