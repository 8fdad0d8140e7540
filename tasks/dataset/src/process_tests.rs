//! Complete profiles: tables of cases, and properties of any text.

use proptest::prelude::*;

use super::{
    super::profile::{ColumnProfile, DataType, Ragged, Scalar},
    *,
};

/// Callback that continues, and checks the progress.
fn go_on(done: f64) -> Result<(), LoadError> {
    assert!((0.0..=1.0).contains(&done), "{done} is no share");
    Ok(())
}

fn try_profile(text: &str, settings: &DatasetSettings) -> Result<Profile, LoadError> {
    let table = open_text(text.as_bytes(), text.len() as u64, &Options::default(), settings)?;
    generate(process(table, settings, &mut go_on)?, None, &mut go_on)
}

fn profile(text: &str) -> Profile {
    try_profile(text, &DatasetSettings::default()).unwrap()
}

fn column(text: &str) -> ColumnProfile {
    profile(text).columns.remove(0)
}

#[test]
fn a_header_alone_has_no_rows() {
    let profile = profile("input");
    assert_eq!((profile.rows, profile.columns.len()), (0, 1));
    assert_eq!(profile.columns[0].data_type, DataType::Empty);
    assert_eq!(profile.columns[0].name, "input");
}

#[test]
fn types_are_the_narrowest_that_hold_every_value() {
    let cases = [
        ("1\n2\n\"\"\n3", DataType::Integer),
        ("1\n2.5", DataType::Number),
        ("1\n99999999999999999999", DataType::Number),
        ("true\nNo", DataType::Boolean),
        ("2024-01-01\n2024-01-02T10:00Z", DataType::Date),
        ("1\ntrue", DataType::Text),
        ("007\n008", DataType::Text),
        ("NA\nnull", DataType::Empty),
    ];
    for (cells, expected) in cases {
        assert_eq!(column(&format!("x\n{cells}\n")).data_type, expected, "{cells:?}");
    }
}

#[test]
fn a_column_of_numbers_is_told_in_numbers() {
    let column = column("x\n4\n1\n3\n2\nNA\n");
    assert_eq!((column.count, column.missing, column.distinct), (4, 1, 4));
    assert_eq!(column.min, Some(Scalar::Integer(1)));
    assert_eq!(column.max, Some(Scalar::Integer(4)));
    let numeric = column.numeric.unwrap();
    assert_eq!(numeric.mean, Some(2.5));
    assert!((numeric.std_dev.unwrap() - 1.290_994_448_735_805_6).abs() < 1e-12);
    assert_eq!([numeric.q25, numeric.median, numeric.q75], [1.75, 2.5, 3.25].map(Some));
    assert_eq!(column.histogram.iter().map(|bin| bin.count).sum::<i64>(), 4);
    assert_eq!(column.lengths, None);
}

#[test]
fn whole_numbers_keep_every_digit() {
    let column = column("x\n9223372036854775807\n-9223372036854775808");
    assert_eq!(column.min, Some(Scalar::Integer(i64::MIN)));
    assert_eq!(column.max, Some(Scalar::Integer(i64::MAX)));
}

#[test]
fn a_column_of_texts_has_lengths_and_frequent_values() {
    let column = column("x\n b \na\nb\nlonger\n");
    assert_eq!(column.top[0].value, "b");
    assert_eq!(column.top[0].count, 2);
    assert_eq!(column.top[1].value, "a");
    let lengths = column.lengths.unwrap();
    assert_eq!((lengths.min, lengths.max, lengths.mean), (1, 6, 2.25));
    assert_eq!(column.min, Some(Scalar::Text("a".to_owned())));
    assert!(column.histogram.is_empty());
}

#[test]
fn dates_are_ordered_as_times() {
    let column = column("x\n2024-01-01T00:30+02:00\n2023-12-31T23:00Z\n");
    assert_eq!(column.min, Some(Scalar::Text("2024-01-01T00:30+02:00".to_owned())));
    assert_eq!(column.max, Some(Scalar::Text("2023-12-31T23:00Z".to_owned())));
}

