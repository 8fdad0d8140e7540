//! Whole replies: each kind of fault of an endpoint with the fewest bytes that show it.

use proptest::prelude::*;

use super::*;

mod ends;

const MAX: u64 = 1 << 20;

/// `C(x)`: an event with a piece of text.
fn c(content: &str) -> String {
    let content = serde_json::to_string(content).unwrap();
    raw(&content)
}

/// The same with the JSON of the content as it is.
fn raw(content: &str) -> String {
    format!(
        "data: {{\"choices\":[{{\"index\":0,\"delta\":{{\"content\":{content}}},\"finish_reason\":null}}]}}\n\n"
    )
}

/// An event with a reason for the end.
fn f(reason: &str) -> String {
    format!("data: {{\"choices\":[{{\"index\":0,\"delta\":{{}},\"finish_reason\":{reason}}}]}}\n\n")
}

fn stop() -> String {
    f("\"stop\"")
}

fn read(bytes: &[u8], chunk: usize, whole: bool) -> Reply {
    let mut reader = Reader::new(MAX);
    bytes.chunks(chunk).for_each(|bytes| reader.push(bytes));
    reader.end(whole)
}

fn reply(body: &str) -> Reply {
    let reply = read(body.as_bytes(), 1 << 20, true);
    for chunk in [1, 3, 64] {
        assert_eq!(read(body.as_bytes(), chunk, true), reply, "by {chunk}: {body}");
    }
    reply
}

fn told(body: &str) -> (String, End) {
    let Reply { text, end, .. } = reply(body);
    (text, end)
}

fn good(body: &str, text: &str) {
    assert_eq!(told(body), (text.to_owned(), End::Stop), "{body}");
}

#[test]
fn thinking_is_no_text_wherever_it_stands_and_however_it_is_split() {
    good(&[c("<think>Hm."), c("</think>It rose."), stop()].concat(), "It rose.");
    good(&[c("Hm.</think>"), c("\n\nIt rose."), stop()].concat(), "It rose.");
    good(
        &[c("<"), c("th"), c("ink>Hm</"), c("think"), c(">It rose."), stop()].concat(),
        "It rose.",
    );
    let reasoning =
        "data: {\"choices\":[{\"delta\":{\"content\":\"\",\"reasoning_content\":\"Hmmm\"}}]}\n\n";
    let read = reply(&[reasoning.to_owned(), c("It rose."), stop()].concat());
    assert_eq!((read.text.as_str(), read.thought_chars, read.end), ("It rose.", 4, End::Stop));
    let cut = reply(&[c("<think>Hm, so"), f("\"length\"")].concat());
    assert_eq!((cut.text.as_str(), cut.thought_chars, cut.end), ("", 6, End::Length));
    good(&[c("```markdown\n"), c("It rose.\n```"), stop()].concat(), "It rose.");
}

#[test]
fn an_end_is_good_only_if_it_is_one() {
    for reason in ["error", "abort", "network_error", "wat"] {
        let (_, end) = told(&[c("Once"), f(&format!("{reason:?}"))].concat());
        assert_eq!(end, End::Failed(reason.to_owned()));
    }
    for reason in ["\"\"", "\"null\"", "null", "7", "[]"] {
        assert_eq!(told(&[c("Once"), f(reason)].concat()).1, End::Cut, "{reason}");
        good(&[c("Once"), f(reason), c(" more."), stop()].concat(), "Once more.");
    }
    for reason in ["length", "max_tokens", "MAX_TOKENS"] {
        let ended =
            [c("It rose. It fe"), f(&format!("{reason:?}")), f("\"\""), f("\"stop\"")].concat();
        assert_eq!(told(&ended).1, End::Length, "{reason}");
    }
    assert_eq!(
        told(&[c("x"), f("\"content_filter\"")].concat()).1,
        End::Refused("content_filter".to_owned())
    );
    let native = "data: {\"choices\":[{\"delta\":{},\"finish_reason\":\"stop\",\"native_finish_reason\":\"MAX_TOKENS\"}]}\n\n";
    assert_eq!(told(&[c("It rose."), native.to_owned()].concat()).1, End::Length);
}

