//! Runs: leases, fences, reports, ends and cancels.

use crate::{
    engine::store::{
        CancelOutcome, Ending, LogEntry, NewTask, ProgressWrite, Row, Stopping, StoredPace,
    },
    task::{LogStream, Status},
};

use super::super::fixture::{Fixture, LEASE, START, result, task};

pub async fn a_heartbeat_tells_what_is_still_held(f: &Fixture) {
    let row = f.running("w").await;
    f.advance(LEASE - 1).await;
    let renewals = f.store.renew_leases("w", LEASE, &[row.id]).await.unwrap();
    assert_eq!(renewals.len(), 1);
    assert_eq!((renewals[0].id, renewals[0].run_seq, &renewals[0].cancel), (row.id, 1, &None));
    assert_eq!(f.get(row.id).await.heartbeat_at, Some(START + LEASE - 1));
    f.store.request_cancel(row.id, "ada", None).await.unwrap();
    let renewals = f.store.renew_leases("w", LEASE, &[row.id]).await.unwrap();
    assert_eq!(renewals[0].cancel, Some((START + LEASE - 1, "ada".to_owned())));
    assert!(f.store.renew_leases("somebody else", LEASE, &[row.id]).await.unwrap().is_empty());
}

pub async fn a_lease_without_a_worker_is_left_to_expire(f: &Fixture) {
    let row = f.running("w").await;
    f.advance(LEASE - 1).await;
    // The process lives, but has given this run up.
    assert!(f.store.renew_leases("w", LEASE, &[]).await.unwrap().is_empty());
    f.advance(2).await;
    assert_eq!(f.rescue_expired().await.unwrap(), vec![row.id]);
}

pub async fn a_live_lease_is_not_taken(f: &Fixture) {
    let row = f.running("w").await;
    f.advance(LEASE).await;
    assert!(f.rescue_expired().await.unwrap().is_empty());
    assert_eq!(f.get(row.id).await.status, Status::Running);
}

pub async fn an_expired_lease_queues_the_task_again(f: &Fixture) {
    let row = f.running("w").await;
    f.advance(LEASE + 1).await;
    assert_eq!(f.rescue_expired().await.unwrap(), vec![row.id]);
    let waiting = f.get(row.id).await;
    assert_eq!((waiting.status, waiting.attempt), (Status::Queued, 1));
    assert!(f.store.renew_leases("w", LEASE, &[row.id]).await.unwrap().is_empty());
    let again = f.claim("x", 1).await.remove(0);
    assert_eq!((again.id, again.attempt, again.run_seq), (row.id, 2, 2));
}

pub async fn a_task_without_attempts_left_fails_with_the_reason(f: &Fixture) {
    for (max_attempts, reason) in [(1, "is not retried automatically"), (2, "all 2 attempts")] {
        let new = NewTask { max_attempts, ..task() };
        f.queue(&new).await;
        for _ in 0..max_attempts {
            f.claim("w", 1).await;
            f.advance(LEASE + 1).await;
            f.rescue_expired().await.unwrap();
        }
        let row = f.get(new.id).await;
        assert_eq!(row.status, Status::Error);
        assert_eq!(row.finished_at, Some(row.read_at));
        let (code, message, retryable) = row.error.expect("the reason");
        assert_eq!((code.as_str(), retryable), ("worker_lost", true));
        assert!(message.contains(reason), "{message}");
    }
}

pub async fn a_lost_task_that_was_to_be_cancelled_is_cancelled(f: &Fixture) {
    let row = f.running("w").await;
    f.store.request_cancel(row.id, "ada", None).await.unwrap();
    f.advance(LEASE + 1).await;
    f.rescue_expired().await.unwrap();
    assert_eq!(f.get(row.id).await.status, Status::Cancelled);
}

pub async fn a_new_process_takes_back_at_once(f: &Fixture) {
    let old = f.running("old").await;
    f.queue(&task()).await;
    let mine = f.claim("new", 1).await.remove(0);
    assert_eq!(f.store.reclaim_after_restart("new").await.unwrap(), vec![old.id]);
    assert_eq!(f.get(old.id).await.status, Status::Queued);
    assert_eq!(f.get(mine.id).await.status, Status::Running);
}

pub fn report(row: &Row, version: i64, progress: f64) -> ProgressWrite {
    ProgressWrite::new(row).with(|write| {
        write.version = version;
        write.output_version = 0;
        write.progress = Some(progress);
        write.pace = StoredPace::default();
        write.step = 1;
        write.message = Some("on my way".to_owned());
        write.updated_at = START + 5;
        write.stopping = Stopping::default();
    })
}

