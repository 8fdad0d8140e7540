//! Which tasks to list.

use crate::{percent::percent_encoded, task::Status};

/// Which tasks [`Client::list`](super::Client::list) returns. Default: all, newest first.
///
/// ```
/// use milepost::{client::ListTasks, task::Status};
///
/// let failed = ListTasks::default().kind("primes").status(Status::Error).limit(10);
/// ```
#[derive(Clone, Debug, Default)]
#[must_use]
pub struct ListTasks {
    status: Option<String>,
    kind: Option<String>,
    search: Option<String>,
    tag: Option<String>,
    cursor: Option<String>,
    limit: Option<u32>,
}

impl ListTasks {
    /// Only tasks with this status. Default: any.
    pub fn status(mut self, status: Status) -> Self {
        self.status = Some(status.as_str().to_owned());
        self
    }

    /// Only tasks with the status of this name; the server refuses unknown names. Default: any.
    pub fn status_name(mut self, status: impl Into<String>) -> Self {
        self.status = Some(status.into());
        self
    }

    /// Only tasks of this kind. Default: any.
    pub fn kind(mut self, kind: impl Into<String>) -> Self {
        self.kind = Some(kind.into());
        self
    }

    /// Only tasks whose title contains this text. Default: any.
    pub fn search(mut self, text: impl Into<String>) -> Self {
        self.search = Some(text.into());
        self
    }

    /// Only tasks with this tag. Default: any.
    pub fn tag(mut self, tag: impl Into<String>) -> Self {
        self.tag = Some(tag.into());
        self
    }

    /// The page after the one with this [`next_cursor`](crate::task::TaskList::next_cursor).
    /// Default: the first.
    pub fn cursor(mut self, cursor: impl Into<String>) -> Self {
        self.cursor = Some(cursor.into());
        self
    }

    /// Maximum number of tasks in a page. Default: the server's, 50.
    pub fn limit(mut self, limit: u32) -> Self {
        self.limit = Some(limit);
        self
    }

    /// The query string; empty, or with its question mark.
    pub(super) fn query(&self) -> String {
        let limit = self.limit.map(|limit| limit.to_string());
        let all = [
            ("status", &self.status),
            ("kind", &self.kind),
            ("q", &self.search),
            ("tag", &self.tag),
            ("cursor", &self.cursor),
            ("limit", &limit),
        ];
        let given = all.into_iter().filter_map(|(key, value)| Some((key, value.as_ref()?)));
        let pairs: Vec<_> =
            given.map(|(key, value)| format!("{key}={}", percent_encoded(value))).collect();
        if pairs.is_empty() { String::new() } else { format!("?{}", pairs.join("&")) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_query_has_what_was_given_and_no_value_leaves_its_parameter() {
        assert_eq!(ListTasks::default().query(), "");
        let list = ListTasks::default().status(Status::Error).search("a&b=c #ü").limit(5);
        assert_eq!(list.query(), "?status=error&q=a%26b%3Dc%20%23%C3%BC&limit=5");
    }
}
