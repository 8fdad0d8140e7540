//! How much the pages make of results, files and logs.

use std::time::Duration;

use milepost::html::HtmlLimits;
use milepost_app::viewers::ViewLimits;
use serde::{Deserialize, Serialize};

/// How much of a result, a file or a log a page shows, and how much work that may be.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ViewerSettings {
    /// Bytes of HTML that one result, file or log becomes; after that the page says that it is only the
    /// beginning, and where all of it is. `MILEPOST_VIEWERS_MAX_HTML_BYTES`. Default: 1,048,576.
    pub max_html_bytes: usize,
    /// Elements within each other, and levels by which JSON is indented; what is deeper is shown
    /// without its levels. `MILEPOST_VIEWERS_MAX_DEPTH`. Default: 32.
    pub max_depth: usize,
    /// Results and files that are rendered at once; others wait. `MILEPOST_VIEWERS_MAX_CONCURRENT`.
    /// Default: 2.
    pub max_concurrent: usize,
    /// How long one of them may wait, and how long rendering it may take, in seconds; after that the
    /// page is sent without it and says so. `MILEPOST_VIEWERS_TIMEOUT_S`. Default: 10.
    pub timeout_s: u64,
}

impl Default for ViewerSettings {
    fn default() -> Self {
        let ViewLimits { html, max_concurrent, timeout } = ViewLimits::default();
        let HtmlLimits { max_bytes, max_depth } = html;
        Self { max_html_bytes: max_bytes, max_depth, max_concurrent, timeout_s: timeout.as_secs() }
    }
}

impl ViewerSettings {
    /// As the pages take them.
    pub fn limits(&self) -> ViewLimits {
        ViewLimits {
            html: HtmlLimits { max_bytes: self.max_html_bytes, max_depth: self.max_depth },
            max_concurrent: self.max_concurrent,
            timeout: Duration::from_secs(self.timeout_s),
        }
    }

    pub(super) fn faults(&self) -> Vec<(&'static str, String)> {
        let numbers = [
            (self.max_html_bytes as u64, 16_384, 64 << 20, "viewers.max_html_bytes"),
            (self.max_depth as u64, 4, 256, "viewers.max_depth"),
            (self.max_concurrent as u64, 1, 64, "viewers.max_concurrent"),
            (self.timeout_s, 1, 600, "viewers.timeout_s"),
        ];
        let wrong =
            numbers.into_iter().filter(|(value, least, most, _)| !(least..=most).contains(&value));
        wrong.map(|(_, least, most, key)| (key, format!("{least} to {most}"))).collect()
    }
}
