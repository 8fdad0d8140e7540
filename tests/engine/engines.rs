//! Two engines on one PostgreSQL: one answers, the other works. Everything that is asked of the first
//! comes through the database.

use std::{
    sync::Arc,
    time::{Duration, Instant, SystemTime, UNIX_EPOCH},
};

use milepost::{
    engine::{
        EngineOptions,
        clock::ManualClock,
        store::{
            Store,
            postgres::{PostgresOptions, PostgresStore},
        },
    },
    task::{AnswerReason, Snapshot, Status, TaskId},
};

use crate::{
    faulty::Faulty,
    fixture::{Fixture, Gates, Step, engine_by, engine_over, gate, is, kind, quick, reach},
    long_poll::{after, answer, hold},
    postgres_server::schema,
};

/// Maximum age of what a client is shown.
const FRESH: Duration = Duration::from_millis(500);
/// A cancel reaches its worker within this.
const CANCEL: Duration = Duration::from_secs(1);
/// For the reading itself.
const SLACK: Duration = Duration::from_millis(500);
/// How often a time is measured. The middle counts, so that a machine that is busy for a moment is no failure.
const TIMES: usize = 5;

/// One that answers and one that works, with the default options.
struct Pair {
    front: Fixture,
    worker: Fixture,
}

/// `deaf`: no notification comes to either.
async fn pair(deaf: bool, options: EngineOptions) -> Pair {
    let url = schema().await;
    let open = async || {
        let store = PostgresStore::open(&url, PostgresOptions::default()).await.unwrap();
        let store = Arc::new(Faulty::new(Arc::new(store)));
        if deaf {
            store.say_no_change();
        }
        store as Arc<dyn Store>
    };
    let idle = options.clone().with(|o| o.worker = false);
    let patient = kind().with(|o| o.cancel_grace = Duration::from_secs(30));
    let front = engine_over(open().await, Gates::default(), idle, patient.clone()).await;
    let worker = engine_over(open().await, Gates::default(), options, patient).await;
    Pair { front, worker }
}

fn usual() -> EngineOptions {
    EngineOptions::default().with(|o| o.drain = Duration::ZERO)
}

impl Pair {
    /// Runs these steps; they are at work when this returns.
    async fn at_work(&self, steps: &[Step]) -> TaskId {
        let steps = [&[reach("at work")], steps].concat();
        let id = self.front.start(&steps).await;
        self.worker.gates.pass("at work").await;
        id
    }

    /// The snapshot of a running task, as the front has it.
    async fn reported(&self, id: TaskId) -> Snapshot {
        self.front.until(id, |task| task.status == Status::Running && task.step.is_some()).await
    }

    /// Cancels tasks that wait for it, at the front; the worker hears of it in time.
    async fn cancels_in_time(&self) {
        let mut times = Vec::new();
        for _ in 0..TIMES {
            let (id, took) = self.cancelled().await;
            let snapshot = self.front.ended(id).await;
            assert_eq!(snapshot.status, Status::Cancelled);
            assert!(snapshot.cancel.unwrap().acknowledged_at.is_some());
            times.push(took);
        }
        assert!(middle(&mut times) <= CANCEL, "{times:?}");
    }

    /// Cancels a task that waits for it, at the front. Returns how long that took to reach the worker.
    async fn cancelled(&self) -> (TaskId, Duration) {
        let steps = [Step::Stage(0), Step::AwaitCancel, reach("cancelled"), gate("never")];
        let id = self.at_work(&steps).await;
        self.reported(id).await;
        let asked = Instant::now();
        self.front.service.cancel(&self.front.ada, id).await.unwrap();
        self.worker.gates.pass("cancelled").await;
        (id, asked.elapsed())
    }
}

fn middle(times: &mut [Duration]) -> Duration {
    times.sort_unstable();
    times[times.len() / 2]
}

/// How long ago something was written, by the clock of this machine, which is the database's, too.
fn since(rfc3339: Option<&String>) -> Duration {
    let at: jiff::Timestamp = rfc3339.expect("it was written").parse().unwrap();
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    now.saturating_sub(Duration::from_millis(at.as_millisecond().try_into().unwrap()))
}

