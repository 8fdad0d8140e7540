//! `/forget`: ends the session of this browser.

use leptos::prelude::*;
use leptos_meta::Title;

use super::problem::NotFound;
use crate::{context, outcome::Forgotten};

/// Explains the consequences and asks for confirmation; afterwards, confirms it.
#[component]
pub fn ForgetPage() -> impl IntoView {
    // Who signs in has no session that this browser alone knows.
    if context::signs_in() {
        return view! { <NotFound /> }.into_any();
    }
    match use_context::<Forgotten>() {
        None => view! { <Ask /> }.into_any(),
        Some(Forgotten) => view! { <Done /> }.into_any(),
    }
}

#[component]
fn Ask() -> impl IntoView {
    view! {
        <Title text="Forget me on this browser" />
        <h1 class="h">"Forget me on this browser"</h1>
        <div class="card">
            <p>
                "Only a cookie in this browser identifies your tasks. Without it, "
                "nobody can list, open or cancel them any more: not you, and not even by their address."
            </p>
            <p>
                "Your tasks go on, and they are removed when their time is over. Download the results that "
                "you need, and cancel what is to stop, before you go on: this cannot be undone."
            </p>
            <form method="post" action="forget" class="acts">
                <button>"Forget me"</button>
                <a class="btn" href="tasks">
                    "Show my tasks"
                </a>
            </form>
        </div>
    }
}

#[component]
fn Done() -> impl IntoView {
    view! {
        <Title text="Forgotten" />
        <h1 class="h">"This browser is forgotten"</h1>
        <div class="card">
            <p>
                "The cookie is gone. Close other tabs with pages of this server: what they show is not "
                "yours any more. The next page that you open here begins a new session."
            </p>
            <p>
                <a class="btn" href="./">
                    "Start a task"
                </a>
            </p>
        </div>
    }
}
