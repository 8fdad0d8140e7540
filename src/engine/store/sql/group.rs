//! Group commit: ends, starts and a claim in one transaction.

use super::This;
use crate::{
    engine::store::{Change, CommitGroup, CommittedGroup, Inserted, Row, StoreError},
    task::Status,
};

impl This {
    /// See [`Store::commit_group`](crate::engine::store::Store::commit_group).
    pub(super) async fn write_group(&self, group: &CommitGroup) -> CommittedGroup {
        // A start with an upload is made by itself: what it has written would have to be undone alone.
        let is_empty = group.ends.is_empty() && group.claim.is_none();
        if is_empty && group.starts.iter().all(|new| !new.uploads.is_empty()) {
            return CommittedGroup::each_by_itself(group);
        }
        match self.try_group(group).await {
            Ok(committed) => committed,
            Err(error) if error.is_of_one_row() => CommittedGroup::each_by_itself(group),
            Err(error) => CommittedGroup::failed(group, &error),
        }
    }

    async fn try_group(&self, group: &CommitGroup) -> Result<CommittedGroup, StoreError> {
        let mut tx = self.db.write().await?;
        let now = self.begun_at(&tx);
        let ends = self.end_each(&mut tx, &group.ends, now).await?;
        let starts = self.insert_each(&mut tx, &group.starts, now).await?;
        let queued = starts.iter().flatten().filter_map(|inserted| match inserted {
            Inserted::Queued(row) => Some(row),
            _ => None,
        });
        let kinds: Vec<_> = queued.clone().map(|row| row.kind.as_str()).collect();
        let claimed = match &group.claim {
            Some(claim) => self.claim_in(&mut tx, claim, &kinds, now).await?,
            None => Vec::new(),
        };
        let claimed_ids: Vec<_> = claimed.iter().map(|(row, _)| row.id).collect();
        let waits = |row: &Row| row.status == Status::Queued && !claimed_ids.contains(&row.id);
        let ended = ends.iter().flatten();
        let any_waits = queued.chain(ended.clone()).any(waits);
        let tasks = ended.map(|row| row.id).chain(claimed_ids.iter().copied());
        let changes =
            any_waits.then_some(Change::Queued).into_iter().chain(tasks.map(Change::Task));
        self.announce(&mut tx, &changes.collect::<Vec<_>>()).await?;
        tx.commit().await?;
        Ok(CommittedGroup {
            ends: ends.into_iter().map(|row| Some(Ok(row))).collect(),
            starts: starts.into_iter().map(|inserted| inserted.map(Ok)).collect(),
            claimed: Some(claimed.into_iter().map(|(row, input)| (row, Some(input))).collect()),
        })
    }
}
