//! How results are shown on a page, by their media type.
//!
//! A viewer turns the bytes of a result into HTML that is safe to place in a page. What has no
//! viewer is offered as a download.

mod markdown;

use crate::tasks::{command, dataset};

pub use markdown::markdown_to_html;

/// Turns the bytes of a result into safe HTML.
pub type Viewer = fn(&[u8]) -> Result<String, ViewError>;

/// Why a result cannot be shown; it can still be downloaded.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ViewError {
    /// A page of this size would help nobody.
    #[error("the result has {bytes} bytes; at most {MAX_BYTES} are shown on a page")]
    TooLarge {
        /// Its size.
        bytes: usize,
    },
    /// The bytes are not what their media type says.
    #[error("the result is not what its media type says: {0}")]
    Malformed(String),
}

/// The largest result that is shown on a page.
pub const MAX_BYTES: usize = 4 * 1024 * 1024;

/// Every media type that can be shown.
pub const VIEWERS: [(&str, Viewer); 3] = [
    ("text/markdown", view_markdown),
    (dataset::PROFILE_MEDIA_TYPE, view_profile),
    (command::REPORT_MEDIA_TYPE, view_report),
];

/// The viewer for a media type; its parameters and its case do not matter.
pub fn viewer(media_type: &str) -> Option<Viewer> {
    let essence = media_type.split(';').next().unwrap_or_default().trim();
    VIEWERS.iter().find(|(name, _)| essence.eq_ignore_ascii_case(name)).map(|(_, viewer)| *viewer)
}

fn view_markdown(bytes: &[u8]) -> Result<String, ViewError> {
    let text = std::str::from_utf8(within_limit(bytes)?)
        .map_err(|error| ViewError::Malformed(error.to_string()))?;
    Ok(markdown_to_html(text))
}

fn view_profile(bytes: &[u8]) -> Result<String, ViewError> {
    let profile = serde_json::from_slice(within_limit(bytes)?)
        .map_err(|error| ViewError::Malformed(error.to_string()))?;
    Ok(dataset::to_html(&profile))
}

fn view_report(bytes: &[u8]) -> Result<String, ViewError> {
    let report = serde_json::from_slice(within_limit(bytes)?)
        .map_err(|error| ViewError::Malformed(error.to_string()))?;
    Ok(command::to_html(&report))
}

const fn within_limit(bytes: &[u8]) -> Result<&[u8], ViewError> {
    if bytes.len() > MAX_BYTES {
        return Err(ViewError::TooLarge { bytes: bytes.len() });
    }
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_viewer_is_found_by_the_media_type_without_its_parameters() {
        let markdown = viewer("Text/Markdown; charset=utf-8").unwrap();
        assert_eq!(markdown(b"hi").unwrap(), "<p>hi</p>\n");
        assert!(viewer(dataset::PROFILE_MEDIA_TYPE).is_some());
        assert!(viewer("application/json").is_none());
        assert!(viewer("").is_none());
    }

    #[test]
    fn what_cannot_be_shown_is_told() {
        let profile = viewer(dataset::PROFILE_MEDIA_TYPE).unwrap();
        assert!(matches!(profile(b"{}"), Err(ViewError::Malformed(_))));
        let markdown = viewer("text/markdown").unwrap();
        assert!(matches!(markdown(&[0xff]), Err(ViewError::Malformed(_))));
        assert!(matches!(markdown(&vec![b' '; MAX_BYTES + 1]), Err(ViewError::TooLarge { .. })));
    }
}
