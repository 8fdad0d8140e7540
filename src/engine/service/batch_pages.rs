//! Reading batches: their counts, and their tasks page by page.

use std::time::{Duration, Instant};

use super::{Caller, Service, ServiceError, read_cursor};
use crate::{
    engine::{
        ValidationError,
        clock::rfc3339,
        store::{BatchCounts, BatchRow, Row, StoreError, TokenScope},
    },
    task::{Batch, BatchId, BatchList, BatchSummary, Snapshot, Status, StatusCounts, TaskId},
};

/// How long the counts of a batch that pages follow are reported before they are read again.
const FRESH: Duration = Duration::from_millis(500);
/// Number of batches whose counts are remembered.
const MAX_REMEMBERED: usize = 1_000;
/// Number of tasks among which the last unfinished one is looked for.
#[cfg(feature = "http")]
const LAST: u32 = 50;
/// When a page asks again how far a batch is, in milliseconds.
const POLL_AFTER_MS: i64 = 1_000;

/// The order of a batch's tasks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum BatchOrder {
    /// The order of the inputs.
    #[default]
    Inputs,
    /// What failed first, then what runs, what waits, and what has ended otherwise; the order of the
    /// inputs in each.
    Attention,
}

/// Which tasks of a batch to show. Default: the first in the order of the inputs.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct BatchFilter {
    /// The order.
    pub order: BatchOrder,
    /// Only with this status.
    pub status: Option<Status>,
    /// From an earlier page's `next_cursor`, in the same order.
    pub cursor: Option<String>,
    /// Tasks per page. Default:
    /// [`EngineOptions::max_watched`](crate::engine::EngineOptions::max_watched); at most that or
    /// [`EngineOptions::max_list_rows`](crate::engine::EngineOptions::max_list_rows), the greater.
    pub limit: Option<u32>,
}

crate::with::with!(BatchFilter);

/// The order of [`BatchOrder::Attention`].
const BY_ATTENTION: [Status; 6] = [
    Status::Error,
    Status::Running,
    Status::Cancelling,
    Status::Queued,
    Status::Cancelled,
    Status::Completed,
];

/// The last task of a page: the number of its group, and its index.
#[derive(Clone, Copy)]
struct Cursor {
    group: usize,
    index: u32,
}

impl Cursor {
    fn read(text: &str) -> Result<Self, ValidationError> {
        let parsed = text.split_once('.').and_then(|(group, index)| {
            Some(Self { group: group.parse().ok()?, index: index.parse().ok()? })
        });
        parsed.ok_or_else(|| {
            let detail =
                "the cursor is not one of this batch; take it from `next_cursor` of a page";
            ValidationError::field("cursor", detail)
        })
    }
}

