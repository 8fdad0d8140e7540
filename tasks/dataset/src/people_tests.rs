//! What people feed it: each kind of input out of bug reports, with its right profile.

use super::{
    super::{
        column::Rules,
        profile::{Certainty, ColumnProfile, DataType, Ragged, Scalar},
    },
    *,
};

pub(super) fn with(text: &str, options: &Options) -> Profile {
    let settings = DatasetSettings::default();
    let mut go_on = |_: f64| Ok::<(), LoadError>(());
    let table = open_text(text.as_bytes(), text.len() as u64, options, &settings).unwrap();
    generate(process(table, &settings, &mut go_on).unwrap(), None, &mut go_on).unwrap()
}

pub(super) fn profile(text: &str) -> Profile {
    with(text, &Options::default())
}

/// Profile of the one column with these values.
pub(super) fn column(values: &[&str]) -> ColumnProfile {
    let quoted: String =
        values.iter().map(|value| format!("\"{}\"\n", value.replace('"', "\"\""))).collect();
    profile(&format!("column\n{quoted}")).columns.remove(0)
}

/// The same without quotes, among tabs.
fn bare(values: &[&str]) -> ColumnProfile {
    let rows: String = values.iter().map(|value| format!("a\t{value}\n")).collect();
    profile(&format!("key\tcolumn\n{rows}")).columns.remove(1)
}

pub(super) fn codes(profile: &Profile) -> Vec<(&str, Option<i64>)> {
    profile.warnings.iter().map(|warning| (warning.code.as_str(), warning.line)).collect()
}

pub(super) fn range(column: &ColumnProfile) -> (f64, f64) {
    let number = |value: &Option<Scalar>| match value {
        Some(Scalar::Integer(value)) => *value as f64,
        Some(Scalar::Number(value)) => *value,
        _ => f64::NAN,
    };
    (number(&column.min), number(&column.max))
}

#[test]
fn figures_are_not_cut_by_a_comma_in_the_header() {
    let profile = profile("Datum;Betrag, EUR\n2024-01-01;1,50\n2024-01-02;2,25\n");
    assert_eq!(profile.delimiter, ";");
    assert_eq!(profile.columns[0].data_type, DataType::Date);
    let amount = &profile.columns[1];
    assert_eq!((amount.name.as_str(), amount.data_type), ("Betrag, EUR", DataType::Number));
    assert_eq!((range(amount), amount.numeric.unwrap().mean), ((1.5, 2.25), Some(1.875)));
    let read = amount.read_as.as_ref().unwrap();
    assert_eq!(read.description, "numbers with a decimal comma");
    assert_eq!((read.matching, read.unsure), (2, false));
}

#[test]
fn numbers_of_a_locale_are_figures() {
    for (values, data_type, expected, unit) in [
        (vec!["1,5", "2,25", "3"], DataType::Number, (1.5, 3.0), None),
        (vec!["1.234,56", "12,00", "-3,5"], DataType::Number, (-3.5, 1234.56), None),
        (vec!["1,234.56", "12.00"], DataType::Number, (12.0, 1234.56), None),
        (vec!["1 234", "12 345 678", "5"], DataType::Integer, (5.0, 12_345_678.0), None),
        (vec!["1\u{202f}234,5", "2,5"], DataType::Number, (2.5, 1234.5), None),
        (vec!["1'234.50", "2.50"], DataType::Number, (2.5, 1234.5), None),
        (vec!["1.234.567", "2.345"], DataType::Integer, (2345.0, 1_234_567.0), None),
        (vec!["€1.50", "€2.75"], DataType::Number, (1.5, 2.75), Some("EUR")),
        (vec!["1,50 €", "2,75 €"], DataType::Number, (1.5, 2.75), Some("EUR")),
        (vec!["$1,234", "$5"], DataType::Integer, (5.0, 1234.0), Some("$")),
        (vec!["12%", "7.5%"], DataType::Number, (7.5, 12.0), Some("%")),
        (vec!["12,5 %", "7 %"], DataType::Number, (7.0, 12.5), Some("%")),
        (vec!["(5.00)", "7.00"], DataType::Number, (-5.0, 7.0), None),
        (vec!["\u{2212}5", "7"], DataType::Integer, (-5.0, 7.0), None),
        (vec!["5-", "7"], DataType::Integer, (-5.0, 7.0), None),
        (vec!["1e+05", "2.5e-3"], DataType::Number, (0.0025, 100_000.0), None),
    ] {
        let column = bare(&values);
        assert_eq!(column.data_type, data_type, "{values:?} {column:?}");
        assert_eq!(range(&column), expected, "{values:?}");
        assert_eq!(column.unit.as_deref(), unit, "{values:?}");
        assert_eq!(column.histogram.iter().map(|bin| bin.count).sum::<i64>(), column.count);
    }
}

