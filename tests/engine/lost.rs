//! Lost runs: what clients are shown, and that they stop.

use milepost::{engine::ListFilter, task::Status};
use sqlx::{Connection as _, sqlite::SqliteConnectOptions};

use crate::{
    faulty::Fault,
    fixture::{Step, gate, is, quick, reach},
    leases::{faulty, short},
};

#[tokio::test]
async fn what_was_told_of_a_run_that_is_given_up_never_goes_back() {
    for cancel in [false, true] {
        let (_folder, store, f) = faulty(short()).await;
        let steps = [
            Step::Stage(0),
            reach("at work"),
            gate("go on"),
            Step::Stage(1),
            Step::Progress(0.5),
            reach("far"),
            Step::DeafGate("never".to_owned()),
        ];
        let id = f.start(&steps).await;
        f.gates.pass("at work").await;
        // Reports from here on are shown, and never stored.
        store.set("save_progress", Fault::Fail(u32::MAX));
        f.gates.open("go on");
        f.gates.pass("far").await;
        store.set("renew_leases", Fault::Hang);
        let mut last = f.get(id).await;
        assert_eq!((last.step, last.progress), (Some(2), Some(62.5)));
        let mut given_up = false;
        while last.attempt == 1 && last.status == Status::Running
            || last.status == Status::Cancelling
        {
            for listed in [false, true] {
                let snapshot = match listed {
                    false => f.get(id).await,
                    true => {
                        let list = f.service.list(&f.ada, &ListFilter::default()).await.unwrap();
                        list.tasks[0].clone()
                    }
                };
                assert!(snapshot.version >= last.version, "{last:#?}, then {snapshot:#?}");
                let at_work = matches!(snapshot.status, Status::Running | Status::Cancelling);
                let same_run = at_work && snapshot.attempt == last.attempt;
                assert!(
                    !same_run || snapshot.progress >= last.progress,
                    "{last:#?}, then {snapshot:#?}"
                );
                last = snapshot;
            }
            if !given_up && last.heartbeat_age_ms.is_some_and(|age| age > 1_500) {
                given_up = true;
                if cancel {
                    f.service.cancel(&f.ada, id).await.unwrap();
                }
                store.heal();
            }
            tokio::task::yield_now().await;
        }
        assert!(given_up);
        let expected = if cancel { Status::Cancelled } else { Status::Running };
        let attempt = f.until(id, is(expected)).await.attempt;
        assert_eq!(attempt > 1, !cancel, "{attempt}");
    }
}

/// A process that stood still for longer than its lease may find its own task in the queue before it
/// hears that it had lost it.
#[tokio::test]
async fn a_run_whose_task_is_claimed_anew_is_stopped() {
    let (folder, store, f) = faulty(quick()).await;
    let steps = [Step::Stage(0), reach("at work"), Step::AwaitCancel, reach("stopped")];
    let id = f.start(&steps).await;
    f.gates.pass("at work").await;
    // Not from a heartbeat.
    store.set("renew_leases", Fault::Fail(u32::MAX));
    rescue_expired(&folder).await;
    f.gates.pass("at work").await;
    f.gates.pass("stopped").await;
    let snapshot = f.get(id).await;
    assert_eq!((snapshot.status, snapshot.attempt, snapshot.cancel), (Status::Running, 2, None));
}

#[tokio::test]
async fn a_run_that_others_have_taken_back_is_told_no_more_and_stopped_by_the_next_heartbeat() {
    // No claim comes from a look at the queue.
    let never = std::time::Duration::from_secs(3600);
    let (folder, store, f) = faulty(quick().with(|o| o.queue_poll = never)).await;
    let steps = [Step::Stage(0), reach("at work"), Step::AwaitCancel, reach("stopped")];
    let id = f.start(&steps).await;
    f.gates.pass("at work").await;
    store.set("renew_leases", Fault::Fail(u32::MAX));
    rescue_expired(&folder).await;
    let list = f.service.list(&f.ada, &ListFilter::default()).await.unwrap();
    assert_eq!(list.tasks[0].status, Status::Queued);
    let snapshot = f.get(id).await;
    assert_eq!((snapshot.status, snapshot.version), (Status::Queued, list.tasks[0].version));
    store.heal();
    f.gates.pass("stopped").await;
}

/// What another process does with the runs of one that was silent for too long.
async fn rescue_expired(folder: &tempfile::TempDir) {
    let file = SqliteConnectOptions::new().filename(folder.path().join("milepost.db"));
    let mut other = sqlx::SqliteConnection::connect_with(&file).await.unwrap();
    let rescue_expired = "UPDATE tasks SET status = 'queued', lease_owner = NULL, lease_until = NULL, \
                  version = ((version >> 20) + 2) << 20 WHERE status = 'running'";
    sqlx::query(rescue_expired).execute(&mut other).await.unwrap();
    other.close().await.unwrap();
}