#[test]
fn a_reply_is_complete_once_its_end_is_announced() {
    let complete = [c("It rose."), stop()].concat();
    for after in [
        "",
        ": ping\n\n: ping\n\n",
        "data: {\"choices\":[",
        "data: {\"error\":\"late\"}\n\n",
        "garbage \0 trailing",
        "event: error\ndata: late\n\n",
    ] {
        let body = format!("{complete}{after}");
        assert_eq!(read(body.as_bytes(), 5, false).end, End::Stop, "{after}");
        good(&body, "It rose.");
    }
    let mut reader = Reader::new(MAX);
    reader.push(complete.as_bytes());
    assert!(reader.is_complete() && !reader.is_over());
    reader.push(b"data: {\"choices\":[],\"usage\":{\"total_tokens\":7}}\n\n");
    assert!(reader.is_over());
    for end in ["data: [DONE]\n\n", "data: [DONE]", "data:  [done]  \n"] {
        good(&[c("It rose."), end.to_owned()].concat(), "It rose.");
    }
    good(
        &[c("It rose."), "data: {\"choices\":[],\"usage\":{\"total_tokens\":7}}\n\n{}".to_owned()]
            .concat(),
        "It rose.",
    );
    let cut = c("It rose");
    assert_eq!(told(&cut).1, End::Cut);
    assert_eq!(told(&cut[..cut.len() - 20]).1, End::Cut);
}

#[test]
fn a_body_of_json_is_a_reply_whatever_it_is_called() {
    let body = r#"{"id":"x","choices":[{"index":0,"message":{"role":"assistant","content":"It rose."},"finish_reason":"stop"}],"usage":{"total_tokens":9}}"#;
    good(body, "It rose.");
    let mut reader = Reader::new(MAX);
    reader.push(body.as_bytes());
    assert!(reader.is_over(), "known without the end of the body");
    good(&format!("\u{feff}\n {body}\n trailing"), "It rose.");
    good(&format!("data: {body}\n\n"), "It rose.");
    good(&body.replace("\"stop\"", "null"), "It rose.");
    assert_eq!(told(&body.replace("\"stop\"", "\"length\"")).1, End::Length);
    assert_eq!(told(&body.replace("\"It rose.\"", "null")).1, End::Empty);
    assert_eq!(told(&body[..60]).1, End::Cut);
    let ollama = "{\"message\":{\"role\":\"assistant\",\"content\":\"It \"},\"done\":false}\n{\"message\":{\"content\":\"rose.\"},\"done\":true,\"done_reason\":\"stop\"}\n";
    good(ollama, "It rose.");
}

#[test]
fn an_odd_event_does_no_harm() {
    let odd = [
        "data: {\"choices\":[],\"usage\":null}\n\n",
        "data: {\"choices\":[],\"usage\":{\"total_tokens\":null}}\n\n",
        "data: {\"type\":\"ping\"}\n\n",
        "data: {}\n\n",
        "data: null\n\n",
        "data:\n\n",
        "data: ping\n\n",
        "event: ping\ndata: {\"type\": \"ping\"}\n\n",
        "data: {\"choices\":null}\n\n",
        "data: {\"choices\":[{}]}\n\n",
        "data: {\"choices\":[null]}\n\n",
        "data: {\"choices\":[{\"delta\":null}]}\n\n",
        "data: {\"choices\":[{\"delta\":{\"content\":null,\"tool_calls\":[]}}]}\n\n",
        "data: {\"choices\":[{\"delta\":{},\"logprobs\":NaN}]}\n\n",
        "data: {\"error\":null,\"choices\":[]}\n\n",
        "data: {\"choices\":[{\"index\":1,\"delta\":{\"content\":\"other\"}}]}\n\n",
        "data: {broken\n\n",
        "data: {\"status\":\"queued\",\"message\":\"You are third in line\"}\n\n",
        ": comment\n\n",
        "\r\n\r\n",
    ];
    for event in odd {
        good(&[c("It "), event.to_owned(), c("rose."), stop()].concat(), "It rose.");
    }
    for (usage, tokens) in [("12", 12), ("12.0", 12), ("\"12\"", 12)] {
        let end = format!("data: {{\"choices\":[],\"usage\":{{\"total_tokens\":{usage}}}}}\n\n");
        let read = reply(&[c("It rose."), stop(), end].concat());
        assert_eq!(read.usage.map(|usage| usage.total), Some(tokens));
    }
}

