//! `[viewers]`: limits of showing results, files and logs.

use std::time::Duration;

use milepost::html::HtmlLimits;
use milepost_app::viewers::ViewLimits;
use serde::{Deserialize, Serialize};

/// How much of a result, a file or a log a page shows, and how much work that may take.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ViewerSettings {
    /// Maximum size of the HTML for one result, file or log, in bytes; beyond it the page states
    /// that only the beginning is shown and links to the rest. `MILEPOST_VIEWERS_MAX_HTML_BYTES`.
    /// Default: 1,048,576.
    pub max_html_bytes: usize,
    /// Maximum nesting depth of elements and of JSON indentation; deeper content is shown without
    /// further nesting. `MILEPOST_VIEWERS_MAX_DEPTH`. Default: 32.
    pub max_depth: usize,
    /// Maximum size of a result that its task's page shows at once, in bytes; of a larger one it has
    /// the link. `MILEPOST_VIEWERS_MAX_INLINE_BYTES`. Default: 65,536.
    pub max_inline_bytes: usize,
    /// Maximum number of results and files rendered at once; others wait.
    /// `MILEPOST_VIEWERS_MAX_CONCURRENT`. Default: 2.
    pub max_concurrent: usize,
    /// Time limit for waiting, and for rendering, in seconds; beyond it the page is sent without
    /// the content and says so. `MILEPOST_VIEWERS_TIMEOUT_S`. Default: 10.
    pub timeout_s: u64,
}

impl Default for ViewerSettings {
    fn default() -> Self {
        let ViewLimits { html, max_inline_bytes, max_concurrent, timeout, .. } =
            ViewLimits::default();
        let HtmlLimits { max_bytes, max_depth, .. } = html;
        Self {
            max_html_bytes: max_bytes,
            max_depth,
            max_inline_bytes,
            max_concurrent,
            timeout_s: timeout.as_secs(),
        }
    }
}

impl ViewerSettings {
    /// Limits for the pages.
    pub fn limits(&self) -> ViewLimits {
        ViewLimits {
            html: HtmlLimits::default().with(|html| {
                html.max_bytes = self.max_html_bytes;
                html.max_depth = self.max_depth;
            }),
            max_inline_bytes: self.max_inline_bytes,
            max_concurrent: self.max_concurrent,
            timeout: Duration::from_secs(self.timeout_s),
        }
    }

    pub(super) fn invalid(&self) -> Vec<(&'static str, String)> {
        let numbers = [
            (self.max_html_bytes as u64, 16_384, 64 << 20, "viewers.max_html_bytes"),
            (self.max_inline_bytes as u64, 0, 64 << 20, "viewers.max_inline_bytes"),
            (self.max_depth as u64, 4, 256, "viewers.max_depth"),
            (self.max_concurrent as u64, 1, 64, "viewers.max_concurrent"),
            (self.timeout_s, 1, 600, "viewers.timeout_s"),
        ];
        let wrong =
            numbers.into_iter().filter(|(value, min, max, _)| !(min..=max).contains(&value));
        wrong.map(|(_, min, max, key)| (key, format!("{min} to {max}"))).collect()
    }
}
