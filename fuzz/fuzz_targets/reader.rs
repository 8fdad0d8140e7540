//! Bytes of a command, under every preset: no panic, sane signals, and the same however they are cut.

#![no_main]

use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;
use milepost_fuzz::{
    check,
    progress::{Limits, Rules, Source, presets},
    read,
};

/// Compiled once: that would take most of the time.
static RULES: LazyLock<Vec<Rules>> = LazyLock::new(|| {
    let presets = presets().iter().map(|info| Rules::preset(&info.name).expect("a preset"));
    presets.chain([Rules::default()]).collect()
});

fuzz_target!(|data: &[u8]| {
    let [preset, source, chunk, line, bytes @ ..] = data else { return };
    let rules = &RULES[usize::from(*preset) % RULES.len()];
    let source = [Source::Stdout, Source::Stderr, Source::Channel][usize::from(*source) % 3];
    let line_bytes = [4, 64, 8192][usize::from(*line) % 3];
    let limits = Limits { line_bytes, channel_bytes: line_bytes, ..Limits::default() };
    let whole = read(rules, limits, source, bytes, usize::MAX);
    check(&whole, limits);
    assert_eq!(read(rules, limits, source, bytes, usize::from(*chunk)), whole);
});
