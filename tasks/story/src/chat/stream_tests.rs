//! Receiving in virtual time: what ends a reply, what prolongs it, and what is reported.

use std::sync::Mutex;

use axum::body::Bytes;
use futures_util::stream;

use super::{super::reply::End, *};

const LIMITS: Limits = Limits {
    first: Duration::from_secs(120),
    idle: Duration::from_secs(30),
    reply: Duration::from_secs(600),
    usage: Duration::from_secs(2),
    max_bytes: 100 * 4_096 + (1 << 20),
    bounds: Bounds { tokens: 100, text_bytes_per_token: 16, thinking_per_token: 8 },
    expected_chars: 100.0,
};

/// How a body goes on after its chunks.
#[derive(Clone, Copy, PartialEq)]
enum After {
    End,
    Lost,
    Silence,
}

/// Receives chunks that come this many seconds apart, in virtual time.
async fn receive(
    kind: &str,
    chunks: &[&str],
    apart_s: u64,
    after: After,
) -> (Received, Vec<String>) {
    let chunks: Vec<Bytes> = chunks.iter().map(|chunk| Bytes::from((*chunk).to_owned())).collect();
    let paced = stream::iter(chunks).then(move |chunk| async move {
        tokio::time::sleep(Duration::from_secs(apart_s)).await;
        Ok::<_, std::io::Error>(chunk)
    });
    let rest = stream::once(async move {
        match after {
            After::Silence => std::future::pending().await,
            _ => Err(std::io::Error::from(std::io::ErrorKind::ConnectionReset)),
        }
    });
    let body = match after {
        After::End => reqwest::Body::wrap_stream(paced),
        _ => reqwest::Body::wrap_stream(paced.chain(rest)),
    };
    let response = axum::http::Response::builder().header(CONTENT_TYPE, kind).body(body).unwrap();
    let reports = Mutex::new(Vec::new());
    let sink = |report: Report<'_>| {
        reports.lock().unwrap().push(match report {
            Report::Written(share) => format!("{share:.2}"),
            Report::Thinking(tokens) => format!("thinking {tokens}"),
            Report::Note(note) => note.to_owned(),
        });
    };
    let received = read(response.into(), LIMITS, &sink).await;
    let reports = reports.into_inner().unwrap();
    (received, reports)
}

const EVENTS: &str = "text/event-stream";
const ONCE: &str = "data: {\"choices\":[{\"delta\":{\"content\":\"Once\"}}]}\n\n";
const STOP: &str = "data: {\"choices\":[{\"delta\":{},\"finish_reason\":\"stop\"}]}\n\n";

