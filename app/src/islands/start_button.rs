//! Button of a start form: uploads the chosen files and starts the task without loading a page.

use leptos::{ev::MouseEvent, prelude::*, task::spawn_local};

use super::platform;
use crate::{
    api::{self, ApiError},
    wire::path_of,
};

/// Button that submits its form. On invalid fields it submits the form without the script, and the server shows the
/// errors at the fields; other problems appear beside the button and leave the form unchanged.
pub(super) fn start_button(kind: String) -> impl IntoView {
    let label = RwSignal::new("Start".to_owned());
    let problem = RwSignal::new(String::new());
    let starting = move || label.with_untracked(|label| label != "Start");
    let start = move |event: MouseEvent| {
        let Some(form) = platform::valid_form(&event) else { return };
        event.prevent_default();
        if starting() {
            return;
        }
        label.set("Starting…".to_owned());
        problem.set(String::new());
        let kind = kind.clone();
        spawn_local(async move {
            let told = move |percent: u32| {
                label.set(format!("Uploading… {percent} %"));
            };
            if let Err(ApiError(refused)) = platform::upload_files(&form, told).await {
                problem.set(refused.detail);
                label.set("Start".to_owned());
                return;
            }
            label.set("Starting…".to_owned());
            let (fields, key) = platform::entered(&form);
            match api::start_task(kind, fields, key).await {
                Ok(receipt) => platform::open(&path_of(&receipt)),
                Err(ApiError(refused)) if refused.errors.is_empty() => problem.set(refused.detail),
                Err(_) => platform::send(&form),
            }
            label.set("Start".to_owned());
        });
    };
    view! {
        <button class="primary" on:click=start>
            {move || label.get()}
        </button>
        <p class="note bad" role="alert" hidden=move || problem.with(String::is_empty)>
            {move || problem.get()}
        </p>
    }
}
