//! Stories in the real engine, on a temporary store and folder.

use std::{
    fs,
    net::IpAddr,
    path::PathBuf,
    sync::Arc,
    time::{Duration, Instant},
};

use milepost::{
    engine::{
        Artifacts, Caller, ClientAddress, Engine, EngineOptions, KindOptions, Registry,
        ResultState, Service, clock::SystemClock, store::sqlite::SqliteStore,
    },
    task::{Problem, Snapshot, StartTask, Status, TaskId},
};

use super::{
    test_server::{Server, Step, event, reply},
    *,
};

const RESEARCH: &str = "# Tides\n\nWhat lifts the sea?\n\n## Ebb\n\nThe sea falls for six hours. Mud \
    shines.\n\n## Flood\n\nThen the sea rises, because the moon lifts the sea.";
const OUTLINE: &str = r#"{"title":"Low Water","chapters":[{"title":"Mud","summary":"x"},{"title":"Moon","summary":"y"}]}"#;

struct House {
    folder: tempfile::TempDir,
    engine: Engine,
    service: Service,
    ada: Caller,
}

impl House {
    async fn new(words_per_second: f64, narrator: NarratorSettings) -> Self {
        Self::with(StorySettings { words_per_second, ..StorySettings::default() }, narrator).await
    }

    async fn with(story: StorySettings, narrator: NarratorSettings) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let output = folder.path().join("output");
        fs::create_dir_all(output.join("tides")).unwrap();
        fs::write(output.join("tides/research.md"), RESEARCH).unwrap();
        let clock = Arc::new(SystemClock);
        let database = folder.path().join("milepost.db");
        let store = SqliteStore::open(&database, clock.clone()).await.unwrap();
        let deps = StoryDeps::new(output, &story, &narrator).unwrap();
        let registry = Registry::new().with::<Story>(deps, KindOptions::default());
        let options = EngineOptions::default().with(|o| {
            o.heartbeat = Duration::from_millis(50);
            o.queue_poll = Duration::from_millis(20);
            o.retry_base = Duration::from_millis(1);
            o.drain = Duration::ZERO;
            o.artifacts = Some(Artifacts::in_memory());
        });
        let engine = Engine::start(Arc::new(store), clock, registry, options).await.unwrap();
        Self { folder, service: engine.service(), engine, ada: Caller::owner("ada") }
    }

    fn file(&self, name: &str) -> PathBuf {
        self.folder.path().join("output/tides").join(name)
    }

    async fn start(&self) -> TaskId {
        self.service.start(&self.ada, tides("Ada"), None).await.unwrap().receipt.id
    }

    async fn until(&self, id: TaskId, wanted: impl Fn(&Snapshot) -> bool) -> Snapshot {
        let patience = Instant::now();
        loop {
            let snapshot = self.service.get(&self.ada, id).await.unwrap().unwrap();
            if wanted(&snapshot) {
                return snapshot;
            }
            assert!(patience.elapsed() < Duration::from_secs(120), "still {snapshot:#?}");
            tokio::task::yield_now().await;
        }
    }

    async fn end_for(&self, caller: &Caller, id: TaskId) {
        let patience = Instant::now();
        while !self.service.get(caller, id).await.unwrap().unwrap().status.is_terminal() {
            assert!(patience.elapsed() < Duration::from_secs(120));
            tokio::task::yield_now().await;
        }
    }

    async fn end(&self, id: TaskId) -> Snapshot {
        self.until(id, |snapshot| snapshot.status.is_terminal()).await
    }

    async fn result(&self, id: TaskId) -> String {
        match self.service.result(&self.ada, id).await.unwrap().unwrap() {
            ResultState::Ready(result) => String::from_utf8(result.bytes).unwrap(),
            ResultState::None(status) => panic!("no result, {status}"),
        }
    }

    async fn log(&self, id: TaskId) -> String {
        let lines = self.service.log(&self.ada, id, 0).await.unwrap().unwrap();
        lines.into_iter().map(|line| line.text + "\n").collect()
    }
}

fn start(subject: &str, player: &str) -> StartTask {
    let input = serde_json::json!({"subject": subject, "player": player});
    StartTask::new("story", input)
}

fn tides(player: &str) -> StartTask {
    start("tides", player)
}