impl Service {
    /// Returns a batch with the first of its tasks; `None` if there is none that this caller may
    /// see, or all its tasks have expired.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn batch(&self, caller: &Caller, id: BatchId) -> Result<Option<Batch>, ServiceError> {
        self.batch_page(caller, id, &BatchFilter::default()).await
    }

    /// [`Service::batch`] with one page of its tasks. The counts are those of the whole batch.
    ///
    /// # Errors
    /// When the cursor is invalid, and when the store fails.
    pub async fn batch_page(
        &self,
        caller: &Caller,
        id: BatchId,
        filter: &BatchFilter,
    ) -> Result<Option<Batch>, ServiceError> {
        caller.needs(TokenScope::Read)?;
        self.read_batch(caller, id, filter).await
    }

    /// [`Service::batch_page`] for a caller that has just started or changed it.
    pub(super) async fn read_batch(
        &self,
        caller: &Caller,
        id: BatchId,
        filter: &BatchFilter,
    ) -> Result<Option<Batch>, ServiceError> {
        let after = filter.cursor.as_deref().map(Cursor::read).transpose()?;
        let Some(counts) = self.counts_of(caller, id).await? else { return Ok(None) };
        let options = &self.engine.inner().options;
        let usual = u32::try_from(options.max_watched).unwrap_or(u32::MAX);
        let limit = filter.limit.unwrap_or(usual).clamp(1, options.max_list_rows.max(usual));
        let (rows, next_cursor) = self.page_rows(id, filter, after, limit).await?;
        let read = Instant::now();
        let mut batch = batch_of(id, &counts);
        for row in &rows {
            batch.tasks.push(caller.shown(row, self.show_one_of(row, read).await));
        }
        batch.next_cursor = next_cursor;
        Ok(Some(batch))
    }

    /// Reads a page of a batch's tasks, and the cursor of the next.
    async fn page_rows(
        &self,
        id: BatchId,
        filter: &BatchFilter,
        after: Option<Cursor>,
        limit: u32,
    ) -> Result<(Vec<Row>, Option<String>), StoreError> {
        let store = &self.engine.inner().store;
        let groups: Vec<Option<Status>> = match (filter.status, filter.order) {
            (Some(status), _) => vec![Some(status)],
            (None, BatchOrder::Inputs) => vec![None],
            (None, BatchOrder::Attention) => BY_ATTENTION.map(Some).to_vec(),
        };
        let (mut rows, mut last) = (Vec::new(), None);
        let from = after.map_or(0, |after| after.group);
        for (group, status) in groups.iter().enumerate().skip(from) {
            let index = after.filter(|after| after.group == group).map(|after| after.index);
            // One more than the page has shows that there is another page.
            let free = limit + 1 - u32::try_from(rows.len()).unwrap_or(limit);
            for (index, row) in store.batch(id, *status, index, free).await? {
                if rows.len() == limit as usize {
                    return Ok((rows, last));
                }
                rows.push(row);
                last = Some(format!("{group}.{index}"));
            }
        }
        Ok((rows, None))
    }

    /// Returns a batch as one task that pages follow with the others: its progress, and as the
    /// message how many tasks have ended. `None` if there is none that this caller may see.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn batch_state(
        &self,
        caller: &Caller,
        id: BatchId,
    ) -> Result<Option<Snapshot>, ServiceError> {
        caller.needs(TokenScope::Read)?;
        let remembered = &self.engine.inner().batch_counts;
        let known = remembered.get(&id).filter(|(read, _)| read.elapsed() < FRESH);
        let counts = match known {
            Some((_, counts)) => counts,
            None => {
                let counts = self.engine.inner().store.batch_counts(id).await?;
                remembered.insert(id, (Instant::now(), counts.clone()));
                counts
            }
        };
        let visible = counts.filter(|counts| caller.sees(counts.subject(id)));
        Ok(visible.map(|counts| state_of(id, &counts)))
    }

    /// Returns a task of a batch that the caller may see which has not ended: of those that wait
    /// probably one of the last.
    #[cfg(feature = "http")]
    pub(crate) async fn unfinished_of(
        &self,
        batch: &Batch,
    ) -> Result<Option<TaskId>, ServiceError> {
        let store = &self.engine.inner().store;
        for status in [Status::Queued, Status::Running, Status::Cancelling] {
            for after in [batch.total.checked_sub(LAST), None] {
                let rows = store.batch(batch.id, Some(status), after, LAST).await?;
                if let Some((_, row)) = rows.last() {
                    return Ok(Some(row.id));
                }
            }
        }
        Ok(None)
    }

    /// Counts the tasks of a batch; `None` if there is none that this caller may see.
    pub(super) async fn counts_of(
        &self,
        caller: &Caller,
        id: BatchId,
    ) -> Result<Option<BatchCounts>, StoreError> {
        let counts = self.engine.inner().store.batch_counts(id).await?;
        Ok(counts.filter(|counts| caller.sees(counts.subject(id))))
    }

    /// Lists the caller's batches, newest first: at most `limit`, by default
    /// [`EngineOptions::list_rows`](crate::engine::EngineOptions::list_rows). `cursor` is
    /// `next_cursor` of the page before. Without an owner the list is empty.
    ///
    /// # Errors
    /// When the cursor is invalid, and when the store fails.
    pub async fn batches(
        &self,
        caller: &Caller,
        cursor: Option<&str>,
        limit: Option<u32>,
    ) -> Result<BatchList, ServiceError> {
        caller.needs(TokenScope::Read)?;
        let inner = self.engine.inner();
        let limit = limit.unwrap_or(inner.options.list_rows).clamp(1, inner.options.max_list_rows);
        let before = cursor.map(read_cursor).transpose()?;
        let Some(owner) = caller.as_owner() else {
            return Ok(BatchList { batches: Vec::new(), next_cursor: None });
        };
        let mut rows = inner.store.batches(owner, before, limit + 1).await?;
        let more = rows.len() > limit as usize;
        rows.truncate(limit as usize);
        let next_cursor =
            rows.last().filter(|_| more).map(|row| format!("{}.{}", row.created_at, row.id));
        Ok(BatchList {
            batches: rows.into_iter().filter(|row| caller.covers(&row.kind)).map(summary).collect(),
            next_cursor,
        })
    }
}

/// Counts of batches that pages follow.
pub(in crate::engine) type RememberedCounts =
    quick_cache::sync::Cache<BatchId, (Instant, Option<BatchCounts>)>;

/// Nothing is remembered yet.
pub(in crate::engine) fn no_counts() -> RememberedCounts {
    RememberedCounts::new(MAX_REMEMBERED)
}

fn status_counts(counts: &BatchCounts) -> StatusCounts {
    let mut sum = StatusCounts::default();
    counts.by_status.iter().for_each(|(status, tasks)| sum.add(*status, *tasks));
    sum
}

fn batch_of(id: BatchId, counts: &BatchCounts) -> Batch {
    let mut batch = Batch::new(id, &counts.kind, status_counts(counts), counts.progress);
    batch.version = counts.versions;
    batch
}

fn state_of(id: BatchId, counts: &BatchCounts) -> Snapshot {
    let batch = batch_of(id, counts);
    let mut state =
        Snapshot::new(TaskId::from_uuid(*id.as_uuid()), batch.kind.clone(), String::new());
    let ended = &batch.counts;
    state.status = match (batch.unfinished, ended.error, ended.cancelled) {
        (0, 0, 0) => Status::Completed,
        (0, 0, _) => Status::Cancelled,
        (0, ..) => Status::Error,
        _ => Status::Running,
    };
    state.progress = Some(batch.progress);
    state.message = Some(batch.ended_text());
    state.version = counts.versions;
    state.poll_after_ms = if batch.unfinished > 0 { POLL_AFTER_MS } else { 0 };
    state.created_at = rfc3339(counts.created_at);
    state.updated_at.clone_from(&state.created_at);
    state
}

fn summary(row: BatchRow) -> BatchSummary {
    let BatchRow { id, kind, created_at, tasks, unfinished, failed } = row;
    BatchSummary { id, kind, created_at: rfc3339(created_at), tasks, unfinished, failed }
}
