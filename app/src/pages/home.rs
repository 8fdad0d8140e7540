//! `/`: kinds that can be started, and recent tasks.

use leptos::prelude::*;
use leptos_meta::Title;
use milepost::{engine::ListFilter, task::KindInfo};

use super::{
    parts::{LiveList, ask},
    style::FormStyle,
};

/// Number of recent tasks shown.
const RECENT: u32 = 5;

/// A card per kind, and the caller's latest tasks.
#[component]
pub fn HomePage() -> impl IntoView {
    ask(|service, caller| async move {
        let filter = ListFilter::default().with(|o| o.limit = Some(RECENT));
        let recent = service.list(&caller, &filter).await?.tasks;
        let any = !recent.is_empty();
        let kinds = service.kinds_for(&caller);
        Ok(view! {
            <Title text="Start a task" />
            <FormStyle />
            <h1 class="h">"Start a task"</h1>
            <ul class="kinds">{kinds.into_iter().map(card).collect::<Vec<_>>()}</ul>
            <section aria-labelledby="recent">
                <div class="head">
                    <h2 id="recent">"My latest tasks"</h2>
                    {any.then(|| view! { <a href="tasks">"All my tasks"</a> })}
                </div>
                {if any {
                    view! { <LiveList tasks=recent /> }.into_any()
                } else {
                    view! {
                        <p class="soft">
                            "No tasks yet. Tasks that you start are listed here, even after you close the page."
                        </p>
                    }
                        .into_any()
                }}
            </section>
        })
    })
}

fn card(kind: KindInfo) -> impl IntoView {
    view! {
        <li>
            <a class="card kind" href=format!("start/{}", kind.kind)>
                <strong>{kind.title}</strong>
                <span class="soft">{kind.description}</span>
            </a>
        </li>
    }
}