#[test]
fn text_is_joined_whatever_it_is_split_into() {
    good(&[raw("\"\\ud83d\""), raw("\"\\ude00 rose.\""), stop()].concat(), "😀 rose.");
    good(&[raw("[{\"type\":\"text\",\"text\":\"It \"}]"), c("rose."), stop()].concat(), "It rose.");
    good(&format!("\u{feff}{}{}", c("It rose."), stop()), "It rose.");
    let (one, two) = (c("It ro\u{f6}"), stop());
    let split = one.as_bytes().iter().position(|byte| *byte == 0xc3).unwrap();
    let mut bytes = one.as_bytes()[..=split].to_vec();
    bytes.extend_from_slice(
        b"\"},\"finish_reason\":null}]}\n\ndata: {\"choices\":[{\"delta\":{\"content\":\"",
    );
    bytes.extend_from_slice(&one.as_bytes()[split + 1..]);
    bytes.extend_from_slice(two.as_bytes());
    assert_eq!(read(&bytes, 3, true).text, "It ro\u{f6}", "a character in two events");
    let text = "data: {\"choices\":[{\"delta\":\"It rose.\",\"finish_reason\":\"stop\"}]}\n\n";
    good(text, "It rose.");
    let repeated = "data: {\"choices\":[{\"message\":{\"content\":\" It rose.\"},\"finish_reason\":\"stop\"}]}\n\n";
    good(&[&c("It "), &c("rose."), repeated].concat(), "It rose.");
    let both = "data: {\"choices\":[{\"delta\":{\"content\":\"It rose.\"},\"message\":{\"content\":\"It rose.\"},\"finish_reason\":\"stop\"}]}\n\n";
    good(both, "It rose.");
    let growing = |text: &str| {
        format!("data: {{\"choices\":[{{\"message\":{{\"content\":\"{text}\"}}}}]}}\n\n")
    };
    good(&[growing("It"), growing("It rose"), growing("It rose."), stop()].concat(), "It rose.");
    let crlf = [c("It rose."), stop()].concat().replace('\n', "\r\n");
    good(&crlf, "It rose.");
    good(&crlf.replace("\r\n", "\r"), "It rose.");
}

#[test]
fn an_error_is_told_in_the_words_of_the_endpoint() {
    let errors = [
        "error: {\"code\":500,\"message\":\"no\"}\n\n",
        "data: {\"error\":{\"message\":\"no\"}}\n\n",
        "data: {\"object\":\"error\",\"message\":\"no\"}\n\n",
        "event: error\ndata: {\"message\":\"no\"}\n\n",
        "event: error\ndata: no\n\n",
        "{\"error\":{\"message\":\"no\"}}",
        "[{\"error\":{\"message\":\"no\"}}]",
        "{\"detail\":\"no\"}",
        "data: {\"choices\":[{\"delta\":{},\"finish_reason\":\"error\",\"error\":{\"message\":\"no\"}}]}\n\n",
    ];
    for error in errors {
        let (_, end) = told(&[&c("It"), error].concat());
        assert!(matches!(&end, End::Fault(fault) if fault.message == "no"), "{error}: {end:?}");
        let (_, end) = told(error);
        assert!(matches!(&end, End::Fault(fault) if fault.message == "no"), "{error}: {end:?}");
    }
    let page = "<html><head><title>Sign in</title></head></html>";
    assert_eq!(told(page).1, End::Page(Fault::plain("Sign in".to_owned())));
    for page in
        ["Ollama is running", "\u{feff}\n<!doctype html><body>x", "<?xml version=\"1.0\"?><a/>"]
    {
        assert!(matches!(told(page).1, End::Page(_)), "{page}");
    }
    assert_eq!(
        told("no healthy upstream").1,
        End::Other(Fault::plain("no healthy upstream".to_owned()))
    );
    assert_eq!(told("").1, End::Cut);
    assert_eq!(told(&stop()).1, End::Empty);
    assert_eq!(told("data: [DONE]\n\n").1, End::Empty);
    let refusal = "data: {\"choices\":[{\"delta\":{\"refusal\":\"I cannot.\"}}]}\n\n";
    assert_eq!(told(&[refusal, &stop()].concat()).1, End::Refused("I cannot.".to_owned()));
    let tool = "data: {\"choices\":[{\"delta\":{\"tool_calls\":[{\"id\":1}]},\"finish_reason\":\"tool_calls\"}]}\n\n";
    assert_eq!(told(tool).1, End::Failed("tool_calls".to_owned()));
}

#[test]
fn a_part_of_the_text_that_cannot_be_read_is_never_left_out() {
    let torn = "data: {\"choices\":[{\"delta\":{\"content\":\"ro\n\n";
    let (_, end) = told(&[&c("It "), torn, &c("se."), &stop()].concat());
    assert!(matches!(end, End::Garbled(_)), "{end:?}");
}

/// Reads a reply for which this many tokens were asked.
fn bounded(body: &str, tokens: u64, chunk: usize) -> Reply {
    let mut reader = Reader::new(MAX).with_bounds(Bounds {
        tokens,
        text_bytes_per_token: 16,
        thinking_per_token: 8,
    });
    for bytes in body.as_bytes().chunks(chunk) {
        if reader.is_over() {
            break;
        }
        reader.push(bytes);
    }
    let whole = !reader.is_over();
    reader.end(whole)
}

