//! How results and files are shown on a page, by their media type.
//!
//! A viewer turns the first bytes into HTML that is safe to place in a page. What has no viewer is
//! offered as a download.

mod image;
mod json;
mod markdown;
mod table;
mod text;

use milepost_app::viewers::Beginning;

use crate::tasks::{command, dataset};

pub use markdown::markdown_to_html;

/// Turns the first bytes of a result or a file into safe HTML.
pub type Viewer = fn(&Beginning<'_>) -> Result<String, ViewError>;

/// Why something cannot be shown; it can still be downloaded.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ViewError {
    /// A page of this size would help nobody.
    #[error("it is larger than the {MAX_BYTES} bytes that are shown on a page")]
    TooLarge,
    /// The bytes are not what their media type says.
    #[error("the result is not what its media type says: {0}")]
    Malformed(String),
}

/// The largest of what is only shown as a whole.
pub const MAX_BYTES: usize = 4 * 1024 * 1024;

/// Every media type that can be shown.
pub const VIEWERS: [(&str, Viewer); 15] = [
    ("text/markdown", view_markdown),
    (dataset::PROFILE_MEDIA_TYPE, view_profile),
    (command::REPORT_MEDIA_TYPE, view_report),
    ("application/json", json::view),
    ("text/csv", table::view),
    ("text/tab-separated-values", table::view),
    ("image/png", image::view),
    ("image/jpeg", image::view),
    ("image/gif", image::view),
    ("image/webp", image::view),
    ("image/avif", image::view),
    ("image/svg+xml", image::view),
    ("text/*", text::view),
    ("application/xml", text::view),
    ("application/x-ndjson", text::view),
];

fn view_markdown(beginning: &Beginning<'_>) -> Result<String, ViewError> {
    let text = std::str::from_utf8(whole(beginning)?)
        .map_err(|error| ViewError::Malformed(error.to_string()))?;
    Ok(markdown_to_html(text))
}

fn view_profile(beginning: &Beginning<'_>) -> Result<String, ViewError> {
    let profile = serde_json::from_slice(whole(beginning)?)
        .map_err(|error| ViewError::Malformed(error.to_string()))?;
    Ok(dataset::to_html(&profile))
}

fn view_report(beginning: &Beginning<'_>) -> Result<String, ViewError> {
    let report = serde_json::from_slice(whole(beginning)?)
        .map_err(|error| ViewError::Malformed(error.to_string()))?;
    Ok(command::to_html(&report))
}

const fn whole<'b>(beginning: &Beginning<'b>) -> Result<&'b [u8], ViewError> {
    if beginning.bytes.len() > MAX_BYTES || !beginning.is_whole {
        return Err(ViewError::TooLarge);
    }
    Ok(beginning.bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What a viewer makes of all of these bytes.
    pub(super) fn shown(viewer: Viewer, bytes: &[u8]) -> Result<String, ViewError> {
        viewer(&Beginning { bytes, is_whole: true, href: "/file", name: "a" })
    }

    /// What it makes of them where others follow.
    pub(super) fn begun(viewer: Viewer, bytes: &[u8]) -> Result<String, ViewError> {
        viewer(&Beginning { bytes, is_whole: false, href: "/file", name: "a" })
    }

    #[test]
    fn what_cannot_be_shown_is_told() {
        assert_eq!(shown(view_markdown, b"hi").unwrap(), "<p>hi</p>\n");
        assert!(matches!(shown(view_profile, b"{}"), Err(ViewError::Malformed(_))));
        assert!(matches!(shown(view_markdown, &[0xff]), Err(ViewError::Malformed(_))));
        let long = vec![b' '; MAX_BYTES + 1];
        assert!(matches!(shown(view_markdown, &long), Err(ViewError::TooLarge)));
        assert!(matches!(begun(view_markdown, b"hi"), Err(ViewError::TooLarge)));
    }
}
