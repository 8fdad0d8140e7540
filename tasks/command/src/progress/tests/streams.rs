//! Lines, carriage returns, backspaces, invalid text, huge text.

use super::*;

fn percent() -> Rules {
    rules("[progress]\npercent = '(\\d+)%'")
}

#[test]
fn of_a_line_with_carriage_returns_the_last_state_goes_into_the_log() {
    let signals = read(&percent(), Source::Stdout, "10%\r20%\r30% done\nnext\r\n\n");
    assert_eq!(fractions(&signals), [0.1, 0.2, 0.3]);
    assert_eq!(lines(&signals), ["30% done", "next", ""]);
}

#[test]
fn a_report_that_begins_with_a_carriage_return_is_complete_with_the_next() {
    let mut reader = Reader::new(&percent(), Limits::default());
    let mut out = Vec::new();
    reader.push(Source::Stderr, b"\r10%", &mut out);
    assert_eq!(out, []);
    reader.idle(Source::Stderr, &mut out);
    assert_eq!(out, [Signal::Fraction(0.1)]);
    reader.push(Source::Stderr, b"\r20%\r", &mut out);
    reader.end(Source::Stderr, &mut out);
    assert_eq!(fractions(&out), [0.1, 0.2]);
    assert_eq!(lines(&out), ["20%"]);
}

#[test]
fn backspaces_take_back_and_what_they_take_back_was_a_report() {
    let signals = read(&percent(), Source::Stderr, "at 1%\u{8}\u{8}20%\u{8}\u{8}\u{8}30%\n");
    assert_eq!(fractions(&signals), [0.01, 0.2, 0.3]);
    assert_eq!(lines(&signals), ["at 30%"]);
    let signals = read(&percent(), Source::Stderr, "ab\u{8}\u{8}\u{8}\u{8}xü\u{8}y\n\u{8}\u{8}");
    assert_eq!(lines(&signals), ["xy"]);
}

#[test]
fn a_movement_of_the_cursor_ends_a_report_as_a_carriage_return_does() {
    for end in
        ["\u{1b}[G", "\u{1b}[1G", "\u{1b}[A", "\u{1b}[2A", "\u{1b}[u", "\u{1b}8", "\u{1b}[2K"]
    {
        let text = format!("10%{end}20%{end}\u{1b}[32m30%\u{1b}[0m{end}\n");
        for chunk in [1, 2, 5, 100] {
            let reader = Reader::new(&percent(), Limits::default());
            let signals = read_in(reader, Source::Stderr, text.as_bytes(), chunk);
            assert_eq!(fractions(&signals), [0.1, 0.2, 0.3], "{end:?}");
            assert_eq!(lines(&signals), ["\u{1b}[32m30%\u{1b}[0m"], "{end:?}");
        }
    }
}

#[test]
fn of_escape_sequences_only_colours_come_into_the_log() {
    let text = "\u{1b}]0;title\u{7}a\u{1b}[31mb\u{1b}[?25l\u{1b}[K\u{1b}(Bc\u{1b}]8;;x\u{1b}\\d\n\u{1b}[31\ne\u{1b}]0;x\n";
    let signals = read(&percent(), Source::Stdout, text);
    assert_eq!(lines(&signals), ["a\u{1b}[31mbcd", "", "e"]);
    let endless = format!("a\u{1b}]{}b\n", "x".repeat(2_000));
    let signals = read(&percent(), Source::Stdout, endless);
    assert!(lines(&signals)[0].starts_with("ax") && lines(&signals)[0].ends_with("xb"));
}

#[test]
fn a_line_that_is_erased_with_blanks_stays_in_the_log_as_it_was() {
    let signals = read(&percent(), Source::Stdout, "50%\r      \r\n  \n90%\r   \n");
    assert_eq!(lines(&signals), ["50%", "", "90%"]);
}

