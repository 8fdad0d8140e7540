//! Tests of the narrator against a local server of the protocol.

use std::{
    pin::Pin,
    sync::{Arc, Mutex},
    time::Duration,
};

use futures_util::FutureExt;
use tokio::sync::oneshot;

use super::{
    super::{
        research::Research,
        settings::{ApiKey, NarratorSettings},
        test_server::{Server, Step, event, reply},
    },
    retry::Pause,
    *,
};

mod cut;
mod endpoints;

const KEY: &str = "sk-very-secret";

/// Records the delays and does not wait.
#[derive(Default)]
struct Noted(Mutex<Vec<Duration>>);

impl Pause for Noted {
    fn pause(&self, duration: Duration) -> Pin<Box<dyn Future<Output = ()> + Send + '_>> {
        self.0.lock().unwrap().push(duration);
        std::future::ready(()).boxed()
    }
}

struct Bench {
    chat: Chat,
    pauses: Arc<Noted>,
    notes: Mutex<Vec<String>>,
    written: Mutex<Vec<f64>>,
    /// Dropped when the first text arrives.
    first_word: Mutex<Option<oneshot::Sender<()>>>,
}

impl Bench {
    fn new(server: &Server, change: impl FnOnce(&mut NarratorSettings)) -> Self {
        Self::at(&server.url(), change)
    }

    fn at(url: &str, change: impl FnOnce(&mut NarratorSettings)) -> Self {
        let mut settings = NarratorSettings {
            url: Some(url.to_owned()),
            model: "tiny-1".to_owned(),
            key: Some(ApiKey::new(KEY)),
            ..NarratorSettings::default()
        };
        change(&mut settings);
        let pauses = Arc::new(Noted::default());
        let chat = Endpoint::new(&settings).unwrap().unlimited(0).with_pause(pauses.clone());
        Self {
            chat,
            pauses,
            notes: Mutex::default(),
            written: Mutex::default(),
            first_word: Mutex::default(),
        }
    }

    fn sink(&self, report: Report<'_>) {
        match report {
            Report::Written(share) => {
                self.written.lock().unwrap().push(share);
                drop(self.first_word.lock().unwrap().take());
            }
            Report::Thinking(_) => {}
            Report::Note(note) => self.notes.lock().unwrap().push(note.to_owned()),
        }
    }

    async fn chapter(&self) -> Result<String, NarratorError> {
        let done = ["The first chapter ended by the sea.".to_owned()];
        self.chat.chapter(&brief(), &outline(), &done, &|report| self.sink(report)).await
    }

    async fn outline(&self) -> Result<Outline, NarratorError> {
        self.chat.outline(&brief(), &|report| self.sink(report)).await
    }

    fn waits(&self) -> Vec<Duration> {
        self.pauses.0.lock().unwrap().clone()
    }
}

fn brief() -> Brief {
    let text = "# Tides\n\n## Ebb\n\nThe sea falls for six hours.\n\n## Flood\n\nThen it rises.";
    Brief {
        subject: "tides".to_owned(),
        player: "Ada".to_owned(),
        text: Arc::from(text),
        research: Arc::new(Research::read(text)),
    }
}

fn outline() -> Outline {
    let plan = |title: &str| super::super::narrator::Plan {
        title: title.to_owned(),
        summary: String::new(),
    };
    Outline { title: "Tides".to_owned(), chapters: vec![plan("Ebb"), plan("Flood")] }
}

#[tokio::test]
async fn a_chapter_is_streamed_even_when_letters_are_split_between_packets() {
    let server =
        Server::start(vec![Step::bytewise(&reply("Das Meer — über alles. 海。", 40))]).await;
    let bench = Bench::new(&server, |_| ());
    assert_eq!(bench.chapter().await.unwrap(), "Das Meer — über alles. 海。");
    assert_eq!(bench.chat.spending(), Some((40, Some(120_000))));
    assert!(bench.written.lock().unwrap().is_sorted());
    let seen = server.seen();
    assert_eq!(seen[0].key.as_deref(), Some("Bearer sk-very-secret"));
    assert_eq!(seen[0].body["model"], "tiny-1");
    assert_eq!(seen[0].body["stream_options"]["include_usage"], true);
    let prompt = seen[0].body["messages"][1]["content"].as_str().unwrap();
    assert!(prompt.contains("The sea falls for six hours."));
    assert!(prompt.contains("The first chapter ended by the sea."));
    assert!(prompt.contains("chapter 2 of 2") && prompt.contains("“Ada”"));
}

