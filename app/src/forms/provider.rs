//! Signing in at an OpenID Connect provider: to it, and back.

use std::collections::HashMap;

use axum::{
    extract::{Query, State},
    http::{header, request::Parts},
    response::{IntoResponse as _, Redirect, Response},
};
use milepost::{
    http::{RETURN_TO, is_return_path},
    task::Problem,
};

use super::respond::{caller, no_page, not_signed_in, to_asked_page, unstored};
use crate::{outcome::NotSignedIn, site::SiteState};

/// `GET /sign-in/provider`: leads to the provider; it leads back to [`get_callback`].
pub(crate) async fn get_provider(State(state): State<SiteState>, parts: Parts) -> Response {
    let query = Query::<HashMap<String, String>>::try_from_uri(&parts.uri);
    let return_to = query.ok().and_then(|Query(mut query)| query.remove(RETURN_TO));
    let return_to = return_to.filter(|path| is_return_path(path));
    let begun = match &state.site.provider {
        Some(provider) => provider.begin(&parts.headers, &parts.uri, return_to.as_deref()).await,
        None => Err(no_page()),
    };
    match begun {
        Ok(to) => {
            let mut response = Redirect::to(&to.url).into_response();
            response.headers_mut().append(header::SET_COOKIE, to.cookie);
            unstored(response)
        }
        Err(problem) => not_signed_in(&state, parts, rejected(return_to, problem)).await,
    }
}

/// `GET /sign-in/callback`: signs in as the provider says, and redirects to the page that was asked for.
pub(crate) async fn get_callback(State(state): State<SiteState>, parts: Parts) -> Response {
    let client = caller(&parts).client();
    let finished = match &state.site.provider {
        Some(provider) => provider.finish(&parts.headers, &parts.uri, client).await,
        None => Err(no_page()),
    };
    match finished {
        Ok(from) => to_asked_page(&parts, from.return_to.as_deref(), from.cookies),
        Err(problem) => {
            let provider = state.site.provider.as_ref();
            let return_to = provider.and_then(|provider| provider.return_to(&parts.headers));
            not_signed_in(&state, parts, rejected(return_to, problem)).await
        }
    }
}

fn rejected(return_to: Option<String>, problem: Problem) -> NotSignedIn {
    NotSignedIn { name: String::new(), return_to, problem }
}
