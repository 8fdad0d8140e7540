//! Implements [`Store`]: each method delegates to the module that does the work.

use async_trait::async_trait;

use super::This;
use crate::{
    engine::store::{
        AllInserted, BatchCounts, BatchRow, CallTimes, CancelOutcome, Changes, Claim, ClaimedTask,
        CommitGroup, CommittedGroup, Ending, Inserted, LabelChange, LimitState, ListQuery,
        LogEntry, NewAudit, NewTask, PreviewPiece, ProgressWrite, Pruned, Renewal, Row, Secret,
        SharedLimits, Spend, Spending, Spent, Store, StoreError, StoredInput, StoredResult,
        Tombstone, UnfinishedTasks, Usage, UsageOf, sealed,
    },
    task::{BatchId, Status, TaskId},
};

impl sealed::Sealed for This {}

#[async_trait]
impl Store for This {
    async fn now_ms(&self) -> Result<i64, StoreError> {
        self.now_in(&mut self.db.read().await?).await
    }

    async fn insert(&self, new: &NewTask) -> Result<Inserted, StoreError> {
        self.insert_task(new).await
    }

    async fn insert_all(&self, new: &[NewTask]) -> Result<AllInserted, StoreError> {
        self.insert_tasks(new).await
    }

    async fn batch(
        &self,
        id: BatchId,
        status: Option<Status>,
        after: Option<u32>,
        limit: u32,
    ) -> Result<Vec<(u32, Row)>, StoreError> {
        self.read_batch(id, status, after, limit).await
    }

    async fn batch_counts(&self, id: BatchId) -> Result<Option<BatchCounts>, StoreError> {
        self.read_batch_counts(id).await
    }

    async fn cancel_queued_of(
        &self,
        id: BatchId,
        by: &str,
        audit: Option<&NewAudit>,
    ) -> Result<Vec<Row>, StoreError> {
        self.cancel_queued_of_batch(id, by, audit).await
    }

    async fn batches(
        &self,
        owner: &str,
        before: Option<(i64, BatchId)>,
        limit: u32,
    ) -> Result<Vec<BatchRow>, StoreError> {
        self.read_batches(owner, before, limit).await
    }

    async fn started(
        &self,
        account: &str,
        key: &str,
        request_hash: &str,
    ) -> Result<Option<Row>, StoreError> {
        self.read_started(account, key, request_hash).await
    }

    async fn get(&self, id: TaskId) -> Result<Option<Row>, StoreError> {
        self.read_task(id).await
    }

    async fn get_all(&self, ids: &[TaskId]) -> Result<Vec<Row>, StoreError> {
        self.read_tasks(ids).await
    }

    async fn inputs(&self, ids: &[TaskId]) -> Result<Vec<(TaskId, StoredInput)>, StoreError> {
        self.read_inputs(ids).await
    }

    async fn list(&self, query: &ListQuery) -> Result<Vec<Row>, StoreError> {
        self.read_list(query).await
    }

    async fn last_examined(&self, query: &ListQuery) -> Result<Option<(i64, TaskId)>, StoreError> {
        self.read_last_examined(query).await
    }

    async fn queue(&self, kind: &str, limit: u32) -> Result<Vec<TaskId>, StoreError> {
        self.read_queue(kind, limit).await
    }

    async fn has_waiting(&self, kind: &str) -> Result<bool, StoreError> {
        self.read_has_waiting(kind).await
    }

    async fn newest(
        &self,
        account: &str,
        kind: &str,
        lookup_key: &str,
    ) -> Result<Option<Row>, StoreError> {
        self.read_newest(account, kind, lookup_key).await
    }

    async fn claim(&self, claim: &Claim) -> Result<Vec<Row>, StoreError> {
        Ok(self.claim_tasks(claim).await?.into_iter().map(|(row, _)| row).collect())
    }

    async fn claim_with_inputs(&self, claim: &Claim) -> Result<Vec<ClaimedTask>, StoreError> {
        let claimed = self.claim_tasks(claim).await?.into_iter();
        Ok(claimed.map(|(row, input)| (row, Some(input))).collect())
    }

    async fn renew_leases(
        &self,
        lease_owner: &str,
        lease_ms: i64,
        runs: &[TaskId],
    ) -> Result<Vec<Renewal>, StoreError> {
        self.renew_leases(lease_owner, lease_ms, runs).await
    }

    async fn limit_state(
        &self,
        kind: &str,
        limits: &SharedLimits,
        account: &str,
    ) -> Result<LimitState, StoreError> {
        self.read_limit_state(kind, limits, account).await
    }

    async fn cancels(
        &self,
        lease_owner: &str,
        runs: &[TaskId],
    ) -> Result<Vec<Renewal>, StoreError> {
        self.read_cancels(lease_owner, runs).await
    }

    fn changes(&self) -> Option<Changes> {
        self.listen()
    }

    fn is_shared(&self) -> bool {
        Self::SHARED
    }

    async fn rescue_expired(&self, ended_before: i64) -> Result<Vec<TaskId>, StoreError> {
        match self.has_ended_leases(ended_before).await? {
            true => self.take_leases("", ended_before).await,
            false => Ok(Vec::new()),
        }
    }

