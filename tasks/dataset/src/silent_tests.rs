//! Inputs that were once misread without a word: the right profile, or a warning.

use super::{
    super::{
        column::Rules,
        profile::{ColumnProfile, DataType, Scalar},
    },
    people_tests::{codes, profile, range, with},
    *,
};

fn names(profile: &Profile) -> Vec<&str> {
    profile.columns.iter().map(|column| column.name.as_str()).collect()
}

fn shown<'p>(profile: &'p Profile, code: &str) -> &'p str {
    let found = profile.warnings.iter().find(|warning| warning.code == code);
    found.map_or("", |warning| warning.message.as_str())
}

fn read_as(column: &ColumnProfile) -> &str {
    column.read_as.as_ref().map_or("", |read| read.description.as_str())
}

#[test]
fn a_colon_within_a_value_separates_nothing() {
    let log = |lines: u32| -> String {
        let line = |at: u32| {
            let rest = if at.is_multiple_of(2) { "h c: a b" } else { "h s: c" };
            format!("Jan 31 10:{:02}:{:02} {rest}\n", at / 60, at % 60)
        };
        (0..lines).map(line).collect()
    };
    for (text, rows) in [
        ("Jan 31 10:00:01 h c: a b\nJan 31 10:00:02 h s: c\n", 2),
        (log(60).as_str(), 60),
        ("10:00 a\n10:05 b c\n", 2),
        ("[10:00:01] a: b\n[10:00:02] c: d e\n[10:00:03] f: g\n", 3),
        ("10:30\n11:45\n", 2),
        ("00:1a:2b:3c:4d:5e\n10:1a:2b:3c:4d:5f\n10:22:33:44:55:66\n", 2),
        ("http://a:80\nhttp://b:90\nhttp://c:70\n", 2),
        ("10.0.0.1:80\n10.0.0.2:90\n10.0.0.3:70\n", 2),
        ("2024-01-05 10:00\n2024-01-06 11:00\n", 2),
        ("5 Jan 2024\n6 Feb 2024\n7 Mar 2024\n", 3),
    ] {
        let profile = profile(text);
        assert_eq!((profile.columns.len(), profile.rows), (1, rows), "{text:?} {profile:?}");
    }
    let times = profile("10:30\n11:45\n");
    assert_eq!(times.columns[0].data_type, DataType::Time);
    for (text, columns) in [
        ("a:b\n10:20\n11:30\n", 2),
        ("a:b:c\n10:20:30\n11:21:31\n", 3),
        ("root:x:0:0:root:/root:/bin/bash\nbin:x:10:14:bin:/bin:/bin/false\n", 7),
        ("12:30:00,5\n12:31:00,6\n", 2),
        ("2024-01-05, 10:00\n2024-01-06, 11:00\n", 2),
        ("day month year\n5 Jan 2024\n6 Feb 2024\n", 3),
    ] {
        assert_eq!(profile(text).columns.len(), columns, "{text:?}");
    }
}

#[test]
fn a_month_with_a_day_and_an_hour_is_no_year() {
    for (text, data_type) in [
        ("t\nJan 31 10\nFeb 1 11\n", DataType::Text),
        ("t\nJan 31 10:00:01\nFeb 1 11:00:02\n", DataType::Date),
        ("t;n\nJan 31, 10;1\nFeb 1, 11;2\n", DataType::Date),
        ("t\n31-Jan-10\n01-Feb-11\n", DataType::Date),
    ] {
        assert_eq!(profile(text).columns[0].data_type, data_type, "{text:?}");
    }
}

#[test]
fn an_x_among_short_codes_is_a_code() {
    for (text, data_type, missing, warned) in [
        ("chr,p\n1,5\nX,6\n", DataType::Text, 0, false),
        ("chr,p\n1,5\n22,5\nX,6\nX,7\n", DataType::Text, 0, false),
        ("chr,p\n\"1\",5\n\"X\",6\n", DataType::Text, 0, false),
        ("n,p\n1234,5\nX,6\n2345,7\n", DataType::Integer, 1, true),
        ("n,p\n1.5,5\nX,6\nX,7\n", DataType::Number, 2, true),
        ("n,p\n1,5\nx,6\n2,7\n", DataType::Integer, 1, true),
        ("n,p\n1,5\n-,6\n2,7\n", DataType::Integer, 1, false),
    ] {
        let profile = profile(text);
        let column = &profile.columns[0];
        assert_eq!((column.data_type, column.missing), (data_type, missing), "{text:?}");
        let shown = shown(&profile, "ambiguous_missing");
        assert_eq!(
            shown.contains(&format!("in {missing} of its cells")),
            warned,
            "{text:?} {shown}"
        );
    }
    let mut options = Options::default();
    options.set_missing("X");
    let given = with("chr,p\n1,5\nX,6\n", &options);
    assert_eq!((given.columns[0].missing, codes(&given)), (1, vec![]));
}