#[test]
fn ragged_rows_are_told_with_their_lines() {
    let profile = profile("a,b\n1\n1,2\n\n\"x\ny\",2,3,4\n");
    assert_eq!(profile.rows, 3);
    assert_eq!(profile.ragged, Ragged { short_rows: 1, long_rows: 1, extra_cells: 2 });
    let shown: Vec<_> =
        profile.warnings.iter().map(|warning| (warning.code.as_str(), warning.line)).collect();
    assert_eq!(shown, [("short_row", Some(2)), ("long_row", Some(5))]);
    assert_eq!(profile.columns[1].missing, 1);
}

#[test]
fn a_stray_value_in_a_column_of_numbers_is_told_with_its_line() {
    let rows: String = (0..20)
        .map(|row| if row == 7 { "oops\n".to_owned() } else { format!("{row}\n") })
        .collect();
    let profile = profile(&format!("x\n{rows}"));
    assert_eq!(profile.columns[0].data_type, DataType::Text);
    assert_eq!(profile.columns[0].numeric, None);
    let warning = &profile.warnings[0];
    assert_eq!((warning.code.as_str(), warning.line), ("mixed_types", Some(9)));
    assert!(warning.message.contains("19 of 20 values are numbers"), "{}", warning.message);
}

#[test]
fn a_column_that_needs_too_much_memory_is_told_about_right() {
    let settings = DatasetSettings { max_column_memory: 10_000, ..DatasetSettings::default() };
    let rows: String = (0..2_000).map(|row| format!("{row},{}\n", row % 9)).collect();
    let profile = try_profile(&format!("a,b\n{rows}"), &settings).unwrap();
    let [a, b] = &profile.columns[..] else { panic!("two columns") };
    assert!(!a.distinct_exact && a.distinct < 200, "{a:?}");
    let (estimate, error) = (a.distinct_estimate.unwrap() as f64, a.distinct_error.unwrap());
    assert!((estimate / 2_000.0 - 1.0).abs() <= error + 0.001 && error < 0.03, "{estimate}");
    assert!(a.rank_error.unwrap() < 0.005 && a.top_error.is_some() && a.top.is_empty());
    assert!((a.numeric.unwrap().median.unwrap() - 1_000.0).abs() < 20.0, "{:?}", a.numeric);
    assert_eq!(
        (a.min.as_ref(), a.max.as_ref()),
        (Some(&Scalar::Integer(0)), Some(&Scalar::Integer(1_999)))
    );
    assert_eq!((b.distinct, b.distinct_exact, b.rank_error, b.top_error), (9, true, None, None));
}

#[test]
fn dates_have_a_histogram_of_seconds() {
    let column = column("x\n1970-01-01\n1970-01-02\n1970-01-02T00:00:01Z\n");
    assert_eq!(column.histogram.first().map(|bin| bin.from), Some(0.0));
    assert_eq!(column.histogram.last().map(|bin| bin.to), Some(86_401.0));
    assert_eq!(column.histogram.iter().map(|bin| bin.count).sum::<i64>(), 3);
    assert_eq!(column.numeric, None);
}

#[test]
fn traces_of_a_wrong_encoding_and_open_quotes_are_told_with_their_line() {
    let shown = |text: &str| {
        let warnings = profile(text).warnings;
        warnings.into_iter().map(|warning| (warning.code, warning.line)).collect::<Vec<_>>()
    };
    let one = |code: &str, line| vec![(code.to_owned(), Some(line))];
    assert_eq!(shown("a\nb\u{fffd}\n\u{fffd}"), one("replacement_character", 2));
    assert_eq!(shown("a\n1\n2\0\0"), one("nul_character", 3));
    assert_eq!(shown("a,b\r1,2\r3,\u{fffd}"), one("replacement_character", 3));
    assert_eq!(shown("a\n\"two\n3,4\n"), one("unclosed_quote", 2));
    assert_eq!(shown("\"a"), one("unclosed_quote", 1));
    assert_eq!(shown("a\n\"x\"y\"\n"), one("unescaped_quote", 2));
    for closed in ["a\n\"x\"\n", "a\n5\" pipe\n", "a\n\"say \"\"hi\"\"\""] {
        assert_eq!(shown(closed), [], "{closed:?}");
    }
}

