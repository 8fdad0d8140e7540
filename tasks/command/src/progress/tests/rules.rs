//! Tests of valid and invalid rules.

use figment::{
    Figment,
    providers::{Format as _, Toml},
};

use super::*;

fn refused(toml: &str) -> String {
    let read: Result<Rules, _> = Figment::from(Toml::string(toml)).extract_inner("progress");
    read.expect_err(toml).to_string()
}

#[test]
fn own_patterns_find_what_they_are_meant_to_find() {
    let rules = rules(
        r#"
        [progress]
        percent = ['^at (\d+)%', '^(?<percent>[\d,]+) von Hundert']
        fraction = 'ratio ([\d.]+)'
        count = ['(?<done>\d+) of (?<total>\d+)', '^(?<left>\d+) to go', '^in all (?<total>\S+)']
        message = '^now: (.+)'
        hide = '^#'
        stages = [
            { name = "Compile", pattern = '^Compiling', weight = 3 },
            { name = "Link", pattern = '^Linking (?<percent>\d+)' },
        ]
        "#,
    );
    assert_eq!(rules.stages(), [("Compile".to_owned(), 3.0), ("Link".to_owned(), 1.0)]);
    let see = |line: &str| {
        let mut signals = read(&rules, Source::Stdout, line);
        signals.retain(|signal| !matches!(signal, Signal::Line { .. }));
        signals
    };
    assert_eq!(see("at 12%"), [Signal::Fraction(0.12)]);
    assert_eq!(see("12,5 von Hundert"), [Signal::Fraction(0.125)]);
    assert_eq!(see("ratio 0.5"), [Signal::Fraction(0.5)]);
    assert_eq!(see("3 of 4"), [Signal::Fraction(0.75)]);
    assert_eq!(see("in all 1,000\n250 to go"), [Signal::Fraction(0.75)]);
    assert_eq!(see("now: sorting"), [Signal::Message("sorting".to_owned())]);
    assert_eq!(see("Compiling x"), [Signal::Stage(0)]);
    assert_eq!(see("Linking 40"), [Signal::Stage(1), Signal::Fraction(0.4)]);
    assert_eq!(lines(&read(&rules, Source::Stdout, "#x\nx#\n")), ["x#"]);
}

#[test]
fn a_stage_may_be_named_by_the_output() {
    let rules = rules("[progress]\nstage = '^== (.+) =='\nmessage = '^(\\w+)…'");
    let reader = Reader::new(&rules, Limits::default())
        .with_stages(["Fetch all".to_owned(), "ParamType".to_owned()]);
    let text = "== fetch ALL ==\n== nonsense ==\n== ParamType ==\n== Fetch all ==\n";
    assert_eq!(stages(&read_in(reader, Source::Stderr, text.as_bytes(), 5)), [0, 1]);
}

#[test]
fn what_belongs_to_no_declared_stage_moves_no_bar() {
    let git = Rules::preset("git").expect("git");
    let reader = Reader::new(&git, Limits::default()).with_stages(["All".to_owned()]);
    let text = b"Receiving objects: 100% (3/3), done.\n";
    assert_eq!(fractions(&read_in(reader, Source::Stderr, text, 9)), [0.0; 0]);
    assert_eq!(git.unknown_stage(&["All".to_owned()]).as_deref(), Some("Counting objects"));
    let all: Vec<String> = git.stages().into_iter().map(|(name, _)| name).collect();
    assert_eq!(git.unknown_stage(&all), None);
}

#[test]
fn hostile_numbers_move_no_bar_wrongly() {
    let rules = rules(
        "[progress]\npercent = 'p=(\\S+)'\nfraction = 'f=(\\S+)'\ncount = '(?<done>\\S+)/(?<total>\\S+)'",
    );
    for nothing in [
        "p=NaN", "p=-5", "p=inf", "f=-0.5", "3/0", "-3/10", "3/-10", "x/y", "3/NaN", "p=250",
        "11/10",
    ] {
        assert_eq!(fractions(&read(&rules, Source::Stdout, nothing)), [0.0; 0], "{nothing}");
    }
    for (text, fraction) in [
        ("p=100.04", 1.0),
        ("p=1e2", 1.0),
        ("f=3.2e-07", 3.2e-7),
        ("512KiB/1MiB", 0.5),
        ("1,500,000/3,000,000", 0.5),
        ("1.5MB/3MB", 0.5),
        ("00:01:00/00:02:00", 0.5),
        ("p=12,5", 0.125),
    ] {
        assert_eq!(fractions(&read(&rules, Source::Stdout, text)), [fraction], "{text}");
    }
}

#[test]
fn what_begins_again_from_0_is_a_part_and_the_bar_is_unknown() {
    let rules = rules("[progress]\npercent = '^(\\d+)%'");
    let signals = read(&rules, Source::Stdout, "40%\n100%\n0%\n70%\n100%\n10%\n");
    assert_eq!(fractions(&signals), [0.4, 1.0]);
    let output = ["part 2, 0 %", "part 2, 70 %", "part 2, 100 %", "part 3, 10 %"];
    assert_eq!(messages(&signals), output);
    let unknown = signals.iter().filter(|signal| **signal == Signal::Unknown).count();
    assert_eq!(unknown, 1);
}

