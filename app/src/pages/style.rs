//! Style of the pages that are no task's.

use leptos::{nonce::use_nonce, prelude::*};

/// Style sheet of the pages with forms and lists, and of those of problems. Place it before them.
#[component]
pub fn FormStyle() -> impl IntoView {
    view! { <link rel="stylesheet" href="forms.css" nonce=use_nonce() /> }
}
