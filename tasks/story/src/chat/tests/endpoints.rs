//! Endpoints as people run them: what they refuse, how they fail, and what a person reads then.

use super::*;

const OK: &str = r#"{"choices":[{"message":{"content":"It rose."},"finish_reason":"stop"}]}"#;

fn ok() -> Step {
    Step::status(200, &[], OK)
}

/// A stream of these events.
fn events(events: &[&str]) -> Step {
    let events: Vec<String> = events.iter().map(|data| format!("data: {data}\n\n")).collect();
    Step::stream(&events)
}

async fn failure(step: Step) -> NarratorError {
    let server = Server::start(vec![step]).await;
    let bench = Bench::new(&server, |settings| settings.retries = 0);
    bench.chapter().await.unwrap_err()
}

#[tokio::test]
async fn what_an_endpoint_refuses_is_left_out_and_remembered() {
    let refusals = [
        r#"{"error":{"message":"Unsupported parameter: 'max_tokens' is not supported with this model. Use 'max_completion_tokens' instead.","param":"max_tokens"}}"#,
        r#"{"error":{"message":"Unsupported value: 'temperature' does not support 0.8","param":"temperature"}}"#,
        r#"{"message":{"detail":[{"type":"extra_forbidden","loc":["body","stream_options"],"msg":"Extra inputs are not permitted"}]}}"#,
        r#"{"error":"System role not supported"}"#,
    ];
    let refused = refusals.iter().map(|body| Step::status(400, &[], body));
    let server = Server::start(refused.chain([ok(), ok()]).collect()).await;
    let bench = Bench::new(&server, |_| ());
    bench.chapter().await.unwrap();
    assert!(bench.waits().is_empty(), "no failure, and no delay");
    assert_eq!(bench.notes.lock().unwrap().len(), 4);
    bench.chapter().await.unwrap();
    let seen = server.seen();
    assert_eq!(seen.len(), 6, "the next call knows");
    for body in [&seen[4].body, &seen[5].body] {
        assert!(body["max_completion_tokens"].is_u64() && body["max_tokens"].is_null(), "{body}");
        assert!(body["temperature"].is_null() && body["stream_options"].is_null(), "{body}");
        assert_eq!(body["messages"].as_array().unwrap().len(), 1);
        assert_eq!(body["messages"][0]["role"], "user");
    }
}

