//! A story generator: subject and player in, story out. The whole pattern in two files: the pages are here, the
//! server is in `main.rs`. `island.rs` shows the same form as an island.
//!
//! Run it in the repository's folder, then open <http://127.0.0.1:3100>:
//!
//! ```text
//! cargo leptos serve -p story_generator
//! ```

pub mod island;

use leptos::{hydration::HydrationScripts, prelude::*};
use leptos_meta::{HashedStylesheet, MetaTags, Title, provide_meta_context};
use leptos_router::{
    SsrMode,
    components::{A, Route, Router, Routes},
    hooks::use_query_map,
    path,
};
use milepost::{
    poll::Policy,
    task::{Snapshot, TaskId},
    view::{Seed, components::RunTask, server_fns::find_task},
};
use serde_json::json;

/// The document around every page.
pub fn shell(options: LeptosOptions) -> impl IntoView {
    view! {
        <!DOCTYPE html>
        <html lang="en">
            <head>
                <meta charset="utf-8" />
                <meta name="viewport" content="width=device-width, initial-scale=1" />
                <HashedStylesheet options=options.clone() />
                <AutoReload options=options.clone() />
                <HydrationScripts options />
                <MetaTags />
            </head>
            <body>
                <App />
            </body>
        </html>
    }
}

/// The application.
#[component]
pub fn App() -> impl IntoView {
    provide_meta_context();
    view! {
        <Title text="Story generator" />
        <Router>
            <nav>
                <A href="/">"Write a story"</A>
                " "
                <A href="/about">"About"</A>
            </nav>
            <main>
                <Routes fallback=|| "There is no such page.">
                    // Whole in one piece, as it has to work without a script.
                    <Route path=path!("/") view=StoryPage ssr=SsrMode::Async />
                    <Route path=path!("/about") view=About />
                </Routes>
            </main>
        </Router>
    }
}

/// Starts a story and follows it. Without a script, `?task=ID` says which one the form has started.
#[component]
fn StoryPage() -> impl IntoView {
    let query = use_query_map();
    let id = move || query.with(|query| query.get("task")?.parse::<TaskId>().ok());
    let task = Resource::new_blocking(id, |id| async move { find_task(id?).await.ok() });
    view! {
        <h1>"Write a story"</h1>
        <Suspense>
            {move || Suspend::new(async move { view! { <StoryForm task=task.await /> } })}
        </Suspense>
    }
}

#[component]
fn StoryForm(task: Option<Snapshot>) -> impl IntoView {
    let (subject, player) = (RwSignal::new("lighthouse".to_owned()), RwSignal::new(String::new()));
    let input = move || json!({ "subject": subject.get(), "player": player.get() });
    let (policy, every_ms) = (RwSignal::new("paced".to_owned()), RwSignal::new(2_000));
    let (written, set_written) = signal(String::new());
    view! {
        <RunTask
            kind="story"
            input=Signal::derive(input)
            policy=Signal::derive(move || policy_of(&policy.read(), every_ms.get()))
            on_done=move |task: Snapshot| set_written.set(format!("{} has ended.", task.title))
            task=task.map(Seed::from)
        >
            // `bind:value` needs the script; the attribute is there without it.
            <label>
                "Subject "
                <input name="subject" required value=subject.get_untracked() bind:value=subject />
            </label>
            <label>"Player " <input name="player" required bind:value=player /></label>
        </RunTask>
        <p id="done">{written}</p>
        <Polling policy every_ms />
    }
}

/// How the page asks for progress.
#[component]
fn Polling(policy: RwSignal<String>, every_ms: RwSignal<u32>) -> impl IntoView {
    let choices = Policy::ALL.map(|policy| view! { <option>{policy.as_str()}</option> });
    let set_interval =
        move |event| every_ms.set(event_target_value(&event).parse().unwrap_or(2_000));
    view! {
        <details>
            <summary>"Polling"</summary>
            <label>
                "Policy "
                <select prop:value=policy on:change=move |event| policy.set(event_target_value(&event))>
                    {choices.into_iter().collect_view()}
                </select>
            </label>
            <label hidden=move || policy.read().as_str() != "interval">
                "Every "
                <input type="number" min="500" step="100" value=2_000 on:change=set_interval />
                " ms"
            </label>
        </details>
    }
}

fn policy_of(name: &str, every_ms: u32) -> Policy {
    match Policy::parse(name).unwrap_or_default() {
        Policy::Interval { .. } => Policy::Interval { every_ms },
        policy => policy,
    }
}

#[component]
fn About() -> impl IntoView {
    view! {
        <h1>"About"</h1>
        <p>
            "A story is written from the research file "<code>"output/{subject}/research.md"</code>
            ", chapter by chapter. It goes on when you leave the page, and after a restart of the server."
        </p>
    }
}

/// Called by the page's script once this module is loaded. On a page with islands, the script then
/// hydrates each of them; every other page is the application.
#[cfg(feature = "hydrate")]
#[wasm_bindgen::prelude::wasm_bindgen]
pub fn hydrate() {
    console_error_panic_hook::set_once();
    match document().query_selector("leptos-island") {
        Ok(Some(_)) => leptos::mount::hydrate_islands(),
        _ => leptos::mount::hydrate_body(App),
    }
}
