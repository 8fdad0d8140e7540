//! What each store must do, whatever it is made of. A store's own file names how it is opened:
//! `conformance!(open)` makes one test of each function here.

use milepost::{
    engine::store::{CancelOutcome, Ending, Inserted, ListQuery, LogEntry, ProgressWrite, Row},
    task::{Status, TaskId},
};
use uuid::Uuid;

use crate::fixture::{Fixture, LEASE, START, result, task};

/// One test a function, over the store that `$open` makes.
macro_rules! conformance {
    ($open:path) => {
        crate::conformance::conformance!($open;
            a_task_comes_back_as_it_was_queued, an_unknown_task_is_absent,
            the_same_key_leads_to_the_same_task, a_key_is_not_reused_for_another_start,
            keys_of_two_owners_do_not_meet, the_same_work_is_not_under_way_twice,
            the_same_work_can_follow_an_ended_one, a_full_queue_takes_no_more,
            the_oldest_task_is_claimed_first, no_more_is_claimed_than_there_are_places,
            a_claim_is_the_next_attempt_with_a_fence, two_workers_never_get_one_task,
            a_heartbeat_tells_what_is_still_held, a_live_lease_is_not_taken,
            an_expired_lease_queues_the_task_again, a_task_without_attempts_left_fails_with_the_reason,
            a_lost_task_that_was_to_be_cancelled_is_cancelled, a_new_process_takes_back_at_once,
            a_lost_run_can_write_nothing, an_older_report_does_not_overwrite_a_newer,
            progress_survives_a_release_and_not_a_retry, checkpoints_are_kept_until_the_end,
            log_lines_are_kept_once_and_in_order, a_finished_task_has_its_result,
            a_failed_task_has_its_error, a_retry_waits_for_its_time,
            a_release_gives_the_attempt_back, a_queued_task_is_cancelled_at_once,
            a_running_task_is_asked_to_stop, two_cancels_are_one, a_cancel_beats_a_retry,
            what_is_over_cannot_be_cancelled, versions_only_grow, lists_are_the_owners_newest_first,
            lists_are_filtered_and_paged, the_newest_of_a_key_is_found, counts_are_right);
    };
    ($open:path; $($name:ident),* $(,)?) => {
        $(#[tokio::test]
        async fn $name() {
            crate::conformance::$name(&$open().await).await;
        })*
    };
}
pub(crate) use conformance;

pub(crate) async fn a_task_comes_back_as_it_was_queued(f: &Fixture) {
    let new = task();
    let queued = f.queue(&new).await;
    let read = f.get(new.id).await;
    assert_eq!(read, queued);
    assert_eq!((read.id, read.owner, read.kind), (new.id, new.owner, new.kind));
    assert_eq!((read.title, read.input, read.stages), (new.title, new.input, new.stages));
    assert_eq!((read.status, read.attempt, read.max_attempts), (Status::Queued, 0, 3));
    assert_eq!((read.created_at, read.updated_at, read.run_at), (START, START, START));
    assert_eq!((read.progress, read.error, read.cancel, read.result), (None, None, None, None));
}

pub(crate) async fn an_unknown_task_is_absent(f: &Fixture) {
    let id = TaskId::from_uuid(Uuid::new_v4());
    assert_eq!(f.store.get(id).await.unwrap(), None);
    assert_eq!(f.store.result(id).await.unwrap(), None);
    assert_eq!(f.store.checkpoint(id, "a").await.unwrap(), None);
    assert_eq!(f.store.log(id, 0, 10).await.unwrap(), vec![]);
    assert_eq!(f.store.request_cancel(id, "ada").await.unwrap(), None);
}

pub(crate) async fn the_same_key_leads_to_the_same_task(f: &Fixture) {
    let mut first = task();
    first.idempotency = Some(("key".to_owned(), "print".to_owned()));
    f.queue(&first).await;
    let mut second = task();
    second.idempotency = first.idempotency.clone();
    let Inserted::SameKey(row) = f.store.insert(&second).await.unwrap() else {
        panic!("the key was not recognised")
    };
    assert_eq!(row.id, first.id);
    assert_eq!(f.store.get(second.id).await.unwrap(), None);
}

