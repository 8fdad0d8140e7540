//! What pages and server functions exchange, in addition to the library's wire types.

use milepost::task::StartReceipt;

/// Name of the hidden form field with the idempotency key, so that a double submit starts one task.
pub(crate) const KEY_FIELD: &str = "_key";

/// Name of the form field with tags.
#[cfg(feature = "ssr")]
pub(crate) const TAGS_FIELD: &str = "_tags";
/// Name of the form field with the note of a task.
#[cfg(feature = "ssr")]
pub(crate) const NOTE_FIELD: &str = "_note";
/// Name of the form field with the start time, in UTC.
#[cfg(feature = "ssr")]
pub(crate) const AT_FIELD: &str = "_at";
/// Name of the form field with the minutes until the start.
#[cfg(feature = "ssr")]
pub(crate) const MINUTES_FIELD: &str = "_minutes";

/// Name of the form field that lets who has a share link cancel.
#[cfg(feature = "ssr")]
pub(crate) const CANCEL_FIELD: &str = "cancel";
/// Name of the form field with the lifetime of a share link, in seconds.
#[cfg(feature = "ssr")]
pub(crate) const EXPIRES_FIELD: &str = "expires_in_s";

/// Name of the form field with the name of a user who signs in.
#[cfg(feature = "ssr")]
pub(crate) const NAME_FIELD: &str = "name";
/// Name of the form field with the password of a user who signs in.
#[cfg(feature = "ssr")]
pub(crate) const PASSWORD_FIELD: &str = "password";

/// Parameter of a task's page: the start led to a task that was already under way.
pub(crate) const EXISTING: &str = "existing";

/// Parameter of the page for operators: it loads itself again. Only who asked for it: a page that
/// changes by itself disturbs who reads it by ear.
#[cfg(feature = "ssr")]
pub(crate) const LIVE: &str = "live";

/// Parameter of a task's page: show the result, even a large one.
#[cfg(feature = "ssr")]
pub(crate) const SHOW_RESULT: &str = "result";

/// Link to the page of a started task, relative to the root of the site.
pub(crate) fn path_of(receipt: &StartReceipt) -> String {
    let id = receipt.id;
    if receipt.existing { format!("tasks/{id}?{EXISTING}") } else { format!("tasks/{id}") }
}

/// Log lines rendered for a page.
#[cfg(feature = "ssr")]
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct LogPiece {
    /// The lines as safe HTML; empty if there are none.
    pub(crate) html: String,
    /// Number of the last line.
    pub(crate) seq: i64,
}

/// A result or a file rendered for a page.
#[cfg(feature = "ssr")]
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ResultView {
    /// Download URL.
    pub href: String,
    /// File name for the download.
    pub file_name: String,
    /// Media type.
    pub media_type: String,
    /// Size in bytes.
    pub size_bytes: i64,
    /// The content as safe HTML, if its media type has a viewer.
    pub html: Option<String>,
    /// Why the viewer could not show it.
    pub problem: Option<String>,
}

/// The last value of a field of a form.
#[cfg(feature = "ssr")]
pub(crate) fn last<'e>(entered: &'e [(String, String)], name: &str) -> Option<&'e str> {
    entered.iter().rev().find(|(field, _)| field == name).map(|(_, value)| value.as_str())
}
