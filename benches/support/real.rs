//! The policies on real tasks in real time: one client for each way and task, all at once.

use std::{
    cell::{Cell, RefCell},
    rc::Rc,
    sync::Arc,
    time::{Duration, Instant},
};

use milepost::{
    poll::{Event, Failure, Machine},
    task::PollResponse,
};
use tokio::{
    sync::mpsc,
    task::{JoinSet, LocalSet},
    time::interval,
};

use crate::{
    course::{Course, REPORT_MS, Random},
    driver::{Driver, Notes},
    follow::{Outcome, WAY_MS},
    played::{self, Begun, Play},
    scenarios::{Figures, WAYS, Way, client_seed, figures},
};

/// What is drawn and counted for one client.
struct Counted {
    random: RefCell<Random>,
    requests: Cell<u32>,
    /// When the task began.
    begun: Instant,
    log_lag_s: Cell<f64>,
}

impl Notes for Counted {
    fn random(&self) -> f64 {
        self.random.borrow_mut().unit()
    }

    /// As long as in virtual time, beside what the machine itself takes.
    fn way(&self) -> Duration {
        let ms = self.random.borrow_mut().between(WAY_MS.0, WAY_MS.1);
        Duration::from_secs_f64(ms / 1_000.0)
    }

    fn sent(&self) {
        self.requests.set(self.requests.get() + 1);
    }

    fn landed(&self, told: &Result<PollResponse, Failure>) {
        let Ok(response) = told else { return };
        for line in response.log.iter().flat_map(|log| &log.lines) {
            let written_ms: f64 = line.text.parse().expect("when it was written");
            let lag_s = self.begun.elapsed().as_secs_f64() - written_ms / 1_000.0;
            self.log_lag_s.set(self.log_lag_s.get().max(lag_s));
        }
    }
}

/// Plays all scenarios at once; the figures of each.
pub(crate) fn run(scenarios: Vec<Vec<Course>>, seed: u64) -> Vec<Vec<Figures>> {
    let sizes: Vec<_> = scenarios.iter().map(Vec::len).collect();
    let plays: Vec<_> = scenarios.into_iter().flatten().map(|c| Arc::new(Play::new(c))).collect();
    let (tell, begun) = mpsc::unbounded_channel();
    let server = std::thread::spawn(move || {
        let runtime = tokio::runtime::Runtime::new().unwrap();
        runtime.block_on(played::serve(plays, tell));
    });
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let mut outcomes =
        LocalSet::new().block_on(&runtime, follow_all(sizes.iter().sum(), begun, seed));
    server.join().unwrap();
    // By task, then by way.
    outcomes.sort_by_key(|(number, way, _)| (*number, *way));
    let mut outcomes = outcomes.into_iter();
    let scenario = |size: usize| {
        let mut by_way = WAYS.map(|_| Vec::new());
        for (_, way, outcome) in outcomes.by_ref().take(size * WAYS.len()) {
            by_way[way].push(outcome);
        }
        WAYS.into_iter().zip(by_way).map(|(way, all)| figures(way, all)).collect()
    };
    sizes.into_iter().map(scenario).collect()
}

/// How each way (by its place) did on each task (by its number).
async fn follow_all(
    tasks: usize,
    mut begun: mpsc::UnboundedReceiver<Begun>,
    seed: u64,
) -> Vec<(usize, usize, Outcome)> {
    let mut clients = JoinSet::new();
    for _ in 0..tasks {
        let task = Rc::new(begun.recv().await.expect("a server that plays on"));
        for (place, way) in WAYS.into_iter().enumerate() {
            let (task, number) = (Rc::clone(&task), task.number);
            clients.spawn_local(async move { (number, place, follow(&task, way, seed).await) });
        }
    }
    clients.join_all().await
}

async fn follow(task: &Begun, way: Way, seed: u64) -> Outcome {
    let Begun { play, number, snapshot, address } = task;
    let seed = client_seed(seed, *number as u64);
    let random = RefCell::new(Random::seeded(seed));
    let machine = Machine::new(way.config());
    let begun = *play.begun.get().expect("it runs");
    let (requests, log_lag_s) = (Cell::new(0), Cell::new(0.0));
    let counted = Rc::new(Counted { random, requests, begun, log_lag_s });
    let mut driver = Driver::new(machine, Rc::clone(&counted), *address);
    driver.tell(Event::Watch { id: snapshot.id, snapshot: Some(Box::new(snapshot.clone())) });
    if way.foreground {
        driver.tell(Event::FollowLog { id: snapshot.id, after: 0 });
    }
    let mut looks = interval(Duration::from_millis(REPORT_MS));
    let (mut error, mut samples) = (0.0, 0_u32);
    while !driver.knows_the_end(snapshot.id) {
        tokio::select! {
            () = driver.step() => {}
            _ = looks.tick() => {
                let ms = u64::try_from(begun.elapsed().as_millis()).unwrap_or(u64::MAX);
                let truth = play.course.progress(ms).filter(|_| ms < play.course.duration_ms);
                if let Some(truth) = truth {
                    error += (driver.bar(snapshot.id) - truth).abs();
                    samples += 1;
                }
            }
        }
    }
    let knew = Instant::now();
    let ended = *play.ended.get().expect("it has ended");
    Outcome {
        requests: counted.requests.get(),
        overshoot_s: knew.saturating_duration_since(ended).as_secs_f64(),
        bar_error: (samples > 0).then(|| error / f64::from(samples)),
        log_lag_s: counted.log_lag_s.get(),
    }
}