pub(crate) async fn a_key_is_not_reused_for_another_start(f: &Fixture) {
    let mut first = task();
    first.idempotency = Some(("key".to_owned(), "print".to_owned()));
    f.queue(&first).await;
    let mut second = task();
    second.idempotency = Some(("key".to_owned(), "another".to_owned()));
    assert!(matches!(f.store.insert(&second).await.unwrap(), Inserted::KeyReused));
}

pub(crate) async fn keys_of_two_owners_do_not_meet(f: &Fixture) {
    for owner in [Some("ada"), Some("bob"), None] {
        let mut new = task();
        new.owner = owner.map(str::to_owned);
        new.idempotency = Some(("key".to_owned(), "print".to_owned()));
        new.unique_key = Some("lighthouse".to_owned());
        f.queue(&new).await;
    }
}

pub(crate) async fn the_same_work_is_not_under_way_twice(f: &Fixture) {
    let mut first = task();
    first.unique_key = Some("lighthouse".to_owned());
    f.queue(&first).await;
    for _ in 0..2 {
        let mut second = task();
        second.unique_key = first.unique_key.clone();
        let Inserted::UnderWay(row) = f.store.insert(&second).await.unwrap() else {
            panic!("the same work was queued twice")
        };
        assert_eq!(row.id, first.id);
        // Also while it runs.
        f.claim("w", 1).await;
    }
}

pub(crate) async fn the_same_work_can_follow_an_ended_one(f: &Fixture) {
    let mut first = task();
    first.unique_key = Some("lighthouse".to_owned());
    f.queue(&first).await;
    f.store.request_cancel(first.id, "ada").await.unwrap();
    let mut second = task();
    second.unique_key = first.unique_key.clone();
    f.queue(&second).await;
}

pub(crate) async fn a_full_queue_takes_no_more(f: &Fixture) {
    let mut new = task();
    new.max_queued = 2;
    for _ in 0..2 {
        new.id = TaskId::from_uuid(Uuid::new_v4());
        f.queue(&new).await;
    }
    new.id = TaskId::from_uuid(Uuid::new_v4());
    assert!(matches!(f.store.insert(&new).await.unwrap(), Inserted::Full(2)));
    // Another owner has a queue of his own, and a started task waits no more.
    f.queue(&milepost::engine::store::NewTask { owner: Some("bob".to_owned()), ..task() }).await;
    f.claim("w", 1).await;
    f.queue(&new).await;
}

pub(crate) async fn the_oldest_task_is_claimed_first(f: &Fixture) {
    let mut ids = Vec::new();
    for _ in 0..3 {
        ids.push(f.queue(&task()).await.id);
        f.clock.advance(10);
    }
    let mut claimed = Vec::new();
    for _ in 0..3 {
        claimed.push(f.claim("w", 1).await[0].id);
    }
    assert_eq!(claimed, ids);
    assert!(f.claim("w", 1).await.is_empty());
}

pub(crate) async fn no_more_is_claimed_than_there_are_places(f: &Fixture) {
    for _ in 0..5 {
        f.queue(&task()).await;
    }
    assert_eq!(f.claim("w", 2).await.len(), 2);
    assert_eq!(f.claim("w", 10).await.len(), 3);
    assert_eq!(f.claim("w", 0).await.len(), 0);
}

pub(crate) async fn a_claim_is_the_next_attempt_with_a_fence(f: &Fixture) {
    let row = f.running("w").await;
    assert_eq!((row.status, row.attempt, row.run_seq), (Status::Running, 1, 1));
    assert_eq!((row.started_at, row.heartbeat_at), (Some(START), Some(START)));
    assert_eq!(f.get(row.id).await, row);
}

pub(crate) async fn two_workers_never_get_one_task(f: &Fixture) {
    for _ in 0..40 {
        f.queue(&task()).await;
    }
    let (a, b, c, d) =
        tokio::join!(f.claim("a", 20), f.claim("b", 20), f.claim("c", 20), f.claim("d", 20));
    let mut ids: Vec<TaskId> = [a, b, c, d].concat().iter().map(|row: &Row| row.id).collect();
    assert_eq!(ids.len(), 40);
    ids.sort_unstable();
    ids.dedup();
    assert_eq!(ids.len(), 40);
}

