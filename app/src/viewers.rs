//! How results and files become pages: by their media type, within limits.

use std::{error::Error, sync::Arc, time::Duration};

use futures_util::StreamExt as _;
use milepost::{
    engine::{StoredFile, store::StoredResult},
    html::{Html, HtmlLimits},
    task::TaskId,
};
use tokio::{
    sync::{OwnedSemaphorePermit, Semaphore},
    time::timeout,
};

use crate::api::ResultView;

type Failure = Box<dyn Error + Send + Sync>;
type View = dyn Fn(&Preview<'_>, &mut Html) -> Result<(), Failure> + Send + Sync;

/// What of a file is read for a page.
const MAX_FILE_BYTES: u64 = 4 << 20;

/// What a viewer gets: as much as a page can show.
#[derive(Clone, Copy, Debug)]
pub struct Preview<'b> {
    /// The first bytes.
    pub bytes: &'b [u8],
    /// Whether these are all.
    pub is_whole: bool,
    /// Where all of it is to be had.
    pub href: &'b str,
    /// What it is called.
    pub name: &'b str,
}

/// How much work the pages make of what they show.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ViewLimits {
    /// How much HTML one result or file becomes. Default: 1 MiB, 32 levels.
    pub html: HtmlLimits,
    /// Results and files that are rendered at once; others wait. Default: 2.
    pub max_concurrent: usize,
    /// How long one may wait, and how long rendering it may take. After that the page is sent without
    /// it. Default: 10 s.
    pub timeout: Duration,
}

impl Default for ViewLimits {
    fn default() -> Self {
        Self { html: HtmlLimits::default(), max_concurrent: 2, timeout: Duration::from_secs(10) }
    }
}

/// Which media types can be shown, and how. Others are offered for download.
#[derive(Clone)]
pub struct Viewers {
    views: Vec<(&'static str, Arc<View>)>,
    limits: ViewLimits,
    turns: Arc<Semaphore>,
}

impl Default for Viewers {
    fn default() -> Self {
        Self::new(ViewLimits::default())
    }
}

impl Viewers {
    /// None yet.
    pub fn new(limits: ViewLimits) -> Self {
        Self { views: Vec::new(), limits, turns: Arc::new(Semaphore::new(limits.max_concurrent)) }
    }

    /// Shows this media type (its parameters do not matter) with `view`, which writes the bytes as
    /// HTML. `text/*` stands for all of them, after those that are named. The HTML is placed in the
    /// page as it is: the viewer escapes what it shows. It ends where the writer is full.
    #[must_use]
    pub fn with<E: Into<Failure>>(
        mut self,
        media_type: &'static str,
        view: impl Fn(&Preview<'_>, &mut Html) -> Result<(), E> + Send + Sync + 'static,
    ) -> Self {
        let view = move |beginning: &Preview<'_>, html: &mut Html| {
            view(beginning, html).map_err(Into::into)
        };
        self.views.push((media_type, Arc::new(view)));
        self
    }

    /// How much HTML one thing on a page becomes.
    pub(crate) const fn html_limits(&self) -> HtmlLimits {
        self.limits.html
    }

    fn find(&self, media_type: &str) -> Option<Arc<View>> {
        let essence = media_type.split(';').next().unwrap_or_default().trim();
        let kind = essence.split('/').next().unwrap_or_default();
        let named = self.views.iter().find(|(name, _)| essence.eq_ignore_ascii_case(name));
        let (_, view) = named.or_else(|| {
            let whole_kind = |name: &str| {
                name.strip_suffix("/*").is_some_and(|name| kind.eq_ignore_ascii_case(name))
            };
            self.views.iter().find(|(name, _)| whole_kind(name))
        })?;
        Some(Arc::clone(view))
    }