#[test]
fn years_of_two_digits_may_stand_first() {
    for (values, reading, is_unsure) in [
        (vec!["24-12-01", "24-12-31"], "dates as year-month-day", true),
        (vec!["24/12/01", "24/12/31"], "dates as year/month/day", true),
        (vec!["24.12.01", "24.12.31"], "dates as year.month.day", true),
        (vec!["24-12-01"], "dates as day-month-year", true),
        (vec!["01.12.24", "02.12.24", "03.12.24"], "dates as day.month.year", true),
        (vec!["05-12-31", "06-12-31", "07-12-31"], "dates as day-month-year", true),
        (vec!["99-12-31", "00-01-01"], "dates as year-month-day", false),
        (vec!["31.12.23", "01.01.24"], "dates as day.month.year", false),
        (vec!["05.12.68", "06.12.92"], "dates as day.month.year", false),
        (vec!["12/31/23", "01/02/24"], "dates as month/day/year", false),
        (
            vec!["23-11-30", "23-12-01", "23-12-02", "24-01-05", "24-02-01", "24-02-15"],
            "dates as year-month-day",
            false,
        ),
        (
            vec!["30/11/23", "01/12/23", "02/12/23", "05/01/24", "01/02/24", "15/02/24"],
            "dates as day/month/year",
            false,
        ),
    ] {
        let profile = profile(&format!("d;v\n{};1\n", values.join(";1\n")));
        let column = &profile.columns[0];
        assert_eq!(column.data_type, DataType::Date, "{values:?}");
        assert!(read_as(column).starts_with(reading), "{values:?} {column:?}");
        let expected = if is_unsure { vec![("ambiguous_dates", Some(2))] } else { vec![] };
        assert_eq!(codes(&profile), expected, "{values:?}");
    }
    // Days of all months, in any order.
    let rows: String = (0..400)
        .map(|at| format!("{:02}.{:02}.{};1\n", 1 + at * 11 % 28, 1 + at * 7 % 12, 20 + at % 5))
        .collect();
    let days = profile(&format!("d;v\n{rows}"));
    assert_eq!(
        (read_as(&days.columns[0]).starts_with("dates as day"), codes(&days)),
        (true, vec![])
    );
}

#[test]
fn minutes_are_no_hours() {
    for (values, reading, seconds, is_unsure) in [
        (vec!["59:59", "1:00:00"], "durations as minutes", 3_600.0, false),
        (vec!["45:00", "59:14", "1:00:05"], "durations as minutes", 3_605.0, false),
        (vec!["45:00", "59:14", "01:00:05"], "durations as minutes", 3_605.0, false),
        (vec!["9:59", "1:00:00"], "durations as minutes", 3_600.0, true),
        (vec!["10:30", "10:30:15"], "times or durations as hours", 37_815.0, true),
        (vec!["45:00", "59:14"], "times or durations as hours", 213_240.0, true),
        (vec!["10:30", "9:15"], "times or durations as hours", 37_800.0, false),
        (vec!["25:05:00", "04:10:00"], "times or durations as hours", 90_300.0, false),
        (vec!["10:30 PM", "9:15:20 AM"], "times or durations as hours", 81_000.0, false),
        (vec!["00:00", "24:00"], "times or durations as hours", 86_400.0, false),
    ] {
        let profile = profile(&format!("t\n{}\n", values.join("\n")));
        let column = &profile.columns[0];
        assert_eq!(column.data_type, DataType::Time, "{values:?}");
        assert!(read_as(column).starts_with(reading), "{values:?} {column:?}");
        assert_eq!(column.histogram.last().map(|bin| bin.to), Some(seconds), "{values:?}");
        let expected = if is_unsure { vec![("ambiguous_times", Some(2))] } else { vec![] };
        assert_eq!(codes(&profile), expected, "{values:?}");
    }
}

