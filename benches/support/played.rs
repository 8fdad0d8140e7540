//! The simulated tasks, played in real time by a real engine behind a real HTTP server.

use std::{
    net::SocketAddr,
    sync::{Arc, OnceLock},
    time::{Duration, Instant},
};

use milepost::{
    engine::{
        Caller, Context, Engine, EngineOptions, KindOptions, Output, Registry, Service, Stages,
        Task, TaskError, clock::SystemClock, store::sqlite::SqliteStore,
    },
    http::{HttpOptions, router},
    task::{Snapshot, StartTask, Status},
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tokio::{net::TcpListener, sync::mpsc, time::sleep_until};

use crate::course::{Chatter, Course, REPORT_MS, STAGES, Shape};

/// Log lines in each report of a task that logs.
const LINES: u32 = 2;

/// One task: how it goes, and when it did.
pub(crate) struct Play {
    pub(crate) course: Course,
    pub(crate) begun: OnceLock<Instant>,
    pub(crate) ended: OnceLock<Instant>,
}

impl Play {
    pub(crate) const fn new(course: Course) -> Self {
        Self { course, begun: OnceLock::new(), ended: OnceLock::new() }
    }

    /// Says what it says at this time. A line is when it was written, in milliseconds of the run.
    fn say(&self, ctx: &Context, now: u64) {
        let every = self.course.chatter.every_ms();
        if !every.is_some_and(|every| now.is_multiple_of(every)) {
            return;
        }
        match self.course.chatter {
            Chatter::Silent => {}
            Chatter::Messages => ctx.message(format!("{now} ms have passed")),
            Chatter::Log => {
                let written = self.begun.get().map_or(0, |begun| begun.elapsed().as_millis());
                (0..LINES).for_each(|_| ctx.log(written.to_string()));
            }
        }
    }
}

/// Goes as it is written.
#[derive(Serialize, Deserialize, JsonSchema)]
struct Played {
    number: u32,
    staged: bool,
}

impl Task for Played {
    const KIND: &'static str = "played";
    const TITLE: &'static str = "Played";
    const DESCRIPTION: &'static str = "Goes as it is written.";
    type Deps = Vec<Arc<Play>>;

    fn title(&self) -> String {
        format!("Played {}", self.number)
    }

    fn stages(&self) -> Stages {
        let stages = if self.staged { STAGES } else { 0 };
        Stages::new((0..stages).map(|stage| (format!("Stage {stage}"), 1.0)))
    }

    async fn run(self, ctx: Context, plays: Arc<Self::Deps>) -> Result<Output, TaskError> {
        let play = &plays[self.number as usize];
        let course = &play.course;
        let begun = *play.begun.get_or_init(Instant::now);
        let at = |ms| begun + Duration::from_millis(ms);
        let (mut now, mut stage) = (0, None);
        while now < course.duration_ms {
            if course.shape == Shape::StagesOnly {
                let next = course.stage(now);
                if stage.replace(next) != Some(next) {
                    ctx.stage(next as usize).await?;
                }
            } else if let Some(progress) = course.progress(now) {
                ctx.progress(progress);
            }
            play.say(&ctx, now);
            now = (now + REPORT_MS).min(course.duration_ms);
            ctx.until_cancelled(sleep_until(at(now).into())).await?;
        }
        play.ended.get_or_init(Instant::now);
        Ok(Output::markdown(String::new(), "played.md"))
    }
}

/// A task that runs.
pub(crate) struct Begun {
    pub(crate) play: Arc<Play>,
    pub(crate) number: usize,
    pub(crate) snapshot: Snapshot,
    pub(crate) address: SocketAddr,
}

/// Plays all of them at once, behind a server; tells of each as soon as it runs. Goes on until nobody
/// listens any more.
pub(crate) async fn serve(plays: Vec<Arc<Play>>, tell: mpsc::UnboundedSender<Begun>) {
    let folder = tempfile::tempdir().unwrap();
    let clock = Arc::new(SystemClock);
    let store = SqliteStore::open(&folder.path().join("m.db"), clock.clone()).await.unwrap();
    let many = u32::try_from(plays.len()).unwrap();
    let kind = KindOptions::default().with(|o| o.concurrency = many);
    let options = EngineOptions::default().with(|o| {
        o.concurrency = many;
        o.max_queued_per_owner = many;
        o.max_queued = many;
    });
    let registry = Registry::new().with::<Played>(plays.clone(), kind);
    let engine = Engine::start(Arc::new(store), clock, registry, options).await.unwrap();
    let service = engine.service();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let router = router(service.clone(), &HttpOptions::default());
    let server = tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
    for (number, play) in plays.into_iter().enumerate() {
        let snapshot = begin(&service, number, &play).await;
        // Whoever listened has failed, and says so.
        let _ = tell.send(Begun { play, number, snapshot, address });
    }
    tell.closed().await;
    server.abort();
    engine.shutdown().await;
}

async fn begin(service: &Service, number: usize, play: &Play) -> Snapshot {
    let staged = play.course.shape == Shape::StagesOnly;
    let input = serde_json::to_value(Played { number: u32::try_from(number).unwrap(), staged });
    let nobody = Caller::nobody();
    let start = StartTask::new("played", input.unwrap());
    let id = service.start(&nobody, start, None).await.unwrap().receipt.id;
    loop {
        let snapshot = service.get(&nobody, id).await.unwrap().unwrap();
        if snapshot.status == Status::Running && play.begun.get().is_some() {
            return snapshot;
        }
        tokio::task::yield_now().await;
    }
}
