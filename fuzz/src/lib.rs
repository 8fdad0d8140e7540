//! What the targets share. The parsers are taken from the server by links, so that a target is built
//! in seconds and not with all of the server.

pub mod progress;

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