#[test]
fn integers_beyond_64_bits_are_codes() {
    for (text, data_type) in [
        ("id\n12345678901234567890\n12345678901234567891\n", DataType::Text),
        ("id\n-12345678901234567890\n", DataType::Text),
        ("id\n1234567890123456789\n12345678901234567890\n", DataType::Text),
        ("id\n1\n12345678901234567891\n12345678901234567892\n", DataType::Text),
        ("id\n12 345 678 901 234 567 890\n1 234\n", DataType::Text),
        ("id\n9223372036854775807\n", DataType::Integer),
        ("id\n1.5\n12345678901234567890\n", DataType::Number),
        ("id\n1e+20\n12345678901234567890\n", DataType::Number),
    ] {
        let profile = profile(text);
        assert_eq!(profile.columns[0].data_type, data_type, "{text:?}");
    }
    let ids = profile("id\n12345678901234567890\n12345678901234567891\n");
    assert_eq!(read_as(&ids.columns[0]), "codes: integers beyond 64 bits");
    assert_eq!(ids.columns[0].max, Some(Scalar::Text("12345678901234567891".to_owned())));
    // An outlier among small integers is a number, but not without a word.
    let mixed = profile("id\n1\n12345678901234567891\n");
    assert_eq!(mixed.columns[0].data_type, DataType::Number);
    assert_eq!(codes(&mixed), [("inexact_numbers", Some(3))]);
    let message = shown(&mixed, "inexact_numbers");
    assert!(message.contains("1 of 2 values are integers beyond 64 bits"), "{message}");
    let few = DatasetSettings { max_column_memory: 1_000, ..DatasetSettings::default() };
    let rows: String =
        (0..500).map(|at| format!("{}\n", 12_345_678_901_234_567_000_u64 + at)).collect();
    let text = format!("id\n{rows}");
    let mut go_on = |_: f64| Ok::<(), LoadError>(());
    let table = open_text(text.as_bytes(), 1, &Options::default(), &few).unwrap();
    let many = generate(process(table, &few, &mut go_on).unwrap(), None, &mut go_on).unwrap();
    assert_eq!(many.columns[0].data_type, DataType::Text);
}

#[test]
fn what_was_given_is_obeyed_or_it_is_told() {
    let split = |text: &str, delimiter: &str| {
        let mut options = Options::default();
        assert!(options.set_delimiter(delimiter));
        with(text, &options)
    };
    let blanks = split("a b c\n1 2 3\n4 5 6 7\n", "blanks");
    assert_eq!(
        (names(&blanks), codes(&blanks)),
        (vec!["a", "b", "c"], vec![("long_row", Some(3))])
    );
    assert_eq!(names(&split("a:b\nx:y\nz\n", "colon")), ["a", "b"]);

    let tabs = split("a,b\n1,2\n", "tab");
    assert_eq!((names(&tabs), tabs.delimiter.as_str()), (vec!["a,b"], "\t"));
    assert_eq!(codes(&tabs), [("delimiter_not_found", Some(1)), ("ambiguous_numbers", Some(2))]);
    assert!(shown(&tabs, "ambiguous_numbers").contains("1 of 1 values might be two cells"));
    assert!(tabs.columns[0].read_as.as_ref().unwrap().unsure);
    assert_eq!(codes(&split("a;b\n1;2\n", ";")), []);

    let decimal = |text: &str, sign: char| {
        let rules = Rules { decimal: Some(sign), ..Rules::default() };
        with(text, &Options { rules, ..Options::default() })
    };
    for (text, sign, data_type, codes) in [
        ("v\n1.5\n2.5\n", ',', DataType::Text, vec![("decimal_not_found", Some(2))]),
        ("v;n\n1,5;1\n2,5;2\n", '.', DataType::Text, vec![("decimal_not_found", Some(2))]),
        ("v;n\n1,5;1\n2,5;2\n", ',', DataType::Number, vec![]),
        ("v\n1.5\n2.5\n", '.', DataType::Number, vec![]),
        ("v\n1\n2\n", ',', DataType::Integer, vec![]),
        ("v\n5%\n7%\n", ',', DataType::Integer, vec![]),
    ] {
        let profile = decimal(text, sign);
        assert_eq!(profile.columns[0].data_type, data_type, "{text:?} {sign}");
        assert_eq!(self::codes(&profile), codes, "{text:?} {sign}");
    }
}