#[test]
fn a_character_that_is_split_over_chunks_is_whole() {
    let text = "größer 50% – 日本語 🦀\n";
    for chunk in 1..5 {
        let reader = Reader::new(&percent(), Limits::default());
        let signals = read_in(reader, Source::Stdout, text.as_bytes(), chunk);
        assert_eq!(lines(&signals), [text.trim_end()]);
        assert_eq!(fractions(&signals), [0.5]);
    }
}

#[test]
fn what_is_no_utf_8_is_replaced() {
    let signals = read(&percent(), Source::Stdout, b"a\xff\xfe 50% \xe2\x82\nb\xf0\x9f");
    assert_eq!(lines(&signals), ["a\u{fffd}\u{fffd} 50% \u{fffd}", "b\u{fffd}"]);
    assert_eq!(fractions(&signals), [0.5]);
}

#[test]
fn colours_are_seen_through_and_kept_for_the_log() {
    let line = "\u{1b}[32m5\u{1b}[1m0%\u{1b}[0m";
    let signals = read(&percent(), Source::Stdout, format!("{line}\n"));
    assert_eq!(fractions(&signals), [0.5]);
    assert_eq!(lines(&signals), [line]);
}

#[test]
fn the_streams_do_not_mix() {
    let mut reader = Reader::new(&percent(), Limits::default());
    let mut out = Vec::new();
    reader.push(Source::Stdout, b"5", &mut out);
    reader.push(Source::Stderr, b"x\n", &mut out);
    reader.push(Source::Stdout, b"0%\n", &mut out);
    assert_eq!(lines(&out), ["x", "50%"]);
    assert_eq!(fractions(&out), [0.5]);
}

#[test]
fn rules_look_only_at_their_streams_unless_a_terminal_merges_them() {
    let rules = rules("[progress]\nstreams = [\"stderr\"]\npercent = '(\\d+)%'");
    assert_eq!(fractions(&read(&rules, Source::Stdout, "50%\n")), [0.0; 0]);
    assert_eq!(fractions(&read(&rules, Source::Stderr, "50%\n")), [0.5]);
    let merged = Reader::new(&rules, Limits::default()).on_any_stream();
    assert_eq!(fractions(&read_in(merged, Source::Stdout, b"50%\n", 1)), [0.5]);
}

#[test]
fn a_line_of_100_mb_is_cut_and_says_so() {
    let mut reader = Reader::new(&percent(), Limits::default());
    let mut out = Vec::new();
    let megabyte = vec![b'x'; 1_000_000];
    for _ in 0..100 {
        reader.push(Source::Stdout, &megabyte, &mut out);
    }
    assert_eq!(out, []);
    reader.push(Source::Stdout, b"\nnext 50%\n", &mut out);
    let lines = lines(&out);
    assert_eq!(lines.len(), 2);
    assert!(
        lines[0].ends_with("x … (a long line: 99998100 more bytes are left out)"),
        "{}",
        lines[0]
    );
    assert!(lines[0].chars().count() < 2_000, "the engine does not cut it again");
    assert_eq!(lines[1], "next 50%");
    assert_eq!(fractions(&out), [0.5]);
}

#[test]
fn a_cut_never_splits_a_character() {
    let limits = Limits { line_bytes: 10, ..Limits::default() };
    let reader = Reader::new(&Rules::default(), limits);
    let signals = read_in(reader, Source::Stdout, "12345678🦀90\n".as_bytes(), 4);
    assert_eq!(lines(&signals), ["12345678 … (a long line: 4 more bytes are left out)"]);
}

#[test]
fn backspaces_on_a_long_line_cost_no_more_than_what_came() {
    // Without the allowance, each would match the whole line: 250,000 times 8 kB.
    let mut text = vec![b'x'; 8_000];
    text.extend(b"\x08x".repeat(250_000));
    let slow = rules("[progress]\npercent = '(?:[a-z]{1,20}){1,20}(\\d+)%'");
    let mut reader = Reader::new(&slow, Limits::default());
    let mut out = Vec::new();
    let begin = std::time::Instant::now();
    reader.push(Source::Stdout, &text, &mut out);
    assert!(begin.elapsed().as_secs() < 120, "{:?}", begin.elapsed());
    assert_eq!(out, []);
}
