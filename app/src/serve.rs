//! Router of the pages, their forms and the server functions.

use std::pin::Pin;

use axum::{
    Json, Router,
    extract::{DefaultBodyLimit, Request, State},
    http::{Method, StatusCode, header},
    middleware::{Next, from_fn},
    response::{IntoResponse, Response},
    routing::{MethodRouter, get, post},
};
use leptos::prelude::*;
use leptos_axum::{LeptosRoutes, generate_route_list};
use milepost::{
    http::{CALLBACK_PATH, PROVIDER_PATH},
    task::Problem,
    view::server_fns::{self, LogRenderer, PartRenderer},
};

use crate::{
    context, forms, log_view,
    outcome::Outcome,
    pages::{App, live::changed_parts},
    shell::shell,
    site::SiteState,
};

pub use crate::site::Site;

/// Where share links are opened, below [`milepost::http::SHARE_PATH`].
const SHARE_LINK: &str = "/s/{token}";

/// Router of pages, forms and server functions (`/api/fn/…`). The server must insert a
/// [`Caller`](milepost::engine::Caller) into the extensions of each request, serve the files of the
/// built site, and route everything else to [`not_found`].
pub fn router(site: Site) -> Router {
    let paths = generate_route_list(App);
    let (options, context) = (site.options.clone(), provide(&site));
    let limit = DefaultBodyLimit::max(site.max_body_bytes);
    let render = |site, request, outcome| -> Pin<Box<dyn Future<Output = Response> + Send>> {
        Box::pin(render(site, request, outcome))
    };
    let state = SiteState { site, render };
    let router = Router::new()
        .leptos_routes_with_context(&state, paths, context, move || shell(options.clone()));
    form_routes(limit)
        .into_iter()
        .chain(link_routes())
        .fold(router, |router, (path, route)| router.route(path, route))
        .with_state(state)
        .layer(from_fn(only_json))
}

