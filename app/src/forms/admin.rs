//! Forms of the page for operators.

use axum::{
    extract::{Request, State},
    http::request::Parts,
    response::Response,
};
use milepost::{
    engine::{Caller, ServiceError},
    http::percent_encoded,
    task::{ManyDone, PauseTarget, Problem},
};

use super::{
    entered::Entered,
    respond::{caller, redirect_to, sent},
};
use crate::{pages::admin::filter_from, site::SiteState, wire::last};

const PAGE: &str = "/admin";

/// `POST /admin/pause`: pauses a kind or a worker.
pub(crate) async fn post_pause(State(state): State<SiteState>, request: Request) -> Response {
    let service = state.site.service.clone();
    post(&state, request, async |caller, entered| {
        service.pause(&caller, &target(&entered)).await.map(|_| "admin".to_owned())
    })
    .await
}

/// `POST /admin/resume`: ends a pause.
pub(crate) async fn post_resume(State(state): State<SiteState>, request: Request) -> Response {
    let service = state.site.service.clone();
    post(&state, request, async |caller, entered| {
        service.resume(&caller, &target(&entered)).await.map(|_| "admin".to_owned())
    })
    .await
}

/// `POST /admin/cancel`: cancels all unfinished tasks of a filter.
pub(crate) async fn post_cancel(State(state): State<SiteState>, request: Request) -> Response {
    let service = state.site.service.clone();
    post(&state, request, async |caller, entered| {
        let filter = filter_from(&entered);
        let done = service.cancel_all(&caller, &filter, last(&entered, "cursor")).await;
        done.map(|done| there(&entered, "cancel", done))
    })
    .await
}

/// `POST /admin/rerun`: reruns all failed and cancelled tasks of a filter.
pub(crate) async fn post_rerun(State(state): State<SiteState>, request: Request) -> Response {
    let service = state.site.service.clone();
    post(&state, request, async |caller, entered| {
        let filter = filter_from(&entered);
        let done = service.rerun_all(&caller, &filter, last(&entered, "cursor")).await;
        done.map(|done| there(&entered, "rerun", done))
    })
    .await
}

fn target(entered: &Entered) -> PauseTarget {
    let value = |name: &str| {
        entered.iter().find(|(field, _)| field == name).map(|(_, value)| value.clone())
    };
    PauseTarget::default().with(|target| {
        target.kind = value("kind");
        target.worker = value("worker");
    })
}

/// The page with the same filter, how many tasks it was done for, and where it goes on.
fn there(entered: &Entered, act: &str, done: ManyDone) -> String {
    let mut path = format!("admin?search=&done={}&refused={}", done.done, done.refused);
    if let Some(next) = done.next_cursor {
        path.push_str(&format!("&act={act}&next={}", percent_encoded(&next)));
    }
    for (name, value) in entered.iter().filter(|(name, _)| name != "cursor") {
        path.push('&');
        path.extend(percent_encoded(name));
        path.push('=');
        path.extend(percent_encoded(value));
    }
    path
}

async fn post(
    state: &SiteState,
    request: Request,
    act: impl AsyncFnOnce(Caller, Entered) -> Result<String, ServiceError>,
) -> Response {
    let (parts, entered): (Parts, _) = sent(&state.site, request).await;
    let there = match entered {
        Ok(entered) => act(caller(&parts), entered).await.map_err(Problem::from),
        Err(problem) => Err(problem),
    };
    redirect_to(state, parts, PAGE, there).await
}
