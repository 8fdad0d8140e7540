//! Signing in and out, and ending the sessions of other browsers.

use axum::{
    extract::{Path, Request, State},
    http::{header, request::Parts},
    response::Response,
};
use milepost::{
    http::{AuthMode, RETURN_TO, SIGN_IN_PATH, is_return_path},
    task::Problem,
};

use super::respond::{caller, no_page, not_signed_in, redirect_to, see_other, sent, to_asked_page};
use crate::{
    outcome::NotSignedIn,
    pages::sign_in::SIGNED_OUT,
    site::SiteState,
    wire::{NAME_FIELD, PASSWORD_FIELD, last},
};

const ACCOUNT: &str = "/account";

/// `POST /sign-in`: signs in and redirects to the page that was asked for, or shows the form again.
pub(crate) async fn post_sign_in(State(state): State<SiteState>, request: Request) -> Response {
    let (parts, entered) = sent(&state.site, request).await;
    let sign_in = &state.site.sign_in;
    if sign_in.mode() != AuthMode::Password {
        return redirect_to(&state, parts, SIGN_IN_PATH, Err(no_page())).await;
    }
    let (entered, unread) = match entered {
        Ok(entered) => (entered, None),
        Err(problem) => (Vec::new(), Some(problem)),
    };
    let name = last(&entered, NAME_FIELD).unwrap_or_default().trim().to_owned();
    let return_to = last(&entered, RETURN_TO).filter(|path| is_return_path(path));
    let return_to = return_to.map(str::to_owned);
    let signed_in = match unread {
        Some(problem) => Err(problem),
        None => {
            let password = last(&entered, PASSWORD_FIELD).unwrap_or_default();
            sign_in.sign_in(&parts.headers, caller(&parts).client(), &name, password).await
        }
    };
    match signed_in {
        Ok(cookies) => to_asked_page(&parts, return_to.as_deref(), cookies),
        Err(problem) => {
            not_signed_in(&state, parts, NotSignedIn { name, return_to, problem }).await
        }
    }
}

/// `POST /sign-out`: ends the session of this browser.
pub(crate) async fn post_sign_out(State(state): State<SiteState>, parts: Parts) -> Response {
    let sign_in = &state.site.sign_in;
    if !sign_in.is_on() {
        return redirect_to(&state, parts, SIGN_IN_PATH, Err(no_page())).await;
    }
    match sign_in.sign_out(&caller(&parts)).await {
        Ok(cookie) => {
            let there = match state.site.provider {
                Some(_) => format!("{SIGN_IN_PATH}?{SIGNED_OUT}=1"),
                None => SIGN_IN_PATH.to_owned(),
            };
            let mut response = see_other(&parts, there.trim_start_matches('/'));
            if let Some(cookie) = cookie {
                response.headers_mut().append(header::SET_COOKIE, cookie);
            }
            response
        }
        Err(problem) => redirect_to(&state, parts, ACCOUNT, Err(problem)).await,
    }
}

/// `POST /account/sessions/{id}/end`: ends a session of the visitor and shows the others.
pub(crate) async fn post_end_session(
    State(state): State<SiteState>,
    Path(id): Path<String>,
    parts: Parts,
) -> Response {
    let there = match state.site.sign_in.is_on() {
        true => match state.site.service.end_user_session(&caller(&parts), &id).await {
            Ok(true) => Ok("account".to_owned()),
            Ok(false) => Err(Problem::new(404, "Not Found", "There is no such session of yours.")),
            Err(error) => Err(error.into()),
        },
        false => Err(no_page()),
    };
    redirect_to(&state, parts, ACCOUNT, there).await
}

/// `POST /account/sessions/end-others`: ends the sessions of the visitor's other browsers.
pub(crate) async fn post_end_other_sessions(
    State(state): State<SiteState>,
    parts: Parts,
) -> Response {
    let there = match state.site.sign_in.is_on() {
        true => {
            let ended = state.site.service.end_other_user_sessions(&caller(&parts)).await;
            ended.map(|_| "account".to_owned()).map_err(Problem::from)
        }
        false => Err(no_page()),
    };
    redirect_to(&state, parts, ACCOUNT, there).await
}
