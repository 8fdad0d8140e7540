//! Router of API, pages and files.

use std::{
    io,
    path::{Path, PathBuf},
};

use axum::{
    Router,
    body::{Body, Bytes},
    extract::Request,
    http::{HeaderValue, Method, header},
    response::{IntoResponse as _, Response},
};
use leptos::config::{LeptosOptions, get_configuration};
use milepost::{
    engine::{Service, Task as _},
    http::{self, Guard, HttpOptions, ProviderSignIn, SignIn},
};
use milepost_app::{
    serve::{self, Site},
    viewers::{ViewLimits, Viewers},
};
use milepost_dataset::Dataset;
use tower::ServiceExt as _;
use tower_http::{
    CompressionLevel, compression::CompressionLayer, services::ServeDir,
    set_header::SetResponseHeaderLayer,
};

use super::precompressed;
use crate::{config::HttpSettings, simple, viewers};

/// The complete router.
pub(super) fn router(
    service: Service,
    settings: &HttpSettings,
    options: &HttpOptions,
    limits: ViewLimits,
    site_dir: PathBuf,
) -> Router {
    let sign_in = SignIn::new(service.clone(), options);
    let provider = ProviderSignIn::new(sign_in.clone()).unwrap_or_else(|error| {
        tracing::error!(%error, "nobody can sign in: the provider cannot be asked");
        None
    });
    let site = Site {
        service: service.clone(),
        viewers: viewers::VIEWERS
            .into_iter()
            .fold(Viewers::new(limits), |all, (media_type, viewer)| {
                all.with(media_type, viewers::unless_empty(viewer))
            })
            .with_style(Dataset::KIND, "profile.css"),
        options: leptos_options(settings, &site_dir),
        max_body_bytes: options.max_body_bytes.saturating_mul(3),
        http: options.clone(),
        sign_in,
        provider,
    };
    warn_of_whole_module(&site.options);
    let api = http::router_with(service.clone(), options, simple::routes());
    let files = guarded(
        files(site_dir, &site),
        Guard::reading_sessions(options).with_tokens(service.clone()).for_files(),
    );
    let pages =
        guarded(serve::router(site), Guard::making_sessions(options).with_tokens(service.clone()));
    let router = pages.fallback(move |request: Request| {
        let rest = if is_api(request.uri().path()) { api.clone() } else { files.clone() };
        let is_head = request.method() == Method::HEAD;
        async move { rest.oneshot(request).await.map(|it| of_unknown_length(it, is_head)) }
    });
    http::safe_headers(router)
}

/// A response to HEAD whose length is not known: without its body, the router around would take it
/// for an empty one.
fn of_unknown_length(response: Response, is_head: bool) -> Response {
    match is_head && !response.headers().contains_key(header::CONTENT_LENGTH) {
        true => {
            response.map(|_| Body::from_stream(futures_util::stream::empty::<io::Result<Bytes>>()))
        }
        false => response,
    }
}

fn is_api(path: &str) -> bool {
    path == "/api"
        || path.starts_with("/api/")
        || ["/healthz", "/readyz", "/metrics"].contains(&path)
}

/// Compresses responses, and marks them private unless they set a cache policy.
fn guarded(router: Router, guard: Guard) -> Router {
    let own = HeaderValue::from_static("private, no-cache");
    router
        .layer(SetResponseHeaderLayer::if_not_present(header::CACHE_CONTROL, own))
        // One level above the default makes pages 7 % smaller.
        .layer(CompressionLayer::new().quality(CompressionLevel::Precise(5)))
        .layer(guard)
}

/// Files of the built site; other paths get the page "not found".
fn files(folder: PathBuf, site: &Site) -> Router {
    let (hashed, site) = (site.options.hash_files, site.clone());
    let pkg = format!("/{}/", site.options.site_pkg_dir);
    let plain = ServeDir::new(&folder);
    let compressed = plain.clone().precompressed_br().precompressed_gzip();
    Router::new().fallback(move |request: Request| {
        let (plain, compressed) = (plain.clone(), compressed.clone());
        let (folder, site) = (folder.clone(), site.clone());
        // Files with a hash in their name never change. Others are revalidated on each visit, which
        // `Last-Modified` makes cheap.
        let for_ever = hashed && request.uri().path().starts_with(&pkg);
        let missing = serve::not_found(axum::extract::State(site), copy(&request));
        async move {
            let current = precompressed::is_current(&folder, request.uri().path()).await;
            let directory = if current { compressed } else { plain };
            let response = match directory.oneshot(request).await {
                Ok(response) => response.map(axum::body::Body::new),
                Err(never) => match never {},
            };
            if response.status() == axum::http::StatusCode::NOT_FOUND {
                return missing.await;
            }
            cached(response.into_response(), for_ever)
        }
    })
}

/// The request without its body, for a page about its path.
fn copy(request: &Request) -> Request {
    let mut copy = Request::new(axum::body::Body::empty());
    *copy.method_mut() = request.method().clone();
    *copy.uri_mut() = request.uri().clone();
    *copy.headers_mut() = request.headers().clone();
    *copy.extensions_mut() = request.extensions().clone();
    copy
}

fn cached(mut response: Response, for_ever: bool) -> Response {
    let policy = if for_ever { "public, max-age=31536000, immutable" } else { "no-cache" };
    let headers = response.headers_mut();
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static(policy));
    // Caches must distinguish clients by their supported compression.
    headers.insert(header::VARY, HeaderValue::from_static("accept-encoding"));
    response
}

/// Warns about a site whose islands cannot load, because its module was built without `--split`.
fn warn_of_whole_module(options: &LeptosOptions) {
    let path = Path::new(&*options.site_root).join(&*options.site_pkg_dir);
    let script = path.join(format!("{}.js", options.output_name));
    let is_whole = |script: String| script.contains("__wasm_split_placeholder__");
    if std::fs::read_to_string(script).is_ok_and(is_whole) {
        tracing::warn!("the site was built without --split: its pages work as without a script");
    }
}

/// Options from `cargo leptos` if it runs this program, otherwise the names of the workspace.
fn leptos_options(settings: &HttpSettings, site_dir: &Path) -> LeptosOptions {
    let given = std::env::var_os("LEPTOS_OUTPUT_NAME").and_then(|_| get_configuration(None).ok());
    let mut options = match given {
        Some(given) => given.leptos_options,
        None => LeptosOptions::builder().output_name("milepost").build(),
    };
    options.site_root = site_dir.to_string_lossy().into();
    options.site_addr = settings.addr;
    options
}
