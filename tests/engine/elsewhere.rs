//! Polls that are held for tasks which run in other processes.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use milepost::{
    engine::{
        EngineOptions, LongPollOptions, ServiceError,
        store::postgres::{PostgresOptions, PostgresStore},
    },
    task::{AnswerReason, Status},
};

use crate::{
    faulty::{Fault, Faulty},
    fixture::{Fixture, Gates, Step, engine_over, gate, kind, quick, reach},
    log::page_hears_and_list_does_not,
    long_poll::{after, answer, hold},
    postgres_server::schema,
};

const HOUR: Duration = Duration::from_secs(3_600);
/// What was read this long ago is read again when somebody says that it changed.
const FRESH: Duration = Duration::from_millis(250);

/// Two processes on one database: one that answers and runs nothing, and one that works.
struct Two {
    front: Fixture,
    front_store: Arc<Faulty>,
    worker: Fixture,
    worker_store: Arc<Faulty>,
}

async fn two() -> Two {
    two_with(quick()).await
}

/// The worker with these options.
async fn two_with(options: EngineOptions) -> Two {
    let url = schema().await;
    let open = async || {
        let store = PostgresStore::open(&url, PostgresOptions::default()).await.unwrap();
        Arc::new(Faulty::new(Arc::new(store)))
    };
    let (front_store, worker_store) = (open().await, open().await);
    // Whatever the front hears, it does not hear by looking.
    let long_poll = LongPollOptions::default().with(|o| o.poll = HOUR);
    let listens = quick().with(|o| {
        o.worker = false;
        o.queue_poll = HOUR;
        o.long_poll = long_poll;
    });
    let patient = kind().with(|o| o.cancel_grace = Duration::from_secs(30));
    let gates = Gates::default();
    let front = engine_over(front_store.clone(), gates.clone(), listens, patient.clone()).await;
    let worker = engine_over(worker_store.clone(), gates, options, patient).await;
    Two { front, front_store, worker, worker_store }
}

#[tokio::test]
async fn a_poll_at_one_server_hears_of_the_stages_and_the_end_at_another() {
    let Two { front, worker, .. } = two().await;
    let steps = [Step::Stage(0), reach("a"), gate("b"), Step::Stage(1), reach("c"), gate("d")];
    let id = front.start(&steps).await;
    worker.gates.pass("a").await;
    let snapshot = front.until(id, |snapshot| snapshot.step == Some(1)).await;
    let poll = hold(&front, after(&snapshot), 1).await;
    worker.gates.open("b");
    let response = answer(poll).await;
    assert_eq!((response.reason, response.tasks[0].step), (Some(AnswerReason::Step), Some(2)));
    worker.gates.pass("c").await;
    let poll = hold(&front, after(&response.tasks[0]), 1).await;
    worker.gates.open("d");
    let response = answer(poll).await;
    assert_eq!(response.reason, Some(AnswerReason::Ended));
    assert_eq!(response.tasks[0].status, Status::Completed);
}

#[tokio::test]
async fn a_cancel_given_at_one_server_answers_the_poll_at_another() {
    let Two { front, worker, .. } = two().await;
    let id = front.start(&[Step::Stage(0), reach("a"), Step::DeafGate("b".to_owned())]).await;
    worker.gates.pass("a").await;
    let snapshot = front.until(id, |snapshot| snapshot.step == Some(1)).await;
    let poll = hold(&front, after(&snapshot), 1).await;
    worker.service.cancel(&worker.ada, id).await.unwrap();
    let response = answer(poll).await;
    assert_eq!(response.reason, Some(AnswerReason::Cancelling));
    let poll = hold(&front, after(&response.tasks[0]), 1).await;
    worker.gates.open("b");
    assert_eq!(answer(poll).await.reason, Some(AnswerReason::Ended));
}

