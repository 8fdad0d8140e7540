//! One document each: what is needed is found, and what is odd does no harm.

use serde_json::json;

use super::*;

fn chunk(value: Value) -> Chunk {
    read(value.as_object().expect("an object"), false, false)
}

fn delta(delta: Value) -> Chunk {
    chunk(json!({"choices": [{"index": 0, "delta": delta, "finish_reason": null}]}))
}

#[test]
fn text_is_found_in_every_form() {
    let cases = [
        (json!({"content": "x"}), "x"),
        (json!({"content": null}), ""),
        (json!({"role": "assistant"}), ""),
        (
            json!({"content": [{"type": "text", "text": "a"}, {"type": "output_text", "text": "b"}]}),
            "ab",
        ),
        (
            json!({"content": [{"type": "thinking", "thinking": [{"type": "text", "text": "hm"}]}, {"type": "text", "text": "b"}]}),
            "b",
        ),
        (json!({"content": ["a", "b"]}), "ab"),
        (json!({"content": {"type": "text", "text": {"value": "a"}}}), "a"),
        (json!({"content": {"text": "a"}}), "a"),
        (
            json!({"content": [{"type": "image_url", "image_url": {"url": "x"}}, {"text": "a"}]}),
            "a",
        ),
        (json!({"content": 12}), "12"),
        (json!({"content": true}), "true"),
        (json!({"content": "x", "reasoning_content": "hm"}), "x"),
    ];
    for (value, text) in cases {
        assert_eq!(delta(value.clone()).text, text, "{value}");
    }
    assert_eq!(chunk(json!({"choices": [{"text": "old"}]})).text, "old");
    assert_eq!(chunk(json!({"choices": {"delta": {"content": "one"}}})).text, "one");
    let ollama = chunk(json!({"message": {"role": "assistant", "content": "a"}, "done": false}));
    assert_eq!((ollama.text.as_str(), ollama.finish), ("a", None));
}

#[test]
fn delta_and_message_together_are_one_text() {
    let both = |delta: &str, message: &str| {
        chunk(json!({"choices": [{"delta": {"content": delta}, "message": {"content": message}}]}))
    };
    assert_eq!((both("b", "ab").text.as_str(), both("b", "ab").whole), ("b", None));
    assert_eq!(both("", "ab").whole.as_deref(), Some("ab"));
    let alone = chunk(json!({"choices": [{"message": {"content": "ab"}}]}));
    assert_eq!((alone.whole.as_deref(), alone.complete), (Some("ab"), true));
    let neither = chunk(json!({"choices": [{"delta": null, "message": null}]}));
    assert_eq!((neither.text.as_str(), neither.choice), ("", true));
}

#[test]
fn thinking_is_counted_once_under_all_its_names() {
    let cases = [
        (json!({"reasoning_content": "abcd"}), 4),
        (
            json!({"reasoning": "abcd", "reasoning_details": [{"type": "reasoning.text", "text": "abcd"}]}),
            4,
        ),
        (json!({"thinking": "abcd"}), 4),
        (json!({"reasoning": {"content": "abcd"}}), 4),
        (json!({"reasoning_content": null, "content": "x"}), 0),
        (json!({"content": [{"type": "thinking", "thinking": "ab"}]}), 2),
    ];
    for (value, chars) in cases {
        assert_eq!(delta(value.clone()).thought_chars, chars, "{value}");
    }
}

#[test]
fn figures_are_read_however_they_are_written() {
    let total =
        |usage: Value| chunk(json!({"choices": [], "usage": usage})).usage.map(|it| it.total);
    let cases = [
        (json!({"total_tokens": 12}), Some(12)),
        (json!({"total_tokens": 12.0}), Some(12)),
        (json!({"total_tokens": "12"}), Some(12)),
        (json!({"total_tokens": null, "prompt_tokens": 5, "completion_tokens": "7"}), Some(12)),
        (json!({"prompt_tokens": 5, "completion_tokens": 7}), Some(12)),
        (json!({"input_tokens": 5, "output_tokens": 7}), Some(12)),
        (json!({"total_tokens": 0}), None),
        (json!({"total_tokens": -3}), None),
        (json!({"total_tokens": 1e300}), None),
        (json!({"total_tokens": {}}), None),
        (json!([]), None),
        (json!("12"), None),
        (Value::Null, None),
    ];
    for (usage, tokens) in cases {
        assert_eq!(total(usage.clone()), tokens, "{usage}");
    }
    let groq = chunk(json!({"choices": [], "x_groq": {"usage": {"total_tokens": 4}}}));
    assert_eq!(groq.usage.map(|it| it.total), Some(4));
    let ollama = chunk(
        json!({"message": {"content": ""}, "done": true, "prompt_eval_count": 3, "eval_count": 4}),
    );
    assert_eq!(ollama.usage, Some(Usage { total: 7, prompt: Some(3) }));
}

