//! Receipts of cancels, and of runs that resume an earlier one.

use crate::{
    engine::store::{Ending, ProgressWrite, Resumption, Row, Stopping},
    task::{CancelOutcome, ResumeReason, Status},
};

use super::super::fixture::{Fixture, LEASE, START, result, task};

fn again(after_ms: i64) -> Ending {
    Ending::Again { after_ms, message: "later".to_owned() }
}

fn failed() -> Ending {
    Ending::Failed { code: "quota".into(), message: "used up".to_owned(), retryable: false }
}

/// A report of a run in its first stage.
fn report(row: &Row, stopping: Stopping) -> ProgressWrite {
    super::runs::report(row, row.version + 1, 0.5).with(|write| {
        write.message = None;
        write.stopping = stopping;
    })
}

async fn ended(f: &Fixture, row: &Row, ending: &Ending) -> Row {
    f.store.finish(row.id, row.run_seq, ending).await.unwrap().expect("still held")
}

pub async fn a_cancel_before_the_first_run_says_that_it_never_started(f: &Fixture) {
    let new = task();
    f.queue(&new).await;
    assert_eq!(f.get(new.id).await.cancel_outcome, None);
    f.store.request_cancel(new.id, "owner", None).await.unwrap();
    let row = f.get(new.id).await;
    assert_eq!(row.cancel_outcome, Some(CancelOutcome::NeverStarted));
    assert_eq!((row.stopping, row.finished_at), (Stopping::default(), Some(START)));
}

pub async fn a_cancel_between_two_runs_is_told_as_such(f: &Fixture) {
    for ending in [again(60_000), Ending::Released] {
        let row = f.running("w").await;
        ended(f, &row, &ending).await;
        f.store.request_cancel(row.id, "owner", None).await.unwrap();
        let row = f.get(row.id).await;
        assert_eq!(row.cancel_outcome, Some(CancelOutcome::BetweenAttempts), "{ending:?}");
        assert_eq!(row.resumed, None, "nothing was taken up");
    }
}

pub async fn the_end_says_how_a_cancel_ended(f: &Fixture) {
    for (ending, outcome) in [
        (Ending::Cancelled, CancelOutcome::Stopped),
        (Ending::Forced, CancelOutcome::Forced),
        (Ending::Released, CancelOutcome::Stopped),
        (again(0), CancelOutcome::Stopped),
        (failed(), CancelOutcome::TooLate),
        (Ending::Completed(result()), CancelOutcome::TooLate),
    ] {
        let row = f.running("w").await;
        f.store.request_cancel(row.id, "owner", None).await.unwrap();
        assert_eq!(f.get(row.id).await.cancel_outcome, None);
        let row = ended(f, &row, &ending).await;
        assert_eq!(row.cancel_outcome, Some(outcome), "{ending:?}");
    }
}

pub async fn an_end_that_nobody_asked_for_has_no_receipt(f: &Fixture) {
    for ending in [failed(), Ending::Completed(result()), Ending::Cancelled] {
        let row = f.running("w").await;
        assert_eq!(ended(f, &row, &ending).await.cancel_outcome, None, "{ending:?}");
    }
}

pub async fn a_cancel_of_a_lost_run_says_that_its_worker_was_lost(f: &Fixture) {
    let row = f.running("w").await;
    f.store.request_cancel(row.id, "owner", None).await.unwrap();
    f.advance(LEASE + 1).await;
    f.rescue_expired().await.unwrap();
    let row = f.get(row.id).await;
    assert_eq!(
        (row.status, row.cancel_outcome),
        (Status::Cancelled, Some(CancelOutcome::WorkerLost))
    );
    assert_eq!(row.finished_at, Some(START + LEASE + 1));
}