#[test]
fn warnings_say_what_is_true() {
    let commas = profile("pop,n\n\"1,234\",1\n999,2\n5,3\n7,4\n");
    let message = shown(&commas, "ambiguous_numbers");
    assert!(message.contains("1 of 4 values might have a decimal sign"), "{message}");
    assert_eq!(range(&commas.columns[0]), (5.0, 1234.0));
    for text in ["a;b\n1.234;999\n999;1\n", "a\n1.234\n999\n"] {
        let points = profile(text);
        let message = shown(&points, "ambiguous_numbers");
        assert!(message.contains("1 of 2 values have three digits"), "{text:?} {message}");
    }
    let late = profile("a\n999\n1.234\n");
    assert_eq!(codes(&late), [("ambiguous_numbers", Some(3))]);

    let message = |text: &str| shown(&profile(text), "no_header").to_owned();
    assert!(message("1,2,3\n").contains("the only row has values"));
    assert!(message("1,2\n3,4\n").contains("those of the others in 2 columns"));
    assert!(message("5\n6\n").contains("those of the others in 1 column."));

    for (text, row, expected) in [
        ("a,b\n1,2\n", 5, "no line 5 names the columns: the text has 2 lines"),
        ("a,b\n1,2", 5, "no line 5 names the columns: the text has 2 lines"),
        ("a", 2, "no line 2 names the columns: the text has 1 line"),
    ] {
        let options = Options { header_row: Some(row), ..Options::default() };
        let settings = DatasetSettings::default();
        let error = open_text(text.as_bytes(), 1, &options, &settings).map(drop).unwrap_err();
        assert_eq!((error.code(), error.to_string().as_str()), ("header_not_found", expected));
    }
}

#[test]
fn lines_above_a_header_are_no_header() {
    for (text, columns, skipped) in [
        ("\"EXTF\";700;21\nUmsatz;Konto\n1,5;8400\n2,5;8400\n", vec!["Umsatz", "Konto"], true),
        ("Report, by A\nid,n\n1,2\n3,4\n", vec!["id", "n"], true),
        ("lat, lon\ndeg,deg\n1,2\n3,4\n", vec!["lat", "lon"], false),
        ("a,b,\n1,2\n3,4\n", vec!["a", "b", "column_3"], false),
    ] {
        let profile = profile(text);
        assert_eq!(names(&profile), columns, "{text:?}");
        let is_told = codes(&profile).contains(&("skipped_lines", Some(1)));
        assert_eq!(is_told, skipped, "{text:?}");
    }
}

#[test]
fn an_inner_quote_before_a_blank_is_told() {
    let pipes = profile("item,v\n\"5\" pipe\",1\n\"6\" rod\",2\n");
    assert_eq!(codes(&pipes), [("unescaped_quote", Some(2))]);
    assert_eq!(codes(&profile("item,v\n\"a\" ,1\n\"b\"  ,2\n")), []);
}

#[test]
fn grouped_numbers_are_no_two_cells() {
    for text in ["1.234,56\n2.345,67\n12,00\n", "1,234.56\n2,345.67\n12.00\n"] {
        let profile = profile(text);
        assert_eq!((profile.columns.len(), profile.rows), (1, 3), "{text:?}");
        assert_eq!(range(&profile.columns[0]).0, 12.0, "{text:?}");
    }
    for text in ["1.5,2\n2.5,3\n", "52.520,13.405\n48.137,11.575\n", "1,50\n2,25\n"] {
        assert_eq!(profile(text).columns.len(), 2, "{text:?}");
    }
}

#[test]
fn columns_between_several_blanks_or_colons_are_told() {
    for (text, is_told) in [
        ("id  first name  value\n1   ann marie   2.5\n2   bob         3.5\n", true),
        ("a::b\n1::2\n3::4\n", true),
        ("id  name\n--  ----\n1   ann\n2   bob\n", true),
        ("name\nAnn  Roe\nBob\n", false),
        ("name\nann\nbob\n", false),
        ("fe80::1\nfe80::2\nfe80::3\n", false),
    ] {
        let profile = profile(text);
        let has_warning = codes(&profile).contains(&("delimiter_not_found", Some(1)));
        let is_unsure =
            profile.assumptions[0].certainty == super::super::profile::Certainty::Unsure;
        assert_eq!((has_warning, is_unsure || !is_told), (is_told, true), "{text:?} {profile:?}");
    }
}