#[test]
fn a_reply_far_beyond_the_tokens_asked_for_is_cut() {
    let many = |event: &str| event.repeat(400);
    let whole = |content: String| {
        format!(
            "{{\"choices\":[{{\"message\":{{\"content\":\"{content}\"}},\"finish_reason\":\"stop\"}}]}}"
        )
    };
    let thought = format!("<think>{}</think>", "Hm. ".repeat(100));
    let texts = [
        many(&c("It rose. ")),
        [many(&c("It rose. ")), stop()].concat(),
        c(&"It rose. ".repeat(400)),
        [c(&thought), many(&c("It rose. "))].concat(),
        whole("It rose. ".repeat(400)),
        whole(format!("{thought}{}", "Das Meer fällt. ".repeat(400))),
    ];
    for body in texts {
        for chunk in [7, 1 << 20] {
            let reply = bounded(&body, 20, chunk);
            assert_eq!(reply.end, End::Length, "{}", &body[..80]);
            assert!(
                (300..=320).contains(&reply.text.len()),
                "{}: {}",
                reply.text.len(),
                &body[..80]
            );
        }
    }
    let reasoning = "data: {\"choices\":[{\"delta\":{\"reasoning_content\":\"Hmmmmmm. \"}}]}\n\n";
    for body in [many(reasoning), [c("<think>"), many(&c("Hmmmmmm. "))].concat()] {
        let reply = bounded(&body, 20, 7);
        assert_eq!((reply.text.as_str(), reply.end), ("", End::Thought));
        assert!((640..700).contains(&reply.received_chars), "{}", reply.received_chars);
    }
    let fine = [c(&thought), c(&"It rose. ".repeat(30)), stop()].concat();
    assert_eq!(bounded(&fine, 20, 7).end, End::Stop);
}

#[test]
fn thinking_that_never_ends_is_told_as_such() {
    for text in ["<think>Hm", "<mm:think>Hm", "Thinking...\nHm", "Here is my thought process: Hm"] {
        assert_eq!(told(&[c(text), stop()].concat()).1, End::Thought, "{text}");
    }
    assert_eq!(told(&[c("<think>Hm</think>"), stop()].concat()).1, End::Empty);
    assert_eq!(told(&[c("\u{200b}"), stop()].concat()).1, End::Empty);
}

#[test]
fn more_bytes_than_allowed_are_not_taken() {
    let mut reader = Reader::new(100);
    reader.push("data: {\"a\":1}\n\n".repeat(50).as_bytes());
    assert!(reader.is_over());
    assert_eq!(reader.end(true).end, End::TooLarge);
}

#[test]
fn what_a_model_thinks_is_counted_as_it_comes() {
    let mut reader = Reader::new(MAX);
    reader.push(c("<think>").as_bytes());
    reader.push(c(&"hm ".repeat(40)).as_bytes());
    assert_eq!((reader.text_chars(), reader.thought_tokens()), (0, 32));
    reader.push(c("</think>It rose").as_bytes());
    assert!(reader.text_chars() > 0);
}

/// Pieces of real streams, odd ones, and noise.
fn piece() -> impl Strategy<Value = Vec<u8>> {
    let fixed = prop::sample::select(vec![
        c("It rose. "),
        c("<think>"),
        c("</think>"),
        c("海 😀"),
        c("<|think|>"),
        c("<|end|>"),
        c("&lt;think&gt;"),
        c("\n```thinking\n"),
        c("**Thinking:** é **Answer:** "),
        raw("\"\\ud83d\""),
        raw("\"\\ude00\""),
        stop(),
        f("\"length\""),
        f("\"\""),
        "data: [DONE]\n\n".to_owned(),
        ": ping\r\n\r\n".to_owned(),
        "data: {\"choices\":[],\"usage\":{\"total_tokens\":\"7\"}}\r\r".to_owned(),
        "\u{feff}".to_owned(),
        "data: {\"a\":\ndata: NaN}\n\n".to_owned(),
        "{\"error\":\"no\"}\n".to_owned(),
        "data: {\"choices\":[{".to_owned(),
        "event: error\n".to_owned(),
        "data: x\n\n".to_owned(),
        "\r".to_owned(),
        "\n".to_owned(),
        "\"".to_owned(),
    ]);
    prop_oneof![
        8 => fixed.prop_map(String::into_bytes),
        1 => prop::collection::vec(any::<u8>(), 0..12),
    ]
}

proptest! {
    #[test]
    fn the_split_of_the_bytes_never_changes_the_result(
        pieces in prop::collection::vec(piece(), 0..12),
        cuts in prop::collection::vec(1_usize..40, 1..20),
        zipped in any::<bool>(),
        whole in any::<bool>(),
    ) {
        let mut bytes = pieces.concat();
        if zipped {
            let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
            std::io::Write::write_all(&mut encoder, &bytes).unwrap();
            bytes = encoder.finish().unwrap();
        }
        let expected = read(&bytes, usize::MAX, whole);
        let mut reader = Reader::new(MAX);
        let (mut rest, mut cuts) = (bytes.as_slice(), cuts.iter().cycle());
        while !rest.is_empty() {
            let (now, later) = rest.split_at((*cuts.next().unwrap()).min(rest.len()));
            reader.push(now);
            rest = later;
        }
        prop_assert_eq!(reader.end(whole), expected);
    }
}