#[tokio::test(flavor = "multi_thread")]
async fn progress_asked_of_the_other_engine_is_half_a_second_old_in_the_middle() {
    let pair = pair(false, usual()).await;
    let mut steps = vec![Step::Stage(1)];
    for n in 1..=20 {
        let name = format!("report {n}");
        steps.extend([gate(&format!("go {n}")), Step::Progress(f64::from(n) / 20.0), reach(&name)]);
    }
    steps.push(gate("end"));
    let id = pair.at_work(&steps).await;
    let mut ages = Vec::new();
    for n in 1..=20 {
        pair.worker.gates.open(&format!("go {n}"));
        pair.worker.gates.pass(&format!("report {n}")).await;
        // From here on it is so far.
        let reported = Instant::now();
        let wanted = 25.0 + 75.0 * f64::from(n) / 20.0;
        pair.front
            .until(id, |task| task.progress.is_some_and(|percent| percent > wanted - 0.01))
            .await;
        ages.push(reported.elapsed());
    }
    assert!(middle(&mut ages) <= FRESH, "{ages:?}");
    pair.worker.gates.open("end");
    pair.front.ended(id).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_end_is_told_by_the_other_engine_within_half_a_second() {
    let pair = pair(false, usual()).await;
    let mut ages = [Vec::new(), Vec::new()];
    for held in [false, true].into_iter().cycle().take(2 * TIMES) {
        let id = pair.at_work(&[Step::Stage(0), gate("end")]).await;
        let snapshot = pair.reported(id).await;
        let seen = if held {
            let poll = hold(&pair.front, after(&snapshot), 1).await;
            pair.worker.gates.open("end");
            let response = answer(poll).await;
            assert_eq!(response.reason, Some(AnswerReason::Ended));
            assert!(response.waited_ms.is_some(), "it was held");
            response.tasks[0].clone()
        } else {
            pair.worker.gates.open("end");
            pair.front.ended(id).await
        };
        ages[usize::from(held)].push(since(seen.finished_at.as_ref()));
        assert_eq!(seen.status, Status::Completed);
    }
    let [asked, held] = ages.each_mut().map(|ages| middle(ages));
    assert!(asked <= FRESH && held <= FRESH, "{ages:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cancel_given_to_the_other_engine_reaches_the_worker_within_a_second() {
    // Nothing here comes from a look now and then.
    let never = Duration::from_secs(3600);
    let options = usual().with(|o| {
        o.queue_poll = never;
        o.heartbeat = never;
        o.lease = never * 4;
    });
    pair(false, options).await.cancels_in_time().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_poll_held_by_the_other_engine_hears_of_all_that_the_worker_does() {
    let pair = pair(false, usual()).await;
    let front = &pair.front;
    let steps =
        [Step::Stage(0), gate("first"), Step::Progress(0.8), gate("second"), Step::Stage(1)];
    let steps = [&steps[..], &[Step::AwaitCancel, reach("cancelled"), gate("never")]].concat();
    let id = pair.at_work(&steps).await;
    let snapshot = pair.reported(id).await;
    let poll = hold(front, after(&snapshot), 1).await;
    pair.worker.gates.open("first");
    let heard = answer(poll).await;
    assert_eq!(heard.reason, Some(AnswerReason::Deviation));
    assert_eq!(heard.tasks[0].progress, Some(20.0));

    let poll = hold(front, after(&heard.tasks[0]), 1).await;
    pair.worker.gates.open("second");
    let heard = answer(poll).await;
    assert_eq!((heard.reason, heard.tasks[0].step), (Some(AnswerReason::Step), Some(2)));

    let poll = hold(front, after(&heard.tasks[0]), 1).await;
    front.service.cancel(&front.ada, id).await.unwrap();
    let heard = answer(poll).await;
    assert!(matches!(heard.reason, Some(AnswerReason::Cancelling | AnswerReason::Ended)));
    pair.worker.gates.pass("cancelled").await;
    front.ended(id).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_poll_held_by_the_other_engine_hears_of_the_start_of_what_waited() {
    let pair = pair(false, usual().with(|o| o.concurrency = 1)).await;
    let front = &pair.front;
    let first = pair.at_work(&[Step::Stage(0), gate("end")]).await;
    let second = front.start(&[Step::Stage(0), gate("end")]).await;
    let waiting = front.get(second).await;
    assert_eq!((waiting.status, waiting.queue_position), (Status::Queued, Some(1)));
    let poll = hold(front, after(&waiting), 1).await;
    pair.worker.gates.open("end");
    let heard = answer(poll).await;
    let task = &heard.tasks[0];
    assert_eq!((task.id, task.attempt), (second, 1), "{heard:?}");
    assert_eq!(front.get(first).await.status, Status::Completed);
    pair.worker.gates.open("end");
    front.ended(second).await;
}

/// As where the connection hangs that notifications come over, until that is noticed.
#[tokio::test(flavor = "multi_thread")]
async fn where_no_notification_comes_an_end_and_a_cancel_are_found_by_asking_within_a_second() {
    let pair = pair(true, usual()).await;
    let mut ages = Vec::new();
    for _ in 0..TIMES {
        let id = pair.at_work(&[Step::Stage(0), gate("end")]).await;
        let snapshot = pair.reported(id).await;
        let poll = hold(&pair.front, after(&snapshot), 1).await;
        pair.worker.gates.open("end");
        let heard = answer(poll).await;
        assert_eq!(heard.reason, Some(AnswerReason::Ended));
        assert!(is(Status::Completed)(&heard.tasks[0]));
        ages.push(since(heard.tasks[0].finished_at.as_ref()));
    }
    assert!(middle(&mut ages) <= CANCEL + SLACK, "{ages:?}");

    // No heartbeat either: only asking is left.
    let never = Duration::from_secs(3600);
    let pair = self::pair(
        true,
        usual().with(|o| {
            o.heartbeat = never;
            o.lease = never * 4;
        }),
    );
    pair.await.cancels_in_time().await;
}

/// What a machine's clock says plays no part: leases are made and ended by the database's.
#[tokio::test(flavor = "multi_thread")]
async fn machines_whose_clocks_differ_by_hours_take_nothing_from_each_other() {
    let url = schema().await;
    // By their own clocks, each lease would be over hours ago.
    let options = quick().with(|o| {
        o.lease = Duration::from_secs(60);
        o.heartbeat = Duration::from_millis(200);
        o.concurrency = 1;
    });
    let mut machines = Vec::new();
    for hours in [-5, 5] {
        let store = PostgresStore::open(&url, PostgresOptions::default()).await.unwrap();
        let now = store.now_ms().await.unwrap();
        let clock = Arc::new(ManualClock::new(now + hours * 3_600_000));
        let store = Arc::new(Faulty::new(Arc::new(store)));
        let gates = Gates::default();
        let f = engine_by(clock, store.clone(), gates, options.clone(), kind()).await;
        machines.push((store, f));
    }
    let [(one, f), (other, g)] = machines.try_into().ok().unwrap();
    let mut ids = Vec::new();
    for _ in 0..2 {
        ids.push(f.start(&[Step::Stage(0), reach("at work"), gate("end")]).await);
    }
    // One on each.
    f.gates.pass("at work").await;
    g.gates.pass("at work").await;
    let (mine, others) = (one.made("rescue_expired"), other.made("rescue_expired"));
    while one.made("rescue_expired") < mine + 5 || other.made("rescue_expired") < others + 5 {
        for id in &ids {
            let snapshot = f.get(*id).await;
            assert_eq!((snapshot.status, snapshot.attempt), (Status::Running, 1), "{snapshot:#?}");
        }
        tokio::task::yield_now().await;
    }
    f.gates.open("end");
    g.gates.open("end");
    for id in ids {
        let snapshot = g.ended(id).await;
        assert_eq!((snapshot.status, snapshot.attempt), (Status::Completed, 1), "{snapshot:#?}");
    }
}
