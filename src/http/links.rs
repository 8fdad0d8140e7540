//! URLs of the router's calls. Only the HTTP layer knows them: it fills them into what the service
//! returns.

use std::convert::Infallible;

use crate::percent::percent_encoded;
use crate::task::{BatchId, FileInfo, Snapshot, TaskId, UploadId};
use axum::{
    extract::{FromRequestParts, OriginalUri},
    http::{Uri, request::Parts},
};

/// URLs of the [router](super::router)'s calls, as absolute paths on this server. `Default`: the
/// router is not nested.
///
/// The router's own calls know where it is nested. Where a proxy removes a path, a layer in front of
/// the router inserts the links into the extensions of the request. Server functions do not: with Leptos, put the
/// links into the context of the routes.
///
/// ```
/// # use milepost::{http::Links, task::TaskId};
/// let id: TaskId = "4bf9e1a2-6a4e-4d0e-9b1f-0c7f6f3f1d55".parse()?;
/// let links = Links::below("/jobs");
/// assert_eq!(links.result(id), format!("/jobs/api/v1/tasks/{id}/result"));
/// # Ok::<(), milepost::task::InvalidTaskId>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Links {
    prefix: String,
}

impl Links {
    /// URLs of a router that is nested below this path, such as `/jobs`.
    pub fn below(path: &str) -> Self {
        let path = path.trim_matches('/');
        // A path that begins with `//` or `/\` would name another host.
        let path = path.trim_start_matches(['/', '\\']).replace('\\', "%5C");
        Self { prefix: if path.is_empty() { path } else { format!("/{path}") } }
    }

    /// The path below which the router is nested; empty if it is not.
    pub fn prefix(&self) -> &str {
        &self.prefix
    }

    /// A task.
    pub fn task(&self, id: TaskId) -> String {
        format!("{}/api/v1/tasks/{id}", self.prefix)
    }

    /// The result of a task.
    pub fn result(&self, id: TaskId) -> String {
        format!("{}/result", self.task(id))
    }

    /// The log of a task.
    pub fn log(&self, id: TaskId) -> String {
        format!("{}/log", self.task(id))
    }

    /// A file of a task.
    pub fn file(&self, id: TaskId, name: &str) -> String {
        format!("{}/files/{}", self.task(id), percent_encoded(name))
    }

    /// All files of a task as a ZIP archive.
    pub fn archive(&self, id: TaskId) -> String {
        format!("{}/files.zip", self.task(id))
    }

    /// All data of the caller as a ZIP archive.
    pub fn export(&self) -> String {
        format!("{}/api/v1/account/export", self.prefix)
    }

    /// A batch.
    pub fn batch(&self, id: BatchId) -> String {
        format!("{}/api/v1/batches/{id}", self.prefix)
    }

    /// An upload.
    pub fn upload(&self, id: UploadId) -> String {
        format!("{}/api/v1/uploads/{id}", self.prefix)
    }

    /// Where a share link with this token is opened: a page of the server. The path is a secret.
    pub fn share(&self, token: &str) -> String {
        format!("{}{}{token}", self.prefix, super::SHARE_PATH)
    }

    /// The OpenAPI document.
    pub fn openapi(&self) -> String {
        format!("{}{}", self.prefix, super::openapi::PATH)
    }

    /// Fills in the link to the result of each task that has one.
    pub fn fill_in<'s>(&self, snapshots: impl IntoIterator<Item = &'s mut Snapshot>) {
        for snapshot in snapshots {
            if let Some(result) = &mut snapshot.result {
                result.href = Some(self.result(snapshot.id));
            }
        }
    }

    /// Fills in the links to the files of a task.
    pub fn fill_in_files(&self, id: TaskId, files: &mut [FileInfo]) {
        for file in files {
            file.href = Some(self.file(id, &file.name));
        }
    }

    /// Where the router is nested: what a layer in front says, or what was stripped from the path of the request.
    pub(super) fn of(original: Option<&OriginalUri>, uri: &Uri) -> Self {
        let stripped = original.and_then(|original| original.path().strip_suffix(uri.path()));
        stripped.filter(|path| !path.is_empty()).map_or_else(Self::default, Self::below)
    }
}

impl<S: Send + Sync> FromRequestParts<S> for Links {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        let named = parts.extensions.get::<Self>().cloned();
        Ok(named.unwrap_or_else(|| Self::of(parts.extensions.get(), &parts.uri)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ID: &str = "4bf9e1a2-6a4e-4d0e-9b1f-0c7f6f3f1d55";

    #[test]
    fn any_name_is_one_segment_of_a_path() {
        let id: TaskId = ID.parse().unwrap();
        let path = Links::default().file(id, "a b/ä%?#.csv");
        assert_eq!(path, format!("/api/v1/tasks/{ID}/files/a%20b%2F%C3%A4%25%3F%23.csv"));
    }

    #[test]
    fn the_prefix_is_what_nesting_stripped_and_never_names_a_host() {
        for (original, inner, prefix) in [
            ("/api/v1/tasks", "/api/v1/tasks", ""),
            ("/jobs/api/v1/tasks", "/api/v1/tasks", "/jobs"),
            ("/a/b/api/v1/tasks", "/api/v1/tasks", "/a/b"),
            ("//evil.example/api/v1/tasks", "/api/v1/tasks", "/evil.example"),
            ("/\\evil.example/api/v1/tasks", "/api/v1/tasks", "/evil.example"),
            ("/a\\b/api/v1/tasks", "/api/v1/tasks", "/a%5Cb"),
            ("/rewritten", "/api/v1/tasks", ""),
        ] {
            let original = OriginalUri(original.parse().unwrap());
            let links = Links::of(Some(&original), &inner.parse().unwrap());
            assert_eq!(links.prefix(), prefix, "{original:?}");
        }
        assert_eq!(Links::of(None, &"/api/v1/tasks".parse().unwrap()), Links::default());
    }

    #[test]
    fn slashes_around_the_prefix_do_not_matter() {
        for path in ["jobs", "/jobs", "/jobs/"] {
            assert_eq!(Links::below(path).prefix(), "/jobs", "{path}");
        }
        for path in ["", "/"] {
            assert_eq!(Links::below(path).prefix(), "", "{path:?}");
        }
    }
}
