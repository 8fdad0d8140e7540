//! A store whose every call can be made to fail or to hang.

mod artifacts;
mod audit;
mod hand;
mod operate;
mod shares;
mod tokens;
mod users;

use std::{
    collections::HashMap,
    sync::{Arc, Mutex},
};

pub(crate) use self::hand::Fault;
use async_trait::async_trait;
use milepost::{
    engine::store::{
        AllInserted, BatchCounts, BatchRow, CancelOutcome, Change, Changes, Claim, Ending,
        Inserted, LabelChange, LimitState, ListQuery, LogEntry, NewAudit, NewTask, PreviewPiece,
        ProgressWrite, Pruned, Renewal, Row, Secret, SharedLimits, Spend, Spending, Spent, Store,
        StoreError, StoredInput, StoredResult, Tombstone, UnfinishedTasks, Usage, UsageOf,
    },
    task::{BatchId, Status, TaskId},
};
use tokio::sync::{Notify, mpsc};

/// The test's hand on a store.
pub(crate) struct Faulty {
    inner: Arc<dyn Store>,
    faults: Mutex<HashMap<&'static str, Fault>>,
    met: Mutex<HashMap<&'static str, u32>>,
    made: Mutex<HashMap<&'static str, u32>>,
    /// The only task whose endings meet a fault, if there is one.
    ends: Mutex<Option<TaskId>>,
    healed: Notify,
    /// Kept open, and never used.
    changes: Mutex<Option<mpsc::Sender<Change>>>,
}

impl milepost::testing::Sealed for Faulty {}

#[async_trait]
impl Store for Faulty {
    async fn now_ms(&self) -> Result<i64, StoreError> {
        self.fault("now_ms").await?;
        self.inner.now_ms().await
    }

    async fn insert(&self, new: &NewTask) -> Result<Inserted, StoreError> {
        self.fault("insert").await?;
        self.inner.insert(new).await
    }

    async fn insert_all(&self, new: &[NewTask]) -> Result<AllInserted, StoreError> {
        self.fault("insert_all").await?;
        self.inner.insert_all(new).await
    }

    async fn batch(
        &self,
        id: BatchId,
        status: Option<Status>,
        after: Option<u32>,
        limit: u32,
    ) -> Result<Vec<(u32, Row)>, StoreError> {
        self.fault("batch").await?;
        self.inner.batch(id, status, after, limit).await
    }

    async fn batch_counts(&self, id: BatchId) -> Result<Option<BatchCounts>, StoreError> {
        self.fault("batch_counts").await?;
        self.inner.batch_counts(id).await
    }

    async fn cancel_queued_of(
        &self,
        id: BatchId,
        by: &str,
        audit: Option<&NewAudit>,
    ) -> Result<Vec<Row>, StoreError> {
        self.fault("cancel_queued_of").await?;
        self.inner.cancel_queued_of(id, by, audit).await
    }

    async fn batches(
        &self,
        owner: &str,
        before: Option<(i64, BatchId)>,
        limit: u32,
    ) -> Result<Vec<BatchRow>, StoreError> {
        self.fault("batches").await?;
        self.inner.batches(owner, before, limit).await
    }

    async fn started(
        &self,
        account: &str,
        key: &str,
        print: &str,
    ) -> Result<Option<Row>, StoreError> {
        self.fault("started").await?;
        self.inner.started(account, key, print).await
    }

    async fn get(&self, id: TaskId) -> Result<Option<Row>, StoreError> {
        self.fault("get").await?;
        self.inner.get(id).await
    }

    async fn get_all(&self, ids: &[TaskId]) -> Result<Vec<Row>, StoreError> {
        self.fault("get").await?;
        self.inner.get_all(ids).await
    }

    async fn inputs(&self, ids: &[TaskId]) -> Result<Vec<(TaskId, StoredInput)>, StoreError> {
        self.fault("inputs").await?;
        self.inner.inputs(ids).await
    }

    async fn list(&self, query: &ListQuery) -> Result<Vec<Row>, StoreError> {
        self.fault("list").await?;
        self.inner.list(query).await
    }

    async fn last_examined(&self, query: &ListQuery) -> Result<Option<(i64, TaskId)>, StoreError> {
        self.fault("last_examined").await?;
        self.inner.last_examined(query).await
    }

