//! How results become pages: by their media type.

use std::{error::Error, sync::Arc};

use milepost::{engine::store::StoredResult, task::TaskId};

use crate::api::ResultView;

type Failure = Box<dyn Error + Send + Sync>;
type View = dyn Fn(&[u8]) -> Result<String, Failure> + Send + Sync;

/// Which media types can be shown, and how. Results of others are offered for download.
#[derive(Clone, Default)]
pub struct Viewers(Vec<(&'static str, Arc<View>)>);

impl Viewers {
    /// Shows results of this media type (its parameters do not matter) with `view`, which makes HTML
    /// of the bytes. The HTML is placed in the page as it is: the viewer escapes what it shows.
    #[must_use]
    pub fn with<E: Into<Failure>>(
        mut self,
        media_type: &'static str,
        view: impl Fn(&[u8]) -> Result<String, E> + Send + Sync + 'static,
    ) -> Self {
        let view = move |bytes: &[u8]| view(bytes).map_err(Into::into);
        self.0.push((media_type, Arc::new(view)));
        self
    }

    /// The bytes as HTML; `None` where nothing can show this media type.
    ///
    /// # Errors
    /// When the bytes are not what their media type says, or too many to show.
    pub fn html(&self, media_type: &str, bytes: &[u8]) -> Option<Result<String, Failure>> {
        let essence = media_type.split(';').next().unwrap_or_default().trim();
        let (_, view) = self.0.iter().find(|(name, _)| essence.eq_ignore_ascii_case(name))?;
        Some(view(bytes))
    }

    /// A result as a page shows it.
    pub(crate) fn view(&self, id: TaskId, result: &StoredResult) -> ResultView {
        let (html, problem) = match self.html(&result.media_type, &result.bytes) {
            Some(Ok(html)) => (Some(html), None),
            Some(Err(error)) => (None, Some(error.to_string())),
            None => (None, None),
        };
        ResultView {
            href: format!("/api/v1/tasks/{id}/result"),
            file_name: result.file_name.clone(),
            media_type: result.media_type.clone(),
            size_bytes: i64::try_from(result.bytes.len()).unwrap_or(i64::MAX),
            html,
            problem,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_viewer_is_found_by_the_essence_of_the_media_type() {
        let viewers =
            Viewers::default().with("text/markdown", |bytes| String::from_utf8(bytes.to_vec()));
        let html = |media_type, bytes: &[u8]| viewers.html(media_type, bytes);
        assert_eq!(
            html("Text/Markdown; charset=utf-8", b"a").map(Result::ok),
            Some(Some("a".into()))
        );
        assert!(html("text/markdown", b"\xff").is_some_and(|html| html.is_err()));
        assert!(html("text/plain", b"a").is_none());
    }
}