pub async fn the_steps_of_a_cancel_are_kept_as_they_were_told_first(f: &Fixture) {
    let row = f.running("w").await;
    let kept = |what: &str| Some(what.to_owned());
    let stopping = |delivered_at, acknowledged_at, preserved| Stopping {
        delivered_at,
        acknowledged_at,
        preserved,
    };
    for (write, read) in [
        (stopping(None, None, kept("1 of 5")), stopping(None, None, kept("1 of 5"))),
        (stopping(Some(7), None, kept("2 of 5")), stopping(Some(7), None, kept("2 of 5"))),
        (stopping(Some(8), Some(9), None), stopping(Some(7), Some(9), kept("2 of 5"))),
        (stopping(Some(8), Some(10), None), stopping(Some(7), Some(9), kept("2 of 5"))),
    ] {
        f.store.save_progress(&[report(&row, write)]).await.unwrap();
        assert_eq!(f.get(row.id).await.stopping, read);
    }
    f.store.request_cancel(row.id, "owner", None).await.unwrap();
    let stopped = ended(f, &row, &Ending::Cancelled).await;
    assert_eq!(stopped.stopping, stopping(Some(7), Some(9), kept("2 of 5")));
    // An ended task gets no further report.
    f.store.save_progress(&[report(&stopped, stopping(None, None, kept("all")))]).await.unwrap();
    assert_eq!(f.get(row.id).await, stopped);
}

pub async fn a_lost_run_does_not_touch_the_receipt(f: &Fixture) {
    let lost = f.running("w").await;
    f.advance(LEASE + 1).await;
    f.rescue_expired().await.unwrap();
    let row = f.claim("x", 1).await.remove(0);
    f.store.request_cancel(row.id, "owner", None).await.unwrap();
    let ghost = Stopping {
        delivered_at: Some(1),
        acknowledged_at: Some(2),
        preserved: Some("ghost".to_owned()),
    };
    f.store.save_progress(&[report(&lost, ghost)]).await.unwrap();
    assert_eq!(f.store.finish(lost.id, lost.run_seq, &Ending::Forced).await.unwrap(), None);
    let row = f.get(row.id).await;
    assert_eq!((row.stopping, row.cancel_outcome), (Stopping::default(), None));
}

pub async fn a_first_run_has_resumed_nothing(f: &Fixture) {
    assert_eq!(f.running("w").await.resumed, None);
}

pub async fn a_run_after_a_lost_one_says_what_it_took_up(f: &Fixture) {
    let row = f.running("w").await;
    f.advance(2_000).await;
    assert!(f.store.save_checkpoint(row.id, row.run_seq, "a", "1").await.unwrap());
    f.store.save_progress(&[report(&row, Stopping::default())]).await.unwrap();
    f.advance(3_000).await;
    assert_eq!(f.store.renew_leases("w", LEASE, &[row.id]).await.unwrap().len(), 1);
    f.advance(LEASE + 1).await;
    f.rescue_expired().await.unwrap();
    assert_eq!(f.get(row.id).await.resumed, None, "it still waits");
    f.advance(10).await;
    let resumed = f.claim("x", 1).await.remove(0).resumed.expect("it took something up");
    let expected = Resumption {
        at: START + 5_000 + LEASE + 11,
        reason: ResumeReason::WorkerLost,
        step: 1,
        began_at: START,
        checkpoint_at: Some(START + 2_000),
        seen_at: START + 5_000,
    };
    assert_eq!((resumed, resumed.redone_ms()), (expected, 3_000));
}

pub async fn a_run_after_a_release_or_a_failure_says_so(f: &Fixture) {
    for (ending, why) in
        [(Ending::Released, ResumeReason::Released), (again(0), ResumeReason::Retry)]
    {
        let row = f.running("w").await;
        f.advance(4_000).await;
        ended(f, &row, &ending).await;
        f.advance(1_000).await;
        let row = f.claim("x", 1).await.remove(0);
        let resumed = row.resumed.expect("it took something up");
        // It had entered no stage and kept nothing: all of it is repeated.
        assert_eq!((resumed.reason, resumed.step, resumed.checkpoint_at), (why, 0, None));
        assert_eq!(resumed.redone_ms(), 4_000);
        // The end still tells of it.
        let done = ended(f, &row, &Ending::Completed(result())).await;
        assert_eq!(done.resumed, Some(resumed));
    }
}

pub async fn what_an_earlier_run_had_kept_is_not_done_again(f: &Fixture) {
    let row = f.running("w").await;
    assert!(f.store.save_checkpoint(row.id, row.run_seq, "a", "1").await.unwrap());
    ended(f, &row, &again(0)).await;
    f.advance(100_000).await;
    let row = f.claim("w", 1).await.remove(0);
    f.advance(700).await;
    ended(f, &row, &again(0)).await;
    let resumed = f.claim("w", 1).await.remove(0).resumed.expect("it took something up");
    assert_eq!((resumed.checkpoint_at, resumed.redone_ms()), (Some(START), 700));
}
