//! Presets on output of the real programs (tests/fixtures/progress, made by
//! `scripts/progress-fixtures`).

mod transfers;
mod work;

use super::*;

macro_rules! fixture {
    ($name:literal) => {
        include_bytes!(concat!(
            env!("CARGO_MANIFEST_DIR"),
            "/tests/fixtures/progress/",
            $name,
            ".txt"
        ))
    };
}

use fixture;

const CHUNKS: [usize; 7] = [1, 2, 3, 7, 64, 1000, usize::MAX];

/// Signals of a preset; asserts that chunk boundaries make no difference.
fn seen(rules: &Rules, source: Source, bytes: &[u8]) -> Vec<Signal> {
    let reader = || Reader::new(rules, Limits::default());
    let whole = read_in(reader(), source, bytes, usize::MAX);
    for chunk in CHUNKS {
        assert_eq!(read_in(reader(), source, bytes, chunk), whole, "in chunks of {chunk}");
    }
    whole
}

fn preset(name: &str) -> Rules {
    Rules::preset(name).expect("there is this preset")
}

/// The percentages before the progress of the whole becomes unknown for the first time.
fn percents_while_known(signals: &[Signal]) -> Vec<i64> {
    let end = signals.iter().position(|signal| *signal == Signal::Unknown);
    percents(&signals[..end.expect("it becomes unknown")])
}

/// Asserts that nothing is known of the whole from here to the end.
fn stays_unknown(signals: &[Signal]) -> bool {
    let last = signals
        .iter()
        .rev()
        .find(|signal| matches!(signal, Signal::Fraction(_) | Signal::Stage(_) | Signal::Unknown));
    last == Some(&Signal::Unknown)
}

fn percents(signals: &[Signal]) -> Vec<i64> {
    fractions(signals).iter().map(|fraction| (fraction * 100.0).round() as i64).collect()
}

#[test]
fn rsync_tells_the_percent_of_the_whole_copy() {
    let seen = seen(&preset("rsync"), Source::Stdout, fixture!("rsync"));
    assert_eq!(percents(&seen), [0, 16, 33, 50, 66, 79, 83, 100]);
    let last = "      4,200,000 100%    3.06MB/s    0:00:01 (xfr#6, to-chk=0/7)";
    assert_eq!(lines(&seen), [last], "one line whose state changed, in its last state");
    let human = super::real::seen(&preset("rsync"), Source::Stdout, fixture!("rsync-human"));
    assert_eq!(percents(&human), [0, 16, 33, 50, 66, 79, 83, 100]);
}

#[test]
fn rsync_has_no_bar_while_its_list_of_files_grows() {
    let seen = seen(&preset("rsync"), Source::Stdout, fixture!("rsync-incremental"));
    // rsync printed 49, 37, 99 and 79 % before it knew all files.
    assert_eq!(percents(&seen), [79, 89, 99]);
    let first = messages(&seen)[0];
    assert_eq!(first, "0 copied, the list of files still grows");
}

#[test]
fn ffmpeg_counts_up_to_the_length_of_its_input() {
    let rules = preset("ffmpeg");
    let mut reader = Reader::new(&rules, Limits::default());
    let mut out = Vec::new();
    let stderr = fixture!("ffmpeg-progress.stderr");
    // The final statistics follow the work.
    let last_words = stderr.windows(6).position(|text| text == b"frame=").expect("statistics");
    reader.push(Source::Stderr, &stderr[..last_words], &mut out);
    let of_input = lines(&out).len();
    assert!(of_input > 20, "what it says of its input is for the log");
    reader.push(Source::Stdout, fixture!("ffmpeg-progress.stdout"), &mut out);
    reader.end(Source::Stdout, &mut out);
    let percents = percents(&out);
    assert!(percents.len() >= 5 && percents.is_sorted(), "{percents:?}");
    assert_eq!(percents.last(), Some(&100), "{percents:?}");
    assert_eq!(lines(&out).len(), of_input, "key=value lines are not for the log");
}

#[test]
fn ffmpeg_tells_the_time_where_the_length_is_not_known() {
    let seen = seen(&preset("ffmpeg"), Source::Stdout, fixture!("ffmpeg-progress.stdout"));
    assert_eq!(fractions(&seen), [0.0; 0]);
    assert_eq!(messages(&seen).last(), Some(&"00:00:11 are done"));
}

#[test]
fn ffmpeg_is_understood_by_its_statistics_too() {
    let seen = seen(&preset("ffmpeg"), Source::Stderr, fixture!("ffmpeg-stats"));
    assert_eq!(percents(&seen), [0, 23, 49, 72, 87, 100]);
}

#[test]
fn pv_tells_percent_in_numbers_and_in_a_bar() {
    let seen_n = seen(&preset("pv"), Source::Stderr, fixture!("pv-n"));
    assert_eq!(percents(&seen_n), [9, 19, 29, 39, 50, 59, 69, 79, 89, 100]);
    assert_eq!(lines(&seen_n), [""; 0], "bare numbers are not for the log");
    let bar = seen(&preset("pv"), Source::Stderr, fixture!("pv-bar"));
    assert_eq!(percents(&bar)[..3], [14, 29, 44]);
    assert_eq!(percents(&bar).last(), Some(&100));
}

#[test]
fn pv_in_bytes_needs_a_total() {
    let table = rules("[progress]\npreset = \"pv\"\ntotal = 25_165_824");
    let seen_b = seen(&table, Source::Stderr, fixture!("pv-ntb"));
    assert_eq!(percents(&seen_b)[..3], [10, 20, 30]);
    assert_eq!(percents(&seen_b).last(), Some(&100));
    assert_eq!(fractions(&seen(&preset("pv"), Source::Stderr, fixture!("pv-ntb"))), [0.0; 0]);
}