/// What leads to another page.
fn link_routes() -> [(&'static str, MethodRouter<SiteState>); 3] {
    [
        (SHARE_LINK, get(forms::share::open)),
        (PROVIDER_PATH, get(forms::provider::get_provider)),
        (CALLBACK_PATH, get(forms::provider::get_callback)),
    ]
}

/// The targets of forms. Those that start something take bodies up to `limit`.
fn form_routes(limit: DefaultBodyLimit) -> [(&'static str, MethodRouter<SiteState>); 27] {
    [
        ("/start/{kind}", post(forms::post_start).layer(limit)),
        ("/start-several/{kind}", post(forms::post_several).layer(limit)),
        ("/forget", post(forms::post_forget)),
        ("/admin/pause", post(forms::admin::post_pause)),
        ("/admin/resume", post(forms::admin::post_resume)),
        ("/admin/cancel", post(forms::admin::post_cancel)),
        ("/admin/rerun", post(forms::admin::post_rerun)),
        ("/admin/delete-data", post(forms::data::post_owners)),
        ("/sign-in", post(forms::sign_in::post_sign_in)),
        ("/sign-out", post(forms::sign_in::post_sign_out)),
        ("/account/sessions/{id}/end", post(forms::sign_in::post_end_session)),
        ("/account/sessions/end-others", post(forms::sign_in::post_end_other_sessions)),
        ("/account/tokens", post(forms::tokens::post_token)),
        ("/account/tokens/{id}/remove", post(forms::tokens::post_remove_token)),
        ("/account/delete-data", post(forms::data::post_own)),
        ("/tasks/{id}/cancel", post(forms::post_cancel)),
        ("/tasks/{id}/keep", post(forms::post_keep)),
        ("/tasks/{id}/labels", post(forms::labels::post_labels)),
        ("/tasks/{id}/start-now", post(forms::labels::post_start_now)),
        ("/tasks/{id}/delete", post(forms::post_delete)),
        ("/tasks/{id}/rerun", post(forms::post_rerun)),
        ("/tasks/{id}/share", post(forms::share::post_share)),
        ("/tasks/{id}/share/{share_id}/revoke", post(forms::share::post_revoke)),
        ("/batches/{id}/cancel", post(forms::batch::post_cancel)),
        ("/batches/{id}/rerun", post(forms::batch::post_rerun)),
        ("/batches/{id}/share", post(forms::share::post_share_batch)),
        ("/batches/{id}/share/{share_id}/revoke", post(forms::share::post_revoke_of_batch)),
    ]
}

/// Method and path of each route of [`router`]: pages, targets of forms and server functions. For tests
/// of who may call what.
pub fn routes() -> Vec<(String, String)> {
    let pages =
        generate_route_list(App).into_iter().map(|page| ("GET".to_owned(), page.path().to_owned()));
    let forms = form_routes(DefaultBodyLimit::disable());
    let forms = forms.into_iter().map(|(path, _)| ("POST".to_owned(), path.to_owned()));
    let calls = leptos::server_fn::axum::server_fn_paths();
    let calls = calls.map(|(path, method)| (method.to_string(), path.to_owned()));
    let links = link_routes().into_iter().map(|(path, _)| ("GET".to_owned(), path.to_owned()));
    pages.chain(links).chain(forms).chain(calls).collect()
}

/// Requires JSON for server functions, except for the form targets, to which browsers post without
/// a script.
async fn only_json(request: Request, next: Next) -> Response {
    let media = request.headers().get(header::CONTENT_TYPE).and_then(|media| media.to_str().ok());
    let media = media.and_then(|media| media.split(';').next()).unwrap_or_default().trim();
    let path = request.uri().path();
    let call = request.method() == Method::POST
        && path.starts_with(server_fns::PREFIX)
        && !path.ends_with("_form");
    if call && !media.eq_ignore_ascii_case("application/json") {
        let detail = "This call takes a body of the type application/json.";
        let problem = Problem::new(415, "Unsupported Media Type", detail);
        return (StatusCode::UNSUPPORTED_MEDIA_TYPE, Json(problem)).into_response();
    }
    next.run(request).await
}

/// Page for unknown paths.
pub async fn not_found(State(site): State<Site>, request: Request) -> Response {
    render(site, request, None).await
}

/// Renders the page of a request, with what a form led to.
async fn render(site: Site, request: Request, outcome: Option<Outcome>) -> Response {
    let (options, context) = (site.options.clone(), provide(&site));
    let context = move || {
        context();
        match outcome.clone() {
            Some(Outcome::Rejected(rejected)) => provide_context(rejected),
            Some(Outcome::Notice(notice)) => provide_context(notice),
            Some(Outcome::Forgotten(forgotten)) => provide_context(forgotten),
            Some(Outcome::MadeToken(made)) => provide_context(made),
            Some(Outcome::MadeLink(made)) => provide_context(made),
            Some(Outcome::NotSignedIn(rejected)) => provide_context(rejected),
            None => {}
        }
    };
    let handler =
        leptos_axum::render_app_async_with_context(context, move || shell(options.clone()));
    handler(request).await.into_response()
}

fn provide(site: &Site) -> impl Fn() + Clone + Send + Sync + 'static {
    let (service, viewers) = (site.service.clone(), site.viewers.clone());
    let (sign_in, provider) = (site.sign_in.clone(), site.provider.clone());
    let limits = viewers.html_limits();
    move || {
        provide_context(service.clone());
        provide_context(viewers.clone());
        provide_context(sign_in.clone());
        provide_context(provider.clone());
        provide_context(LogRenderer::new(move |lines, find| {
            log_view::numbered(lines, find, limits)
        }));
        provide_context(PartRenderer::new(|task| {
            let (asked, viewers) = (context::service(), context::viewers());
            async move {
                match asked {
                    Ok((service, caller)) => changed_parts(&service, &caller, &viewers, task).await,
                    Err(_) => (Vec::new(), None),
                }
            }
        }));
    }
}