pub(crate) async fn a_heartbeat_tells_what_is_still_held(f: &Fixture) {
    let row = f.running("w").await;
    f.clock.advance(LEASE - 1);
    let beats = f.store.beat("w", LEASE).await.unwrap();
    assert_eq!(beats.len(), 1);
    assert_eq!((beats[0].id, beats[0].run_seq, &beats[0].cancel), (row.id, 1, &None));
    assert_eq!(f.get(row.id).await.heartbeat_at, Some(START + LEASE - 1));
    f.store.request_cancel(row.id, "ada").await.unwrap();
    let beats = f.store.beat("w", LEASE).await.unwrap();
    assert_eq!(beats[0].cancel, Some((START + LEASE - 1, "ada".to_owned())));
    assert!(f.store.beat("somebody else", LEASE).await.unwrap().is_empty());
}

pub(crate) async fn a_live_lease_is_not_taken(f: &Fixture) {
    let row = f.running("w").await;
    f.clock.advance(LEASE);
    assert!(f.store.rescue().await.unwrap().is_empty());
    assert_eq!(f.get(row.id).await.status, Status::Running);
}

pub(crate) async fn an_expired_lease_queues_the_task_again(f: &Fixture) {
    let row = f.running("w").await;
    f.clock.advance(LEASE + 1);
    assert_eq!(f.store.rescue().await.unwrap(), vec![row.id]);
    let waiting = f.get(row.id).await;
    assert_eq!((waiting.status, waiting.attempt), (Status::Queued, 1));
    assert!(f.store.beat("w", LEASE).await.unwrap().is_empty());
    let again = f.claim("x", 1).await.remove(0);
    assert_eq!((again.id, again.attempt, again.run_seq), (row.id, 2, 2));
}

pub(crate) async fn a_task_without_attempts_left_fails_with_the_reason(f: &Fixture) {
    let mut new = task();
    new.max_attempts = 1;
    f.queue(&new).await;
    f.claim("w", 1).await;
    f.clock.advance(LEASE + 1);
    f.store.rescue().await.unwrap();
    let row = f.get(new.id).await;
    assert_eq!(row.status, Status::Error);
    let (code, message, retryable) = row.error.expect("the reason");
    assert_eq!((code.as_str(), retryable), ("worker_lost", true));
    assert!(message.contains("all 1 attempts"), "{message}");
    assert_eq!(row.finished_at, Some(START + LEASE + 1));
}

pub(crate) async fn a_lost_task_that_was_to_be_cancelled_is_cancelled(f: &Fixture) {
    let row = f.running("w").await;
    f.store.request_cancel(row.id, "ada").await.unwrap();
    f.clock.advance(LEASE + 1);
    f.store.rescue().await.unwrap();
    assert_eq!(f.get(row.id).await.status, Status::Cancelled);
}

pub(crate) async fn a_new_process_takes_back_at_once(f: &Fixture) {
    let old = f.running("old").await;
    f.queue(&task()).await;
    let mine = f.claim("new", 1).await.remove(0);
    assert_eq!(f.store.take_back("new").await.unwrap(), vec![old.id]);
    assert_eq!(f.get(old.id).await.status, Status::Queued);
    assert_eq!(f.get(mine.id).await.status, Status::Running);
}

fn report(row: &Row, version: i64, progress: f64) -> ProgressWrite {
    ProgressWrite {
        id: row.id,
        run_seq: row.run_seq,
        version,
        progress: Some(progress),
        step: 1,
        message: Some("on my way".to_owned()),
        updated_at: START + 5,
        log: vec![],
    }
}

pub(crate) async fn a_lost_run_can_write_nothing(f: &Fixture) {
    let row = f.running("w").await;
    f.clock.advance(LEASE + 1);
    f.store.rescue().await.unwrap();
    f.claim("x", 1).await;
    let before = f.get(row.id).await;
    let mut stale = report(&row, i64::MAX >> 1, 0.9);
    stale.log = vec![LogEntry { seq: 1, at: START, text: "ghost".to_owned() }];
    f.store.save_progress(&[stale]).await.unwrap();
    assert!(!f.store.save_checkpoint(row.id, row.run_seq, "k", "1").await.unwrap());
    let ending = Ending::Completed(result());
    assert_eq!(f.store.finish(row.id, row.run_seq, &ending).await.unwrap(), None);
    let after = f.get(row.id).await;
    assert_eq!(after, before);
    assert_eq!(f.store.checkpoint(row.id, "k").await.unwrap(), None);
    assert_eq!(f.store.log(row.id, 0, 10).await.unwrap(), vec![]);
    assert_eq!(f.store.result(row.id).await.unwrap(), None);
}

