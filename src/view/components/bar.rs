//! The road: a task's stages as stretches by weight, driven as far as the task has come.

use leptos::prelude::*;

use crate::{
    task::StageInfo,
    view::{TaskView, stretches, text},
};

/// The road, and a native `<progress>` that carries the value for those who cannot see it.
#[component]
pub fn Bar(
    /// The task.
    #[prop(into)]
    view: Signal<TaskView>,
) -> impl IntoView {
    let permille = Memo::new(move |_| view.with(|view| view.permille));
    let stages = Memo::new(move |_| view.with(|view| view.snapshot.stages.clone()));
    let percent = move || permille.get().map(|permille| permille / 10);
    let label = view.with_untracked(|view| view.snapshot.title.clone());
    view! {
        <progress
            class="sr"
            max="100"
            value=percent
            aria-label=label
            aria-valuetext=move || view.with(|view| text::value_text(view))
        ></progress>
        <div class="road" class:unknown=move || permille.get().is_none() aria-hidden="true">
            {move || {
                let count = stages.with(|stages| stages.len().max(1));
                (0..count).map(|index| stretch(stages, permille, index)).collect::<Vec<_>>()
            }}
        </div>
    }
}

fn stretch(
    stages: Memo<Vec<StageInfo>>,
    permille: Memo<Option<u32>>,
    index: usize,
) -> impl IntoView {
    let style = move || {
        let road = stages.with(|stages| stretches(stages, permille.get()));
        let Some(stretch) = road.get(index) else { return String::new() };
        let mut style = text::join(i64::from(stretch.weight), ";--p:");
        style.insert_str(0, "--w:");
        style.push_str(&tenths(stretch.done));
        style
    };
    view! { <i style=style></i> }
}

/// The names of the stages under their stretches.
#[component]
pub fn Posts(
    /// The task.
    #[prop(into)]
    view: Signal<TaskView>,
) -> impl IntoView {
    let stages = Memo::new(move |_| view.with(|view| view.snapshot.stages.clone()));
    let step = Memo::new(move |_| {
        view.with(|view| view.snapshot.step.filter(|_| !view.status.is_terminal()))
    });
    let post = move |(index, stage): (usize, StageInfo)| {
        let number = index as u32 + 1;
        let weight = stages.with_untracked(|stages| {
            stretches(stages, None).get(index).map_or(0, |stretch| stretch.weight)
        });
        view! {
            <li
                style=["--w:", &weight.to_string()].concat()
                aria-current=move || (step.get() == Some(number)).then_some("step")
            >
                <span title=stage.name.clone()>{stage.name.clone()}</span>
            </li>
        }
    };
    move || {
        stages.with(|stages| {
            (!stages.is_empty()).then(|| {
                let posts: Vec<_> = stages.iter().cloned().enumerate().map(post).collect();
                view! { <ol class="posts" aria-label="Stages">{posts}</ol> }
            })
        })
    }
}

/// A small bar for a row of a list; the row's text says the number.
#[component]
pub fn MiniBar(
    /// The task.
    #[prop(into)]
    view: Signal<TaskView>,
) -> impl IntoView {
    let permille = Memo::new(move |_| view.with(|view| view.permille));
    view! {
        <span class="mini" class:unknown=move || permille.get().is_none() aria-hidden="true">
            <i style=move || ["--p:", &tenths(permille.get().unwrap_or_default())].concat()></i>
        </span>
    }
}

/// Thousandths as a percentage: `333` is `33.3%`.
fn tenths(permille: u32) -> String {
    let mut text = text::join(i64::from(permille / 10), ".");
    text.push_str(&text::join(i64::from(permille % 10), "%"));
    text
}
