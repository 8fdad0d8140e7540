//! `/start/{kind}`: the form that a kind's schema asks for.

pub mod field;

use leptos::prelude::*;
use leptos_meta::Title;
use leptos_router::hooks::use_params_map;
use milepost::task::Problem;

use self::field::FormField;
use super::parts::ask;
use crate::{
    api::KEY_FIELD,
    context::set_status,
    forms::{Rejected, no_such_kind},
    islands::{StartIsland, server::plant},
    schema,
};

/// The form; after a rejected start with what was entered, and with what is wrong at its field.
#[component]
pub fn StartPage() -> impl IntoView {
    let kind = use_params_map().with_untracked(|params| params.get("kind")).unwrap_or_default();
    let rejected = use_context::<Rejected>();
    ask(|service, _| async move {
        let info = service.kind(&kind).ok_or_else(|| no_such_kind(&kind))?;
        let fields = schema::fields(&info.input_schema);
        let has_file = fields.iter().any(|field| field.sort == schema::Sort::File);
        let entered = rejected.as_ref().map(|rejected| rejected.entered.clone());
        // A form that could not be read begins anew.
        let entered = entered.filter(|entered| !entered.is_empty());
        let errors = rejected.as_ref().map(|rejected| rejected.problem.errors.clone());
        // Where the problem may pass, the same start is tried again; otherwise it will be another.
        let passing = |rejected: &&Rejected| matches!(rejected.problem.status, 429 | 500..);
        let key = rejected.as_ref().filter(passing);
        let key = key.and_then(|rejected| last(&rejected.entered, KEY_FIELD));
        let key = key.unwrap_or_else(|| uuid::Uuid::new_v4().to_string());
        let errors = errors.unwrap_or_default();
        let form = fields.iter().map(|field| {
            let value = match &entered {
                Some(entered) => last(entered, &field.name),
                None => field.default.clone(),
            };
            let error = errors.iter().find(|error| error.field == field.name);
            let error = error.map(|error| error.detail.clone());
            view! { <FormField field=field.clone() value error /> }
        });
        let form = form.collect::<Vec<_>>();
        Ok(view! {
            <Title text=format!(
                "{}Start: {}",
                if rejected.is_some() { "Not started. " } else { "" },
                info.title,
            ) />
            <p class="kicker">
                <a href="/">"Start a task"</a>
            </p>
            <h1 class="h">{info.title}</h1>
            <p class="lead">{info.description}</p>
            {rejected.map(|rejected| view! { <Summary problem=rejected.problem fields /> })}
            <form
                class="start"
                method="post"
                action=format!("/start/{}", info.kind)
                enctype=has_file.then_some("multipart/form-data")
            >
                <input type="hidden" name=KEY_FIELD value=key />
                {form}
                {plant(info.kind.clone())}
                <div class="acts">
                    <StartIsland />
                </div>
            </form>
        })
    })
}

/// What is wrong, with a way to each field at fault.
#[component]
fn Summary(problem: Problem, fields: Vec<schema::Field>) -> impl IntoView {
    set_status(problem.status);
    let label = |name: &str| {
        fields
            .iter()
            .find(|field| field.name == name)
            .map(|field| (format!("#f-{name}"), field.label.clone()))
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

fn last(entered: &[(String, String)], name: &str) -> Option<String> {
    entered.iter().rev().find(|(other, _)| other == name).map(|(_, text)| text.clone())
}
