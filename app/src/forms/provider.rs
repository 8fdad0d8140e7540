//! Signing in at an OpenID Connect provider: to it, and back.

use std::collections::HashMap;

use axum::{
    extract::{Query, State},
    http::{HeaderValue, header, request::Parts},
    response::{IntoResponse as _, Redirect, Response},
};
use milepost::{
    http::{RETURN_TO, SIGN_IN_PATH, is_return_path},
    task::Problem,
};

use super::respond::{caller, page, see_other};
use crate::{
    outcome::{NotSignedIn, Outcome},
    site::SiteState,
};

/// `GET /sign-in/provider`: leads to the provider; it leads back to [`get_callback`].
pub(crate) async fn get_provider(State(state): State<SiteState>, parts: Parts) -> Response {
    let query = Query::<HashMap<String, String>>::try_from_uri(&parts.uri);
    let return_to = query.ok().and_then(|Query(mut query)| query.remove(RETURN_TO));
    let return_to = return_to.filter(|path| is_return_path(path));
    let begun = match &state.site.provider {
        Some(provider) => provider.begin(&parts.headers, &parts.uri, return_to.as_deref()).await,
        None => Err(no_provider()),
    };
    match begun {
        Ok(to) => {
            let mut response = Redirect::to(&to.url).into_response();
            response.headers_mut().append(header::SET_COOKIE, to.cookie);
            unstored(response)
        }
        Err(problem) => not_signed_in(&state, parts, return_to, problem).await,
    }
}

/// `GET /sign-in/callback`: signs in as the provider says, and redirects to the page that was asked for.
pub(crate) async fn get_callback(State(state): State<SiteState>, parts: Parts) -> Response {
    let client = caller(&parts).client();
    let finished = match &state.site.provider {
        Some(provider) => provider.finish(&parts.headers, &parts.uri, client).await,
        None => Err(no_provider()),
    };
    match finished {
        Ok(from) => {
            let there = from.return_to.as_deref().unwrap_or_default().trim_start_matches('/');
            let mut response = see_other(&parts, there);
            for cookie in from.cookies {
                response.headers_mut().append(header::SET_COOKIE, cookie);
            }
            unstored(response)
        }
        Err(problem) => {
            let provider = state.site.provider.as_ref();
            let return_to = provider.and_then(|provider| provider.return_to(&parts.headers));
            not_signed_in(&state, parts, return_to, problem).await
        }
    }
}

fn no_provider() -> Problem {
    Problem::new(404, "Not Found", "There is no page here.")
}

/// The page where users sign in, with the problem.
async fn not_signed_in(
    state: &SiteState,
    parts: Parts,
    return_to: Option<String>,
    problem: Problem,
) -> Response {
    let rejected = NotSignedIn { name: String::new(), return_to, problem };
    let request = page(parts, SIGN_IN_PATH);
    unstored(state.render(request, Outcome::NotSignedIn(rejected)).await)
}

fn unstored(mut response: Response) -> Response {
    response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}
