//! `/sign-in`: where users sign in with a password, or are led to the provider at which they sign in.

use axum::http::request::Parts;
use leptos::prelude::*;
use leptos_meta::Title;
use leptos_router::hooks::use_query_map;
use milepost::{
    http::{PROVIDER_PATH, ProviderSignIn, RETURN_TO, is_return_path, percent_encoded},
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

/// Query parameter after signing out.
pub(crate) const SIGNED_OUT: &str = "signed_out";

/// The form, or the link to the provider; after a failure with the error. A page that was asked for before is in
/// `?return_to=`.
#[component]
pub fn SignInPage() -> impl IntoView {
    if !context::signs_in() {
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
    let is_known = known.is_some();
    view! {
        <Title text=if problem.is_some() { "Not signed in" } else { "Sign in" } />
        <FormStyle />
        <h1 class="h">"Sign in"</h1>
        {known}
        {match context::provider() {
            Some(provider) => view! { <AtProvider provider is_known return_to problem /> }.into_any(),
            None => view! { <Form name return_to problem /> }.into_any(),
        }}
    }
    .into_any()
}

#[component]
fn AtProvider(
    provider: ProviderSignIn,
    /// Whether the visitor is signed in already.
    is_known: bool,
    return_to: Option<String>,
    problem: Option<Problem>,
) -> impl IntoView {
    let query = return_to.map(|path| format!("?{RETURN_TO}={}", percent_encoded(&path)));
    let there = format!("{}{}", &PROVIDER_PATH[1..], query.unwrap_or_default());
    let is_signed_out = use_query_map().with_untracked(|query| query.get(SIGNED_OUT).is_some());
    let is_note = is_signed_out && problem.is_none() && !is_known;
    let parts = use_context::<Parts>().filter(|_| is_note);
    let signed_out = parts.map(|parts| {
        let url = async move { provider.sign_out_url(&parts.headers, &parts.uri).await };
        Suspend::new(async move {
            view! { <SignedOut url=url.await /> }
        })
    });
    view! {
        {problem.map(|problem| view! { <NotSignedInNote problem /> })}
        {signed_out}
        <p class="acts">
            <a class="btn primary" href=there rel="external nofollow">
                "Sign in"
            </a>
        </p>
    }
}

/// Somebody who signed out here is still signed in at the provider.
#[component]
fn SignedOut(url: Option<String>) -> impl IntoView {
    let there = url.map(|url| {
        view! {
            " "
            <a href=url rel="external">
                "Sign out at your provider, too"
            </a>
            "."
        }
    });
    view! {
        <p class="note" role="status">
            "You are signed out here."
            {there}
        </p>
    }
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