#[tokio::test]
async fn an_endpoint_that_does_not_stream_is_understood_too() {
    let body = r#"{"choices":[{"message":{"content":"All at once."},"finish_reason":"stop"}],
        "usage":{"total_tokens":9}}"#;
    let server = Server::start(vec![Step::status(200, &[], body)]).await;
    let bench = Bench::new(&server, |_| ());
    assert_eq!(bench.chapter().await.unwrap(), "All at once.");
    assert_eq!(bench.chat.spending().unwrap().0, 9);
}

#[tokio::test]
async fn the_outline_is_read_and_a_useless_one_is_replaced_by_the_headings() {
    let good = r#"{"title":"Low Water","chapters":[{"title":"Mud","summary":"Ada walks."}]}"#;
    let steps =
        vec![Step::stream(&reply(good, 30)), Step::stream(&reply("I would rather not.", 5))];
    let server = Server::start(steps).await;
    let bench = Bench::new(&server, |_| ());
    assert_eq!(bench.outline().await.unwrap().title, "Low Water");
    assert_eq!(bench.outline().await.unwrap().chapters, outline().chapters);
    assert!(bench.notes.lock().unwrap()[0].contains("headings"));
}

#[tokio::test]
async fn a_busy_endpoint_is_asked_again_when_it_says() {
    let busy = Step::status(429, &[("retry-after", "7")], "{}");
    let server = Server::start(vec![busy, Step::stream(&reply("At last.", 3))]).await;
    let bench = Bench::new(&server, |_| ());
    assert_eq!(bench.chapter().await.unwrap(), "At last.");
    assert_eq!(bench.waits(), [Duration::from_secs(7)]);
    let note = bench.notes.lock().unwrap()[0].clone();
    let message =
        "the narrator's endpoint is too busy (429); retry in 7.0 s (1 of 5) [narrator_busy]";
    assert_eq!(note, message);
}

#[tokio::test]
async fn a_date_in_retry_after_counts_from_now() {
    let date = httpdate::fmt_http_date(std::time::SystemTime::now() + Duration::from_secs(30));
    let busy = Step::status(503, &[("retry-after", &date)], "");
    let server = Server::start(vec![busy, Step::stream(&reply("At last.", 3))]).await;
    let bench = Bench::new(&server, |_| ());
    bench.chapter().await.unwrap();
    let wait = bench.waits()[0].as_secs_f64();
    assert!((25.0..=30.0).contains(&wait), "{wait}");
}

#[tokio::test]
async fn a_wait_longer_than_the_patience_is_left_to_the_queue() {
    let server = Server::start(vec![Step::status(429, &[("retry-after", "600")], "{}")]).await;
    let bench = Bench::new(&server, |_| ());
    let error = bench.chapter().await.unwrap_err();
    assert_eq!((error.code(), error.after()), ("narrator_busy", Some(Duration::from_secs(600))));
    assert!(bench.waits().is_empty());
}

#[tokio::test]
async fn server_errors_are_retried_with_growing_waits_and_then_told() {
    let failing = || Step::status(500, &[], "oops");
    let server = Server::start((0..3).map(|_| failing()).collect()).await;
    let bench = Bench::new(&server, |settings| settings.retries = 2);
    let error = bench.chapter().await.unwrap_err();
    assert_eq!(error.to_string(), "the narrator's endpoint failed (500): oops");
    let waits = bench.waits();
    assert_eq!(waits.len(), 2);
    assert!(waits[0] >= Duration::from_millis(500) && waits[0] <= Duration::from_secs(1));
    assert!(waits[1] >= Duration::from_secs(1) && waits[1] <= Duration::from_secs(2));
    assert_eq!(server.seen().len(), 3);
}