pub async fn a_lost_run_can_write_nothing(f: &Fixture) {
    let row = f.running("w").await;
    f.advance(LEASE + 1).await;
    f.rescue_expired().await.unwrap();
    f.claim("x", 1).await;
    let before = f.get(row.id).await;
    let mut stale = report(&row, i64::MAX >> 1, 0.9);
    stale.log =
        vec![LogEntry { seq: 1, at: START, stream: LogStream::Task, text: "ghost".to_owned() }];
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

pub async fn an_older_report_does_not_overwrite_a_newer(f: &Fixture) {
    let row = f.running("w").await;
    f.store.save_progress(&[report(&row, row.version + 7, 0.7)]).await.unwrap();
    f.store.save_progress(&[report(&row, row.version + 3, 0.3)]).await.unwrap();
    let read = f.get(row.id).await;
    assert_eq!((read.progress, read.version), (Some(0.7), row.version + 7));
    assert_eq!((read.step, read.message.as_deref()), (1, Some("on my way")));
    assert_eq!(read.updated_at, START + 5);
}

pub async fn progress_survives_a_release_and_not_a_retry(f: &Fixture) {
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

pub async fn checkpoints_are_kept_until_the_end(f: &Fixture) {
    let row = f.running("w").await;
    assert!(f.store.save_checkpoint(row.id, 1, "chapter", "1").await.unwrap());
    assert!(f.store.save_checkpoint(row.id, 1, "chapter", "2").await.unwrap());
    f.advance(LEASE + 1).await;
    f.rescue_expired().await.unwrap();
    let row = f.claim("x", 1).await.remove(0);
    assert_eq!(f.store.checkpoint(row.id, "chapter").await.unwrap().as_deref(), Some("2"));
    f.store.finish(row.id, row.run_seq, &Ending::Cancelled).await.unwrap();
    assert_eq!(f.store.checkpoint(row.id, "chapter").await.unwrap(), None);
}

pub async fn a_finished_task_has_its_result(f: &Fixture) {
    let row = f.running("w").await;
    f.advance(70).await;
    let ending = Ending::Completed(result());
    let done = f.store.finish(row.id, row.run_seq, &ending).await.unwrap().expect("held");
    assert_eq!((done.status, done.progress), (Status::Completed, Some(1.0)));
    assert_eq!(done.finished_at, Some(START + 70));
    assert_eq!(done.result, Some(("text/plain".to_owned(), 7)));
    assert_eq!(f.store.result(row.id).await.unwrap(), Some(result()));
    assert_eq!(f.store.finish(row.id, row.run_seq, &Ending::Cancelled).await.unwrap(), None);
    assert_eq!(f.get(row.id).await, done);
}

pub async fn a_failed_task_has_its_error(f: &Fixture) {
    let row = f.running("w").await;
    f.store.save_progress(&[report(&row, row.version + 1, 0.6)]).await.unwrap();
    let ending =
        Ending::Failed { code: "quota".into(), message: "used up".to_owned(), retryable: true };
    let done = f.store.finish(row.id, row.run_seq, &ending).await.unwrap().expect("held");
    assert_eq!((done.status, done.progress), (Status::Error, Some(0.6)));
    assert_eq!(done.error, Some(("quota".to_owned(), "used up".to_owned(), true)));
}

pub async fn a_retry_waits_for_its_time(f: &Fixture) {
    let row = f.running("w").await;
    let again = Ending::Again { after_ms: 500, message: "later".to_owned() };
    let waiting = f.store.finish(row.id, row.run_seq, &again).await.unwrap().expect("held");
    assert_eq!((waiting.status, waiting.run_at), (Status::Queued, START + 500));
    f.advance(499).await;
    assert!(f.claim("w", 1).await.is_empty());
    f.advance(1).await;
    assert_eq!(f.claim("w", 1).await[0].attempt, 2);
}

pub async fn a_release_gives_the_attempt_back(f: &Fixture) {
    let row = f.running("w").await;
    f.store.finish(row.id, row.run_seq, &Ending::Released).await.unwrap();
    let again = f.claim("x", 1).await.remove(0);
    assert_eq!((again.attempt, again.run_seq), (1, 2));
    let waiting = Ending::Waiting { after_ms: 500, message: "busy".to_owned() };
    let row = f.store.finish(again.id, 2, &waiting).await.unwrap().expect("held");
    assert_eq!((row.message.as_deref(), row.run_at), (Some("busy"), START + 500));
    f.advance(500).await;
    assert_eq!(f.claim("x", 1).await[0].attempt, 1, "waiting costs no attempt");
}

pub async fn a_queued_task_is_cancelled_at_once(f: &Fixture) {
    let new = task();
    f.queue(&new).await;
    f.advance(9).await;
    let outcome = f.store.request_cancel(new.id, "ada", None).await.unwrap();
    let Some(CancelOutcome::Accepted(row)) = outcome else { panic!("{outcome:?}") };
    assert_eq!((row.status, row.finished_at), (Status::Cancelled, Some(START + 9)));
    assert_eq!(row.cancel, Some((START + 9, "ada".to_owned())));
    assert!(f.claim("w", 1).await.is_empty());
}

pub async fn a_running_task_is_asked_to_stop(f: &Fixture) {
    let row = f.running("w").await;
    let outcome = f.store.request_cancel(row.id, "ada", None).await.unwrap();
    let Some(CancelOutcome::Accepted(asked)) = outcome else { panic!("{outcome:?}") };
    assert_eq!((asked.status, asked.finished_at), (Status::Cancelling, None));
    let done = f.store.finish(row.id, row.run_seq, &Ending::Cancelled).await.unwrap();
    assert_eq!(done.expect("still held").status, Status::Cancelled);
}

pub async fn two_cancels_are_one(f: &Fixture) {
    let row = f.running("w").await;
    let first = f.store.request_cancel(row.id, "ada", None).await.unwrap();
    f.advance(1_000).await;
    let Some(CancelOutcome::Accepted(mut first)) = first else { panic!("{first:?}") };
    let second = f.store.request_cancel(row.id, "bob", None).await.unwrap();
    first.read_at += 1_000;
    assert_eq!(second, Some(CancelOutcome::Accepted(first)));
}

pub async fn a_cancel_beats_a_retry(f: &Fixture) {
    let waiting = Ending::Waiting { after_ms: 0, message: "oh".to_owned() };
    let again = Ending::Again { after_ms: 0, message: "oh".to_owned() };
    for ending in [Ending::Released, again, waiting] {
        let row = f.running("w").await;
        f.store.request_cancel(row.id, "ada", None).await.unwrap();
        let done = f.store.finish(row.id, row.run_seq, &ending).await.unwrap();
        assert_eq!(done.expect("held").status, Status::Cancelled);
    }
}

pub async fn what_is_over_cannot_be_cancelled(f: &Fixture) {
    let row = f.running("w").await;
    let done = f.store.finish(row.id, row.run_seq, &Ending::Completed(result())).await.unwrap();
    let outcome = f.store.request_cancel(row.id, "ada", None).await.unwrap();
    assert_eq!(outcome, Some(CancelOutcome::AlreadyOver(done.expect("held"))));
}

pub async fn versions_only_grow(f: &Fixture) {
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
    f.advance(LEASE + 1).await;
    f.rescue_expired().await.unwrap();
    grew(&f.get(new.id).await);
    let row = f.claim("w", 1).await.remove(0);
    grew(&row);
    f.store.request_cancel(new.id, "ada", None).await.unwrap();
    grew(&f.get(new.id).await);
    grew(&f.store.finish(row.id, row.run_seq, &Ending::Cancelled).await.unwrap().expect("held"));
}

/// However a run was lost, and whatever became of its task: what it still writes does not count.
pub async fn a_run_that_gave_its_task_back_can_write_nothing(f: &Fixture) {
    let again = Ending::Again { after_ms: 0, message: "oh".to_owned() };
    for way in [Some(Ending::Released), Some(again), None] {
        for follower in ["nobody", "another", "a cancel"] {
            let row = f.running("w").await;
            match &way {
                Some(ending) => {
                    f.store.finish(row.id, row.run_seq, ending).await.unwrap().expect("held");
                }
                None => {
                    f.advance(LEASE + 1).await;
                    f.rescue_expired().await.unwrap();
                }
            }
            match follower {
                "another" => assert_eq!(f.claim("x", 1).await[0].id, row.id),
                "a cancel" => {
                    f.store.request_cancel(row.id, "ada", None).await.unwrap();
                }
                _ => {}
            }
            let before = f.get(row.id).await;
            let mut late = report(&row, i64::MAX >> 1, 0.9);
            late.log = vec![LogEntry {
                seq: 1,
                at: START,
                stream: LogStream::Task,
                text: "ghost".to_owned(),
            }];
            f.store.save_progress(&[late]).await.unwrap();
            assert!(!f.store.save_checkpoint(row.id, row.run_seq, "k", "1").await.unwrap());
            for ending in [Ending::Completed(result()), Ending::Cancelled, Ending::Released] {
                let done = f.store.finish(row.id, row.run_seq, &ending).await.unwrap();
                assert_eq!(done, None, "{way:?}, then {follower}");
            }
            assert_eq!(f.get(row.id).await, before, "{way:?}, then {follower}");
            assert_eq!(f.store.log(row.id, 0, 10).await.unwrap(), vec![]);
            // Out of the way of the next.
            f.store.request_cancel(row.id, "ada", None).await.unwrap();
        }
    }
}

pub async fn a_cancel_that_races_the_end_is_accepted_or_too_late(f: &Fixture) {
    for _ in 0..20 {
        let row = f.running("w").await;
        let ending = Ending::Completed(result());
        let (asked, done) = tokio::join!(
            f.store.request_cancel(row.id, "ada", None),
            f.store.finish(row.id, row.run_seq, &ending)
        );
        let done = done.unwrap().expect("the run is still held");
        match asked.unwrap().expect("the task is there") {
            CancelOutcome::Accepted(seen) => {
                assert_eq!(seen.status, Status::Cancelling);
                assert!(done.cancel.is_some());
            }
            CancelOutcome::AlreadyOver(seen) => {
                assert_eq!((seen.status, done.cancel), (Status::Completed, None))
            }
        }
        // Work that is whole counts either way.
        assert_eq!(f.get(row.id).await.status, Status::Completed);
    }
}

pub async fn a_cancel_that_races_a_rescue_ends_the_task(f: &Fixture) {
    for round in 0..20 {
        let row = f.running("w").await;
        f.advance(LEASE + 1).await;
        let (asked, taken) = match round % 2 {
            0 => tokio::join!(f.store.request_cancel(row.id, "ada", None), f.rescue_expired()),
            _ => {
                let (taken, asked) =
                    tokio::join!(f.rescue_expired(), f.store.request_cancel(row.id, "ada", None));
                (asked, taken)
            }
        };
        taken.unwrap();
        assert!(matches!(asked.unwrap(), Some(CancelOutcome::Accepted(_))));
        // It may have come between two looks of the one; then the next finds it.
        f.rescue_expired().await.unwrap();
        let row = f.get(row.id).await;
        assert_eq!(row.status, Status::Cancelled);
        assert!(row.cancel.is_some() && f.claim("w", 1).await.is_empty());
    }
}

/// A beat for a run that is just being claimed tells of it or not; it never takes it away.
pub async fn a_claim_that_races_a_heartbeat_is_held(f: &Fixture) {
    for _ in 0..20 {
        let id = f.queue(&task()).await.id;
        let runs = [id];
        let (claimed, renewals) =
            tokio::join!(f.claim("w", 1), f.store.renew_leases("w", LEASE, &runs));
        assert_eq!((claimed[0].id, claimed[0].attempt), (id, 1));
        let seqs: Vec<_> = renewals.unwrap().iter().map(|renewal| renewal.run_seq).collect();
        assert!(seqs.is_empty() || seqs == [claimed[0].run_seq], "{seqs:?}");
        assert_eq!(f.store.renew_leases("w", LEASE, &runs).await.unwrap().len(), 1);
        f.store.finish(id, claimed[0].run_seq, &Ending::Cancelled).await.unwrap().expect("held");
    }
}

pub async fn no_end_leaves_a_checkpoint(f: &Fixture) {
    let keep = async |row: &Row| {
        assert!(f.store.save_checkpoint(row.id, row.run_seq, "chapter", "1").await.unwrap());
    };
    let cancelled = f.running("w").await;
    keep(&cancelled).await;
    f.store.request_cancel(cancelled.id, "ada", None).await.unwrap();
    let mut once = task();
    once.max_attempts = 1;
    f.queue(&once).await;
    let exhausted = f.claim("w", 1).await.remove(0);
    keep(&exhausted).await;
    let again = f.running("w").await;
    keep(&again).await;
    f.advance(LEASE + 1).await;
    assert_eq!(f.rescue_expired().await.unwrap().len(), 3);
    let kept = async |row: &Row| f.store.checkpoint(row.id, "chapter").await.unwrap();
    assert_eq!((kept(&cancelled).await, kept(&exhausted).await), (None, None));
    assert_eq!(kept(&again).await.as_deref(), Some("1"), "it goes on from there");
    // Cancelled while it waits for that.
    f.store.request_cancel(again.id, "ada", None).await.unwrap();
    assert_eq!((f.get(again.id).await.status, kept(&again).await), (Status::Cancelled, None));
}
