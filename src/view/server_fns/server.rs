//! Context and responses of the server functions.

use std::{
    collections::{HashMap, HashSet},
    future::Future,
    pin::Pin,
    sync::Arc,
};

use axum::http::{HeaderValue, StatusCode, Uri, header, request::Parts};
use leptos::prelude::*;
use leptos_axum::ResponseOptions;
use serde_json::Value;

use super::ApiError;
use crate::{
    engine::{Caller, Service},
    http::Links,
    task::{LogLine, PollRequest, PollResponse, Preview, Problem, Snapshot, TaskId},
};

/// Returns the service and the caller, which is anonymous if no layer inserted a [`Caller`] into
/// the request.
pub(super) fn service() -> Result<(Service, Caller), ApiError> {
    let caller = use_context::<Parts>().and_then(|parts| parts.extensions.get::<Caller>().cloned());
    let service = use_context::<Service>().ok_or_else(|| {
        let detail = "The server's pages were given no service.";
        ApiError::answer(Problem::new(500, "Internal Server Error", detail))
    })?;
    Ok((service, caller.unwrap_or_default()))
}

/// Returns the URLs of the API.
pub(super) fn links() -> Links {
    use_context().unwrap_or_default()
}

type RenderLines = dyn Fn(&[LogLine], &str) -> Vec<String> + Send + Sync;

/// How pages show log lines: given the lines and the text that they contain (empty: any), returns
/// each as safe HTML after its number and a blank. Put it into the context of the Leptos routes; without it pages get the lines as they
/// are.
#[derive(Clone)]
pub struct LogRenderer(Arc<RenderLines>);

impl LogRenderer {
    /// Creates a renderer from a function.
    pub fn new(render: impl Fn(&[LogLine], &str) -> Vec<String> + Send + Sync + 'static) -> Self {
        Self(Arc::new(render))
    }
}

/// Renders the log lines of a response, if there is a [`LogRenderer`].
pub(super) fn render_logs(request: &PollRequest, response: &mut PollResponse) {
    if response.log.is_empty() {
        return;
    }
    let Some(LogRenderer(render)) = use_context() else { return };
    for log in std::mem::take(&mut response.log) {
        response.rendered.push(format!("{} {}", log.id, log.seq));
        response.rendered.extend(render(&log.lines, &request.log_contains));
    }
}

/// A part of a page that changed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PagePart {
    /// Id of its element.
    pub element: &'static str,
    /// Number of the element's children that stay, from the first on.
    pub keep: usize,
    /// Safe HTML after these children.
    pub html: String,
}

/// A task whose preview a page shows, and what changed of it.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct ShownTask {
    /// The task.
    pub snapshot: Snapshot,
    /// Version of the preview that the page shows; 0: none.
    pub preview_after: i64,
    /// What changed of the preview after that version.
    pub preview: Option<Preview>,
}

type ShownParts = (Vec<PagePart>, Option<i64>);
type RenderParts =
    dyn Fn(ShownTask) -> Pin<Box<dyn Future<Output = ShownParts> + Send>> + Send + Sync;

/// How pages show previews while a task runs, and its result when it has ended: for a task in a response
/// returns the changed parts of its page, and the version of the preview that the page then shows. Put it
/// into the context of the Leptos routes; without it pages show neither until they are loaded again.
#[derive(Clone)]
pub struct PartRenderer(Arc<RenderParts>);

