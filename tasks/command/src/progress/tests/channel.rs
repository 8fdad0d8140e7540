//! Tests of JSON lines.

use super::*;

fn say(lines: &str) -> Vec<Signal> {
    let reader = Reader::new(&Rules::default(), Limits::default())
        .with_stages(["Loading".to_owned(), "Working".to_owned()]);
    read_in(reader, Source::Channel, lines.as_bytes(), 3)
}

fn message(text: &str) -> Signal {
    Signal::Message(text.to_owned())
}

#[test]
fn every_word_of_the_channel_becomes_its_signal() {
    let signals = say(concat!(
        "{\"progress\":0.4}\n",
        "{\"done\":3,\"total\":10}\r\n",
        "{\"percent\":50,\"unknown\":[1,{\"x\":2}]}\n",
        "{\"stage\":\"working\",\"progress\":0.25,\"message\":\"chapter 2\"}\n",
        "{\"preserved\":\"2 of 5 chapters\"}\n",
        "{\"progress\":null}\n\n",
        "{\"done\":8}"
    ));
    assert_eq!(
        signals,
        [
            Signal::Fraction(0.4),
            Signal::Fraction(0.3),
            Signal::Fraction(0.5),
            Signal::Stage(1),
            Signal::Fraction(0.25),
            message("chapter 2"),
            Signal::Preserved("2 of 5 chapters".to_owned()),
            Signal::Fraction(0.8),
        ]
    );
}

#[test]
fn a_byte_order_mark_before_an_object_is_no_part_of_it() {
    let signals = say("\u{feff}{\"progress\":0.4}\n\u{feff}{\"message\":\"chapter 2\"}\r\n");
    assert_eq!(signals, [Signal::Fraction(0.4), message("chapter 2")]);
}

#[test]
fn a_stage_is_named_or_numbered_from_one_and_never_goes_back() {
    assert_eq!(say("{\"stage\":1}\n{\"stage\":2}"), [Signal::Stage(0), Signal::Stage(1)]);
    let back = say("{\"stage\":2}\n{\"stage\":\"Loading\",\"progress\":0.9,\"message\":\"old\"}\n");
    assert_eq!(back, [Signal::Stage(1)]);
}

#[test]
fn bad_lines_are_told_once_and_never_fatal() {
    for bad in [
        "40%",
        "0.4",
        "[1]",
        "{\"progress\":\"0.4\"}",
        "{\"progress\":-0.1}",
        "{\"progress\":40}",
        "{\"progress\":1e999}",
        "{\"progress\":NaN}",
        "{\"percent\":101}",
        "{\"done\":1,\"total\":0}",
        "{\"done\":1,\"total\":-1}",
        "{\"stage\":0}",
        "{\"stage\":3}",
        "{\"stage\":-1}",
        "{\"stage\":1.5}",
        "{\"stage\":\"Baking\"}",
        "{\"message\":5}",
        "{\"preserved\":[]}",
        "{\"progress\":0.5",
        "\u{0}",
    ] {
        let signals = say(&format!("{bad}\n{bad}\n{{\"progress\":0.5}}\n"));
        let warned = lines(&signals);
        assert_eq!(warned.len(), 1, "{bad}: {signals:?}");
        assert!(warned[0].starts_with("progress channel, line 1: "), "{}", warned[0]);
        assert_eq!(fractions(&signals), [0.5], "{bad}");
    }
}

#[test]
fn the_told_line_says_what_would_be_right() {
    let warned = |line: &str| lines(&say(line))[0].to_owned();
    assert!(warned("{\"progress\":40}").contains("it goes from 0 to 1; \"percent\" goes to 100"));
    assert!(warned("{\"stage\":\"Baking\"}").contains("declared are: Loading, Working"));
    assert!(warned("40%").contains("not JSON"));
    assert!(warned("0.4").contains("expected an object such as {\"progress\":0.4}"));
}

#[test]
fn what_is_right_in_a_bad_line_counts() {
    let signals = say("{\"stage\":\"Baking\",\"progress\":0.5,\"message\":\"m\"}");
    assert_eq!(signals[..2], [Signal::Fraction(0.5), message("m")]);
}

#[test]
fn counts_beyond_the_total_are_the_whole() {
    assert_eq!(fractions(&say("{\"done\":30,\"total\":10}")), [1.0]);
    assert_eq!(fractions(&say("{\"progress\":1.0000001}")), [1.0]);
    assert_eq!(fractions(&say("{\"done\":3}")), [0.0; 0], "of what?");
}

#[test]
fn a_line_that_is_too_long_or_too_deep_is_a_bad_one() {
    let long = format!("{{\"message\":\"{}\"}}\n{{\"progress\":0.5}}", "x".repeat(20_000));
    let signals = say(&long);
    assert!(lines(&signals)[0].contains("it has more than 16384 bytes"), "{signals:?}");
    assert_eq!(fractions(&signals), [0.5]);
    let deep = format!("{{\"x\":{}\n{{\"progress\":0.5}}", "[".repeat(10_000));
    assert_eq!(fractions(&say(&deep)), [0.5]);
}

#[test]
fn a_message_is_one_line_of_bounded_length() {
    let text = format!("{{\"message\":\"  a\\nb\\u0000\\u001b[31m{}\"}}", "ü".repeat(500));
    let signals = say(&text);
    let output = messages(&signals)[0];
    assert!(output.starts_with("a b ü") && output.ends_with('…'), "{output}");
    assert_eq!(output.chars().count(), 201);
    assert_eq!(say("{\"message\":\" \"}"), []);
}

#[test]
fn what_is_printed_cannot_speak_for_the_channel() {
    let forged = "{\"progress\":0.9}\n{\"stage\":\"Working\"}\n";
    for source in [Source::Stdout, Source::Stderr] {
        let signals = read(&Rules::default(), source, forged);
        assert_eq!(signals.len(), 2);
        assert_eq!(lines(&signals).len(), 2, "{signals:?}");
    }
}

#[test]
fn once_the_channel_speaks_patterns_are_silent() {
    let mut reader = Reader::new(&Rules::preset("pv").expect("pv"), Limits::default());
    let mut out = Vec::new();
    reader.push(Source::Stderr, b"10\n", &mut out);
    reader.push(Source::Channel, b"{\"progress\":0.2}\n", &mut out);
    reader.push(Source::Stderr, b"99\nhello\n", &mut out);
    assert_eq!(fractions(&out), [0.1, 0.2]);
    assert_eq!(lines(&out), ["hello"]);
}
