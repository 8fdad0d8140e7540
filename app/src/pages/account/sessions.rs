//! Where the visitor is signed in, on `/account`.

use leptos::prelude::*;
use milepost::engine::store::StoredUserSession;

use super::time;

/// The browsers in which a user is signed in, each with a button that ends it.
#[component]
pub fn Sessions(
    /// All of them.
    sessions: Vec<StoredUserSession>,
    /// The id of that in which the page is shown.
    own: String,
) -> impl IntoView {
    let others = sessions.iter().any(|session| session.id != own).then(|| {
        view! {
            <form method="post" action="account/sessions/end-others">
                <button>"End all other sessions"</button>
            </form>
        }
    });
    let rows: Vec<_> = sessions.into_iter().map(|session| row(session, &own)).collect();
    view! {
        <section aria-labelledby="sessions">
            <h2 id="sessions">"Sessions"</h2>
            <p class="soft">"You are signed in with these browsers."</p>
            <ul class="tokens">{rows}</ul>
            {others}
        </section>
    }
}

fn row(session: StoredUserSession, own: &str) -> impl IntoView + use<> {
    let StoredUserSession { id, browser, created_at, last_used_at, .. } = session;
    let is_own = id == own;
    let about = format!("since {}; last used {}", time(created_at), time(last_used_at));
    let label = format!("End the session of {browser} since {}", time(created_at));
    let end = match is_own {
        true => view! {
            <form method="post" action="sign-out">
                <button>"Sign out"</button>
            </form>
        }
        .into_any(),
        false => view! {
            <form method="post" action=format!("account/sessions/{id}/end")>
                <button aria-label=label>"End"</button>
            </form>
        }
        .into_any(),
    };
    view! {
        <li class="card">
            <strong dir="auto">{browser}</strong>
            {is_own.then_some(" (this browser)")}
            <p class="soft">{about}</p>
            {end}
        </li>
    }
}
