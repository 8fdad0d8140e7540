//! Renders results and files for pages, by media type and within limits.

use std::{error::Error, sync::Arc, time::Duration};

use futures_util::StreamExt as _;
use milepost::{
    engine::{StoredFile, store::StoredResult},
    html::{Html, HtmlLimits},
};
use tokio::{
    sync::{OwnedSemaphorePermit, Semaphore},
    time::timeout,
};

use crate::wire::ResultView;

/// Source of a viewer's error for content that it does not show: it is offered for download, as content
/// without a viewer is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NotShown;

impl std::fmt::Display for NotShown {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("it is not shown here")
    }
}

impl Error for NotShown {}

type Failure = Box<dyn Error + Send + Sync>;
type View = dyn Fn(&Preview<'_>, &mut Html) -> Result<(), Failure> + Send + Sync;

/// Maximum time that the answer to a poll, which brings the state, waits for a preview or a result.
pub(crate) const MAX_POLL_WAIT: Duration = Duration::from_secs(1);

/// Maximum number of bytes read of a file for a page.
const MAX_FILE_BYTES: u64 = 4 << 20;

/// Input of a viewer: as many bytes as a page can show.
#[derive(Clone, Copy, Debug)]
pub struct Preview<'b> {
    /// The first bytes.
    pub bytes: &'b [u8],
    /// Whether these are all bytes.
    pub is_whole: bool,
    /// Download URL of the whole content.
    pub href: &'b str,
    /// Name of the file.
    pub name: &'b str,
}

/// Limits of rendering.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ViewLimits {
    /// Size and depth of the HTML for one result or file. Default: 1 MiB, 32 levels.
    pub html: HtmlLimits,
    /// Maximum size of a result that its task's page shows at once, in bytes. Default: 65,536.
    pub max_inline_bytes: usize,
    /// Maximum number of results and files rendered at once; others wait. Default: 2.
    pub max_concurrent: usize,
    /// Time limit for waiting, and for rendering; beyond it the page is sent without the content.
    /// Default: 10 s.
    pub timeout: Duration,
}

impl Default for ViewLimits {
    fn default() -> Self {
        Self {
            html: HtmlLimits::default(),
            max_inline_bytes: 65_536,
            max_concurrent: 2,
            timeout: Duration::from_secs(10),
        }
    }
}

/// Viewers by media type. Types without a viewer are offered for download.
#[derive(Clone)]
pub struct Viewers {
    views: Vec<(&'static str, Arc<View>)>,
    styles: Vec<(&'static str, &'static str)>,
    limits: ViewLimits,
    turns: Arc<Semaphore>,
}

impl Default for Viewers {
    fn default() -> Self {
        Self::new(ViewLimits::default())
    }
}

impl Viewers {
    /// Creates a set without viewers.
    pub fn new(limits: ViewLimits) -> Self {
        Self {
            views: Vec::new(),
            styles: Vec::new(),
            limits,
            turns: Arc::new(Semaphore::new(limits.max_concurrent)),
        }
    }

    /// Registers `view` for a media type; parameters of the type are ignored. `text/*` matches all
    /// text types without a viewer of their own, and `*/*` all other types. The HTML is inserted into the page as is, so the
    /// viewer must escape untrusted content. Output beyond the limits is cut.
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

    /// Loads a style sheet of the site with the pages of a kind's tasks: that of its results. `href` is
    /// relative to the root of the site.
    #[must_use]
    pub fn with_style(mut self, kind: &'static str, href: &'static str) -> Self {
        self.styles.push((kind, href));
        self
    }

    /// The style sheet of a kind's results.
    pub(crate) fn style_of(&self, kind: &str) -> Option<&'static str> {
        self.styles.iter().find(|(name, _)| *name == kind).map(|(_, href)| *href)
    }

    /// Limits of the HTML for one thing on a page.
    pub(crate) const fn html_limits(&self) -> HtmlLimits {
        self.limits.html
    }

    /// Maximum size of a result that its task's page shows at once, in bytes.
    pub(crate) const fn max_inline_bytes(&self) -> usize {
        self.limits.max_inline_bytes
    }

    fn find(&self, media_type: &str) -> Option<Arc<View>> {
        let essence = media_type.split(';').next().unwrap_or_default().trim();
        let kind = essence.split('/').next().unwrap_or_default();
        let named = self.views.iter().find(|(name, _)| essence.eq_ignore_ascii_case(name));
        let (_, view) = named.or_else(|| {
            let whole_kind = |name: &str| {
                name.strip_suffix("/*").is_some_and(|name| kind.eq_ignore_ascii_case(name))
            };
            let any = || self.views.iter().find(|(name, _)| *name == "*/*");
            self.views.iter().find(|(name, _)| whole_kind(name)).or_else(any)
        })?;
        Some(Arc::clone(view))
    }

    /// Renders a result for a page; `href` is its URL.
    pub(crate) async fn view(&self, href: String, result: StoredResult) -> ResultView {
        let StoredResult { media_type, file_name, bytes, .. } = result;
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

    /// Renders what is finished so far of a task; `None` if it cannot be shown, or not now.
    pub(crate) async fn view_preview(&self, media_type: &str, text: String) -> Option<String> {
        let view = self.find(media_type)?;
        let turn = timeout(MAX_POLL_WAIT, self.turn()).await.ok()?.ok()?;
        let part = Part { bytes: text.into_bytes(), is_whole: true, href: String::new() };
        self.render(turn, view, part, String::new()).await.ok()
    }

    /// Renders a task's file for a page; `href` is its URL. Large files are read partially.
    pub(crate) async fn view_file(&self, href: String, file: &StoredFile) -> ResultView {
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

    /// Waits for a free rendering slot.
    async fn turn(&self) -> Result<OwnedSemaphorePermit, Late> {
        let turn = Arc::clone(&self.turns).acquire_owned();
        timeout(self.limits.timeout, turn).await.ok().and_then(Result::ok).ok_or(Late::Waiting)
    }

    /// Renders on a blocking thread. A rendering that exceeds the time limit occupies its slot
    /// until it ends, so that the maximum is never exceeded.
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
        // The viewer panicked; the panic message is in the log.
        rendered.unwrap_or_else(|_| Err("it could not be shown".into()))
    }
}

/// The bytes to render of a result or a file.
struct Part {
    bytes: Vec<u8>,
    is_whole: bool,
    /// Download URL of the whole; empty if there is none yet.
    href: String,
}

fn rendered(
    view: &View,
    Part { bytes, is_whole, href }: &Part,
    name: &str,
    limits: HtmlLimits,
) -> Result<String, Failure> {
    let mut html = match href.is_empty() {
        true => Html::part(limits),
        false => Html::new(limits, href),
    };
    match view(&Preview { bytes, is_whole: *is_whole, href, name }, &mut html) {
        // A full writer makes the viewer fail; the beginning is still shown.
        Err(failure) if !html.is_full() => Err(failure),
        _ => Ok(html.finish()),
    }
}

/// What exceeded its time limit.
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
        Some(Err(error)) if error.source().is_some_and(|source| source.is::<NotShown>()) => {
            (None, None)
        }
        Some(Err(error)) => (None, Some(error.to_string())),
        None => (None, None),
    }
}

/// Reads the first bytes, as many as a page needs.
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