fn endpoint(server: &Server) -> NarratorSettings {
    NarratorSettings {
        url: Some(server.url()),
        model: "tiny-1".to_owned(),
        ..NarratorSettings::default()
    }
}

#[tokio::test]
async fn a_story_is_told_offline_from_the_research_file() {
    let house = House::new(0.0, NarratorSettings::default()).await;
    let id = house.start().await;
    let snapshot = house.end(id).await;
    assert_eq!(snapshot.status, Status::Completed, "{snapshot:#?}");
    assert_eq!(snapshot.title, "Story: tides, for Ada");
    let story = house.result(id).await;
    assert!(story.starts_with("# Tides\n\n*A story for Ada in 2 chapters*\n\n## Ebb\n"), "{story}");
    assert!(story.contains("because the moon lifts the sea"));
    assert!(story.contains("built-in narrator"));
    assert_eq!(fs::read_to_string(house.file("story.md")).unwrap(), story);
    assert!(house.log(id).await.contains("Chapter 2 of 2 is finished: “Flood”"));
    house.engine.shutdown().await;
}

#[tokio::test]
async fn a_start_without_research_is_refused_in_the_agreed_words() {
    let house = House::new(0.0, NarratorSettings::default()).await;
    let refused = house.service.start(&house.ada, start("nothing", "Ada"), None).await.unwrap_err();
    assert_eq!(refused.to_string(), "Research file not found");
    for (subject, player) in [("../tides", "Ada"), ("tides", "."), ("", "Ada"), ("tides", "a\nb")] {
        assert!(house.service.start(&house.ada, start(subject, player), None).await.is_err());
    }
}

#[tokio::test]
async fn an_operator_can_ask_for_shorter_names() {
    let story = StorySettings { max_name_chars: 5, ..StorySettings::default() };
    let house = House::with(story, NarratorSettings::default()).await;
    for (subject, player, shown) in [
        ("tides", "Cleopatra", "it has 9 characters; at most 5 are allowed here"),
        ("lighthouse", "Ada", "it has 10 characters; at most 5 are allowed here"),
    ] {
        let refused = house.service.start(&house.ada, start(subject, player), None).await;
        assert_eq!(refused.unwrap_err().to_string(), shown);
    }
    house.start().await;
}

#[tokio::test]
async fn the_start_form_knows_the_limits() {
    let house = House::new(0.0, NarratorSettings::default()).await;
    let schema = house.service.kind("story").unwrap().input_schema;
    let subject = &schema["properties"]["subject"];
    assert_eq!(subject["maxLength"], 100);
    assert_eq!(subject["title"], "Subject");
    assert_eq!(schema["required"], serde_json::json!(["subject", "player"]));
}

#[tokio::test]
async fn the_start_form_says_who_will_write() {
    let description = async |narrator: NarratorSettings| {
        let house = House::new(0.0, narrator).await;
        house.service.kind("story").unwrap().description
    };
    let offline = description(NarratorSettings::default()).await;
    assert!(offline.ends_with("Written by the built-in narrator."), "{offline}");
    let url = Some("https://ada:hush@example.org:8443/v1".to_owned());
    let model = NarratorSettings { url, model: "m".to_owned(), ..NarratorSettings::default() };
    let shown = description(NarratorSettings { allow_anonymous: true, ..model.clone() }).await;
    assert!(shown.ends_with("Written by the model “m” at example.org:8443."), "{shown}");
    assert!(description(model).await.ends_with("without a session, by the built-in narrator."));
}

#[tokio::test]
async fn a_start_leads_to_the_same_story_only() {
    let house = House::new(1.0, NarratorSettings::default()).await;
    let id = house.start().await;
    let start = async |caller: &Caller, player: &str| {
        house.service.start(caller, tides(player), None).await.unwrap().receipt
    };
    let same = start(&house.ada, "Ada").await;
    assert!(same.existing && same.id == id);
    assert!(!start(&house.ada, "Grace").await.existing, "another player's story");
    assert!(!start(&Caller::owner("bo"), "Ada").await.existing, "another owner's story");
    for _ in 0..2 {
        assert!(!start(&Caller::nobody(), "Ada").await.existing, "an anonymous start");
    }
}