    async fn clamp_future_times(&self) -> Result<(), StoreError> {
        self.bring_to_now().await
    }

    async fn reclaim_after_restart(&self, lease_owner: &str) -> Result<Vec<TaskId>, StoreError> {
        self.rescue_rows(lease_owner).await
    }

    async fn save_progress(&self, writes: &[ProgressWrite]) -> Result<(), StoreError> {
        self.write_progress(writes).await
    }

    async fn save_checkpoint(
        &self,
        id: TaskId,
        run_seq: i64,
        key: &str,
        value: &str,
    ) -> Result<bool, StoreError> {
        self.write_checkpoint(id, run_seq, key, value).await
    }

    async fn checkpoint(&self, id: TaskId, key: &str) -> Result<Option<String>, StoreError> {
        self.read_checkpoint(id, key).await
    }

    async fn has_rerun_checkpoints(&self, id: TaskId) -> Result<bool, StoreError> {
        self.find_rerun_checkpoint(id).await
    }

    async fn finish(
        &self,
        id: TaskId,
        run_seq: i64,
        ending: &Ending,
    ) -> Result<Option<Row>, StoreError> {
        self.finish_run(id, run_seq, ending).await
    }

    async fn commit_group(&self, group: &CommitGroup) -> CommittedGroup {
        self.write_group(group).await
    }

    async fn request_cancel(
        &self,
        id: TaskId,
        by: &str,
        audit: Option<&NewAudit>,
    ) -> Result<Option<CancelOutcome>, StoreError> {
        self.write_cancel(id, by, audit).await
    }

    async fn set_labels(
        &self,
        id: TaskId,
        change: &LabelChange,
        audit: Option<&NewAudit>,
    ) -> Result<Option<Row>, StoreError> {
        self.write_labels(id, change, audit).await
    }

    async fn start_now(
        &self,
        id: TaskId,
        audit: Option<&NewAudit>,
    ) -> Result<Option<Row>, StoreError> {
        self.start_task_now(id, audit).await
    }

    async fn result(&self, id: TaskId) -> Result<Option<StoredResult>, StoreError> {
        self.read_result(id).await
    }

    async fn log(&self, id: TaskId, after: i64, limit: u32) -> Result<Vec<LogEntry>, StoreError> {
        self.read_log(id, after, limit).await
    }

    async fn log_end(&self, id: TaskId, limit: u32) -> Result<Vec<LogEntry>, StoreError> {
        self.read_log_end(id, limit).await
    }

    async fn preview(&self, id: TaskId, after: i64) -> Result<Vec<PreviewPiece>, StoreError> {
        self.read_preview(id, after).await
    }

    async fn keep_stage_times(
        &self,
        id: TaskId,
        kind: &str,
        times: &[(String, i64)],
        most: u32,
    ) -> Result<(), StoreError> {
        self.write_stage_times(id, kind, times, most).await
    }

    async fn stage_times(&self, kind: &str) -> Result<Vec<(String, i64)>, StoreError> {
        self.read_stage_times(kind).await
    }

    async fn keep(
        &self,
        id: TaskId,
        for_ms: i64,
        audit: Option<&NewAudit>,
    ) -> Result<Option<Row>, StoreError> {
        self.keep_longer(id, for_ms, audit).await
    }

    async fn delete(
        &self,
        id: TaskId,
        known_ms: i64,
        audit: Option<&NewAudit>,
    ) -> Result<bool, StoreError> {
        self.delete_task(id, known_ms, audit).await
    }

    async fn clean(&self, most: u32, known_ms: i64) -> Result<Pruned, StoreError> {
        self.clean_up(most, known_ms).await
    }

    async fn tombstones(&self, ids: &[TaskId]) -> Result<Vec<Tombstone>, StoreError> {
        self.read_tombstones(ids).await
    }

    async fn secret(&self, name: &str) -> Result<Secret, StoreError> {
        self.read_or_make_secret(name).await
    }

    async fn usage(&self, of: &UsageOf) -> Result<Usage, StoreError> {
        self.read_usage(of).await
    }

    async fn spend(&self, spend: &Spend) -> Result<Spent, StoreError> {
        self.spend_for_run(spend).await
    }

    async fn correct_spending(
        &self,
        task: TaskId,
        name: &str,
        day: i64,
        by: i64,
    ) -> Result<(), StoreError> {
        self.correct_spending_of(task, name, day, by).await
    }

    async fn spending(
        &self,
        name: &str,
        owner: Option<&str>,
        client: Option<&str>,
    ) -> Result<(Vec<Spending>, i64), StoreError> {
        self.read_spending(name, owner, client).await
    }

    async fn waiting_kinds(&self) -> Result<Vec<String>, StoreError> {
        self.read_waiting_kinds().await
    }

    async fn counts(&self) -> Result<(i64, i64), StoreError> {
        self.read_counts().await
    }

    fn call_times(&self) -> Option<CallTimes> {
        Some(self.db.times().clone())
    }

    async fn unfinished(&self) -> Result<Vec<UnfinishedTasks>, StoreError> {
        self.read_unfinished().await
    }

    async fn check_writable(&self) -> Result<(), StoreError> {
        self.test_writable().await
    }

    async fn close(&self) {
        self.close_pools().await;
    }
}