#[test]
fn a_new_stage_is_known_again() {
    let rules = rules(
        "[progress]\npercent = '(\\d+)%'\nstages = [{ name = 'A', pattern = '^A' }, { name = 'B', pattern = '^B' }]",
    );
    let mut signals = read(&rules, Source::Stdout, "A 100%\nA 10%\nB 20%\nA 60%\nB 100%\n");
    signals.retain(|signal| !matches!(signal, Signal::Line { .. }));
    assert_eq!(
        signals,
        [
            Signal::Stage(0),
            Signal::Fraction(1.0),
            Signal::Unknown,
            Signal::Message("part 2, 10 %".to_owned()),
            Signal::Stage(1),
            Signal::Fraction(0.2),
            Signal::Fraction(1.0),
        ]
    );
}

#[test]
fn stages_that_begin_again_are_another_pass() {
    let rules = rules("[progress]\npercent = '(\\d+)%'\nstage = '^(\\w)'");
    let reader =
        Reader::new(&rules, Limits::default()).with_stages(["A".to_owned(), "B".to_owned()]);
    let log = b"A 100%\nB 50%\nA 3%\nA 100%\nB 40%\n";
    let signals = read_in(reader, Source::Stdout, log, 3);
    assert_eq!((stages(&signals), fractions(&signals)), (vec![0, 1], vec![1.0, 0.5]));
    assert_eq!(messages(&signals), ["part 2: A, 3 %", "part 2: A, 100 %", "part 2: B, 40 %"]);
}

#[test]
fn a_declared_total_wins_over_what_is_read() {
    let count = "count = '^(?<done>\\d+)/(?<total>\\d+)'";
    let log = "5/10\n10/10\n15/10\n25/10\n";
    let declared = rules(&format!("[progress]\n{count}\ntotal = 20"));
    let signals = read(&declared, Source::Stdout, log);
    assert_eq!(fractions(&signals), [0.25, 0.5, 0.75]);
    assert_eq!(signals[signals.len() - 2], Signal::Unknown, "25 of 20");
    let undeclared = read(&rules(&format!("[progress]\n{count}")), Source::Stdout, log);
    assert_eq!(fractions(&undeclared), [0.5, 1.0]);
}

#[test]
fn parts_and_bars_may_be_named_by_own_patterns() {
    let rules = rules(
        "[progress]\npercent = '^(?<bar>\\w+) (?<percent>\\d+)%'\nmessage = '^File (?<part>\\d+) of (?<parts>\\d+): (?<message>.*)'",
    );
    let signals =
        read(&rules, Source::Stdout, "File 1 of 2: a\nx 50%\ny 9%\nFile 2 of 2: b\nx 50%\n");
    assert_eq!(fractions(&signals), [0.25, 0.75]);
    assert_eq!(
        messages(&signals),
        [
            "part 1 of 2: a",
            "part 1 of 2, 50 %",
            "part 1 of 2, y, 9 %",
            "part 2 of 2: b",
            "part 2 of 2, 50 %"
        ]
    );
}

#[test]
fn wrong_rules_are_refused_with_their_place() {
    for (toml, message) in [
        ("progress = \"rsnyc\"", "there is no preset `rsnyc`; there are: 7z, apt, borg, "),
        ("progress = 5", "expected the name of a preset or a table of patterns"),
        ("[progress]\npreset = \"x\"", "preset: there is no preset `x`"),
        ("[progress]\npercnt = 'x'", "percnt"),
        ("[progress]\npercent = '('", "percent: "),
        ("[progress]\npercent = ['(1)', '2']", "percent[1]: put what is meant into a group"),
        ("[progress]\npercent = 5", "a pattern or a list of patterns"),
        ("[progress]\ncount = '(\\d+)'", "count: name the groups"),
        ("[progress]\nmessage = '(?<what>.)'", "message: a group `what` means nothing"),
        ("[progress]\nmessage = ''", "message: the pattern is empty"),
        ("[progress]\npercent = '((a{100}){100}){100}'", "percent: the pattern takes more than"),
        ("[progress]\ntotal = 0", "total: 0 is no number above 0"),
        ("[progress]\ntotal = nan", "total: NaN is no number above 0"),
        ("[progress]\nstreams = []", "streams: name `stdout`, `stderr` or both"),
        ("[progress]\nstreams = [\"channel\"]", "stdout"),
        ("[progress]\nstages = [{ name = \" \" }]", "stages[0].name: a stage needs a name"),
        ("[progress]\nstages = [{ name = \"a\", weight = -1 }]", "stages[0].weight: "),
        ("[progress]\nstages = [{ name = \"a\", pattern = '[' }]", "stages[0].pattern: "),
    ] {
        let error = refused(toml);
        assert!(error.contains(message), "{toml}: {error}");
    }
    let many = format!("[progress]\nhide = [{}]", "'x',".repeat(51));
    assert!(refused(&many).contains("there are 51 patterns; at most 50"));
    let long = format!("[progress]\nhide = '{}'", "x".repeat(1001));
    assert!(refused(&long).contains("more than 1000 characters"));
}

#[test]
fn rules_are_written_as_they_were_read() {
    let short = Rules::preset("rsync").expect("rsync");
    assert_eq!(serde_json::to_string(&short).expect("json"), "\"rsync\"");
    let table = rules("[progress]\npreset = \"dd\"\ntotal = 5\nhide = '^x'");
    let json = serde_json::to_string(&table).expect("json");
    assert_eq!(json, r#"{"preset":"dd","total":5.0,"hide":["^x"]}"#);
    assert_eq!(serde_json::from_str::<Rules>(&json).expect("rules"), table);
    assert_ne!(short, table);
    assert!(Rules::default().patterns().is_empty());
}
