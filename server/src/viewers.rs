//! Viewers: show results and files on a page, by media type.
//!
//! A viewer renders the first bytes as HTML that is safe to insert into a page. The writer limits
//! the amount of HTML. Of a media type without a viewer, texts are shown and other content is offered
//! as a download: many kinds of text have no well-known type (`.sh`, `.sql`), or that of something
//! else (`.ts`).

mod image;
mod json;
mod markdown;
mod table;
mod text;

use std::fmt;

use milepost::html::Html;
use milepost_app::viewers::{NotShown, Preview};
use milepost_command as command;
use milepost_dataset as dataset;

pub use markdown::write_markdown;

/// Renders the first bytes of a result or a file as safe HTML.
pub type Viewer = fn(&Preview<'_>, &mut Html) -> Result<(), ViewError>;

/// Why something cannot be shown. It can still be downloaded.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ViewError {
    /// It can only be shown as a whole and is too large.
    #[error("it is larger than the {0} bytes that are shown on a page")]
    TooLarge(usize),
    /// The bytes are not a text, and their media type has no viewer.
    #[error("it is not a text")]
    Binary(#[source] NotShown),
    /// The bytes do not match their media type.
    #[error("the result is not what its media type says: {0}")]
    Malformed(String),
    /// The size limit of the page is reached; what was written so far is shown.
    #[error("it is longer than a page")]
    Full(#[from] fmt::Error),
}

/// Maximum size in bytes of content that can only be shown as a whole.
pub const MAX_BYTES: usize = 4 * 1024 * 1024;

/// All media types that can be shown.
pub const VIEWERS: [(&str, Viewer); 16] = [
    ("text/markdown", markdown::view),
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
    ("image/svg+xml", image::view_svg),
    ("text/*", text::view),
    ("application/xml", text::view),
    ("application/x-ndjson", text::view),
    ("*/*", text::view_if_text),
];

/// The viewer, for content that there is: an empty file has no media type that it could contradict.
pub fn unless_empty(
    viewer: Viewer,
) -> impl Fn(&Preview<'_>, &mut Html) -> Result<(), ViewError> + Send + Sync + 'static {
    move |beginning, html| match beginning.is_whole && beginning.bytes.is_empty() {
        true => text::view(beginning, html),
        false => viewer(beginning, html),
    }
}

fn view_profile(beginning: &Preview<'_>, html: &mut Html) -> Result<(), ViewError> {
    let profile = serde_json::from_slice(whole(beginning)?)
        .map_err(|error| ViewError::Malformed(error.to_string()))?;
    dataset::write_html(html, &profile);
    Ok(())
}

fn view_report(beginning: &Preview<'_>, html: &mut Html) -> Result<(), ViewError> {
    let report = serde_json::from_slice(whole(beginning)?)
        .map_err(|error| ViewError::Malformed(error.to_string()))?;
    command::write_html(html, &report);
    Ok(())
}

const fn whole<'b>(beginning: &Preview<'b>) -> Result<&'b [u8], ViewError> {
    if beginning.bytes.len() > MAX_BYTES || !beginning.is_whole {
        return Err(ViewError::TooLarge(MAX_BYTES));
    }
    Ok(beginning.bytes)
}

/// Decodes up to `max_bytes` as text, in the encoding that they seem to have; also returns whether that
/// is all. A character cut off at the end is omitted.
fn text_of(beginning: &Preview<'_>, max_bytes: usize) -> (String, bool) {
    let cut = beginning.bytes.len().min(max_bytes);
    let is_whole = beginning.is_whole && cut == beginning.bytes.len();
    (dataset::decoded(&beginning.bytes[..cut], is_whole), is_whole)
}

#[cfg(test)]
#[path = "viewers_tests.rs"]
mod tests;
