//! Calls that are done together, each as if it were alone; and the fair order among many accounts.

use std::{borrow::Cow, collections::HashMap, sync::Arc};

use crate::{
    engine::store::{Claim, CommitGroup, Ending, Inserted, NewTask, Row, RunEnd, StoredResult},
    task::{Status, TaskId, UploadId},
};
use uuid::Uuid;

use super::super::fixture::{Fixture, LEASE, result, task};

fn of(owner: &str) -> NewTask {
    NewTask { owner: Some(owner.to_owned()), max_queued: 1_000, ..task() }
}

fn end(row: &Row, ending: Ending) -> RunEnd {
    RunEnd::new(row, ending).with(|end| {
        end.stage_times = vec![("Write".to_owned(), 7)];
        end.stage_history = 2;
    })
}

pub async fn starts_that_come_together_are_each_as_if_alone(f: &Fixture) {
    let key = |hash: &str| Some(("key".to_owned(), hash.to_owned()));
    let work = Some("lighthouse".to_owned());
    let client = Some("client".to_owned());
    let full = NewTask { max_queued: 1, ..of("carol") };
    let at_address = NewTask { owner: None, client, max_queued_per_client: 1, ..task() };
    let new = [
        of("ada"),
        NewTask { idempotency: key("hash"), unique_key: work.clone(), ..of("ada") },
        NewTask { idempotency: key("hash"), ..of("ada") },
        NewTask { idempotency: key("another"), ..of("ada") },
        NewTask { unique_key: work, ..of("ada") },
        NewTask { title: "NUL \0".to_owned(), sealed: Some("c2VhbA".to_owned()), ..of("bob") },
        full.clone(),
        NewTask { id: TaskId::from_uuid(Uuid::new_v4()), ..full },
        at_address.clone(),
        NewTask { id: TaskId::from_uuid(Uuid::new_v4()), ..at_address },
        NewTask { uploads: vec![UploadId::from_uuid(Uuid::new_v4())], ..of("dan") },
    ];
    let starts = new.iter().cloned().map(Arc::new).collect();
    let group = CommitGroup { starts, ..CommitGroup::default() };
    let inserted = f.store.commit_group(&group).await.starts;
    let told: Vec<_> =
        inserted.iter().map(|one| one.as_ref().map(|one| one.as_ref().unwrap())).collect();
    assert_eq!(told.len(), new.len());
    for place in [0, 1, 5, 6, 8] {
        let Some(Inserted::Queued(row)) = told[place] else { panic!("{place}: {:?}", told[place]) };
        assert_eq!((row.id, &f.get(row.id).await), (new[place].id, row), "{place}");
    }
    assert_eq!(f.store.input(new[5].id).await.unwrap().unwrap().sealed, new[5].sealed);
    for (place, expected) in [(2, 1), (4, 1)] {
        let (Some(Inserted::SameKey(row)) | Some(Inserted::UnderWay(row))) = told[place] else {
            panic!("{place}: {:?}", told[place])
        };
        assert_eq!(row.id, new[expected].id, "{place}");
    }
    assert!(matches!(told[3], Some(Inserted::KeyReused)), "{:?}", told[3]);
    assert!(matches!(told[7], Some(Inserted::Full(1))), "{:?}", told[7]);
    assert!(matches!(told[9], Some(Inserted::ClientFull(1))), "{:?}", told[9]);
    // It has more to do than can be undone for one task: it is inserted by itself.
    assert!(told[10].is_none(), "{:?}", told[10]);
    assert_eq!(f.store.counts().await.unwrap(), (5, 0));
}