#[tokio::test]
async fn keys_headers_and_fields_are_sent_as_set() {
    let ask = async |change: fn(&mut NarratorSettings)| {
        let server = Server::start(vec![ok()]).await;
        Bench::new(&server, change).chapter().await.unwrap();
        server.seen().remove(0)
    };
    let seen = ask(|settings| settings.key = Some(ApiKey::new(""))).await;
    assert_eq!(seen.key, None, "an empty key sends no header");
    let seen = ask(|settings| settings.key_header = Some("api-key".to_owned())).await;
    assert_eq!((seen.key, seen.headers["api-key"].to_str().unwrap()), (None, KEY));
    assert_eq!(seen.headers["accept-encoding"], "identity");
    let seen = ask(|settings| {
        let json = |text| serde_json::from_value(text).unwrap();
        settings.extra_headers = Some(json(serde_json::json!({"x-title": "Tales"})));
        settings.extra_body = serde_json::from_str(r#"{"top_k":5,"temperature":null}"#).unwrap();
        settings.url = settings.url.take().map(|url| format!("{url}?api-version=2024-10-21"));
    })
    .await;
    assert_eq!(seen.headers["x-title"], "Tales");
    assert_eq!(
        (&seen.body["top_k"], &seen.body["temperature"]),
        (&5.into(), &serde_json::Value::Null)
    );
    assert_eq!(seen.query.as_deref(), Some("api-version=2024-10-21"));
}

#[tokio::test]
async fn a_failure_within_a_stream_passes_and_is_tried_again() {
    let failures = [
        r#"{"error":{"code":429,"message":"slow down"}}"#,
        r#"{"error":{"code":"502","message":"Provider returned error"}}"#,
        r#"{"error":{"type":"overloaded_error","message":"Overloaded"}}"#,
        r#"{"choices":[{"delta":{},"error":{"code":503,"message":"x"},"finish_reason":"error"}]}"#,
    ];
    for failure in failures {
        let server = Server::start(vec![events(&[failure]), ok()]).await;
        let bench = Bench::new(&server, |_| ());
        assert_eq!(bench.chapter().await.unwrap(), "It rose.", "{failure}");
        assert_eq!(bench.waits().len(), 1);
    }
    for status in [408, 409, 425, 498, 499, 502, 503, 529] {
        let server = Server::start(vec![Step::status(status, &[], ""), ok()]).await;
        let bench = Bench::new(&server, |_| ());
        assert_eq!(bench.chapter().await.unwrap(), "It rose.", "{status}");
    }
}

#[tokio::test]
async fn an_end_that_is_none_is_no_chapter() {
    let started = r#"{"choices":[{"delta":{"content":"Once"}}]}"#;
    for reason in ["error", "abort"] {
        let end = format!(r#"{{"choices":[{{"delta":{{}},"finish_reason":"{reason}"}}]}}"#);
        let error = failure(events(&[started, &end])).await;
        assert_eq!((error.code(), error.is_transient()), ("narrator_cut", true));
        assert!(error.to_string().contains(reason), "{error}");
    }
    for reason in ["", "null"] {
        let end = format!(r#"{{"choices":[{{"delta":{{}},"finish_reason":"{reason}"}}]}}"#);
        assert_eq!(failure(events(&[started, &end])).await, NarratorError::Cut(String::new()));
    }
}

#[tokio::test]
async fn the_story_is_found_in_the_formats_of_models() {
    for text in [
        "<|think|>Hm.<|end|><|begin|>assistant<|content|>It rose.",
        "<response>\nIt rose.\n</response>",
        "<reflection>Hm.</reflection><output>It rose.</output>",
        "```thinking\nHm.\n```\n\nIt rose.",
        "&lt;think&gt;Hm.&lt;/think&gt;\nIt rose.",
        "**Thinking:** Hm.\n\n**Answer:**\nIt rose.",
        "{\"chapter\": \"It rose.\"}",
    ] {
        for size in [1, 3, 100] {
            let chars: Vec<char> = text.chars().collect();
            let pieces = chars.chunks(size).map(|piece| {
                let text: String = piece.iter().collect();
                serde_json::json!({"choices": [{"delta": {"content": text}}]}).to_string()
            });
            let end = r#"{"choices":[{"delta":{},"finish_reason":"stop"}]}"#.to_owned();
            let all: Vec<String> = pieces.chain([end]).collect();
            let all: Vec<&str> = all.iter().map(String::as_str).collect();
            let server = Server::start(vec![events(&all)]).await;
            let chapter = Bench::new(&server, |_| ()).chapter().await.unwrap();
            assert_eq!(chapter, "It rose.", "{text}");
        }
    }
}

#[tokio::test]
async fn half_a_chapter_without_a_good_end_is_requested_anew() {
    let half = r#"{"choices":[{"delta":{"content":"It rose. She watched the wat"}}]}"#;
    let tool =
        r#"{"choices":[{"delta":{"tool_calls":[{"id":"c"}]},"finish_reason":"tool_calls"}]}"#;
    let odd = r#"{"choices":[{"delta":{},"finish_reason":true}]}"#;
    let whole = r#"{"choices":[{"message":{"content":"It rose. She watched the wat"}}]}"#;
    for step in [
        events(&[half, tool, "[DONE]"]),
        events(&[half, "[DONE]"]),
        events(&[half, odd, "[DONE]"]),
        Step::status(200, &[], whole),
    ] {
        let error = failure(step).await;
        assert_eq!((error.code(), error.is_transient()), ("narrator_cut", true), "{error}");
    }
    let whole = r#"{"choices":[{"delta":{"content":"It rose. “It fell.”"}}]}"#;
    let server = Server::start(vec![events(&[whole, "[DONE]"])]).await;
    assert_eq!(Bench::new(&server, |_| ()).chapter().await.unwrap(), "It rose. “It fell.”");
}

#[tokio::test]
async fn a_reply_of_thinking_alone_names_the_setting() {
    for thinking in [
        r#"{"choices":[{"delta":{"reasoning_content":"Hm"},"finish_reason":"length"}]}"#,
        r#"{"choices":[{"delta":{"content":"<think>Hm"},"finish_reason":"length"}]}"#,
        r#"{"choices":[{"delta":{"content":""},"finish_reason":"length"}]}"#,
    ] {
        let error = failure(events(&[thinking])).await;
        assert!(error.to_string().contains("narrator.chapter_tokens"), "{error}");
        assert!(!error.is_transient() && error.is_hopeless());
    }
}

#[tokio::test]
async fn an_endpoint_that_asks_for_no_delay_gets_a_second() {
    for after in ["0", "Mon, 01 Jan 2001 00:00:00 GMT", "0.1"] {
        let busy = Step::status(429, &[("retry-after", after)], "");
        let server = Server::start(vec![busy, ok()]).await;
        let bench = Bench::new(&server, |_| ());
        bench.chapter().await.unwrap();
        let wait = bench.waits()[0];
        assert!((1.0..=2.0).contains(&wait.as_secs_f64()), "{after}: {wait:?}");
    }
}

#[tokio::test]
async fn figures_far_below_what_came_do_not_count() {
    let text = "It rose. ".repeat(200);
    for (figures, min) in [("{\"total_tokens\":3}", 450), ("{\"total_tokens\":400}", 400)] {
        let body = format!(
            r#"{{"choices":[{{"message":{{"content":"{text}"}},"finish_reason":"stop"}}],"usage":{figures}}}"#
        );
        let server = Server::start(vec![Step::status(200, &[], &body)]).await;
        let bench = Bench::new(&server, |_| ());
        bench.chapter().await.unwrap();
        let spent = bench.chat.spending().unwrap().0;
        assert!(if min == 400 { spent == 400 } else { spent > min }, "{figures}: {spent}");
    }
}

#[tokio::test]
async fn a_reply_that_does_not_end_is_published_to_the_bound_and_thinking_is_not() {
    let text = r#"{"choices":[{"delta":{"content":"It rose and rose again. "}}]}"#;
    let server = Server::start(vec![events(&[text; 200])]).await;
    let bench = Bench::new(&server, |settings| settings.chapter_tokens = 130);
    let message = bench.chapter().await.unwrap();
    assert!(message.len() <= 130 * 16 && message.ends_with("again."), "{}", message.len());
    let thinking = r#"{"choices":[{"delta":{"reasoning_content":"Hm, hm, hm, hm, hm, hm. "}}]}"#;
    let server = Server::start(vec![events(&[thinking; 200])]).await;
    let bench = Bench::new(&server, |settings| settings.chapter_tokens = 130);
    let error = bench.chapter().await.unwrap_err();
    assert_eq!((error.code(), server.seen().len()), ("narrator_thinking", 1));
}

#[tokio::test]
async fn each_refusal_has_its_code_and_is_final() {
    let cases = [
        (404, "No endpoints found for tiny-1.", "narrator_model"),
        (404, "No endpoints found matching your data policy", "narrator_rejected"),
        (400, "Authentication Error, Invalid proxy server token passed", "narrator_key"),
        (400, "Budget has been exceeded! Max budget: 0.05", "narrator_quota"),
        (400, "The model has been decommissioned", "narrator_model"),
        (500, "cudaMalloc failed: out of memory", "narrator_memory"),
        (204, "", "narrator_malformed"),
        (200, "Ollama is running", "narrator_address"),
        (200, "<!DOCTYPE html><p>Hello", "narrator_address"),
    ];
    for (status, body, code) in cases {
        let error = failure(Step::status(status, &[], body)).await;
        assert_eq!((error.code(), error.is_transient()), (code, false), "{body}: {error}");
        assert!(
            status == 204
                || error.to_string().contains(body.trim_start_matches("<!DOCTYPE html><p>")),
            "{error}"
        );
    }
}

#[tokio::test]
async fn a_limit_that_is_used_up_is_waited_for() {
    let headers = [("x-ratelimit-remaining-tokens", "0"), ("x-ratelimit-reset-tokens", "4.5s")];
    for (body, millis) in [("{}", 4_500), ("try again in 2s", 2_000)] {
        let server = Server::start(vec![Step::status(429, &headers, body), ok()]).await;
        let bench = Bench::new(&server, |_| ());
        bench.chapter().await.unwrap();
        assert_eq!(bench.waits(), [Duration::from_millis(millis)], "{body}");
    }
}

#[tokio::test]
async fn the_words_of_the_endpoint_reach_the_person() {
    let cases = [
        (
            429,
            r#"{"error":{"message":"20 requests a minute"}}"#,
            "too busy (429): 20 requests a minute",
        ),
        (503, "<html><title>503 Down for lunch</title></html>", "failed (503): 503 Down for lunch"),
        (503, r#"{"error":{"message":"Loading model"}}"#, "still loading the model (503)"),
        (400, r#"{"object":"error","message":"bad temper"}"#, "(400): bad temper"),
        (400, r#"[{"error":{"message":"bad list"}}]"#, "(400): bad list"),
        (422, r#"{"detail":[{"loc":["body","n"],"msg":"too many"}]}"#, "(422): n: too many"),
        (418, "plain\u{1b}[31m words", "(418): plain words"),
        (
            401,
            r#"{"error":{"message":"No sk-very-secret here"}}"#,
            "refused the key (401): No … here",
        ),
        (200, "<html><title>Sign in</title></html>", "(200): Sign in; check MILEPOST_NARRATOR_URL"),
        (200, "Ollama is running", "(200): Ollama is running; check MILEPOST_NARRATOR_URL"),
        (204, "", "without a body (204)"),
        (200, r#"{"error":"the engine is broken"}"#, "the engine is broken"),
        (400, r#"{"fault":{"faultstring":"Invalid ApiKey"}}"#, "the key (400): Invalid ApiKey"),
        (
            400,
            r#"{"error":"invalid_request","error_description":"The deployment is retired"}"#,
            "invalid_request: The deployment is retired",
        ),
        (200, r#"{"success":true,"data":{"id":1}}"#, ": an answer without choices; check"),
        (200, "{}", ": an answer without choices; check"),
        (200, "[]", ": an answer without choices; check"),
        (400, "a\u{1b}]0;t\u{7}b\u{9b}31mc", "(400): abc"),
    ];
    for (status, body, words) in cases {
        let error = failure(Step::status(status, &[], body)).await;
        assert!(error.to_string().contains(words), "{status} {body}: {error}");
    }
}

#[tokio::test]
async fn a_completion_within_an_envelope_is_one() {
    for body in [
        format!(r#"{{"success":true,"data":{OK}}}"#),
        format!(r#"{{"result":{OK},"success":true,"errors":[],"messages":[]}}"#),
    ] {
        let server = Server::start(vec![Step::status(200, &[], &body)]).await;
        assert_eq!(Bench::new(&server, |_| ()).chapter().await.unwrap(), "It rose.", "{body}");
    }
}

#[tokio::test]
async fn a_prompt_that_was_cut_is_noticed_once() {
    let reply = r#"{"choices":[{"message":{"content":"It rose."},"finish_reason":"stop"}],
        "usage":{"prompt_tokens":50,"total_tokens":60}}"#;
    let server =
        Server::start(vec![Step::status(200, &[], reply), Step::status(200, &[], reply)]).await;
    let bench = Bench::new(&server, |_| ());
    let long = Brief { text: Arc::from("The sea rises. ".repeat(400)), ..brief() };
    for _ in 0..2 {
        bench.chat.chapter(&long, &outline(), &[], &|report| bench.sink(report)).await.unwrap();
    }
    let notes = bench.notes.lock().unwrap();
    assert_eq!(notes.len(), 1);
    assert!(notes[0].contains("context window") && notes[0].contains("50 tokens"), "{notes:?}");
}

#[tokio::test]
async fn a_certificate_that_nobody_knows_is_final() {
    // A server that speaks no TLS at all: the handshake fails, not the connection.
    let server = Server::start(vec![ok()]).await;
    let url = server.url().replace("http://", "https://");
    let error = Bench::at(&url, |_| ()).chapter().await.unwrap_err();
    assert_eq!((error.code(), error.is_transient()), ("narrator_unreachable", false));
    assert!(error.to_string().contains("http://"), "{error}");
}

#[test]
fn certificates_are_read_when_the_endpoint_is_set_up() {
    let settings = |file: &str| NarratorSettings {
        url: Some("https://example.org/v1".to_owned()),
        model: "m".to_owned(),
        ca_file: Some(file.into()),
        ..NarratorSettings::default()
    };
    let folder = tempfile::tempdir().unwrap();
    let empty = folder.path().join("empty.pem");
    std::fs::write(&empty, "").unwrap();
    for file in [empty.to_str().unwrap(), "/nowhere/ca.pem"] {
        let error = Endpoint::new(&settings(file)).err().expect("refused").to_string();
        assert!(error.contains("narrator.ca_file") && error.contains(file), "{error}");
    }
}

#[tokio::test]
async fn an_endpoint_that_takes_fewer_tokens_is_asked_for_as_many_as_it_takes() {
    let refusal = r#"{"error":{"message":"max_tokens must be less than or equal to 1024"}}"#;
    let plan = r#"{"choices":[{"message":{"content":"[\"One\"]"},"finish_reason":"stop"}]}"#;
    let server =
        Server::start(vec![Step::status(400, &[], refusal), Step::status(200, &[], plan), ok()])
            .await;
    let bench = Bench::new(&server, |settings| settings.chapter_tokens = 2_000);
    bench.chat.outline(&brief(), &|report| bench.sink(report)).await.unwrap();
    bench.chapter().await.unwrap();
    assert!(bench.waits().is_empty(), "no failure, and no delay");
    let seen = server.seen();
    assert_eq!(seen[0].body["max_tokens"], 2_000);
    assert_eq!(
        (&seen[1].body["max_tokens"], &seen[2].body["max_tokens"]),
        (&1024.into(), &1024.into())
    );
    assert!(seen[2].body.to_string().contains("in about 614 words"), "{}", seen[2].body);
}

#[tokio::test]
async fn an_endpoint_that_takes_no_number_of_tokens_names_the_setting() {
    let refusal = r#"{"error":"max_tokens is too large"}"#;
    let server = Server::start((0..5).map(|_| Step::status(400, &[], refusal)).collect()).await;
    let bench = Bench::new(&server, |settings| settings.chapter_tokens = 1_200);
    let said = bench.chapter().await.unwrap_err().to_string();
    assert!(said.contains("max_tokens is too large (lower narrator.chapter_tokens)"), "{said}");
    let asked: Vec<_> = server.seen().iter().map(|seen| seen.body["max_tokens"].clone()).collect();
    assert_eq!(asked, [1_200, 600, 300, 150]);
}