#[test]
fn dates_of_a_locale_are_dates() {
    for (values, least, greatest) in [
        (vec!["31.12.2023", "01.02.2024"], "31.12.2023", "01.02.2024"),
        (vec!["12/31/2023", "01/02/2024"], "12/31/2023", "01/02/2024"),
        (vec!["31/12/2023", "01/02/2024"], "31/12/2023", "01/02/2024"),
        (vec!["2024-5-1", "2024-10-11"], "2024-5-1", "2024-10-11"),
        (vec!["01-May-24", "02-Apr-24"], "02-Apr-24", "01-May-24"),
        (
            vec!["Mon, 01 Jan 2024 10:00:00 +0000", "Sun, 31 Dec 2023 10:00:00 +0000"],
            "Sun, 31 Dec 2023 10:00:00 +0000",
            "Mon, 01 Jan 2024 10:00:00 +0000",
        ),
        (
            vec!["2024-01-01 10:00:00 +0200", "2024-01-01 09:00:00 +0000"],
            "2024-01-01 10:00:00 +0200",
            "2024-01-01 09:00:00 +0000",
        ),
        (
            vec!["2024-01-02 10:00:00 UTC", "2024-01-01 10:00:00 UTC"],
            "2024-01-01 10:00:00 UTC",
            "2024-01-02 10:00:00 UTC",
        ),
        (vec!["Feb  1 10:00:00", "Jan 31 10:00:00"], "Jan 31 10:00:00", "Feb  1 10:00:00"),
        (vec!["31.12.23 23:59", "01.01.24 00:00"], "31.12.23 23:59", "01.01.24 00:00"),
    ] {
        let column = column(&values);
        assert_eq!(column.data_type, DataType::Date, "{column:?}");
        assert_eq!(column.min, Some(Scalar::Text(least.to_owned())), "{values:?}");
        assert_eq!(column.max, Some(Scalar::Text(greatest.to_owned())), "{values:?}");
        assert!(!column.read_as.unwrap().unsure, "{values:?}");
    }
}

#[test]
fn what_may_mean_two_things_is_said_to() {
    let dates = profile("n,day\n1,01/02/2024\n2,03/04/2024\n");
    assert_eq!(dates.columns[1].data_type, DataType::Date);
    assert!(dates.columns[1].read_as.as_ref().unwrap().unsure);
    assert_eq!(codes(&dates), [("ambiguous_dates", Some(2))]);
    let shown = &dates.warnings[0].message;
    assert!(shown.contains("2 of 2 values") && shown.contains("month/day/year"), "{shown}");

    // Another column of the file decides.
    let dates = profile("a,b\n01/02/2024,25/12/2024\n03/04/2024,26/12/2024\n");
    assert_eq!(codes(&dates), []);
    let read = dates.columns[0].read_as.as_ref().unwrap();
    assert_eq!(read.description, "dates as day/month/year");

    let points = profile("a\n1.234\n2.345\n");
    assert_eq!(range(&points.columns[0]), (1.234, 2.345), "as ever");
    assert_eq!(codes(&points), [("ambiguous_numbers", Some(2))]);
    let points = profile("a;b\n1.234;1,5\n2.345;2,5\n");
    assert_eq!(range(&points.columns[0]), (1234.0, 2345.0));
    assert_eq!(codes(&points), []);

    let commas = profile("a\tb\nx\t1,234\ny\t5,678\n");
    assert_eq!(commas.columns[1].data_type, DataType::Text, "unsure");
    assert_eq!(codes(&commas), [("ambiguous_numbers", Some(2))]);
    let commas = profile("a,b\nx,\"1,234\"\ny,\"5,678\"\n");
    assert_eq!(range(&commas.columns[1]), (1234.0, 5678.0));
    assert_eq!(codes(&commas), [("ambiguous_numbers", Some(2))]);
    let given =
        Options { rules: Rules { decimal: Some(','), ..Rules::default() }, ..Options::default() };
    let commas = with("a,b\nx,\"1,234\"\ny,\"5,678\"\n", &given);
    assert_eq!((range(&commas.columns[1]), codes(&commas)), ((1.234, 5.678), vec![]));
    let points = with("a\n1.234\n2.345\n", &given);
    assert_eq!(range(&points.columns[0]), (1234.0, 2345.0));
}

