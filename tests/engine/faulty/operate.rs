//! Faults of the calls for operators.

use async_trait::async_trait;
use milepost::engine::store::{
    AccountTasks, AllTasks, AllTasksQuery, HourCount, NewAudit, OperatorRows, Pause, PauseScope,
    Row, StoreError, Worker,
};

use super::Faulty;

#[async_trait]
impl OperatorRows for Faulty {
    async fn pause(
        &self,
        scope: PauseScope,
        name: &str,
        audit: Option<&NewAudit>,
    ) -> Result<(), StoreError> {
        self.fault("pause").await?;
        self.inner.pause(scope, name, audit).await
    }

    async fn resume(
        &self,
        scope: PauseScope,
        name: &str,
        audit: Option<&NewAudit>,
    ) -> Result<bool, StoreError> {
        self.fault("resume").await?;
        self.inner.resume(scope, name, audit).await
    }

    async fn pauses(&self) -> Result<Vec<Pause>, StoreError> {
        self.fault("pauses").await?;
        self.inner.pauses().await
    }

    async fn report_worker(&self, worker: &Worker) -> Result<(), StoreError> {
        self.fault("report_worker").await?;
        self.inner.report_worker(worker).await
    }

    async fn forget_worker(&self, id: &str) -> Result<(), StoreError> {
        self.fault("forget_worker").await?;
        self.inner.forget_worker(id).await
    }

    async fn workers(&self) -> Result<Vec<Worker>, StoreError> {
        self.fault("workers").await?;
        self.inner.workers().await
    }

    async fn add_hour_counts(&self, counts: &[HourCount]) -> Result<(), StoreError> {
        self.fault("add_hour_counts").await?;
        self.inner.add_hour_counts(counts).await
    }

    async fn hour_counts(&self, since: i64) -> Result<Vec<HourCount>, StoreError> {
        self.fault("hour_counts").await?;
        self.inner.hour_counts(since).await
    }

    async fn busiest_accounts(&self, limit: u32) -> Result<Vec<AccountTasks>, StoreError> {
        self.fault("busiest_accounts").await?;
        self.inner.busiest_accounts(limit).await
    }

    async fn longest_running(&self, limit: u32) -> Result<Vec<Row>, StoreError> {
        self.fault("longest_running").await?;
        self.inner.longest_running(limit).await
    }

    async fn list_all(&self, query: &AllTasksQuery) -> Result<AllTasks, StoreError> {
        self.fault("list_all").await?;
        self.inner.list_all(query).await
    }
}