pub(crate) async fn an_older_report_does_not_overwrite_a_newer(f: &Fixture) {
    let row = f.running("w").await;
    f.store.save_progress(&[report(&row, row.version + 7, 0.7)]).await.unwrap();
    f.store.save_progress(&[report(&row, row.version + 3, 0.3)]).await.unwrap();
    let read = f.get(row.id).await;
    assert_eq!((read.progress, read.version), (Some(0.7), row.version + 7));
    assert_eq!((read.step, read.message.as_deref()), (1, Some("on my way")));
    assert_eq!(read.updated_at, START + 5);
}

pub(crate) async fn progress_survives_a_release_and_not_a_retry(f: &Fixture) {
    let row = f.running("w").await;
    f.store.save_progress(&[report(&row, row.version + 1, 0.5)]).await.unwrap();
    f.store.finish(row.id, row.run_seq, &Ending::Released).await.unwrap();
    let row = f.claim("w", 1).await.remove(0);
    assert_eq!((row.attempt, row.progress, row.step), (1, Some(0.5), 1));
    let again = Ending::Again { after_ms: 0, message: "oh".to_owned() };
    f.store.finish(row.id, row.run_seq, &again).await.unwrap();
    let row = f.claim("w", 1).await.remove(0);
    assert_eq!((row.attempt, row.progress, row.step), (2, None, 0));
}

pub(crate) async fn checkpoints_are_kept_until_the_end(f: &Fixture) {
    let row = f.running("w").await;
    assert!(f.store.save_checkpoint(row.id, 1, "chapter", "1").await.unwrap());
    assert!(f.store.save_checkpoint(row.id, 1, "chapter", "2").await.unwrap());
    f.clock.advance(LEASE + 1);
    f.store.rescue().await.unwrap();
    let row = f.claim("x", 1).await.remove(0);
    assert_eq!(f.store.checkpoint(row.id, "chapter").await.unwrap().as_deref(), Some("2"));
    f.store.finish(row.id, row.run_seq, &Ending::Cancelled).await.unwrap();
    assert_eq!(f.store.checkpoint(row.id, "chapter").await.unwrap(), None);
}

pub(crate) async fn log_lines_are_kept_once_and_in_order(f: &Fixture) {
    let row = f.running("w").await;
    let line = |seq, text: &str| LogEntry { seq, at: START + seq, text: text.to_owned() };
    let mut write = report(&row, row.version + 1, 0.1);
    write.log = vec![line(1, "one"), line(2, "two")];
    f.store.save_progress(std::slice::from_ref(&write)).await.unwrap();
    write.version += 1;
    write.log = vec![line(2, "two"), line(3, "three")];
    f.store.save_progress(&[write]).await.unwrap();
    let all = f.store.log(row.id, 0, 10).await.unwrap();
    assert_eq!(all, vec![line(1, "one"), line(2, "two"), line(3, "three")]);
    assert_eq!(f.store.log(row.id, 1, 1).await.unwrap(), vec![line(2, "two")]);
}

pub(crate) async fn a_finished_task_has_its_result(f: &Fixture) {
    let row = f.running("w").await;
    f.clock.advance(70);
    let ending = Ending::Completed(result());
    let done = f.store.finish(row.id, row.run_seq, &ending).await.unwrap().expect("held");
    assert_eq!((done.status, done.progress), (Status::Completed, Some(1.0)));
    assert_eq!(done.finished_at, Some(START + 70));
    assert_eq!(done.result, Some(("text/plain".to_owned(), 7)));
    assert_eq!(f.store.result(row.id).await.unwrap(), Some(result()));
    assert_eq!(f.store.finish(row.id, row.run_seq, &Ending::Cancelled).await.unwrap(), None);
    assert_eq!(f.get(row.id).await, done);
}