#[tokio::test]
async fn a_cancel_stops_the_telling_at_once() {
    let house = House::new(1.0, NarratorSettings::default()).await;
    let id = house.start().await;
    let writing = |s: &Snapshot| s.message.as_deref() == Some("Writing chapter 1 of 2");
    let snapshot = house.until(id, |s| writing(s) && s.progress.is_some_and(|p| p > 7.0)).await;
    assert_eq!(snapshot.current_step.as_deref(), Some("Writing"));
    let asked = Instant::now();
    house.service.cancel(&house.ada, id).await.unwrap();
    assert_eq!(house.end(id).await.status, Status::Cancelled);
    // At a word a second, the chapter takes minutes.
    assert!(asked.elapsed() < Duration::from_secs(30), "{:?}", asked.elapsed());
}

#[tokio::test]
async fn a_research_file_that_says_nothing_is_a_clear_error() {
    let house = House::new(0.0, NarratorSettings::default()).await;
    fs::write(house.file("research.md"), "# Tides\n\n \n").unwrap();
    let id = house.start().await;
    let failure = house.end(id).await.error.unwrap();
    assert_eq!(failure.code, "research_empty");
    assert!(failure.message.contains("“tides”"), "{}", failure.message);
}

#[tokio::test]
async fn a_finished_chapter_is_never_paid_twice() {
    let steps = vec![
        Step::stream(&reply(OUTLINE, 100)),
        Step::stream(&reply("Ada walked on the mud.", 200)),
        Step::stream(&[event("The moon was")]),
        Step::stream(&reply("The moon was up.", 300)),
    ];
    let server = Server::start(steps).await;
    let house = House::new(0.0, endpoint(&server)).await;
    let id = house.start().await;
    let snapshot = house.end(id).await;
    assert_eq!(snapshot.status, Status::Completed, "{snapshot:#?}");
    assert_eq!(snapshot.attempt, 1, "a reply that broke off is no failure of the story");
    let story = house.result(id).await;
    assert!(
        story.starts_with("# Low Water\n\n*A story for Ada in 2 chapters*\n\n## Mud\n\nAda walked")
    );
    assert!(story.contains("## Moon\n\nThe moon was up.") && story.contains("“tiny-1”"));
    // Outline, chapter 1, chapter 2 that broke off, chapter 2 again.
    assert_eq!(server.seen().len(), 4);
    let log = house.log(id).await;
    assert!(log.contains("Going on after chapter 1 of 2."), "{log}");
}

#[tokio::test]
async fn what_was_spent_is_known_after_a_restart_of_the_task() {
    let steps = vec![
        Step::stream(&reply(OUTLINE, 1_000)),
        Step::stream(&reply("Ada walked.", 1_000)),
        Step::stream(&[event("The moon was")]),
    ];
    let server = Server::start(steps).await;
    // Enough for the call that breaks off, not for another one.
    let house =
        House::new(0.0, NarratorSettings { token_budget: 2_500, ..endpoint(&server) }).await;
    let id = house.start().await;
    let snapshot = house.end(id).await;
    let failure = snapshot.error.unwrap();
    assert_eq!(failure.code, "token_budget", "{failure:?}");
    assert_eq!(server.seen().len(), 3);
}

#[tokio::test]
async fn a_cancel_drops_the_connection_and_keeps_the_finished_chapters() {
    let (hang, dropped) = Step::hang(&[event("The moon was")]);
    let steps = vec![
        Step::stream(&reply(OUTLINE, 100)),
        Step::stream(&reply("Ada walked on the mud.", 200)),
        hang,
    ];
    let server = Server::start(steps).await;
    let house = House::new(0.0, endpoint(&server)).await;
    let id = house.start().await;
    let second = |s: &Snapshot| {
        s.message.as_deref() == Some("Writing chapter 2 of 2") && server.seen().len() == 3
    };
    house.until(id, second).await;
    house.service.cancel(&house.ada, id).await.unwrap();
    assert_eq!(house.end(id).await.status, Status::Cancelled);
    dropped.expect("the connection is closed").await;
    let retained = fs::read_to_string(house.file("story.md")).unwrap();
    assert!(
        retained.contains("Ada walked on the mud.") && retained.contains("1 of 2 chapters so far")
    );
}

#[tokio::test]
async fn a_wrong_key_fails_at_once_and_is_not_repeated() {
    let server = Server::start(vec![Step::status(401, &[], "{}")]).await;
    let house = House::new(0.0, endpoint(&server)).await;
    let id = house.start().await;
    let snapshot = house.end(id).await;
    assert_eq!((snapshot.status, snapshot.attempt), (Status::Error, 1));
    assert_eq!(snapshot.error.unwrap().code, "narrator_key");
    assert_eq!(server.seen().len(), 1);
}

