//! Forms of `/account`.

use axum::{
    extract::{Path, Request, State},
    http::{HeaderValue, header, request::Parts},
    response::Response,
};
use milepost::{
    engine::{Caller, Service, TokenRequest, store::TokenScope},
    task::Problem,
};

use super::respond::{caller, page, redirect_to, sent};
use crate::{
    outcome::{MadeToken, Notice, Outcome},
    site::SiteState,
};

const ACCOUNT: &str = "/account";

/// `POST /account/tokens`: makes a token and shows it. Responds with a page rather than a redirect,
/// because the token is stored nowhere; no cache may keep the page.
pub(crate) async fn post_token(State(state): State<SiteState>, request: Request) -> Response {
    let (parts, entered) = sent(&state.site, request).await;
    let made = match entered {
        Ok(entered) => make(&state.site.service, &caller(&parts), &entered).await,
        Err(problem) => Err(problem),
    };
    let outcome = match made {
        Ok(token) => Outcome::MadeToken(MadeToken(token)),
        Err(problem) => Outcome::Notice(Notice(problem)),
    };
    let mut response = state.render(page(parts, ACCOUNT), outcome).await;
    response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

async fn make(
    service: &Service,
    caller: &Caller,
    entered: &[(String, String)],
) -> Result<String, Problem> {
    let all = |name: &'static str| {
        let named = entered.iter().filter(move |(key, _)| key == name);
        named.map(|(_, value)| value.trim()).filter(|value| !value.is_empty())
    };
    let scopes = all("scope").map(str::parse::<TokenScope>).collect::<Result<Vec<_>, _>>();
    let scopes = scopes.map_err(|error| Problem::new(400, "Bad Request", format!("{error}.")))?;
    let request = TokenRequest::new(all("name").next().unwrap_or_default()).with(|request| {
        request.scopes = scopes;
        request.kinds = all("kind").map(str::to_owned).collect();
        request.days =
            all("days").next().and_then(|days| days.parse().ok()).unwrap_or(request.days);
    });
    let (token, _) = service.make_token(caller, request).await?;
    Ok(token)
}

/// `POST /account/tokens/{id}/remove`: removes a token and shows the others.
pub(crate) async fn post_remove_token(
    State(state): State<SiteState>,
    Path(id): Path<String>,
    parts: Parts,
) -> Response {
    let removed = state.site.service.remove_token(&caller(&parts), &id).await;
    let there = match removed {
        Ok(true) => Ok("account".to_owned()),
        Ok(false) => Err(Problem::new(404, "Not Found", "There is no such token of yours.")),
        Err(error) => Err(error.into()),
    };
    redirect_to(&state, parts, ACCOUNT, there).await
}