    /// A result as a page shows it.
    pub(crate) async fn view(&self, id: TaskId, result: StoredResult) -> ResultView {
        let href = format!("/api/v1/tasks/{id}/result");
        let StoredResult { media_type, file_name, bytes } = result;
        let size_bytes = i64::try_from(bytes.len()).unwrap_or(i64::MAX);
        let shown = match self.find(&media_type) {
            Some(view) => match self.turn().await {
                Ok(turn) => {
                    let part = Part { bytes, is_whole: true, href: href.clone() };
                    Some(self.render(turn, view, part, file_name.clone()).await)
                }
                Err(late) => Some(Err(late.into())),
            },
            None => None,
        };
        let (html, problem) = told(shown);
        ResultView { file_name, media_type, size_bytes, html, problem, href }
    }

    /// A task's file as a page shows it. What is large is read in part.
    pub(crate) async fn view_file(&self, id: TaskId, file: &StoredFile) -> ResultView {
        let href = file.href(id);
        let shown = match self.find(file.media_type()) {
            Some(view) => Some(self.file(file, view, href.clone()).await),
            None => None,
        };
        let (html, problem) = told(shown);
        ResultView {
            file_name: file.name().to_owned(),
            media_type: file.media_type().to_owned(),
            size_bytes: i64::try_from(file.size()).unwrap_or(i64::MAX),
            html,
            problem,
            href,
        }
    }

    async fn file(
        &self,
        file: &StoredFile,
        view: Arc<View>,
        href: String,
    ) -> Result<String, Failure> {
        let turn = self.turn().await?;
        let bytes = timeout(self.limits.timeout, read(file)).await.map_err(|_| Late::Reading)??;
        let is_whole = bytes.len() as u64 == file.size();
        self.render(turn, view, Part { bytes, is_whole, href }, file.name().to_owned()).await
    }

    /// Waits until it may be rendered.
    async fn turn(&self) -> Result<OwnedSemaphorePermit, Late> {
        let turn = Arc::clone(&self.turns).acquire_owned();
        timeout(self.limits.timeout, turn).await.ok().and_then(Result::ok).ok_or(Late::Waiting)
    }

    /// Renders on a thread that may be busy. What takes too long keeps its turn until it has ended, so
    /// that there are never more at once.
    async fn render(
        &self,
        turn: OwnedSemaphorePermit,
        view: Arc<View>,
        part: Part,
        name: String,
    ) -> Result<String, Failure> {
        let limits = self.limits.html;
        let rendered = tokio::task::spawn_blocking(move || {
            let _turn = turn;
            rendered(&*view, &part, &name, limits)
        });
        let rendered = timeout(self.limits.timeout, rendered).await.map_err(|_| Late::Rendering)?;
        // A viewer that panicked: its message is for the log.
        rendered.unwrap_or_else(|_| Err("it could not be shown".into()))
    }
}

/// What is read of a result or a file.
struct Part {
    bytes: Vec<u8>,
    is_whole: bool,
    href: String,
}

fn rendered(
    view: &View,
    Part { bytes, is_whole, href }: &Part,
    name: &str,
    limits: HtmlLimits,
) -> Result<String, Failure> {
    let mut html = Html::new(limits, href);
    match view(&Preview { bytes, is_whole: *is_whole, href, name }, &mut html) {
        // Whoever writes into what is full ends with an error, and the beginning is there.
        Err(failure) if !html.is_full() => Err(failure),
        _ => Ok(html.finish()),
    }
}

/// What was not done in time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Late {
    Waiting,
    Reading,
    Rendering,
}

impl std::fmt::Display for Late {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Waiting => "the server is busy showing other results; load this page again later",
            Self::Reading => "reading it took too long",
            Self::Rendering => "it takes too long to show",
        })
    }
}

impl Error for Late {}

fn told(shown: Option<Result<String, Failure>>) -> (Option<String>, Option<String>) {
    match shown {
        Some(Ok(html)) => (Some(html), None),
        Some(Err(error)) => (None, Some(error.to_string())),
        None => (None, None),
    }
}

/// As many of the first bytes as a page needs.
async fn read(file: &StoredFile) -> Result<Vec<u8>, Failure> {
    let mut pieces = file.read(0..MAX_FILE_BYTES).await?;
    let mut bytes = Vec::new();
    while let Some(piece) = pieces.next().await {
        bytes.extend_from_slice(&piece?);
    }
    Ok(bytes)
}

#[cfg(test)]
#[path = "viewers_tests.rs"]
mod tests;