pub(crate) async fn a_failed_task_has_its_error(f: &Fixture) {
    let row = f.running("w").await;
    f.store.save_progress(&[report(&row, row.version + 1, 0.6)]).await.unwrap();
    let ending =
        Ending::Failed { code: "quota".into(), message: "used up".to_owned(), retryable: true };
    let done = f.store.finish(row.id, row.run_seq, &ending).await.unwrap().expect("held");
    assert_eq!((done.status, done.progress), (Status::Error, Some(0.6)));
    assert_eq!(done.error, Some(("quota".to_owned(), "used up".to_owned(), true)));
}

pub(crate) async fn a_retry_waits_for_its_time(f: &Fixture) {
    let row = f.running("w").await;
    let again = Ending::Again { after_ms: 500, message: "later".to_owned() };
    let waiting = f.store.finish(row.id, row.run_seq, &again).await.unwrap().expect("held");
    assert_eq!((waiting.status, waiting.run_at), (Status::Queued, START + 500));
    f.clock.advance(499);
    assert!(f.claim("w", 1).await.is_empty());
    f.clock.advance(1);
    assert_eq!(f.claim("w", 1).await[0].attempt, 2);
}

pub(crate) async fn a_release_gives_the_attempt_back(f: &Fixture) {
    let row = f.running("w").await;
    f.store.finish(row.id, row.run_seq, &Ending::Released).await.unwrap();
    let again = f.claim("x", 1).await.remove(0);
    assert_eq!((again.attempt, again.run_seq), (1, 2));
}

pub(crate) async fn a_queued_task_is_cancelled_at_once(f: &Fixture) {
    let new = task();
    f.queue(&new).await;
    f.clock.advance(9);
    let outcome = f.store.request_cancel(new.id, "ada").await.unwrap();
    let Some(CancelOutcome::Accepted(row)) = outcome else { panic!("{outcome:?}") };
    assert_eq!((row.status, row.finished_at), (Status::Cancelled, Some(START + 9)));
    assert_eq!(row.cancel, Some((START + 9, "ada".to_owned())));
    assert!(f.claim("w", 1).await.is_empty());
}

pub(crate) async fn a_running_task_is_asked_to_stop(f: &Fixture) {
    let row = f.running("w").await;
    let outcome = f.store.request_cancel(row.id, "ada").await.unwrap();
    let Some(CancelOutcome::Accepted(asked)) = outcome else { panic!("{outcome:?}") };
    assert_eq!((asked.status, asked.finished_at), (Status::Cancelling, None));
    let done = f.store.finish(row.id, row.run_seq, &Ending::Cancelled).await.unwrap();
    assert_eq!(done.expect("still held").status, Status::Cancelled);
}

pub(crate) async fn two_cancels_are_one(f: &Fixture) {
    let row = f.running("w").await;
    let first = f.store.request_cancel(row.id, "ada").await.unwrap();
    f.clock.advance(1_000);
    let Some(CancelOutcome::Accepted(mut first)) = first else { panic!("{first:?}") };
    let second = f.store.request_cancel(row.id, "bob").await.unwrap();
    first.read_at += 1_000;
    assert_eq!(second, Some(CancelOutcome::Accepted(first)));
}

pub(crate) async fn a_cancel_beats_a_retry(f: &Fixture) {
    for ending in [Ending::Released, Ending::Again { after_ms: 0, message: "oh".to_owned() }] {
        let row = f.running("w").await;
        f.store.request_cancel(row.id, "ada").await.unwrap();
        let done = f.store.finish(row.id, row.run_seq, &ending).await.unwrap();
        assert_eq!(done.expect("held").status, Status::Cancelled);
    }
}

pub(crate) async fn what_is_over_cannot_be_cancelled(f: &Fixture) {
    let row = f.running("w").await;
    let done = f.store.finish(row.id, row.run_seq, &Ending::Completed(result())).await.unwrap();
    let outcome = f.store.request_cancel(row.id, "ada").await.unwrap();
    assert_eq!(outcome, Some(CancelOutcome::AlreadyOver(done.expect("held"))));
}