#[test]
fn codes_are_no_figures() {
    for (values, what) in [
        (vec!["+491761234567", "+4930123456"], "telephone numbers"),
        (vec!["10E0", "11E5", "1045"], "codes with an E"),
        (vec!["20240115", "20240116"], "20240131"),
    ] {
        let column = bare(&values);
        assert_eq!(column.data_type, DataType::Text, "{values:?}");
        assert!(column.numeric.is_none() && column.histogram.is_empty(), "{values:?}");
        assert!(column.read_as.unwrap().description.contains(what), "{values:?}");
    }
    assert_eq!(bare(&["01067", "80331"]).data_type, DataType::Text);
    assert_eq!(bare(&["1e3", "2.5"]).data_type, DataType::Number);
    assert_eq!(bare(&["20240115", "20249999"]).data_type, DataType::Integer);
    let days = profile("order_date,n\n20240115,1\n20240116,2\n");
    assert_eq!(days.columns[0].data_type, DataType::Date);
    assert_eq!(days.columns[0].read_as.as_ref().unwrap().description, "dates as YYYYMMDD");
}

#[test]
fn times_and_words_for_yes_and_no_are_known() {
    for (values, data_type) in [
        (vec!["25:05:00", "04:10:00"], DataType::Time),
        (vec!["10:30", "9:15"], DataType::Time),
        (vec!["10:30 PM", "9:15 AM"], DataType::Time),
        (vec!["Ja", "Nein", "Ja"], DataType::Boolean),
        (vec!["Oui", "Non"], DataType::Boolean),
        (vec!["Y", "N"], DataType::Boolean),
        (vec!["N", "N"], DataType::Text),
        (vec!["0", "1"], DataType::Integer),
        (vec!["yes", "True"], DataType::Boolean),
    ] {
        let column = column(&values);
        assert_eq!(column.data_type, data_type, "{values:?}");
    }
    let times = column(&["25:05:00", "04:10:00"]);
    assert_eq!(times.max, Some(Scalar::Text("25:05:00".to_owned())));
    assert_eq!(times.histogram.last().map(|bin| bin.to), Some(90_300.0));
}

