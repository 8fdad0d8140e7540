//! How results and files become pages: by their media type.

use std::{error::Error, sync::Arc};

use futures_util::StreamExt as _;
use milepost::{
    engine::{StoredFile, store::StoredResult},
    task::TaskId,
};

use crate::api::ResultView;

type Failure = Box<dyn Error + Send + Sync>;
type View = dyn Fn(&Beginning<'_>) -> Result<String, Failure> + Send + Sync;

/// What of a file is read for a page.
const MOST_BYTES: u64 = 4 << 20;

/// What a viewer gets: as much as a page can show.
#[derive(Clone, Copy, Debug)]
pub struct Beginning<'b> {
    /// The first bytes.
    pub bytes: &'b [u8],
    /// Whether these are all.
    pub is_whole: bool,
    /// Where all of it is to be had.
    pub href: &'b str,
    /// What it is called.
    pub name: &'b str,
}

/// Which media types can be shown, and how. Others are offered for download.
#[derive(Clone, Default)]
pub struct Viewers(Vec<(&'static str, Arc<View>)>);

impl Viewers {
    /// Shows this media type (its parameters do not matter) with `view`, which makes HTML of the
    /// bytes. `text/*` stands for all of them, after those that are named. The HTML is placed in the
    /// page as it is: the viewer escapes what it shows.
    #[must_use]
    pub fn with<E: Into<Failure>>(
        mut self,
        media_type: &'static str,
        view: impl Fn(&Beginning<'_>) -> Result<String, E> + Send + Sync + 'static,
    ) -> Self {
        let view = move |beginning: &Beginning<'_>| view(beginning).map_err(Into::into);
        self.0.push((media_type, Arc::new(view)));
        self
    }

    /// The bytes as HTML; `None` where nothing can show this media type.
    ///
    /// # Errors
    /// When the bytes are not what their media type says, or too many to show.
    pub fn html(
        &self,
        media_type: &str,
        beginning: &Beginning<'_>,
    ) -> Option<Result<String, Failure>> {
        let essence = media_type.split(';').next().unwrap_or_default().trim();
        let kind = essence.split('/').next().unwrap_or_default();
        let named = self.0.iter().find(|(name, _)| essence.eq_ignore_ascii_case(name));
        let (_, view) = named.or_else(|| {
            let whole_kind = |name: &str| name.strip_suffix("/*") == Some(kind);
            self.0.iter().find(|(name, _)| whole_kind(name))
        })?;
        Some(view(beginning))
    }

    /// A result as a page shows it.
    pub(crate) fn view(&self, id: TaskId, result: &StoredResult) -> ResultView {
        let href = format!("/api/v1/tasks/{id}/result");
        let beginning = Beginning {
            bytes: &result.bytes,
            is_whole: true,
            href: &href,
            name: &result.file_name,
        };
        let (html, problem) = said(self.html(&result.media_type, &beginning));
        ResultView {
            file_name: result.file_name.clone(),
            media_type: result.media_type.clone(),
            size_bytes: i64::try_from(result.bytes.len()).unwrap_or(i64::MAX),
            html,
            problem,
            href,
        }
    }

    /// A task's file as a page shows it. What is large is read in part.
    pub(crate) async fn view_file(&self, id: TaskId, file: &StoredFile) -> ResultView {
        let href = file.href(id);
        let (html, problem) = match read(file).await {
            Ok(bytes) => {
                let is_whole = bytes.len() as u64 == file.size();
                let beginning =
                    Beginning { bytes: &bytes, is_whole, href: &href, name: file.name() };
                said(self.html(file.media_type(), &beginning))
            }
            Err(error) => (None, Some(error.to_string())),
        };
        ResultView {
            file_name: file.name().to_owned(),
            media_type: file.media_type().to_owned(),
            size_bytes: i64::try_from(file.size()).unwrap_or(i64::MAX),
            html,
            problem,
            href,
        }
    }
}

fn said(html: Option<Result<String, Failure>>) -> (Option<String>, Option<String>) {
    match html {
        Some(Ok(html)) => (Some(html), None),
        Some(Err(error)) => (None, Some(error.to_string())),
        None => (None, None),
    }
}

/// As many of the first bytes as a page needs.
async fn read(file: &StoredFile) -> Result<Vec<u8>, Failure> {
    let mut pieces = file.read(0..MOST_BYTES).await?;
    let mut bytes = Vec::new();
    while let Some(piece) = pieces.next().await {
        bytes.extend_from_slice(&piece?);
    }
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_viewer_is_found_by_the_essence_of_the_media_type() {
        let text = |beginning: &Beginning<'_>| String::from_utf8(beginning.bytes.to_vec());
        let viewers = Viewers::default()
            .with("text/*", |_: &Beginning<'_>| Ok::<_, std::fmt::Error>("any".to_owned()))
            .with("text/markdown", text);
        let html = |media_type, bytes| {
            let beginning = Beginning { bytes, is_whole: true, href: "", name: "" };
            viewers.html(media_type, &beginning)
        };
        assert_eq!(
            html("Text/Markdown; charset=utf-8", b"a").map(Result::ok),
            Some(Some("a".into()))
        );
        assert!(html("text/markdown", b"\xff").is_some_and(|html| html.is_err()));
        assert_eq!(html("text/plain", b"a").and_then(Result::ok), Some("any".into()));
        assert!(html("image/png", b"a").is_none());
    }
}
