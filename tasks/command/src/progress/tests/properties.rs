//! Properties for any bytes in any chunks.

use proptest::{collection::vec, prelude::*, sample::select};

use super::*;

/// Typical program output mixed with noise.
fn output() -> impl Strategy<Value = Vec<u8>> {
    let words = vec![
        "\r",
        "\n",
        "\r\n",
        "\u{8}",
        "\u{1b}[31m",
        "\u{1b}[K",
        "\u{1b}]0;",
        "\u{1b}[A",
        "\u{1b}[1G",
        "\u{1b}[u",
        "\u{1b}",
        "100%",
        "0%|  | 0/9 [00:00",
        "b: 100%|##| 9/9 [00:01",
        "Cloning into 'x'",
        "[download] Downloading item 2 of 3",
        "3.2e-07",
        "12%",
        " 45% ",
        "100",
        "7/9",
        "9/0",
        "{\"progress\":",
        "0.5",
        "}",
        "{\"stage\":1}\n",
        "{\"stage\":\"Work\"}\n",
        "{\"done\":3,",
        "\"total\":4}\n",
        "{\"message\":\"m\"}\n",
        "Receiving objects:  4% (1/9)",
        "remote: ",
        "dlstatus:1:2.5:x",
        "pmstatus:a:97.0:y",
        "out_time=00:00:01.5",
        "  Duration: 00:00:09.10, ",
        "1,234,567  12%  3.00MB/s 0:00:01",
        " (xfr#1, ir-chk=1/2)",
        " (xfr#1, to-chk=1/2)",
        "1024 bytes (1 kB) copied, 1 s",
        "tar: Write checkpoint 5",
        "  0K .......... .......  3% ",
        "NaN",
        "-1",
        "ü",
        "日本",
        "🦀",
    ];
    let piece = prop_oneof![
        8 => select(words).prop_map(|word| word.as_bytes().to_vec()),
        1 => vec(any::<u8>(), 0..12),
    ];
    vec(piece, 0..60).prop_map(|pieces| pieces.concat())
}

fn sources() -> impl Strategy<Value = Source> {
    select(vec![Source::Stdout, Source::Stderr, Source::Channel])
}

fn any_rules() -> impl Strategy<Value = Rules> {
    let names =
        super::super::presets().iter().map(|preset| preset.name.as_str()).collect::<Vec<_>>();
    let own = rules(
        "[progress]\npercent = '(\\d+)%'\ncount = '(?<done>\\d+)/(?<total>\\d+)'\nmessage = '(m.*)'\nstage = '(Work)'",
    );
    prop_oneof![select(names).prop_map(|name| Rules::preset(name).expect("a preset")), Just(own),]
}

fn reader(rules: &Rules, limits: Limits) -> Reader {
    let stages = if rules.stages().is_empty() {
        vec![("Begin".to_owned(), 1.0), ("Work".to_owned(), 1.0)]
    } else {
        rules.stages()
    };
    Reader::new(rules, limits).with_stages(stages.into_iter().map(|(name, _)| name))
}

fn run(mut reader: Reader, source: Source, bytes: &[u8], cuts: &[usize]) -> Vec<Signal> {
    let mut out = Vec::new();
    let mut rest = bytes;
    for cut in cuts {
        let (chunk, after) = rest.split_at((*cut).min(rest.len()));
        reader.push(source, chunk, &mut out);
        rest = after;
    }
    reader.push(source, rest, &mut out);
    reader.end(source, &mut out);
    out
}

proptest! {
    #[test]
    fn how_bytes_are_cut_changes_nothing(
        rules in any_rules(),
        source in sources(),
        bytes in output(),
        cuts in vec(0_usize..40, 0..60),
        line_bytes in select(vec![8_usize, 64, 8192]),
    ) {
        let limits = Limits { line_bytes, channel_bytes: line_bytes * 2, ..Limits::default() };
        let whole = run(reader(&rules, limits), source, &bytes, &[]);
        prop_assert_eq!(run(reader(&rules, limits), source, &bytes, &cuts), whole);
    }

    #[test]
    fn whatever_comes_the_signals_are_sane(
        rules in any_rules(),
        chunks in vec((sources(), output()), 0..8),
        line_chars in select(vec![0_usize, 5, 1900]),
    ) {
        let limits = Limits { line_chars, message_chars: 20, ..Limits::default() };
        let mut reader = reader(&rules, limits);
        let mut out = Vec::new();
        for (source, bytes) in &chunks {
            reader.push(*source, bytes, &mut out);
            reader.idle(*source, &mut out);
        }
        for source in [Source::Stdout, Source::Stderr, Source::Channel] {
            reader.end(source, &mut out);
        }
        let mut stage = None;
        let mut message = 0;
        for signal in &out {
            match signal {
                Signal::Fraction(fraction) => prop_assert!((0.0..=1.0).contains(fraction)),
                Signal::Stage(index) => {
                    prop_assert!(stage < Some(*index), "{:?} after {:?}", index, stage);
                    prop_assert!(*index < 6);
                    stage = Some(*index);
                }
                Signal::Message(text) | Signal::Preserved(text) => {
                    prop_assert!(!text.is_empty() && text.chars().count() <= 21);
                    prop_assert!(!text.chars().any(char::is_control));
                }
                Signal::Unknown => {}
                Signal::Line { source: Source::Channel, .. } => message += 1,
                Signal::Line { text, .. } => {
                    prop_assert!(!text.contains('\n') && !text.contains('\r'));
                    prop_assert!(text.chars().count() <= line_chars + 70);
                }
            }
        }
        prop_assert!(message <= 1);
    }

    #[test]
    fn without_a_channel_nothing_is_known_but_lines(bytes in output()) {
        for source in [Source::Stdout, Source::Stderr] {
            let signals = run(reader(&Rules::default(), Limits::default()), source, &bytes, &[]);
            for signal in signals {
                let is_line = matches!(&signal, Signal::Line { source: messages, .. } if *messages == source);
                prop_assert!(is_line, "{:?}", signal);
            }
        }
    }
}