#[test]
fn markers_count_as_missing_where_the_column_says_so() {
    for marker in ["NA", "None", "\\N", "-", "..", "n.a.", "(null)", "#DIV/0!", "NaT", "NULL", "x"]
    {
        let profile = profile(&format!("a,b\n1,5\n2,{marker}\n3,7\n4,{marker}\n"));
        let column = &profile.columns[1];
        assert_eq!(
            (column.data_type, column.count, column.missing),
            (DataType::Integer, 2, 2),
            "{marker}"
        );
        let shown = &column.markers[..];
        assert_eq!((shown[0].marker.as_str(), shown[0].count, shown[0].missing), (marker, 2, true));
    }
    // Among codes of countries, it is Namibia.
    let countries = profile("country,n\nNA,1\nDE,NA\nFR,3\n");
    assert_eq!((countries.columns[0].count, countries.columns[0].missing), (3, 0));
    assert!(!countries.columns[0].markers[0].missing);
    assert_eq!((countries.columns[1].count, countries.columns[1].missing), (2, 1));
    // Where figures of the file have the marker, texts have it, too.
    let penguins = profile("sex,mass\nmale,5\nNA,NA\nfemale,7\n");
    assert_eq!((penguins.columns[0].count, penguins.columns[0].missing), (2, 1));
    // Nothing says that it is missing.
    let allergies = profile("name,allergy\nAnn,None\nBob,Nuts\n");
    assert_eq!((allergies.columns[1].count, allergies.columns[1].missing), (2, 0));
    assert_eq!(allergies.columns[1].top.len(), 2);
    // What only programs write.
    let programs = profile("name,n\nAnn,1\nNULL,2\n\\N,3\nBob,4\n");
    assert_eq!((programs.columns[0].count, programs.columns[0].missing), (2, 2));
    // A sign is a value among texts.
    let signs = profile("grade,n\nA,1\n-,2\nx,3\n");
    assert_eq!((signs.columns[0].count, signs.columns[0].missing), (3, 0));
    assert_eq!(bare(&["NA", "null"]).data_type, DataType::Empty);
}

#[test]
fn a_quoted_marker_is_a_value() {
    let profile = profile("id,code\n1,\"NA\"\n2,NA\n3,\"DE\"\n4,\"FR\"\n");
    let column = &profile.columns[1];
    assert_eq!((column.count, column.missing), (3, 1), "{column:?}");
    assert_eq!(column.markers.len(), 2);
    // Where all is quoted, quotes mean nothing.
    let column = self::column(&["1", "NA", "3"]);
    assert_eq!((column.data_type, column.missing), (DataType::Integer, 1));
}

#[test]
fn markers_can_be_given() {
    let mut options = Options::default();
    options.set_missing("-9999, k.A.");
    let profile = with("a,b\n1,NA\n-9999,x\n3,k.A.\n", &options);
    assert_eq!((profile.columns[0].count, profile.columns[0].missing), (2, 1));
    assert_eq!(range(&profile.columns[0]), (1.0, 3.0));
    assert_eq!((profile.columns[1].count, profile.columns[1].missing), (2, 1));
}

#[test]
fn an_odd_quote_swallows_no_rows() {
    let rows = |quoted: [usize; 2]| -> String {
        (1..=1_000)
            .map(|row| match row {
                _ if row == quoted[0] => format!("{row},\"x\n"),
                _ if row == quoted[1] => format!("{row},x\"\n"),
                _ => format!("{row},y\n"),
            })
            .collect()
    };
    for quoted in [[10, 900], [10, 2_000], [1_000, 2_000]] {
        let profile = profile(&format!("id,text\n{}", rows(quoted)));
        assert_eq!(profile.rows, 1_000, "{quoted:?}");
        assert_eq!(profile.columns[0].data_type, DataType::Integer);
        if quoted[0] < 1_000 {
            assert_eq!(codes(&profile), [("stray_quote", Some(quoted[0] as i64 + 1))]);
        }
    }
    let several = profile("id,text\n1,\"one\ntwo\"\n2,\"three, four\nfive\"\n");
    assert_eq!((several.rows, several.warnings.len()), (2, 0));
}

#[test]
fn escaped_quotes_are_read() {
    let profile = profile("id,say\n1,\"a \\\"b\\\", c\"\n2,\"d\"\n");
    assert_eq!(profile.columns[1].top[0].value, "a \"b\", c");
    assert_eq!(profile.ragged, Ragged::default());
    let initial = self::profile("id, name\n1, \"Roe, Jane\"\n2, \"Doe, John\"\n");
    assert_eq!((initial.columns.len(), initial.columns[1].name.as_str()), (2, "name"));
    assert_eq!(initial.columns[1].top[0].value, "Doe, John");
}

