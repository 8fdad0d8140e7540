//! The button of a start form: starts the task without loading a page for nothing.

use leptos::{ev::MouseEvent, prelude::*, task::spawn_local};

use super::platform::{self, seed};
use crate::api;

/// The button that sends the form it stands in. The seed is the kind's word. Where the server refuses,
/// the form is sent in the plain way, and the server shows what is wrong at its field.
#[island]
pub fn StartIsland() -> impl IntoView {
    seed::<String>().map(button)
}

fn button(kind: String) -> impl IntoView {
    let label = RwSignal::new("Start".to_owned());
    let starting = move || label.with_untracked(|label| label != "Start");
    let start = move |event: MouseEvent| {
        let Some(form) = platform::valid_form(&event) else { return };
        event.prevent_default();
        if starting() {
            return;
        }
        label.set("Starting…".to_owned());
        let kind = kind.clone();
        spawn_local(async move {
            let (fields, key) = platform::entered(&form);
            match api::start_task(kind, fields, key).await {
                Ok(receipt) => platform::open(&["/tasks/", &receipt.id.to_string()].concat()),
                Err(_) => platform::send(&form),
            }
            label.set("Start".to_owned());
        });
    };
    view! {
        <button class="primary" on:click=start>
            {move || label.get()}
        </button>
    }
}
