//! `/sign-in`: where users with a password sign in.

use leptos::prelude::*;
use leptos_meta::Title;
use leptos_router::hooks::use_query_map;
use milepost::{
    http::{RETURN_TO, is_return_path},
    task::Problem,
};

use super::{problem::NotFound, style::FormStyle};
use crate::{
    context::{self, set_retry_after, set_status},
    outcome::NotSignedIn,
    wire::{NAME_FIELD, PASSWORD_FIELD},
};

/// Id of the error's element.
const ERROR: &str = "sign-in-error";

/// The form; after a wrong name or password with the error. A page that was asked for before is in
/// `?return_to=`.
#[component]
pub fn SignInPage() -> impl IntoView {
    if !context::has_passwords() {
        return view! { <NotFound /> }.into_any();
    }
    let rejected = use_context::<NotSignedIn>();
    let asked = use_query_map().with_untracked(|query| query.get(RETURN_TO));
    let (name, asked, problem) = match rejected {
        Some(NotSignedIn { name, return_to, problem }) => (name, return_to, Some(problem)),
        None => (String::new(), asked, None),
    };
    let return_to = asked.filter(|path| is_return_path(path));
    let known = context::service().ok().and_then(|(_, caller)| {
        let name = caller.user_name()?.to_owned();
        Some(view! { <p class="lead">"You are signed in as "{name}"."</p> })
    });
    view! {
        <Title text=if problem.is_some() { "Not signed in" } else { "Sign in" } />
        <FormStyle />
        <h1 class="h">"Sign in"</h1>
        {known}
        <Form name return_to problem />
    }
    .into_any()
}

#[component]
fn Form(name: String, return_to: Option<String>, problem: Option<Problem>) -> impl IntoView {
    let is_wrong = problem.as_ref().is_some_and(|problem| problem.status == 403);
    let (invalid, describes) = (is_wrong.then_some("true"), problem.is_some().then_some(ERROR));
    let (is_again, is_first) = (problem.is_some(), problem.is_none());
    view! {
        <form class="start" method="post" action="sign-in">
            {problem.map(|problem| view! { <NotSignedInNote problem /> })}
            {return_to.map(|path| view! { <input type="hidden" name=RETURN_TO value=path /> })}
            <div class="field">
                <label for="name">"Name"</label>
                <input
                    id="name"
                    name=NAME_FIELD
                    value=name
                    required
                    maxlength="100"
                    autocomplete="username"
                    autocapitalize="none"
                    spellcheck="false"
                    autofocus=is_first
                    aria-invalid=invalid
                    aria-describedby=describes
                />
            </div>
            <div class="field">
                <label for="password">"Password"</label>
                <input
                    id="password"
                    name=PASSWORD_FIELD
                    type="password"
                    required
                    maxlength="1024"
                    autocomplete="current-password"
                    autofocus=is_again
                    aria-invalid=invalid
                    aria-describedby=describes
                />
            </div>
            <div class="acts">
                <button class="primary">"Sign in"</button>
            </div>
        </form>
    }
}

#[component]
fn NotSignedInNote(problem: Problem) -> impl IntoView {
    set_status(problem.status);
    if let Some(ms) = problem.retry_after_ms {
        set_retry_after(ms);
    }
    view! {
        <p id=ERROR class="note bad" role="alert">
            {problem.detail}
        </p>
    }
}