    async fn queue(&self, kind: &str, limit: u32) -> Result<Vec<TaskId>, StoreError> {
        self.fault("queue").await?;
        self.inner.queue(kind, limit).await
    }

    async fn newest(
        &self,
        account: &str,
        kind: &str,
        lookup_key: &str,
    ) -> Result<Option<Row>, StoreError> {
        self.fault("newest").await?;
        self.inner.newest(account, kind, lookup_key).await
    }

    async fn limit_state(
        &self,
        kind: &str,
        limits: &SharedLimits,
        account: &str,
    ) -> Result<LimitState, StoreError> {
        self.fault("limit_state").await?;
        self.inner.limit_state(kind, limits, account).await
    }

    async fn claim(&self, claim: &Claim) -> Result<Vec<Row>, StoreError> {
        self.fault("claim").await?;
        self.inner.claim(claim).await
    }

    async fn renew_leases(
        &self,
        lease_owner: &str,
        lease_ms: i64,
        runs: &[TaskId],
    ) -> Result<Vec<Renewal>, StoreError> {
        self.fault("renew_leases").await?;
        self.inner.renew_leases(lease_owner, lease_ms, runs).await
    }

    async fn cancels(
        &self,
        lease_owner: &str,
        runs: &[TaskId],
    ) -> Result<Vec<Renewal>, StoreError> {
        self.fault("cancels").await?;
        self.inner.cancels(lease_owner, runs).await
    }

    async fn rescue_expired(&self, ended_before: i64) -> Result<Vec<TaskId>, StoreError> {
        self.fault("rescue_expired").await?;
        self.inner.rescue_expired(ended_before).await
    }

    async fn clamp_future_times(&self) -> Result<(), StoreError> {
        self.fault("clamp_future_times").await?;
        self.inner.clamp_future_times().await
    }

    async fn reclaim_after_restart(&self, lease_owner: &str) -> Result<Vec<TaskId>, StoreError> {
        self.fault("reclaim_after_restart").await?;
        self.inner.reclaim_after_restart(lease_owner).await
    }

    async fn save_progress(&self, writes: &[ProgressWrite]) -> Result<(), StoreError> {
        self.fault("save_progress").await?;
        self.inner.save_progress(writes).await
    }

    async fn save_checkpoint(
        &self,
        id: TaskId,
        run_seq: i64,
        key: &str,
        value: &str,
    ) -> Result<bool, StoreError> {
        self.fault("save_checkpoint").await?;
        self.inner.save_checkpoint(id, run_seq, key, value).await
    }

    async fn checkpoint(&self, id: TaskId, key: &str) -> Result<Option<String>, StoreError> {
        self.fault("checkpoint").await?;
        self.inner.checkpoint(id, key).await
    }

    async fn has_rerun_checkpoints(&self, id: TaskId) -> Result<bool, StoreError> {
        self.inner.has_rerun_checkpoints(id).await
    }

    async fn finish(
        &self,
        id: TaskId,
        run_seq: i64,
        ending: &Ending,
    ) -> Result<Option<Row>, StoreError> {
        if self.ends.lock().unwrap().is_none_or(|only| only == id) {
            self.fault("finish").await?;
        }
        self.inner.finish(id, run_seq, ending).await
    }

    async fn request_cancel(
        &self,
        id: TaskId,
        by: &str,
        audit: Option<&NewAudit>,
    ) -> Result<Option<CancelOutcome>, StoreError> {
        self.fault("request_cancel").await?;
        self.inner.request_cancel(id, by, audit).await
    }

    async fn result(&self, id: TaskId) -> Result<Option<StoredResult>, StoreError> {
        self.fault("result").await?;
        self.inner.result(id).await
    }

    async fn log(&self, id: TaskId, after: i64, limit: u32) -> Result<Vec<LogEntry>, StoreError> {
        self.fault("log").await?;
        self.inner.log(id, after, limit).await
    }

    async fn log_end(&self, id: TaskId, limit: u32) -> Result<Vec<LogEntry>, StoreError> {
        self.fault("log_end").await?;
        self.inner.log_end(id, limit).await
    }