#[tokio::test]
async fn a_held_poll_is_told_that_the_store_is_away_before_its_time_is_over() {
    let Two { front, front_store, worker, .. } = two().await;
    let steps = [Step::Stage(0), reach("a"), gate("b"), Step::Stage(1), gate("never")];
    let id = front.start(&steps).await;
    worker.gates.pass("a").await;
    let snapshot = front.until(id, |snapshot| snapshot.step == Some(1)).await;
    let poll = hold(&front, after(&snapshot), 1).await;
    front_store.set("get", Fault::Fail(u32::MAX));
    worker.gates.open("b");
    match poll.await.unwrap() {
        Err(ServiceError::Store(_)) => {}
        // What was read a moment ago still counts; the next request is refused.
        Ok(snapshot) => {
            assert!(snapshot.waited_ms.is_some_and(|held| held < 10_000), "{snapshot:?}")
        }
        other => panic!("{other:?}"),
    }
    assert!(matches!(front.service.get(&front.ada, id).await, Err(ServiceError::Store(_))));
    front_store.heal();
    front.until(id, |snapshot| snapshot.step == Some(2)).await;
}

#[tokio::test]
async fn a_page_at_one_server_hears_of_what_a_task_says_at_another_and_a_list_does_not() {
    let Two { front, worker, .. } = two().await;
    let steps = [
        Step::Stage(0),
        reach("a"),
        gate("b"),
        Step::Log("news".to_owned()),
        gate("c"),
        Step::Message("more".to_owned()),
        gate("d"),
    ];
    let id = front.start(&steps).await;
    worker.gates.pass("a").await;
    let snapshot = front.until(id, |snapshot| snapshot.step == Some(1)).await;
    page_hears_and_list_does_not(&front, &worker, &snapshot).await;
}

#[tokio::test]
async fn the_last_lines_of_a_flood_are_told_at_another_server_once_they_can_be_read() {
    let Two { front, worker, .. } = two_with(quick().with(|o| o.max_log_lines = 8_000)).await;
    let steps = [
        Step::Stage(0),
        reach("a"),
        gate("b"),
        Step::LogMany(50_000),
        gate("c"),
        // So soon after the first that its lines wait.
        Step::LogMany(30_000),
        gate("d"),
    ];
    let id = front.start(&steps).await;
    worker.gates.pass("a").await;
    let mut snapshot = front.until(id, |snapshot| snapshot.step == Some(1)).await;
    for (gate, last) in [("b", "many 50000"), ("c", "many 30000")] {
        worker.gates.open(gate);
        loop {
            let mut page = after(&snapshot);
            page.watch[0].foreground = true;
            let answered = front.service.poll(&front.ada, &page).await.unwrap();
            assert_eq!(answered.reason, Some(AnswerReason::Output), "{answered:?}");
            let end = front.service.log_since(&front.ada, id, 0, 1).await.unwrap().expect("a log");
            snapshot = answered.tasks[0].clone();
            if end[0].text == last {
                break;
            }
        }
    }
    worker.gates.open("d");
}

#[tokio::test]
async fn a_task_that_reports_all_the_time_is_read_no_oftener_than_four_times_a_second() {
    const REPORTS: u32 = 40;
    let Two { front, front_store, worker, worker_store } = two().await;
    let mut steps = vec![Step::Stage(0), reach("a")];
    for report in 1..=REPORTS {
        // Too little for a bar to be visibly wrong.
        let progress = f64::from(report) / f64::from(REPORTS) * 0.05;
        steps.extend([gate("go"), Step::Progress(progress), Step::Message(report.to_string())]);
    }
    steps.push(gate("never"));
    let id = front.start(&steps).await;
    worker.gates.pass("a").await;
    let snapshot = front.until(id, |snapshot| snapshot.step == Some(1)).await;
    let poll = hold(&front, after(&snapshot), 1).await;
    let (begun, read) = (Instant::now(), front_store.made("get"));
    for _ in 0..REPORTS {
        let saved = worker_store.made("save_progress");
        worker.gates.open("go");
        while worker_store.made("save_progress") == saved {
            tokio::task::yield_now().await;
        }
    }
    let (took, read) = (begun.elapsed(), front_store.made("get") - read);
    let most = 2 + took.as_millis().div_ceil(FRESH.as_millis());
    assert!(u128::from(read) <= most, "{read} reads in {took:?}");
    // It does read.
    let last = 5.0 / 4.0;
    front
        .until(id, |snapshot| {
            snapshot.progress.is_some_and(|snapshot| (snapshot - last).abs() < 1e-6)
        })
        .await;
    // There was nothing to report before the end.
    worker.gates.open("never");
    assert_eq!(answer(poll).await.reason, Some(AnswerReason::Ended));
}