#[tokio::test(start_paused = true)]
async fn a_complete_reply_is_taken_whatever_the_connection_does_then() {
    for after in [After::End, After::Lost, After::Silence] {
        for chunks in [&[ONCE, STOP][..], &[ONCE, STOP, ": ping\n\n", ": ping\n\n", ": ping\n\n"]] {
            let started = Instant::now();
            let (received, _) = receive(EVENTS, chunks, 1, after).await;
            assert_eq!((received.reply.text.as_str(), received.reply.end), ("Once", End::Stop));
            assert!(started.elapsed() <= Duration::from_secs(5), "pings do not prolong it");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn text_that_follows_an_announced_end_is_text() {
    let ended = ONCE.replace("}}]}", "},\"finish_reason\":\"stop\"}]}");
    let figures = ended.replace("}]}", "}],\"usage\":{\"total_tokens\":7}}");
    for event in [&ended, &figures] {
        let (received, _) = receive(EVENTS, &[event, event, event], 1, After::Silence).await;
        assert_eq!((received.reply.text.as_str(), received.reply.end), ("OnceOnceOnce", End::Stop));
    }
}

#[tokio::test(start_paused = true)]
async fn pings_and_empty_events_are_signs_of_life_up_to_the_limit_of_the_whole() {
    for ping in [": ping\n\n", "data: {\"choices\":[{\"delta\":{\"content\":\"\"}}]}\n\n"] {
        let chunks = [ping, ping, ping, ONCE, STOP];
        let (received, _) = receive(EVENTS, &chunks, 100, After::End).await;
        // The first word took 400 s, longer than any silence, but 100 s of silence follow it.
        assert!(matches!(
            received.broken,
            Some(NarratorError::TimedOut { what: "nothing more", .. })
        ));
        let (received, _) = receive(EVENTS, &[ping, ping, ping, ONCE, STOP], 25, After::End).await;
        assert_eq!(received.reply.end, End::Stop);
        let (received, _) = receive(EVENTS, &[ping; 50], 100, After::End).await;
        let error = NarratorError::TimedOut { what: "no end of its reply", seconds: 600.0 };
        assert_eq!(received.broken, Some(error));
    }
    let (received, _) = receive(EVENTS, &[], 1, After::Silence).await;
    assert_eq!(
        received.broken,
        Some(NarratorError::TimedOut { what: "no first word", seconds: 120.0 })
    );
}

#[tokio::test(start_paused = true)]
async fn a_body_of_json_may_take_as_long_as_the_whole_reply() {
    let body = "{\"choices\":[{\"message\":{\"content\":\"Once\"},\"finish_reason\":\"stop\"}]}";
    for kind in ["application/json", "Application/JSON; charset=utf-8"] {
        let (received, _) = receive(kind, &[body], 500, After::Silence).await;
        assert_eq!((received.reply.text.as_str(), received.reply.end), ("Once", End::Stop));
    }
    for kind in ["text/plain", EVENTS, "application/octet-stream", ""] {
        let (received, _) = receive(kind, &[&body[..20], &body[20..]], 1, After::Silence).await;
        assert_eq!(
            (received.reply.text.as_str(), received.reply.end),
            ("Once", End::Stop),
            "{kind}"
        );
    }
}

#[tokio::test(start_paused = true)]
async fn thinking_is_reported_before_the_text() {
    let thinking = "data: {\"choices\":[{\"delta\":{\"reasoning_content\":\"Hm, hm, hm.\"}}]}\n\n";
    let text = ONCE.replace("Once", &"It rose. ".repeat(6));
    let (_, reports) = receive(EVENTS, &[thinking, thinking, &text, STOP], 1, After::End).await;
    assert_eq!(reports, ["thinking 3", "thinking 6", "0.51", "0.51"]);
}

#[test]
fn the_bar_never_reaches_its_end_before_the_text_does() {
    let shares: Vec<f64> =
        [0.0, 50.0, 100.0, 150.0, 1e6].iter().map(|chars| share(*chars, 100.0)).collect();
    assert!(shares.is_sorted() && shares[4] < 1.0, "{shares:?}");
    assert!((shares[2] - 0.95).abs() < 1e-9);
}

fn headers(kind: &str) -> HeaderMap {
    HeaderMap::from_iter([(CONTENT_TYPE, kind.parse().unwrap())])
}

#[test]
fn a_body_in_another_character_set_is_decoded() {
    let (mut reader, body) =
        (Reader::new(1_000), b"{\"choices\":[{\"message\":{\"content\":\"caf\xe9\"}}]}");
    let mut decoder = Decoder::of(&headers("application/json; charset=\"ISO-8859-1\""));
    body.chunks(5).for_each(|bytes| decoder.push(bytes, &mut reader));
    assert_eq!(reader.end(true).text, "café");
    for kind in
        ["text/event-stream", "text/event-stream; charset=UTF-8", "a; charset=wat", "a; charset="]
    {
        assert!(Decoder::of(&headers(kind)).0.is_none(), "{kind}");
    }
}

#[test]
fn a_compression_that_nobody_asked_for_is_named() {
    let encoded = |how: &str| HeaderMap::from_iter([(CONTENT_ENCODING, how.parse().unwrap())]);
    assert_eq!(unreadable_encoding(&encoded("gzip")), None);
    assert_eq!(unreadable_encoding(&encoded("br")).as_deref(), Some("a body compressed by br"));
}
