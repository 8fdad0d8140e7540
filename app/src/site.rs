//! Shared state of pages and forms.

use std::pin::Pin;

use axum::{
    extract::{FromRef, Request},
    response::Response,
};
use leptos::config::LeptosOptions;
use milepost::{
    engine::Service,
    http::{HttpOptions, ProviderSignIn, SignIn},
};

use crate::{outcome::Outcome, viewers::Viewers};

/// Shared state of the pages. Cheap to clone.
#[derive(Clone)]
pub struct Site {
    /// The service.
    pub service: Service,
    /// Viewers of results.
    pub viewers: Viewers,
    /// Location and file names of the built site.
    pub options: LeptosOptions,
    /// Maximum size of a start form in bytes. URL encoding needs up to three bytes per byte, so
    /// this is three times the limit of the API.
    pub max_body_bytes: usize,
    /// Options of the sessions that a visitor can end.
    pub http: HttpOptions,
    /// Signs users in.
    pub sign_in: SignIn,
    /// Signs them in at a provider, where that is the mode.
    pub provider: Option<ProviderSignIn>,
}

/// Renders the page of a request, with what a form led to.
pub(crate) type Render =
    fn(Site, Request, Option<Outcome>) -> Pin<Box<dyn Future<Output = Response> + Send>>;

/// State of the router: the site, and how its pages are rendered. Forms show pages again without
/// knowing them.
#[derive(Clone)]
pub(crate) struct SiteState {
    pub(crate) site: Site,
    pub(crate) render: Render,
}

impl SiteState {
    /// Renders the page of a request after a form was sent.
    pub(crate) async fn render(&self, request: Request, outcome: Outcome) -> Response {
        (self.render)(self.site.clone(), request, Some(outcome)).await
    }
}

impl FromRef<SiteState> for LeptosOptions {
    fn from_ref(state: &SiteState) -> Self {
        state.site.options.clone()
    }
}