pub async fn runs_that_end_together_are_each_as_if_alone(f: &Fixture) {
    for _ in 0..8 {
        f.queue(&of("ada")).await;
    }
    let rows = f.claim("w", 8).await;
    for row in &rows {
        assert!(f.store.save_checkpoint(row.id, row.run_seq, "k", "1").await.unwrap());
        assert!(f.store.save_checkpoint(row.id, row.run_seq, "rerun:k", "1").await.unwrap());
    }
    f.store.request_cancel(rows[4].id, "ada", None).await.unwrap();
    let large = StoredResult { bytes: vec![0xa7; 100_000], ..result() };
    let failed = Ending::Failed {
        code: Cow::Borrowed("quota"),
        message: "used \0 up".to_owned(),
        retryable: true,
    };
    let again = Ending::Again { after_ms: 5, message: "busy".to_owned() };
    let mut ends = vec![
        end(&rows[0], Ending::Completed(result())),
        end(&rows[1], Ending::Completed(large.clone())),
        end(&rows[2], failed),
        end(&rows[3], again.clone()),
        end(&rows[4], again),
        end(&rows[5], Ending::Released),
        end(&rows[6], Ending::Completed(result())),
        end(&rows[7], Ending::Cancelled),
        // A run ends once.
        end(&rows[0], Ending::Cancelled),
    ];
    ends[6].run_seq += 1;
    let ends: Vec<_> = ends.into_iter().map(Arc::new).collect();
    let group = CommitGroup { ends: ends.clone(), ..CommitGroup::default() };
    let told = f.store.commit_group(&group).await.ends;
    let told: Vec<_> = told.into_iter().map(|one| one.unwrap().unwrap()).collect();
    let (lost, twice) = (&told[6], &told[8]);
    assert!(lost.is_none() && twice.is_none(), "{lost:?} {twice:?}");
    let statuses = [
        Status::Completed,
        Status::Completed,
        Status::Error,
        Status::Queued,
        Status::Cancelled,
        Status::Queued,
        Status::Running,
        Status::Cancelled,
    ];
    for (place, status) in statuses.into_iter().enumerate() {
        let row = f.get(rows[place].id).await;
        assert_eq!(row.status, status, "{place}");
        assert!(told[place].as_ref().is_none_or(|told| *told == row), "{place}");
        let kept = (row.version > rows[place].version) == (place != 6);
        assert!(kept, "{place}: a change is a newer version, and a lost run changes nothing");
        let held = !status.is_terminal();
        assert_eq!(f.store.checkpoint(row.id, "k").await.unwrap().is_some(), held, "{place}");
        let kept = f.store.checkpoint(row.id, "rerun:k").await.unwrap().is_some();
        assert_eq!(kept, status != Status::Completed, "{place}");
    }
    assert_eq!(f.store.result(rows[0].id).await.unwrap(), Some(result()));
    assert_eq!(f.store.result(rows[1].id).await.unwrap(), Some(large));
    assert_eq!(f.get(rows[0].id).await.progress, Some(1.0));
    let (code, message, retryable) = f.get(rows[2].id).await.error.unwrap();
    assert_eq!((code.as_str(), message.as_str(), retryable), ("quota", "used \u{fffd} up", true));
    let outcome = f.get(rows[4].id).await.cancel_outcome;
    assert_eq!(outcome, Some(crate::task::CancelOutcome::Stopped));
    let times = f.store.stage_times("story").await.unwrap();
    assert_eq!(times, vec![("Write".to_owned(), 7); 2], "of those that are completed");
}

fn group(ends: Vec<RunEnd>, starts: &[NewTask], total: u32) -> CommitGroup {
    let claim = Claim::new("w", LEASE, vec![("story".to_owned(), total)], total);
    CommitGroup {
        ends: ends.into_iter().map(Arc::new).collect(),
        starts: starts.iter().cloned().map(Arc::new).collect(),
        claim: Some(claim),
    }
}

