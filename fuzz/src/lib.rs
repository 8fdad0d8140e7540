//! What the targets share. The parsers are taken from the server by links, so that a target is built
//! in seconds and not with all of the server.

pub mod progress;
mod reply;

use progress::{Limits, Reader, Rules, Signal, Source};

/// Feeds bytes in chunks.
pub fn read(rules: &Rules, limits: Limits, source: Source, bytes: &[u8], chunk: usize) -> Vec<Signal> {
    let stages = ["Counting objects", "Receiving objects", "Installing"].map(str::to_owned);
    let mut reader = Reader::new(rules, limits).with_stages(stages).on_any_stream();
    let mut out = Vec::new();
    for chunk in bytes.chunks(chunk.max(1)) {
        reader.push(source, chunk, &mut out);
    }
    reader.end(source, &mut out);
    out
}

/// What must hold whatever came.
pub fn check(signals: &[Signal], limits: Limits) {
    let mut stage = None;
    for signal in signals {
        match signal {
            Signal::Fraction(fraction) => assert!((0.0..=1.0).contains(fraction)),
            Signal::Stage(index) => {
                assert!(*index < 3 && stage < Some(*index));
                stage = Some(*index);
            }
            Signal::Unknown => {}
            Signal::Message(text) | Signal::Preserved(text) => {
                assert!(!text.is_empty() && !text.chars().any(char::is_control));
                assert!(text.chars().count() <= limits.message_chars + 1);
            }
            Signal::Line { source, text } => {
                assert!(!text.contains('\n') && !text.contains('\r') || *source == Source::Channel);
                assert!(text.chars().count() <= limits.line_chars + 700);
            }
        }
    }
}

/// Reads a reply in one piece and in chunks: the result must be the same, and sane.
pub fn check_reply(bytes: &[u8], chunk: usize, whole: bool) {
    let expected = read_reply(bytes, usize::MAX, whole);
    assert_eq!(read_reply(bytes, chunk, whole), expected);
    if expected.end == reply::End::Stop {
        assert!(!expected.text.trim().is_empty());
    }
    let fault = reply::Fault::read(bytes);
    assert!(fault.message.chars().count() <= 301 && !fault.message.chars().any(char::is_control));
    for status in [200, 400, 403, 404, 429, 500] {
        let _ = reply::decide(status, &fault, whole, None);
    }
}

fn read_reply(bytes: &[u8], chunk: usize, whole: bool) -> reply::Reply {
    let mut reader = reply::Reader::new(1 << 16);
    for chunk in bytes.chunks(chunk.max(1)) {
        reader.push(chunk);
        let _ = (reader.is_complete(), reader.is_over(), reader.text_chars(), reader.thought_tokens());
    }
    reader.end(whole)
}
