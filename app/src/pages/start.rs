//! `/start/{kind}`: the start form, generated from the kind's schema.

pub mod field;
mod filled;
pub mod later;

use leptos::prelude::*;
use leptos_meta::Title;
use leptos_router::hooks::{use_params_map, use_query_map};
use milepost::{
    engine::Suggestion,
    schema,
    task::{Problem, Snapshot, Status},
    view::text,
};

use self::{field::FormField, filled::Filled, later::Later};
use super::{parts::ask, style::FormStyle};
use crate::{
    chunks::Preload,
    context::set_status,
    islands::{SubmitIsland, platform::embed_state},
    links,
    outcome::{Rejected, no_such_kind},
    wire::{KEY_FIELD, last},
};

/// Start form; after a rejected start with the entered values and the errors at their fields. A
/// link can prefill it: `?subject=lighthouse`, or `?from=TASK` with the input of a task.
#[component]
pub fn StartPage() -> impl IntoView {
    form(false)
}

/// Start form for several tasks, one per line.
#[component]
pub fn SeveralPage() -> impl IntoView {
    form(true)
}

fn form(several: bool) -> impl IntoView {
    let kind = use_params_map().with_untracked(|params| params.get("kind")).unwrap_or_default();
    let query = use_query_map().get_untracked();
    let rejected = use_context::<Rejected>();
    ask(move |service, caller| async move {
        let info = service.kind_for(&caller, &kind).ok_or_else(|| no_such_kind(&kind))?;
        let fields = schema::fields(&info.input_schema);
        let has_file = fields.iter().any(|field| field.sort == schema::FieldType::File);
        let suggestions = service.suggestions(&caller, &info.kind).await;
        let filled = Filled::of(&service, &caller, &info.kind, &fields, &query, rejected.as_ref());
        let Filled { entered, last } = filled.await?;
        let action = if several { "start-several/" } else { "start/" };
        let action = format!("{action}{}", info.kind);
        let heading =
            if several { format!("{}, several at once", info.title) } else { info.title.clone() };
        Ok(view! {
            <Title text=format!(
                "{}Start: {}",
                if rejected.is_some() { "Not started. " } else { "" },
                heading,
            ) />
            <FormStyle />
            <p class="kicker">
                <a href="./">"Start a task"</a>
            </p>
            <h1 class="h">{heading}</h1>
            <p class="lead">{info.description}</p>
            {rejected.clone().map(|it| view! { <Summary problem=it.problem fields=fields.clone() /> })}
            <form
                class="start"
                method="post"
                action=action
                enctype=has_file.then_some("multipart/form-data")
            >
                <Ways kind=info.kind.clone() last several offered=fields.iter().any(schema::one_of) />
                <input type="hidden" name=KEY_FIELD value=key(rejected.as_ref()) />
                {inputs(&fields, &suggestions, &entered, rejected.as_ref(), several)}
                <Later wrong=wrong(rejected.as_ref()) entered />
                <div class="acts">
                    {if several {
                        view! { <button class="primary">"Start all"</button> }.into_any()
                    } else {
                        view! {
                            {embed_state(info.kind)}
                            <Preload island="submit_island" />
                            <SubmitIsland />
                        }
                            .into_any()
                    }}
                </div>
            </form>
        })
    })
}

/// Reuses the idempotency key if the problem is transient, so that a retry is the same start;
/// otherwise creates a new one.
fn key(rejected: Option<&Rejected>) -> String {
    let same = rejected.filter(|rejected| matches!(rejected.problem.status, 429 | 500..));
    let same = same.and_then(|rejected| last(&rejected.entered, KEY_FIELD).map(str::to_owned));
    same.unwrap_or_else(|| uuid::Uuid::new_v4().to_string())
}

/// Message at a secret field when the form is shown again.
const ENTER_AGAIN: &str =
    "Please enter it again: it is not shown, and not kept until the task is started.";

fn inputs(
    fields: &[schema::Field],
    suggestions: &[Suggestion],
    entered: &[(String, String)],
    rejected: Option<&Rejected>,
    several: bool,
) -> Vec<impl IntoView + use<>> {
    let errors = rejected.map(|rejected| rejected.problem.errors.clone()).unwrap_or_default();
    let input = |field: &schema::Field| {
        let value = last(entered, &field.name).map(str::to_owned);
        let details = errors.iter().filter(|error| error.field == field.name);
        let details: Vec<_> = details.map(|error| error.detail.as_str()).collect();
        let error = Some(details.join(" ")).filter(|error| !error.is_empty());
        let mut field = field.clone();
        if field.secret && rejected.is_some() {
            let help = field.help.into_iter().chain([ENTER_AGAIN.to_owned()]);
            field.help = Some(help.collect::<Vec<_>>().join(" "));
        }
        let of_field = suggestions.iter().filter(|suggestion| suggestion.field == field.name);
        let suggestions = of_field.cloned().collect::<Vec<_>>();
        view! { <FormField field value error several suggestions /> }
    };
    fields.iter().map(input).collect()
}

/// Other ways to fill in the form.
#[component]
fn Ways(kind: String, last: Option<Snapshot>, several: bool, offered: bool) -> impl IntoView {
    let again = last.filter(|_| !several).map(|task| {
        let took = (task.status == Status::Completed)
            .then(|| format!(" It took {}.", text::duration(task.elapsed_ms)));
        view! {
            <a href=format!("start/{kind}?from={}", task.id)>"Fill in what you started last"</a>
            {took}
        }
    });
    let other = match several {
        true => view! { <a href=format!("start/{kind}")>"Start only one"</a> }.into_any(),
        false if offered => {
            view! { <a href=format!("start-several/{kind}")>"Start several at once"</a> }.into_any()
        }
        false => ().into_any(),
    };
    let lines = "One task per line. A field with a single line applies to all of them.";
    view! {
        <p class="ways">{again} {other}</p>
        {several.then(|| view! { <p class="help">{lines}</p> })}
    }
}

/// Summary of the errors, with a link to each invalid field.
#[component]
fn Summary(problem: Problem, fields: Vec<schema::Field>) -> impl IntoView {
    set_status(problem.status);
    let document = links::document();
    let label = |name: &str| {
        fields
            .iter()
            .find(|field| field.name == name)
            .map(|field| (format!("{document}#f-{name}"), field.label.clone()))
    };
    let items = problem.errors.iter().map(|error| match label(&error.field) {
        Some((href, label)) => {
            let detail = error.detail.clone();
            view! { <li><a href=href>{label}</a>": "{detail}</li> }.into_any()
        }
        None => view! { <li>{error.detail.clone()}</li> }.into_any(),
    });
    let items = items.collect::<Vec<_>>();
    view! {
        <section class="note bad" role="alert" aria-labelledby="summary" tabindex="-1" autofocus>
            <h2 id="summary">"Not started yet"</h2>
            {items.is_empty().then(|| problem.detail.clone())}
            <ul>{items}</ul>
        </section>
    }
}

/// Names of the fields with an error.
fn wrong(rejected: Option<&Rejected>) -> Vec<String> {
    let errors = rejected.iter().flat_map(|rejected| &rejected.problem.errors);
    errors.map(|error| error.field.clone()).collect()
}