pub async fn a_group_ends_then_queues_then_claims(f: &Fixture) {
    f.queue(&of("ada")).await;
    let run = f.claim("w", 1).await.remove(0);
    let waits = f.queue(&of("ada")).await;
    f.advance(1).await;
    // The next of Ada's own comes after Bob's first.
    let starts = [of("ada"), NewTask { sealed: Some("c2VhbA".to_owned()), ..of("bob") }];
    let ends = vec![end(&run, Ending::Completed(result()))];
    let committed = f.store.commit_group(&group(ends, &starts, 2)).await;
    let [Some(Ok(Some(ended)))] = committed.ends.as_slice() else { panic!("{committed:?}") };
    assert_eq!((ended.status, ended), (Status::Completed, &f.get(run.id).await));
    let [Some(Ok(Inserted::Queued(ada))), Some(Ok(Inserted::Queued(bob)))] =
        committed.starts.as_slice()
    else {
        panic!("{committed:?}")
    };
    assert_eq!((ada.status, bob.status), (Status::Queued, Status::Queued));
    assert_eq!(ada, &f.get(ada.id).await, "it waits on");
    let claimed = committed.claimed.unwrap();
    let ids: Vec<_> = claimed.iter().map(|(row, _)| row.id).collect();
    assert_eq!(ids.len(), 2);
    assert!(ids.contains(&waits.id) && ids.contains(&bob.id), "{ids:?}");
    for (row, input) in &claimed {
        assert_eq!(row, &f.get(row.id).await);
        assert_eq!((row.status, row.attempt), (Status::Running, 1));
        assert_eq!(input, &f.store.input(row.id).await.unwrap());
    }
    assert_eq!(f.store.counts().await.unwrap(), (1, 2));
}

pub async fn a_group_that_fails_for_one_of_its_calls_changes_nothing(f: &Fixture) {
    let run = f.running("w").await;
    // A task with this id is there already.
    let starts = [of("bob"), NewTask { id: run.id, ..of("eve") }];
    let ends = vec![end(&run, Ending::Completed(result()))];
    let committed = f.store.commit_group(&group(ends, &starts, 2)).await;
    assert!(committed.ends[0].is_none() && committed.claimed.is_none(), "{committed:?}");
    assert!(committed.starts.iter().all(Option::is_none), "{committed:?}");
    assert_eq!(f.get(run.id).await, run);
    assert_eq!(f.store.counts().await.unwrap(), (0, 1));
}

/// What the next claims must give: a task's turn is its number in its account, by age, plus the
/// account's running tasks.
#[derive(Default)]
struct Model {
    waiting: HashMap<String, Vec<(i64, TaskId)>>,
    running: HashMap<String, usize>,
}

impl Model {
    fn claim(&mut self, total: usize) -> Vec<TaskId> {
        let mut ranked = Vec::new();
        for (account, tasks) in &mut self.waiting {
            tasks.sort_unstable();
            let busy = self.running.get(account).copied().unwrap_or_default();
            let turns = tasks.iter().enumerate();
            ranked.extend(turns.map(|(n, task)| (busy + n + 1, *task, account.clone())));
        }
        ranked.sort_unstable();
        ranked.truncate(total);
        for (_, task, account) in &ranked {
            self.waiting.get_mut(account).unwrap().retain(|waiting| waiting != task);
            *self.running.entry(account.clone()).or_default() += 1;
        }
        let mut ids: Vec<_> = ranked.into_iter().map(|(_, (_, id), _)| id).collect();
        ids.sort_unstable();
        ids
    }
}

pub async fn the_order_is_fair_among_many_accounts_with_long_and_short_queues(f: &Fixture) {
    let mut model = Model::default();
    let queue = async |model: &mut Model, accounts: std::ops::Range<usize>, tasks: usize| {
        for account in accounts {
            let owner = format!("owner {account:03}");
            for _ in 0..tasks {
                let row = f.queue(&of(&owner)).await;
                model.waiting.entry(owner.clone()).or_default().push((row.run_at, row.id));
            }
        }
        f.advance(1).await;
    };
    // More accounts than a claim looks deep into.
    queue(&mut model, 0..70, 1).await;
    queue(&mut model, 30..75, 2).await;
    queue(&mut model, 74..76, 60).await;
    queue(&mut model, 0..5, 1).await;
    for total in [1, 3, 40, 17, 64, 1, 100, 50, 100] {
        let claimed = f.claim("w", total).await;
        let mut ids: Vec<_> = claimed.iter().map(|row| row.id).collect();
        ids.sort_unstable();
        assert_eq!(ids, model.claim(total as usize), "a claim of {total}");
    }
    assert!(f.claim("w", 10).await.is_empty());
}
