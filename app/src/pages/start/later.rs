//! Tags and start time in a start form.

use leptos::prelude::*;

use crate::wire::{AT_FIELD, MINUTES_FIELD, TAGS_FIELD, last};

/// Folded fields for tags and the start time; open if one of them has a value or an error.
#[component]
pub fn Later(
    /// Names and values of the form.
    entered: Vec<(String, String)>,
    /// Names of the fields with an error.
    wrong: Vec<String>,
) -> impl IntoView {
    let value = |name: &str| {
        last(&entered, name).filter(|value| !value.trim().is_empty()).map(str::to_owned)
    };
    let invalid = |name: &str| wrong.iter().any(|field| field == name).then_some("true");
    let (tags, at, minutes) = (value(TAGS_FIELD), value(AT_FIELD), value(MINUTES_FIELD));
    let is_used = |name: &str| value(name).is_some() || invalid(name).is_some();
    let open = [TAGS_FIELD, AT_FIELD, MINUTES_FIELD].into_iter().any(is_used);
    view! {
        <details class="field" open=open>
            <summary>"Start later, tags"</summary>
            <div class="field">
                <label for="f-at">"Start at (UTC, optional)"</label>
                <input
                    id="f-at"
                    type="datetime-local"
                    name=AT_FIELD
                    value=at
                    aria-invalid=invalid(AT_FIELD)
                />
            </div>
            <div class="field">
                <label for="f-minutes">"Or in so many minutes (optional)"</label>
                <input
                    id="f-minutes"
                    type="number"
                    min="0"
                    step="1"
                    name=MINUTES_FIELD
                    value=minutes
                    aria-invalid=invalid(MINUTES_FIELD)
                />
            </div>
            <div class="field">
                <label for="f-tags">"Tags (with commas between them, optional)"</label>
                <input
                    id="f-tags"
                    name=TAGS_FIELD
                    value=tags
                    autocomplete="off"
                    aria-invalid=invalid(TAGS_FIELD)
                />
            </div>
        </details>
    }
}