#[test]
fn an_error_is_found_and_an_empty_one_is_none() {
    let errors = [
        json!({"error": {"message": "no"}}),
        json!({"error": "no"}),
        json!({"object": "error", "message": "no"}),
        json!({"type": "error", "error": {"type": "overloaded_error", "message": "no"}}),
        json!({"detail": "no"}),
        json!({"message": "no", "code": 5}),
        json!({"choices": null, "base_resp": {"status_code": 1008, "status_msg": "no"}}),
        json!({"choices": [{"delta": {}, "finish_reason": "error", "error": {"code": 502, "message": "no"}}]}),
        json!({"success": false, "msg": "no"}),
        json!({"choices": [], "error": {"message": "no"}}),
        json!({"fault": {"faultstring": "no"}}),
        json!({"success": false, "message": "no", "data": null}),
    ];
    for value in errors {
        assert_eq!(
            chunk(value.clone()).fault.map(|it| it.message),
            Some("no".to_owned()),
            "{value}"
        );
    }
    let none = [
        json!({}),
        json!({"type": "ping"}),
        json!({"error": null, "choices": []}),
        json!({"error": {}, "choices": [{"delta": {}}]}),
        json!({"error": "", "choices": [{"delta": {}}]}),
        json!({"error": {"code": 0, "message": ""}, "choices": []}),
        json!({"id": "x", "model": "m"}),
        json!({"choices": [{"delta": {"content": "x"}}], "message": "fine"}),
        json!({"choices": [], "base_resp": {"status_code": 0, "status_msg": "success"}}),
        json!({"prompt_filter_results": [], "choices": []}),
    ];
    for value in none {
        assert_eq!(chunk(value.clone()).fault, None, "{value}");
    }
    let named = read(json!({"text": "no"}).as_object().unwrap(), true, true);
    assert_eq!(named.fault.map(|it| it.message).as_deref(), Some("no"));
}

#[test]
fn an_event_that_tells_something_is_no_error() {
    let event = |value: Value| read(value.as_object().unwrap(), false, true).fault;
    assert_eq!(event(json!({"message": "You are third in line", "status": "queued"})), None);
    assert!(event(json!({"message": "no", "code": 503})).is_some());
    assert!(event(json!({"error": "no"})).is_some());
}

#[test]
fn only_a_word_that_ends_is_a_reason() {
    for (reason, expected) in [
        (json!("stop"), Some("stop")),
        (json!(""), None),
        (json!("null"), None),
        (Value::Null, None),
        (json!(3), None),
    ] {
        let found = chunk(json!({"choices": [{"delta": {}, "finish_reason": reason}]})).finish;
        assert_eq!(found.as_deref(), expected);
    }
}

#[test]
fn a_reply_is_found_within_the_envelope_of_a_gateway() {
    let reply = json!({"choices": [{"message": {"content": "x"}, "finish_reason": "stop"}],
        "usage": {"total_tokens": 7}});
    for value in [
        json!({"success": true, "data": reply}),
        json!({"result": reply, "success": true, "errors": [], "messages": []}),
        json!({"code": 200, "msg": "ok", "data": {"result": reply}}),
        json!({"data": [reply]}),
        json!({"output": {"choices": reply["choices"]}, "usage": {"total_tokens": 7}}),
        json!({"error": null, "response": reply}),
    ] {
        let chunk = chunk(value.clone());
        assert_eq!((chunk.whole.as_deref(), chunk.fault), (Some("x"), None), "{value}");
        assert_eq!((chunk.complete, chunk.finish.as_deref()), (true, Some("stop")), "{value}");
        assert_eq!(chunk.usage.map(|it| it.total), Some(7), "{value}");
    }
    let event = chunk(json!({"result": {"choices": [{"delta": {"content": "x"}}]}}));
    assert_eq!((event.text.as_str(), event.complete), ("x", false));
    for value in [json!({"data": {}}), json!({"data": {"choices": 1}}), json!({"result": "x"})] {
        assert!(!chunk(value.clone()).choice, "{value}");
    }
}