#[test]
fn curl_tells_what_is_received_and_what_is_sent() {
    let meter = seen(&preset("curl"), Source::Stderr, fixture!("curl-meter"));
    assert_eq!(percents(&meter), [15, 40, 65, 90, 100]);
    let upload = seen(&preset("curl"), Source::Stderr, fixture!("curl-upload"));
    assert_eq!(percents(&upload), [100], "all of it was in the socket at once");
    let hash = seen(&preset("curl"), Source::Stderr, fixture!("curl-hash"));
    assert_eq!(fractions(&hash)[..3], [0.05, 0.075, 0.1]);
    assert_eq!(percents(&hash).last(), Some(&100));
}

#[test]
fn curl_says_100_percent_of_what_it_does_not_know_and_is_not_believed() {
    let seen = seen(&preset("curl"), Source::Stderr, fixture!("curl-unknown"));
    assert_eq!(fractions(&seen), [0.0; 0]);
    let output = ["1464k", "4394k", "7324k", "10.0M", "11.4M"].map(|n| format!("{n} received"));
    assert_eq!(messages(&seen), output);
}

#[test]
fn dd_needs_a_total() {
    let table = rules("[progress]\npreset = \"dd\"\ntotal = 1_572_864_000");
    let with_total = seen(&table, Source::Stderr, fixture!("dd"));
    assert_eq!(percents(&with_total), [23, 46, 68, 90, 100]);
    assert_eq!(messages(&with_total), [""; 0]);
    let without = seen(&preset("dd"), Source::Stderr, fixture!("dd"));
    assert_eq!(fractions(&without), [0.0; 0]);
    assert_eq!(
        messages(&without),
        ["359 MB copied", "729 MB copied", "1.1 GB copied", "1.4 GB copied", "1.6 GB copied"]
    );
}

#[test]
fn tar_needs_a_total() {
    // The size of the archive.
    let table = rules("[progress]\npreset = \"tar\"\ntotal = 25_169_920");
    for bytes in [&fixture!("tar-create")[..], fixture!("tar-extract"), fixture!("tar-totals")] {
        let seen = seen(&table, Source::Stderr, bytes);
        assert_eq!(percents(&seen)[..3], [4, 8, 12]);
        assert!(*percents(&seen).last().expect("some") >= 97);
    }
    let without = seen(&preset("tar"), Source::Stderr, fixture!("tar-create"));
    assert_eq!(fractions(&without), [0.0; 0]);
    assert_eq!(messages(&without)[0], "100 records of 10 KiB");
}

#[test]
fn apt_has_two_stages() {
    let rules = preset("apt");
    assert_eq!(rules.stages().len(), 2);
    let seen = seen(&rules, Source::Stdout, fixture!("apt-install"));
    assert_eq!(stages(&seen), [0, 1]);
    let begin = seen.iter().position(|signal| *signal == Signal::Stage(1)).expect("stage 2");
    assert_eq!(percents(&seen[..begin]), [0, 27, 77, 100]);
    let installing = percents(&seen[begin..]);
    assert!(installing.is_sorted() && installing.last() == Some(&92), "{installing:?}");
    assert!(messages(&seen).contains(&"Unpacking jq (amd64)"));
    assert_eq!(lines(&seen), [""; 0]);
}

#[test]
fn wget_is_understood_in_dots_and_in_a_bar() {
    let dots = seen(&preset("wget"), Source::Stderr, fixture!("wget-dot"));
    assert_eq!(percents(&dots)[..3], [3, 6, 10]);
    assert_eq!(percents(&dots).last(), Some(&100));
    assert_eq!(lines(&dots).len(), 9, "all but the dots: {:?}", lines(&dots));
    let bar = seen(&preset("wget"), Source::Stderr, fixture!("wget-bar"));
    assert_eq!(percents(&bar)[..3], [0, 5, 10]);
    assert_eq!(percents(&bar).last(), Some(&100));
    for bytes in [&fixture!("wget-unknown")[..], fixture!("wget-dot-unknown")] {
        let seen = seen(&preset("wget"), Source::Stderr, bytes);
        assert_eq!(fractions(&seen), [0.0; 0]);
        assert!(messages(&seen).len() > 5 && messages(&seen)[1].ends_with(" received"));
    }
}

#[test]
fn git_clone_has_stages_with_percent_each() {
    let rules = preset("git");
    let seen = seen(&rules, Source::Stderr, fixture!("git-clone"));
    assert_eq!(stages(&seen), [0, 1, 2, 3]);
    for stage in 0..4 {
        let begin = seen.iter().position(|s| *s == Signal::Stage(stage)).expect("entered");
        let after = &seen[begin + 1..];
        let end = after.iter().position(|s| matches!(s, Signal::Stage(_))).unwrap_or(after.len());
        let percents = percents(&after[..end]);
        assert!(percents.is_sorted() && percents.len() > 50, "{stage}: {percents:?}");
        assert_eq!(percents.last(), Some(&100), "{stage}");
    }
    assert_eq!(lines(&seen).len(), 7, "{:?}", lines(&seen));
}

#[test]
fn each_preset_compiles_and_is_tested_here() {
    let here = concat!(
        include_str!("real.rs"),
        include_str!("real/transfers.rs"),
        include_str!("real/work.rs")
    );
    for info in super::super::presets() {
        assert!(!preset(&info.name).patterns().is_empty());
        assert!(here.contains(&format!("preset(\"{}\")", info.name)), "{}", info.name);
    }
}