#[test]
fn a_byte_order_mark_is_no_part_of_the_first_name() {
    for before in ["\u{feff}", "\n\u{feff}", "\u{feff}\r\n\u{feff}\n", "\u{feff}\u{feff}\u{feff}"] {
        let profile = profile(&format!("{before}a,b\n1,2"));
        assert_eq!((profile.columns[0].name.as_str(), profile.rows), ("a", 1), "{before:?}");
    }
}

#[test]
fn a_text_of_white_space_and_byte_order_marks_alone_is_empty() {
    for text in ["", "\n\u{feff}", "\u{feff}", " \n\u{feff}", "\u{feff} \u{feff}", "\u{a0}\n\u{b}"]
    {
        let error = try_profile(text, &DatasetSettings::default()).unwrap_err();
        assert_eq!(error.code(), "empty_input", "{text:?}");
    }
}

#[test]
fn a_stop_between_rows_is_obeyed() {
    let (text, settings) = (format!("x\n{}", "1\n".repeat(1000)), DatasetSettings::default());
    let table =
        open_text(text.as_bytes(), text.len() as u64, &Options::default(), &settings).unwrap();
    let mut asked = 0;
    let stopped = process(table, &settings, &mut |_| {
        asked += 1;
        Err(LoadError::Empty)
    });
    assert!(stopped.is_err());
    assert_eq!(asked, 1);
}

/// Quantile by its definition, without optimisations.
fn naive_quantile(values: &[f64], share: f64) -> f64 {
    let position = (values.len() - 1) as f64 * share;
    let (low, high) = (values[position.floor() as usize], values[position.ceil() as usize]);
    low + (high - low) * position.fract()
}

proptest! {
    #[test]
    fn no_text_makes_it_panic_and_the_counts_add_up(text in ".{0,200}|[a,;\"\t|\n\r 01.e+\u{0}\u{feff}-]{0,120}") {
        let profile = try_profile(&text, &DatasetSettings::default());
        let is_empty = text.chars().all(|char| char.is_whitespace() || char == '\u{feff}');
        // It may look like another format, such as JSON.
        let is_other = matches!(profile, Err(LoadError::NotCsv(_)));
        prop_assert_eq!(profile.is_err(), is_empty || is_other);
        let Ok(profile) = profile else { return Ok(()) };
        for column in &profile.columns {
            prop_assert_eq!(column.count + column.missing, profile.rows);
            let types = column.types;
            prop_assert_eq!(types.integer + types.number + types.boolean + types.date + types.text, column.count);
            prop_assert!(column.distinct <= column.count);
            if column.distinct <= 10 {
                prop_assert_eq!(column.top.iter().map(|top| top.count).sum::<i64>(), column.count);
            }
            if !column.histogram.is_empty() {
                prop_assert_eq!(column.histogram.iter().map(|bin| bin.count).sum::<i64>(), column.count);
            }
        }
        let json = serde_json::to_string(&profile).unwrap();
        // JSON may change the last bit of a number.
        let repeated: Profile = serde_json::from_str(&json).unwrap();
        prop_assert_eq!(format!("{repeated:.6?}"), format!("{profile:.6?}"));
    }

    #[test]
    fn numbers_agree_with_an_oracle(mut values in prop::collection::vec(-1e9..1e9, 1..100)) {
        let text: String = values.iter().map(|value: &f64| format!("{value:?}\n")).collect();
        let column = column(&format!("x\n{text}"));
        values.sort_by(f64::total_cmp);
        let numeric = column.numeric.unwrap();
        let mean = values.iter().sum::<f64>() / values.len() as f64;
        prop_assert!((numeric.mean.unwrap() - mean).abs() < 1e-3);
        for (shown, share) in [(numeric.q25, 0.25), (numeric.median, 0.5), (numeric.q75, 0.75)] {
            prop_assert!((shown.unwrap() - naive_quantile(&values, share)).abs() < 1e-3);
        }
    }
}