pub(crate) async fn versions_only_grow(f: &Fixture) {
    let new = task();
    let mut last = f.queue(&new).await.version;
    let mut grew = |row: &Row| {
        assert!(row.version > last, "{} after {last}", row.version);
        last = row.version;
    };
    let row = f.claim("w", 1).await.remove(0);
    grew(&row);
    f.store.save_progress(&[report(&row, row.version + 1, 0.2)]).await.unwrap();
    grew(&f.get(new.id).await);
    f.clock.advance(LEASE + 1);
    f.store.rescue().await.unwrap();
    grew(&f.get(new.id).await);
    let row = f.claim("w", 1).await.remove(0);
    grew(&row);
    f.store.request_cancel(new.id, "ada").await.unwrap();
    grew(&f.get(new.id).await);
    grew(&f.store.finish(row.id, row.run_seq, &Ending::Cancelled).await.unwrap().expect("held"));
}

fn of(owner: &str) -> ListQuery {
    ListQuery { owner: owner.to_owned(), limit: 10, ..ListQuery::default() }
}

pub(crate) async fn lists_are_the_owners_newest_first(f: &Fixture) {
    let mut ids = Vec::new();
    for owner in [Some("ada"), Some("bob"), None, Some("ada")] {
        let mut new = task();
        new.owner = owner.map(str::to_owned);
        ids.push(f.queue(&new).await.id);
        f.clock.advance(1);
    }
    let listed = f.store.list(&of("ada")).await.unwrap();
    assert_eq!(listed.iter().map(|row| row.id).collect::<Vec<_>>(), vec![ids[3], ids[0]]);
    assert!(f.store.list(&of("")).await.unwrap().is_empty());
}

pub(crate) async fn lists_are_filtered_and_paged(f: &Fixture) {
    for n in 0..5 {
        let mut new = task();
        new.title = format!("Story 100% {n}_x");
        f.queue(&new).await;
    }
    f.claim("w", 2).await;
    let count = async |query: ListQuery| f.store.list(&query).await.unwrap().len();
    assert_eq!(count(ListQuery { status: Some(Status::Running), ..of("ada") }).await, 2);
    assert_eq!(count(ListQuery { kind: Some("dataset".to_owned()), ..of("ada") }).await, 0);
    assert_eq!(count(ListQuery { q: Some("STORY 100% 3_".to_owned()), ..of("ada") }).await, 1);
    assert_eq!(count(ListQuery { q: Some("100_".to_owned()), ..of("ada") }).await, 0);
    // All were queued in the same millisecond: the id decides, and no page repeats or skips one.
    let mut seen = Vec::new();
    let mut query = ListQuery { limit: 2, ..of("ada") };
    loop {
        let page = f.store.list(&query).await.unwrap();
        let Some(last) = page.last() else { break };
        query.before = Some((last.created_at, last.id));
        seen.extend(page.iter().map(|row| row.id));
    }
    assert_eq!(seen.len(), 5);
    seen.sort_unstable();
    seen.dedup();
    assert_eq!(seen.len(), 5);
}

pub(crate) async fn the_newest_of_a_key_is_found(f: &Fixture) {
    let mut ids = Vec::new();
    for owner in [Some("ada"), None, Some("ada")] {
        let mut new = task();
        new.owner = owner.map(str::to_owned);
        new.unique_key = Some("lighthouse".to_owned());
        ids.push(f.queue(&new).await.id);
        f.store.request_cancel(new.id, "x").await.unwrap();
        f.clock.advance(1);
    }
    let newest =
        async |owner, key| f.store.newest(owner, "story", key).await.unwrap().map(|row| row.id);
    assert_eq!(newest(Some("ada"), "lighthouse").await, Some(ids[2]));
    assert_eq!(newest(None, "lighthouse").await, Some(ids[1]));
    assert_eq!(newest(Some("bob"), "lighthouse").await, None);
    assert_eq!(newest(None, "sourdough").await, None);
}

pub(crate) async fn counts_are_right(f: &Fixture) {
    for _ in 0..5 {
        f.queue(&task()).await;
    }
    let claimed = f.claim("w", 3).await;
    f.store.request_cancel(claimed[0].id, "ada").await.unwrap();
    f.store.finish(claimed[1].id, 1, &Ending::Completed(result())).await.unwrap();
    assert_eq!(f.store.counts().await.unwrap(), (2, 2));
}