    async fn preview(&self, id: TaskId, after: i64) -> Result<Vec<PreviewPiece>, StoreError> {
        self.fault("preview").await?;
        self.inner.preview(id, after).await
    }

    async fn keep_stage_times(
        &self,
        id: TaskId,
        kind: &str,
        times: &[(String, i64)],
        most: u32,
    ) -> Result<(), StoreError> {
        self.fault("keep_stage_times").await?;
        self.inner.keep_stage_times(id, kind, times, most).await
    }

    async fn stage_times(&self, kind: &str) -> Result<Vec<(String, i64)>, StoreError> {
        self.fault("stage_times").await?;
        self.inner.stage_times(kind).await
    }

    async fn unfinished(&self) -> Result<Vec<UnfinishedTasks>, StoreError> {
        self.fault("unfinished").await?;
        self.inner.unfinished().await
    }

    async fn set_labels(
        &self,
        id: TaskId,
        change: &LabelChange,
        audit: Option<&NewAudit>,
    ) -> Result<Option<Row>, StoreError> {
        self.fault("set_labels").await?;
        self.inner.set_labels(id, change, audit).await
    }

    async fn start_now(
        &self,
        id: TaskId,
        audit: Option<&NewAudit>,
    ) -> Result<Option<Row>, StoreError> {
        self.fault("start_now").await?;
        self.inner.start_now(id, audit).await
    }

    async fn keep(
        &self,
        id: TaskId,
        for_ms: i64,
        audit: Option<&NewAudit>,
    ) -> Result<Option<Row>, StoreError> {
        self.fault("keep").await?;
        self.inner.keep(id, for_ms, audit).await
    }

    async fn delete(
        &self,
        id: TaskId,
        known_ms: i64,
        audit: Option<&NewAudit>,
    ) -> Result<bool, StoreError> {
        self.fault("delete").await?;
        self.inner.delete(id, known_ms, audit).await
    }

    async fn clean(&self, most: u32, known_ms: i64) -> Result<Pruned, StoreError> {
        self.fault("clean").await?;
        self.inner.clean(most, known_ms).await
    }

    async fn tombstones(&self, ids: &[TaskId]) -> Result<Vec<Tombstone>, StoreError> {
        self.fault("tombstones").await?;
        self.inner.tombstones(ids).await
    }

    async fn secret(&self, name: &str) -> Result<Secret, StoreError> {
        self.fault("secret").await?;
        self.inner.secret(name).await
    }

    async fn spend(&self, spend: &Spend) -> Result<Spent, StoreError> {
        self.fault("spend").await?;
        self.inner.spend(spend).await
    }

    async fn correct_spending(
        &self,
        task: TaskId,
        name: &str,
        day: i64,
        by: i64,
    ) -> Result<(), StoreError> {
        self.fault("correct_spending").await?;
        self.inner.correct_spending(task, name, day, by).await
    }

    async fn spending(
        &self,
        name: &str,
        owner: Option<&str>,
        client: Option<&str>,
    ) -> Result<(Vec<Spending>, i64), StoreError> {
        self.fault("spending").await?;
        self.inner.spending(name, owner, client).await
    }

    async fn usage(&self, of: &UsageOf) -> Result<Usage, StoreError> {
        self.fault("usage").await?;
        self.inner.usage(of).await
    }

    async fn waiting_kinds(&self) -> Result<Vec<String>, StoreError> {
        self.fault("waiting_kinds").await?;
        self.inner.waiting_kinds().await
    }

    async fn counts(&self) -> Result<(i64, i64), StoreError> {
        self.fault("counts").await?;
        self.inner.counts().await
    }

    async fn check_writable(&self) -> Result<(), StoreError> {
        self.fault("check_writable").await?;
        self.inner.check_writable().await
    }

    fn changes(&self) -> Option<Changes> {
        let mut silent = self.changes.lock().unwrap();
        let Some(kept) = silent.as_mut() else { return self.inner.changes() };
        let (sender, changes) = mpsc::channel(1);
        *kept = sender;
        Some(changes)
    }

    fn is_shared(&self) -> bool {
        self.inner.is_shared()
    }

    async fn close(&self) {
        self.inner.close().await;
    }
}
