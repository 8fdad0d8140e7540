//! What the calls about all data of an owner share.

use super::{
    Service, ServiceError,
    caller::{shortened, user_of},
};
use crate::{
    engine::{
        Full, MaxPlaces, Place,
        store::{ListQuery, Row},
    },
    task::TaskId,
};

/// Exports under way at once, and as many deletions: in all, and of one owner.
pub(in crate::engine) const MAX_DATA_CALLS: MaxPlaces = MaxPlaces::new(4, 1);
/// Tasks that are read at once.
const PAGE: u32 = 50;

/// A call about all data of an owner.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum DataCall {
    /// Reads it as an archive.
    Export,
    /// Deletes it.
    Delete,
}

impl DataCall {
    pub(super) const fn under_way(self) -> &'static str {
        match self {
            Self::Export => {
                "an export of this data is under way; wait until it ends, or cancel that download"
            }
            Self::Delete => "a deletion of this data is under way; wait until it ends",
        }
    }

    pub(super) const fn plural(self) -> &'static str {
        match self {
            Self::Export => "exports",
            Self::Delete => "deletions",
        }
    }
}

/// The name of a user; of somebody without a name, the beginning of the owner id.
pub(super) fn shown(owner: &str) -> String {
    user_of(owner).map_or_else(|| shortened(owner), str::to_owned)
}

impl Service {
    /// Takes a slot for a call about the data of this owner.
    pub(super) fn enter(&self, call: DataCall, owner: &str) -> Result<Place<String>, ServiceError> {
        let inner = self.engine.inner();
        let slots = match call {
            DataCall::Export => &inner.exports,
            DataCall::Delete => &inner.deletions,
        };
        slots.enter(Some(owner.to_owned())).map_err(|full| match full {
            Full::Client { .. } => ServiceError::DataUnderWay(call),
            Full::All { max } => ServiceError::DataCallsFull(call, max),
        })
    }

    /// Reads the next tasks of an owner, newest first: those before a task's `created_at` and id.
    pub(super) async fn next_rows(
        &self,
        owner: &str,
        before: Option<(i64, TaskId)>,
    ) -> Result<Vec<Row>, ServiceError> {
        let query = ListQuery {
            owner: owner.to_owned(),
            status: None,
            kind: None,
            q: None,
            tag: None,
            before,
            limit: PAGE,
            examine: None,
        };
        Ok(self.engine.inner().store.list(&query).await?)
    }
}
