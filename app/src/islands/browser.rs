//! In the browser an island reads what it begins with from the page.

use leptos::prelude::document;
use serde::de::DeserializeOwned;

/// What the island begins with; `None` where the page has nothing that fits.
pub(super) fn seed<T: DeserializeOwned>() -> Option<T> {
    let text = document().get_element_by_id("seed")?.text_content()?;
    crate::api::browser::decode_text(&text)
}