#[tokio::test]
async fn a_refusal_that_cannot_change_is_told_at_once() {
    let cases = [
        (401, "{}", "narrator_key", "refused the key (401)"),
        (403, "{}", "narrator_key", "MILEPOST_NARRATOR_KEY"),
        (404, "not here", "narrator_address", "not here; check MILEPOST_NARRATOR_URL"),
        (404, r#"{"error":{"message":"model 'tiny-1' not found"}}"#, "narrator_model", "“tiny-1”"),
        (
            403,
            r#"{"message":"Country not supported"}"#,
            "narrator_rejected",
            "Country not supported",
        ),
        (
            500,
            r#"{"error":"model requires more system memory (9 GiB)"}"#,
            "narrator_memory",
            "9 GiB",
        ),
        (
            400,
            r#"{"error":{"message":"This model's maximum context length is 4096 tokens"}}"#,
            "narrator_context",
            "RESEARCH_TOKENS",
        ),
        (
            400,
            r#"{"error":{"message":"x","code":"model_not_found"}}"#,
            "narrator_model",
            "“tiny-1”",
        ),
        (429, r#"{"error":{"code":"insufficient_quota"}}"#, "narrator_quota", "quota"),
        (422, r#"{"error":"sk-very-secret is odd"}"#, "narrator_rejected", "… is odd"),
        (302, "", "narrator_address", "(302); check MILEPOST_NARRATOR_URL"),
        (422, "", "narrator_rejected", "gave no reason"),
    ];
    for (status, body, code, words) in cases {
        let server = Server::start(vec![Step::status(status, &[], body)]).await;
        let bench = Bench::new(&server, |_| ());
        let error = bench.chapter().await.unwrap_err();
        assert_eq!(error.code(), code, "{status}");
        assert!(error.to_string().contains(words), "{error}");
        assert!(!format!("{error:?} {error}").contains(KEY));
        assert!(bench.waits().is_empty() && server.seen().len() == 1, "{status}");
    }
}

#[tokio::test]
async fn a_port_where_nobody_listens_is_told_within_three_seconds() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    drop(listener);
    let bench = Bench::at(&format!("http://{address}/v1"), |_| ());
    let error = bench.chapter().await.unwrap_err();
    assert_eq!(error.code(), "narrator_unreachable");
    assert!(error.to_string().contains(&address.to_string()), "{error}");
    assert!(
        !error.is_transient() && bench.waits().iter().sum::<Duration>() < Duration::from_secs(3)
    );
}

#[tokio::test]
async fn an_endpoint_that_answered_before_may_come_back() {
    let server = Server::start(vec![Step::stream(&reply("Here.", 2))]).await;
    let bench = Bench::new(&server, |settings| settings.retries = 2);
    bench.chapter().await.unwrap();
    drop(server);
    let error = bench.chapter().await.unwrap_err();
    assert!(error.is_transient(), "{error}");
    assert_eq!(bench.waits().len(), 2);
}

#[tokio::test]
async fn a_connection_lost_before_the_first_word_is_tried_again() {
    let (step, cut) = Step::cut(&[]);
    drop(cut);
    let server = Server::start(vec![step, Step::stream(&reply("Here.", 2))]).await;
    let bench = Bench::new(&server, |_| ());
    assert_eq!(bench.chapter().await.unwrap(), "Here.");
    assert_eq!(bench.waits().len(), 1);
}

#[tokio::test]
async fn a_stream_cut_in_the_middle_is_told_and_paid_for() {
    let (step, cut) = Step::cut(&[event("Half a sen")]);
    for (step, cut) in [(step, Some(cut)), (Step::stream(&[event("Half a sen")]), None)] {
        let server = Server::start(vec![step]).await;
        let bench = Bench::new(&server, |_| ());
        *bench.first_word.lock().unwrap() = cut;
        assert_eq!(bench.chapter().await.unwrap_err(), NarratorError::Cut(String::new()));
        assert!(bench.waits().is_empty());
        assert!(bench.chat.spending().unwrap().0 > 50);
    }
}

#[tokio::test]
async fn garbage_is_told_as_such() {
    let garbage = [
        vec!["data: {not json\n\n".to_owned()],
        vec!["data: {\"hello\":1}\n\n".to_owned()],
        vec!["data: [DONE]\n\n".to_owned()],
        vec!["data: {\"error\":{\"message\":\"boom\"}}\n\n".to_owned()],
    ];
    for chunks in garbage {
        let server = Server::start(vec![Step::stream(&chunks)]).await;
        let error = Bench::new(&server, |_| ()).chapter().await.unwrap_err();
        let code = error.code();
        assert!(
            matches!(code, "narrator_malformed" | "narrator_rejected" | "narrator_empty"),
            "{error}"
        );
    }
    let server = Server::start(vec![Step::status(200, &[], "<html>")]).await;
    let error = Bench::new(&server, |_| ()).chapter().await.unwrap_err();
    assert_eq!(error.code(), "narrator_address");
}

#[tokio::test]
async fn an_endless_stream_is_stopped() {
    let flood = vec![format!("data: {}", "x".repeat(1 << 20)); 8];
    let server = Server::start(vec![Step::stream(&flood)]).await;
    let error = Bench::new(&server, |_| ()).chapter().await.unwrap_err();
    assert!(error.to_string().contains("more than"), "{error}");
}

#[tokio::test]
async fn the_budget_holds_over_the_whole_story() {
    let server = Server::start(vec![Step::stream(&reply("One.", 900))]).await;
    let bench = Bench::new(&server, |settings| settings.token_budget = 1_000);
    bench.chapter().await.unwrap();
    let allowed = server.seen()[0].body["max_tokens"].as_u64().unwrap();
    assert!(allowed < 1_000, "{allowed} tokens were asked for");
    let error = bench.chapter().await.unwrap_err();
    assert_eq!(error, NarratorError::Budget { spent: 900, budget: 1_000 });
    assert_eq!(server.seen().len(), 1);
}

#[tokio::test]
async fn silence_is_told_with_what_was_waited_for() {
    let quick = |settings: &mut NarratorSettings| {
        settings.first_token_timeout_s = 0.05;
        settings.idle_timeout_s = 0.05;
        settings.retries = 0;
    };
    let cases = [(vec![], "no first word"), (vec![event("Once")], "nothing more")];
    for (chunks, what) in cases {
        let (step, _dropped) = Step::hang(&chunks);
        let server = Server::start(vec![step]).await;
        let error = Bench::new(&server, quick).chapter().await.unwrap_err();
        assert_eq!(error, NarratorError::TimedOut { what, seconds: 0.05 });
    }
}

#[tokio::test]
async fn dropping_the_work_drops_the_connection() {
    let (step, dropped) = Step::hang(&[event("Once")]);
    let server = Server::start(vec![step]).await;
    let bench = Bench::new(&server, |_| ());
    let (first, seen) = oneshot::channel();
    *bench.first_word.lock().unwrap() = Some(first);
    tokio::select! {
        result = bench.chapter() => panic!("it ended: {result:?}"),
        _ = seen => {}
    }
    dropped.expect("the server's side of the stream is dropped").await;
}

#[tokio::test]
async fn a_reply_cut_by_its_limit_ends_with_a_whole_sentence() {
    let chunks = [
        event("It rose. It fe"),
        "data: {\"choices\":[{\"delta\":{},\"finish_reason\":\"length\"}]}\n\n".to_owned(),
    ];
    let server = Server::start(vec![Step::stream(&chunks)]).await;
    let text = Bench::new(&server, |_| ()).chapter().await.unwrap();
    assert_eq!(text, "It rose.");
}
