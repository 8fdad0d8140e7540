//! `/tasks/{id}/result`: the result of a task.

use leptos::prelude::*;
use leptos_meta::Title;
use milepost::{task::Problem, view::text};

use super::{
    parts::{ask, task_id},
    style::ResultStyle,
};
use crate::{context, wire::ResultView};

/// The result, shown if its media type has a viewer, with a download link.
#[component]
pub fn ResultPage() -> impl IntoView {
    let id = task_id();
    let viewers = context::viewers();
    ask(|service, caller| async move {
        let id = id?;
        let snapshot = service.get(&caller, id).await?.ok_or_else(Problem::task_not_found)?;
        let result = context::result(&service, &caller, &viewers, id).await?;
        let size = text::bytes(result.size_bytes);
        Ok(view! {
            <Title text=format!("Result: {}", snapshot.title) />
            <ResultStyle kind=snapshot.kind />
            <p class="kicker">
                <a href=format!("tasks/{id}") dir="auto">{snapshot.title.clone()}</a>
            </p>
            <h1 class="h">"Result"</h1>
            <p class="acts">
                <a class="btn primary" href=result.href.clone() download=result.file_name.clone()>
                    "Download"
                </a>
                <span class="soft">{result.file_name.clone()} ", " {size}</span>
            </p>
            <Rendered result />
        })
    })
}

/// A result as HTML, or the reason why it cannot be shown.
#[component]
pub fn Rendered(
    /// The result.
    result: ResultView,
) -> impl IntoView {
    match (result.html, result.problem) {
        (Some(html), _) => {
            view! { <div class="rendered" dir="auto" inner_html=html></div> }.into_any()
        }
        (None, Some(problem)) => {
            view! { <p class="note">"This can only be downloaded: " {problem} "."</p> }.into_any()
        }
        (None, None) => view! {
            <p class="note">
                "What is of the type " <code>{result.media_type}</code>
                " is not shown here. Download it to see it."
            </p>
        }
        .into_any(),
    }
}