/// Settings of a narrator behind this server with daily token budgets.
fn a_day(server: &Server, all: u64, per_owner: u64) -> NarratorSettings {
    NarratorSettings { daily_tokens: all, daily_tokens_per_owner: per_owner, ..endpoint(server) }
}

#[tokio::test]
async fn a_day_has_a_budget_over_all_stories_and_what_was_written_stays() {
    let steps = vec![
        Step::stream(&reply(OUTLINE, 3_000)),
        Step::stream(&reply("Ada walked on the mud.", 3_000)),
    ];
    let server = Server::start(steps).await;
    let house = House::new(0.0, a_day(&server, 6_050, 0)).await;
    let id = house.start().await;
    let failure = house.end(id).await.error.unwrap();
    let shown = "The language model's budget for today is used up (narrator.daily_tokens = 6050); it \
                begins anew at 00:00 UTC";
    assert_eq!((&*failure.code, &*failure.message), ("daily_budget", shown));
    assert!(fs::read_to_string(house.file("story.md")).unwrap().contains("Ada walked on the mud."));
    let figures = house.service.budgets().await.unwrap();
    assert_eq!(
        (&*figures[0].name, figures[0].spent, figures[0].limit),
        ("narrator_tokens", 6_000, 6_050)
    );
    let refused = house.service.start(&Caller::owner("bo"), tides("Bo"), None).await.unwrap_err();
    let problem = Problem::from(refused);
    assert_eq!((problem.status, &*problem.detail), (429, shown));
    assert!(problem.retry_after_ms.is_some_and(|ms| (1..=86_400_000).contains(&ms)), "{problem:?}");
    assert_eq!(server.seen().len(), 2);
}

#[tokio::test]
async fn whoever_makes_a_new_identity_each_time_has_no_new_budget() {
    let steps = vec![Step::stream(&reply(OUTLINE, 5_000))];
    let server = Server::start(steps).await;
    let house = House::new(0.0, a_day(&server, 0, 5_100)).await;
    let here = Some(ClientAddress::from(IpAddr::from([192, 0, 2, 7])));
    let first = Caller::owner("one").at(here);
    let id = house.service.start(&first, tides("Ada"), None).await.unwrap().receipt.id;
    house.end_for(&first, id).await;
    let second = Caller::owner("two").at(here);
    let refused = house.service.start(&second, tides("Ada"), None).await.unwrap_err().to_string();
    assert!(
        refused.contains("The part for your address of the language model's budget"),
        "{refused}"
    );
    let elsewhere = Some(ClientAddress::from(IpAddr::from([192, 0, 2, 8])));
    house.service.start(&Caller::owner("two").at(elsewhere), tides("Ada"), None).await.unwrap();
}

#[tokio::test]
async fn no_model_writes_for_anonymous_callers_unless_told_so() {
    let steps = vec![
        Step::stream(&reply(OUTLINE, 10)),
        Step::stream(&reply("Ada walked.", 10)),
        Step::stream(&reply("The moon was up.", 10)),
    ];
    let server = Server::start(steps).await;
    let anonymous = Caller::nobody().at(Some(ClientAddress::from(IpAddr::from([192, 0, 2, 7]))));
    for allow_anonymous in [false, true] {
        // A used-up budget does not affect a story that needs no model.
        let settings = NarratorSettings {
            allow_anonymous,
            daily_tokens: if allow_anonymous { 0 } else { 1 },
            ..endpoint(&server)
        };
        let house = House::new(0.0, settings).await;
        let id = house.service.start(&anonymous, tides("Ada"), None).await.unwrap().receipt.id;
        let snapshot = house.end(id).await;
        assert_eq!(snapshot.status, Status::Completed, "{snapshot:#?}");
        let (story, log) = (house.result(id).await, house.log(id).await);
        let shown =
            "the language model is not available to anonymous callers (narrator.allow_anonymous)";
        assert_eq!(story.contains(shown), !allow_anonymous, "{story}");
        assert_eq!(log.contains(shown), !allow_anonymous, "{log}");
        assert_eq!(server.seen().len(), if allow_anonymous { 3 } else { 0 });
    }
}

mod given;
mod outages;
