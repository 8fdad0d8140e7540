//! Progress bar with one segment per stage.

use leptos::prelude::*;

use super::reads::{holds, says, tells};
use crate::view::{TaskView, segments, text};

/// Progress bar, with a native `<progress>` for assistive technology.
#[component]
pub fn Bar(
    /// The task.
    #[prop(into)]
    view: Signal<TaskView>,
) -> impl IntoView {
    let count = stage_count(view);
    view! {
        <progress
            class="sr"
            max="100"
            value=tells(view, |view| view.percent().map(|percent| percent.to_string()))
            aria-label=says(view, |view| view.snapshot.title.clone())
            aria-valuetext=says(view, text::value_text)
        ></progress>
        <div
            class="road"
            class:unknown=holds(view, |view| view.permille.is_none())
            data-end=says(view, |view| view.status.as_str().to_owned())
            aria-hidden="true"
        >
            {move || (0..count.get().max(1)).map(|index| segment(view, index)).collect::<Vec<_>>()}
        </div>
    }
}

fn segment(view: Signal<TaskView>, index: u32) -> impl IntoView {
    let style = move || {
        let road = view.with(|view| segments(&view.snapshot.stages, view.permille));
        let Some(segment) = road.get(index as usize) else { return String::new() };
        format!("--w:{};--p:{}", segment.weight, tenths(segment.done))
    };
    view! { <i style=style></i> }
}

/// Names of the stages, aligned with their segments.
#[component]
pub fn StageLabels(
    /// The task.
    #[prop(into)]
    view: Signal<TaskView>,
) -> impl IntoView {
    let count = stage_count(view);
    view! {
        <ol class="posts" aria-label="Stages" hidden=holds(view, |view| view.snapshot.stages.is_empty())>
            {move || (0..count.get()).map(|index| post(view, index)).collect::<Vec<_>>()}
        </ol>
    }
}

fn post(view: Signal<TaskView>, index: u32) -> impl IntoView {
    let (weight, name) = view.with_untracked(|view| {
        let road = segments(&view.snapshot.stages, None);
        let stage = view.snapshot.stages.get(index as usize);
        let weight = road.get(index as usize).map_or(0, |segment| segment.weight);
        (weight, stage.map(|stage| stage.name.clone()).unwrap_or_default())
    });
    let current = move || {
        let here =
            |view: &TaskView| view.snapshot.step == Some(index + 1) && !view.status.is_terminal();
        view.with(here).then(|| "step".to_owned())
    };
    view! {
        <li style=format!("--w:{weight}") aria-current=current>
            <span>{name}</span>
        </li>
    }
}

/// Number of stages. Stages of a task never change, but may become known late.
fn stage_count(view: Signal<TaskView>) -> Memo<u32> {
    Memo::new(move |_| view.with(|view| view.snapshot.stages.len() as u32))
}

/// Small progress bar for a row of a list; the row's text shows the number.
#[component]
pub fn MiniBar(
    /// The task.
    #[prop(into)]
    view: Signal<TaskView>,
) -> impl IntoView {
    view! {
        <span
            class="mini"
            class:unknown=holds(view, |view| view.permille.is_none())
            hidden=holds(view, |view| view.status.is_terminal())
            aria-hidden="true"
        >
            <i style=says(view, |view| {
                format!("--p:{}", tenths(view.permille.unwrap_or_default()))
            })></i>
        </span>
    }
}

/// Formats thousandths as a percentage: `333` is `33.3%`.
fn tenths(permille: u32) -> String {
    format!("{}.{}%", permille / 10, permille % 10)
}