#[test]
fn the_table_is_found_and_what_was_left_out_is_told() {
    let profile = profile("sep=;\na;b\n1;2\n");
    assert_eq!((profile.delimiter.as_str(), profile.rows), (";", 1));
    assert_eq!(profile.assumptions[0].certainty, Certainty::Given);
    let profile = self::profile("A report\n\nid,name,n\n1,x,5\n2,y,6\n");
    assert_eq!((profile.rows, profile.columns[0].name.as_str()), (2, "id"));
    assert_eq!(codes(&profile), [("skipped_lines", Some(1))]);
    let profile = self::profile("1,2\n3,4\n");
    assert_eq!((profile.rows, profile.columns[1].name.as_str()), (2, "column_2"));
    assert_eq!(codes(&profile), [("no_header", Some(1))]);
    let profile = self::profile("mpg,cyl\nMazda,21,6\nDatsun,22.8,4\n");
    assert_eq!(
        profile.columns.iter().map(|column| column.name.as_str()).collect::<Vec<_>>(),
        ["column_1", "mpg", "cyl"]
    );
    assert_eq!(range(&profile.columns[1]), (21.0, 22.8));
    let profile = self::profile("a,b\n1,2\na,b\n3,4\n");
    assert_eq!((profile.rows, profile.columns[0].data_type), (2, DataType::Integer));
    assert_eq!(codes(&profile), [("repeated_header", Some(3))]);
    let profile = self::profile("a,b\n1,2\n\u{feff}3,4\n\u{1a}");
    assert_eq!((profile.rows, profile.columns[0].data_type), (2, DataType::Integer));
    assert_eq!(codes(&profile), [("byte_order_mark", Some(3)), ("end_mark", Some(4))]);
    let profile = self::profile("a,b\n1,2\u{1a}");
    assert_eq!(profile.columns[1].data_type, DataType::Integer);
}

#[test]
fn the_first_rows_are_in_the_profile() {
    let rows: String = (0..20).map(|row| format!("{row},x\n")).collect();
    let profile = profile(&format!("a,b\n{rows}"));
    assert_eq!(profile.preview.len(), 10);
    assert_eq!(profile.preview[1], ["1", "x"]);
}

#[test]
fn a_column_that_is_nearly_of_a_locale_says_so() {
    let values: Vec<String> = (0..20).map(|row| format!("{row},5")).collect();
    let mut values: Vec<&str> = values.iter().map(String::as_str).collect();
    values[7] = "oops";
    let rows: String = values.iter().map(|value| format!("a;{value}\n")).collect();
    let profile = profile(&format!("k;v\n{rows}"));
    assert_eq!(profile.columns[1].data_type, DataType::Text);
    assert_eq!(codes(&profile), [("mixed_types", Some(9))]);
    let shown = &profile.warnings[0].message;
    assert!(shown.contains("19 of 20 values are numbers with a decimal comma"), "{shown}");
}

#[test]
fn too_many_values_of_a_locale_are_told_about_right() {
    let settings = DatasetSettings { max_column_memory: 10_000, ..DatasetSettings::default() };
    let rows: String =
        (0..2_000).map(|row| format!("a;{},{:02}\n", row / 100, row % 100)).collect();
    let text = format!("k;v\n{rows}");
    let mut go_on = |_: f64| Ok::<(), LoadError>(());
    let table = open_text(text.as_bytes(), 1, &Options::default(), &settings).unwrap();
    let profile =
        generate(process(table, &settings, &mut go_on).unwrap(), None, &mut go_on).unwrap();
    let column = &profile.columns[1];
    assert_eq!((column.data_type, range(column)), (DataType::Number, (0.0, 19.99)));
    assert!(!column.distinct_exact && column.rank_error.is_some());
    assert!((column.numeric.unwrap().median.unwrap() - 10.0).abs() < 0.3, "{column:?}");
    assert!((column.numeric.unwrap().mean.unwrap() - 9.995).abs() < 1e-9, "{column:?}");
}
