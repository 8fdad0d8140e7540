//! Ends that are none, and ends without a reason.

use super::*;

#[test]
fn text_before_a_call_of_a_tool_is_no_end() {
    let call = |key: &str| {
        format!("data: {{\"choices\":[{{\"delta\":{{\"{key}\":[{{\"id\":1}}]}}}}]}}\n\n")
    };
    let failed = End::Failed("tool_calls".to_owned());
    for reason in ["tool_calls", "function_call", "tool_use"] {
        let end = f(&format!("{reason:?}"));
        assert_eq!(told(&[c("I look it up."), end.clone()].concat()).1, failed, "{reason}");
        let called = [c("I look it up."), call("tool_calls"), end].concat();
        assert_eq!(told(&called).1, failed, "{reason}");
    }
    for end in [stop(), f("\"length\""), "data: [DONE]\n\n".to_owned()] {
        for key in ["tool_calls", "function_call"] {
            let called = [c("I look it up."), call(key), end.clone()].concat();
            assert_eq!(told(&called).1, failed, "{end}");
        }
    }
    let whole = r#"{"choices":[{"message":{"content":"I look.","tool_calls":[{"id":1}]},"finish_reason":"tool_calls"}]}"#;
    assert_eq!(told(whole).1, failed);
}

#[test]
fn without_a_reason_the_text_tells_whether_it_is_whole() {
    let done = "data: [DONE]\n\n".to_owned();
    let figures = "data: {\"choices\":[],\"usage\":{\"total_tokens\":7}}\n\n".to_owned();
    let json = |text: &str, reason: &str| {
        format!("{{\"choices\":[{{\"message\":{{\"content\":\"{text}\"}}{reason}}}]}}")
    };
    let ollama = |text: &str| format!("{{\"message\":{{\"content\":\"{text}\"}},\"done\":true}}\n");
    let half = "It rose. She watched the wat";
    for reason in ["null", "true", "0", "false", "{}", "\"\""] {
        let end = f(reason);
        assert_eq!(told(&[c(half), end.clone(), done.clone()].concat()).1, End::Unsaid, "{reason}");
        good(&[c("It rose."), end.clone(), done.clone()].concat(), "It rose.");
        assert_eq!(told(&[c("It rose."), end].concat()).1, End::Cut, "{reason}");
        let reason = format!(",\"finish_reason\":{reason}");
        assert_eq!(told(&json(half, &reason)).1, End::Unsaid, "{reason}");
        good(&json("It rose.", &reason), "It rose.");
    }
    for (half, whole) in [
        ([c(half), done.clone()].concat(), [c("It rose."), done.clone()].concat()),
        ([c(half), figures.clone()].concat(), [c("It rose."), figures].concat()),
        (json(half, ""), json("It rose.", "")),
        (ollama(half), ollama("It rose.")),
    ] {
        assert_eq!(told(&half).1, End::Unsaid, "{half}");
        good(&whole, "It rose.");
    }
    assert_eq!(told(&[c("<think>Hm, so"), done.clone()].concat()).1, End::Thought);
    let thinking = "Okay, the user wants a chapter. I should beg";
    assert_eq!(told(&[c(thinking), done].concat()).0, "");
}

#[test]
fn a_reply_without_a_reason_that_has_all_its_tokens_was_cut_by_their_number() {
    let done = "data: [DONE]\n\n".to_owned();
    let usage = |reply: u64| {
        format!(
            "data: {{\"choices\":[],\"usage\":{{\"prompt_tokens\":9,\"completion_tokens\":{reply}}}}}\n\n"
        )
    };
    let long = "It rose and rose. ".repeat(5) + "And it";
    for (body, end) in [
        ([c(&long), done.clone()].concat(), End::Length),
        ([c("It rose. And it"), usage(20), done.clone()].concat(), End::Length),
        ([c(&long), usage(12), done.clone()].concat(), End::Unsaid),
        ([c("It rose. And it"), done].concat(), End::Unsaid),
    ] {
        assert_eq!(bounded(&body, 20, 7).end, end, "{body}");
    }
}

#[test]
fn a_reply_without_a_word_is_empty() {
    for text in ["...", "…", "\n\n---\n\n", "**", "<think>Hm.</think>\n...", "```\n...\n```", "😀"]
    {
        let Reply { text: left, end, .. } = reply(&[c(text), stop()].concat());
        assert_eq!((left.as_str(), end), ("", End::Empty), "{text}");
        assert_eq!(
            told(&[c(text), "data: [DONE]\n\n".to_owned()].concat()).1,
            End::Empty,
            "{text}"
        );
    }
    good(&[c("... 7"), stop()].concat(), "... 7");
}
