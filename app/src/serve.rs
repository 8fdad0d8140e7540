//! The router of the pages, their forms and the server functions.

use axum::{
    Json, Router,
    body::Body,
    extract::{DefaultBodyLimit, FromRef, Request, State},
    http::{Method, StatusCode, header},
    middleware::{Next, from_fn},
    response::{IntoResponse, Response},
    routing::post,
};
use leptos::{config::LeptosOptions, prelude::*};
use leptos_axum::{LeptosRoutes, generate_route_list};
use milepost::{engine::Service, http::HttpOptions, task::Problem, view::server_fns};

use crate::{forms, pages::App, shell::shell, viewers::Viewers};

/// What the pages are made from. Cheap to clone.
#[derive(Clone)]
pub struct Site {
    /// The engine.
    pub service: Service,
    /// How results are shown.
    pub viewers: Viewers,
    /// Where the built site is, and what its files are called.
    pub options: LeptosOptions,
    /// How large the form of a task may be, in bytes. URL encoding makes up to three bytes of one, so
    /// this is three times what the API takes.
    pub max_body_bytes: usize,
    /// How the sessions are made that a visitor can end.
    pub http: HttpOptions,
}

impl FromRef<Site> for LeptosOptions {
    fn from_ref(site: &Site) -> Self {
        site.options.clone()
    }
}

/// Pages, forms and server functions (`/api/fn/…`). The server puts a
/// [`Caller`](milepost::engine::Caller) into the extensions of each request, serves the files of the
/// built site, and sends what is neither to [`not_found`].
pub fn router(site: Site) -> Router {
    let paths = generate_route_list(App);
    let (options, context) = (site.options.clone(), provide(&site));
    let limit = DefaultBodyLimit::max(site.max_body_bytes);
    Router::new()
        .leptos_routes_with_context(&site, paths, context, move || shell(options.clone()))
        .route("/start/{kind}", post(forms::post_start).layer(limit))
        .route("/start-several/{kind}", post(forms::post_several).layer(limit))
        .route("/forget", post(forms::post_forget))
        .route("/tasks/{id}/cancel", post(forms::post_cancel))
        .route("/tasks/{id}/keep", post(forms::post_keep))
        .route("/tasks/{id}/rerun", post(forms::post_rerun))
        .route("/batches/{id}/cancel", post(forms::batch::post_cancel))
        .route("/batches/{id}/rerun", post(forms::batch::post_rerun))
        .with_state(site)
        .layer(from_fn(only_json))
}

/// Server functions take JSON; the forms beside them are what browsers send by themselves.
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

/// The page for a path that is nothing.
pub async fn not_found(State(site): State<Site>, request: Request) -> Response {
    render(&site, request, ()).await
}

/// Renders the page of a request, with something more in its context.
pub(crate) async fn render<T>(site: &Site, request: Request<Body>, more: T) -> Response
where
    T: Clone + Send + Sync + 'static,
{
    let (options, context) = (site.options.clone(), provide(site));
    let context = move || {
        context();
        provide_context(more.clone());
    };
    let handler =
        leptos_axum::render_app_async_with_context(context, move || shell(options.clone()));
    handler(request).await.into_response()
}

fn provide(site: &Site) -> impl Fn() + Clone + Send + Sync + 'static {
    let (service, viewers) = (site.service.clone(), site.viewers.clone());
    move || {
        provide_context(service.clone());
        provide_context(viewers.clone());
    }
}
