//! `/account`: who the visitor is, where they are signed in, the tokens of their programs, and all their data.

pub mod sessions;

use jiff::Timestamp;
use leptos::prelude::*;
use leptos_meta::Title;
use leptos_router::hooks::use_query_map;
use milepost::{
    engine::{
        Caller, Role,
        store::{StoredToken, TokenScope},
    },
    view::text,
};

use self::sessions::Sessions;
use super::{
    data::{DeletedNote, OwnData, deleted_from},
    parts::{NoticeNote, ask},
    style::FormStyle,
};
use crate::outcome::{MadeToken, Notice};

/// Days until a token expires that the form offers.
const DAYS: [u32; 4] = [90, 7, 30, 365];

/// The visitor's name, groups and role, their sessions, and their tokens. A token that was just made is shown once.
#[component]
pub fn AccountPage() -> impl IntoView {
    let (notice, made) = (use_context::<Notice>(), use_context::<MadeToken>());
    let deleted = deleted_from(&use_query_map().get_untracked());
    ask(move |service, caller| async move {
        let tokens = service.tokens(&caller).await?;
        let sessions = match caller.user_session() {
            Some(own) => {
                let (sessions, own) = (service.user_sessions(&caller).await?, own.id.clone());
                Some(view! { <Sessions sessions own /> })
            }
            None => None,
        };
        let oversees = service.oversight(&caller).is_ok();
        let kinds = service.kinds_for(&caller).into_iter();
        let kinds: Vec<_> = kinds.map(|kind| (kind.kind, kind.title)).collect();
        Ok(view! {
            <Title text="Account" />
            <FormStyle />
            <h1 class="h">"Account"</h1>
            <p class="lead">{who(&caller)}</p>
            {oversees
                .then(|| {
                    view! {
                        <p>
                            <a href="admin">"The tasks of all owners"</a>
                        </p>
                    }
                })}
            {notice.map(|Notice(problem)| view! { <NoticeNote problem /> })}
            {deleted.map(|deleted| view! { <DeletedNote deleted /> })}
            {made.map(|MadeToken(token)| view! { <Made token /> })}
            {sessions}
            <section aria-labelledby="tokens">
                <h2 id="tokens">"Tokens"</h2>
                <p class="soft">
                    "A token lets a program act as you: "
                    <code>"Authorization: Bearer mp_…"</code>
                    ", or "
                    <code>"milepost login"</code>
                    "."
                </p>
                {list(tokens)}
            </section>
            <NewToken kinds />
            <OwnData />
        })
    })
}

/// Who the visitor is, in a sentence.
fn who(caller: &Caller) -> String {
    let role = match caller.role() {
        Role::Admin => " You may see and change all tasks.",
        Role::Viewer => " You may see all tasks.",
        _ => "",
    };
    let groups = match caller.groups() {
        [] => String::new(),
        groups => format!(", of {}", groups.join(", ")),
    };
    match caller.user_name() {
        Some(name) => format!("You are {name}{groups}.{role}"),
        None => "You have no name here: a cookie in this browser identifies your tasks.".to_owned(),
    }
}

#[component]
fn Made(token: String) -> impl IntoView {
    view! {
        <div class="note" role="status">
            <p>"This is the new token. Copy it now: it is not shown again."</p>
            <p>
                <code class="token">{token}</code>
            </p>
        </div>
    }
}

fn list(tokens: Vec<StoredToken>) -> AnyView {
    if tokens.is_empty() {
        return view! { <p class="soft">"You have no tokens."</p> }.into_any();
    }
    view! { <ul class="tokens">{tokens.into_iter().map(row).collect::<Vec<_>>()}</ul> }.into_any()
}

fn row(token: StoredToken) -> impl IntoView {
    let scopes: Vec<_> = token.scopes.iter().map(|scope| scope.as_str()).collect();
    let kinds = match token.kinds.as_slice() {
        [] => String::new(),
        kinds => format!(", for {}", kinds.join(", ")),
    };
    let used =
        token.last_used_at.map_or("never used".to_owned(), |at| format!("used {}", time(at)));
    let about = format!("{}{kinds}; until {}; {used}", scopes.join(", "), time(token.expires_at));
    let label = format!("Remove the token {}", token.name);
    view! {
        <li class="card">
            <strong dir="auto">{token.name}</strong>
            <p class="soft">{about}</p>
            <form method="post" action=format!("account/tokens/{}/remove", token.id)>
                <button aria-label=label>"Remove"</button>
            </form>
        </li>
    }
}

fn time(ms: i64) -> String {
    let at = Timestamp::from_millisecond(ms).map(|at| at.to_string());
    at.map(|at| text::date_time(&at)).unwrap_or_default()
}

#[component]
fn NewToken(kinds: Vec<(String, String)>) -> impl IntoView {
    let scope = |scope: TokenScope| {
        let checked = scope != TokenScope::Admin;
        view! {
            <label class="check">
                <input
                    type="checkbox"
                    name="scope"
                    value=scope.as_str()
                    checked=checked
                />
                " "
                {scope.as_str()}
            </label>
        }
    };
    let days = DAYS.map(|days| view! { <option value=days>{format!("{days} days")}</option> });
    let kinds =
        kinds.into_iter().map(|(kind, title)| view! { <option value=kind>{title}</option> });
    view! {
        <section aria-labelledby="new">
            <h2 id="new">"New token"</h2>
            <form class="start" method="post" action="account/tokens">
                <div class="field">
                    <label for="name">"Name"</label>
                    <input id="name" name="name" required maxlength="100" autocomplete="off" />
                </div>
                <fieldset class="field">
                    <legend>"May be used to"</legend>
                    {TokenScope::ALL.map(scope).collect_view()}
                </fieldset>
                <div class="field">
                    <label for="kind">"Only for"</label>
                    <select id="kind" name="kind">
                        <option value="">"All kinds"</option>
                        {kinds.collect::<Vec<_>>()}
                    </select>
                </div>
                <div class="field">
                    <label for="days">"Expires after"</label>
                    <select id="days" name="days">
                        {days.collect_view()}
                    </select>
                </div>
                <div class="acts">
                    <button class="primary">"Make the token"</button>
                </div>
            </form>
        </section>
    }
}