impl PartRenderer {
    /// Creates a renderer from a function.
    pub fn new<F>(render: impl Fn(ShownTask) -> F + Send + Sync + 'static) -> Self
    where
        F: Future<Output = (Vec<PagePart>, Option<i64>)> + Send + 'static,
    {
        Self(Arc::new(move |task| Box::pin(render(task))))
    }
}

/// Tasks of a response whose parts are rendered: one for each tab that shows a task, within reason.
const MAX_RENDERED: usize = 4;

/// Renders previews and results of a response for the tasks whose preview was asked for, if there is a
/// [`PartRenderer`].
pub(super) async fn render_parts(request: &PollRequest, response: &mut PollResponse) {
    let Some(PartRenderer(render)) = use_context() else { return };
    let mut previews = std::mem::take(&mut response.preview);
    let (mut seen, mut rendered) = (HashSet::new(), 0);
    for snapshot in &response.tasks {
        if rendered == MAX_RENDERED || !seen.insert(snapshot.id) {
            continue;
        }
        let watch = request.watch.iter().find(|watch| watch.id == snapshot.id);
        let Some(preview_after) = watch.and_then(|watch| watch.preview_after) else { continue };
        let at = previews.iter().position(|preview| preview.id == snapshot.id);
        let preview = at.map(|at| previews.swap_remove(at));
        let task = ShownTask { snapshot: snapshot.clone(), preview_after, preview };
        rendered += 1;
        let (parts, version) = render(task).await;
        if parts.is_empty() {
            continue;
        }
        response.rendered.push(format!("{} 0", snapshot.id));
        response.rendered.extend(version.map(|version| format!("@ {version}")));
        let text = |part: PagePart| format!("#{} {} {}", part.element, part.keep, part.html);
        response.rendered.extend(parts.into_iter().map(text));
    }
}

/// Error of a call that could not be read; sets the status of the response.
pub(super) fn from_framework(problem: Problem) -> ApiError {
    ApiError::answer(problem)
}

/// Error of a request body that could not be decoded; `detail` is a sentence.
pub(super) fn undecodable(detail: String) -> ApiError {
    // axum's message for a body beyond the limit of its layers.
    if detail.contains("length limit exceeded") {
        let detail = "The request body is too large.";
        return ApiError::answer(Problem::new(413, "Content Too Large", detail));
    }
    ApiError::answer(Problem::new(400, "Bad Request", detail))
}

/// Converts form fields to the input of a task: parses numbers and booleans by the schema and omits
/// empty fields.
pub(super) fn read_form(schema: &Value, fields: HashMap<String, String>) -> Value {
    let read = |(name, text): (String, String)| {
        let kind = schema["properties"][&name]["type"].as_str().unwrap_or_default();
        let plain = ["integer", "number", "boolean"].contains(&kind);
        let value = plain.then(|| serde_json::from_str(&text).ok()).flatten();
        (name, value.unwrap_or(Value::String(text)))
    };
    fields.into_iter().filter(|(_, text)| !text.is_empty()).map(read).collect()
}

/// Whether the form was submitted without a script, so that the response must be a redirect.
fn wants_page() -> bool {
    let parts = use_context::<Parts>();
    let accept = parts.as_ref().and_then(|parts| parts.headers.get(header::ACCEPT));
    accept
        .and_then(|accept| accept.to_str().ok())
        .is_some_and(|accept| accept.contains("text/html"))
}

/// Error of a form. Without a script, Leptos redirects to the form with the error in the URL.
pub(super) fn refuse(problem: impl Into<Problem>) -> ApiError {
    let problem = problem.into();
    if wants_page() { ApiError(problem) } else { ApiError::answer(problem) }
}

/// Redirects to the form's page, which shows this task.
pub(super) fn lead_back(id: TaskId) {
    let parts = use_context::<Parts>();
    let referer =
        parts.as_ref().and_then(|parts| parts.headers.get(header::REFERER)?.to_str().ok());
    let page = referer.and_then(|referer| referer.parse::<Uri>().ok()).unwrap_or_default();
    // A leading `//` would name another host.
    leptos_axum::redirect(&format!("/{}?task={id}", page.path().trim_start_matches('/')));
}

/// Sets the status of the response.
pub fn set_status(status: u16) {
    let options = use_context::<ResponseOptions>();
    if let (Some(options), Ok(status)) = (options, StatusCode::from_u16(status)) {
        options.set_status(status);
    }
}

/// Sets `Retry-After` from milliseconds, rounded up to whole seconds.
pub fn set_retry_after(ms: i64) {
    if let Some(options) = use_context::<ResponseOptions>() {
        let seconds = ms.max(0).saturating_add(999) / 1000;
        options.insert_header(header::RETRY_AFTER, HeaderValue::from(seconds));
    }
}

impl ApiError {
    /// Returns the problem as an error and sets the response's status and `Retry-After`.
    pub fn answer(problem: impl Into<Problem>) -> Self {
        let problem = problem.into();
        set_status(problem.status);
        if let Some(ms) = problem.retry_after_ms {
            set_retry_after(ms);
        }
        Self(problem)
    }

    /// Error for a task that does not exist or belongs to somebody else.
    pub fn not_found() -> Self {
        Self::answer(Problem::task_not_found())
    }
}
