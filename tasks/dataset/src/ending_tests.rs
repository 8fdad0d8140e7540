//! Totals, notes, empty rows and columns at the end, printed tables, logs, and traces of encodings.

use super::{
    super::profile::DataType,
    people_tests::{codes, profile, range},
    *,
};

fn names(profile: &Profile) -> Vec<&str> {
    profile.columns.iter().map(|column| column.name.as_str()).collect()
}

#[test]
fn totals_at_the_end_are_told_from_rows() {
    for (text, rows, warned) in [
        ("region,n\nNorth,1\nSouth,2\nTotal,3\n", 2, true),
        ("region;n\nNord;1,5\nSüd;2,5\nSumme:;4,0\n", 2, true),
        ("region,n,m\nNorth,1,2\nSouth,2,3\n,,\nGrand Total,3,5\n", 2, true),
        ("region,n\nNorth,1\nTotal,1\nSource: the office,\n", 1, true),
        ("region,n\nNorth,1\nTotal,1\nSource: the office\n", 1, true),
        ("region,year,n\nNorth,1,2\nTotal,1,2\nNorth,2,3\nTotal,2,3\n", 4, false),
        ("name,role\nAnn,chief\nTotal,unknown\n", 2, false),
        ("region,n\nTotal,3\nNorth,1\nSouth,2\n", 3, false),
        ("name,n\nTotal Recall,5\nAlien,6\nTotal Eclipse,7\n", 3, false),
        ("region,n\nTotal,3\n", 1, false),
    ] {
        let profile = profile(text);
        assert_eq!(profile.rows, rows, "{text}");
        assert_eq!(codes(&profile).iter().any(|(code, _)| *code == "totals"), warned, "{text}");
        for column in &profile.columns {
            assert_eq!(column.count + column.missing, rows, "{text}");
        }
    }
    let profile = profile("region,n\nNorth,1\nSouth,2\nTotal,3\n");
    assert_eq!(range(&profile.columns[1]), (1.0, 2.0));
    assert_eq!(codes(&profile), [("totals", Some(4))]);
}

#[test]
fn empty_rows_and_columns_of_a_spreadsheet_are_left_out() {
    let profile = super::people_tests::profile("a,b,,\n1,2,,\n3,4,,\n,,,\n,,,\n");
    assert_eq!((profile.rows, names(&profile)), (2, vec!["a", "b"]));
    assert_eq!(profile.preview, [["1", "2"], ["3", "4"]]);
    let mut found = codes(&profile);
    found.sort_unstable();
    assert_eq!(found, [("empty_columns", Some(1)), ("empty_rows", Some(4))]);
    let within = super::people_tests::profile("a,b\n1,2\n,\n3,4\n");
    assert_eq!((within.rows, codes(&within)), (3, vec![]));
    let used = super::people_tests::profile("a,b,\n1,2,\n3,4,5\n");
    assert_eq!(names(&used), ["a", "b", "column_3"]);
    assert_eq!(codes(&used), [("empty_name", Some(1))]);
}

#[test]
fn printed_tables_are_tables() {
    for text in [
        " id | name  | n \n----+-------+---\n  1 | Ann   | 5\n  2 | Bob   | 7\n(2 rows)\n\n",
        "+----+-------+---+\n| id | name  | n |\n+----+-------+---+\n|  1 | Ann   | 5 |\n|  2 | Bob   | 7 \
         |\n+----+-------+---+\n2 rows in set (0.00 sec)\n",
        "| id | name | n |\n|---:|:-----|---|\n| 1 | Ann | 5 |\n| 2 | Bob | 7 |\n",
    ] {
        let profile = profile(text);
        assert_eq!((profile.rows, names(&profile)), (2, vec!["id", "name", "n"]), "{text}");
        assert_eq!(range(&profile.columns[2]), (5.0, 7.0), "{text}");
        assert_eq!(profile.delimiter, "|");
        assert_eq!(codes(&profile), [("printed_table", Some(1))], "{text}");
    }
}

#[test]
fn logs_with_directives_have_the_names_of_their_fields() {
    let text = "#Software: Microsoft Internet Information Services 10.0\n#Version: 1.0\n#Date: 2024-01-01 \
                00:00:00\n#Fields: date time cs-method sc-status\n2024-01-01 00:00:01 GET 200\n2024-01-01 \
                00:00:02 POST 404\n#Software: x\n#Fields: date time cs-method sc-status\n2024-01-02 \
                00:00:02 GET 200\n";
    let profile = profile(text);
    assert_eq!(names(&profile), ["date", "time", "cs-method", "sc-status"]);
    assert_eq!(profile.rows, 3);
    assert_eq!(profile.columns[0].data_type, DataType::Date);
    assert_eq!(range(&profile.columns[3]), (200.0, 404.0));
    let tabs = super::people_tests::profile(
        "#Version: 1.0\n#Fields: date time x-edge-location\n2024-01-01\t00:00:01\tFRA2 C1\n2024-01-01\t00:00:02\tLHR5\n",
    );
    assert_eq!((tabs.rows, names(&tabs)), (2, vec!["date", "time", "x-edge-location"]));
}

#[test]
fn text_that_was_read_in_a_wrong_encoding_is_warned_about() {
    let profile = profile("name,city\nMÃ¼ller,KÃ¶ln\nMeier,Bonn\n");
    assert_eq!(codes(&profile), [("mojibake", Some(2))]);
    assert!(profile.warnings[0].message.contains("“Ã¼” for “ü”"), "{:?}", profile.warnings);
    assert!(profile.warnings[0].message.contains("(2×"), "{:?}", profile.warnings);
}

#[test]
fn amounts_of_accounting_are_figures() {
    let profile = profile("item\tamount\na\t $ 1,234.50 \nb\t $ -   \nc\t $ (5.00)\n");
    assert_eq!((profile.columns[1].count, range(&profile.columns[1])), (3, (-5.0, 1234.5)));
}

#[test]
fn dates_with_months_of_other_languages_are_dates() {
    for values in [
        "5 maj 2024\n17 okt 2023",
        "5 stycznia 2024\n6 grudnia 2023",
        "5. října 2024\n1. ledna 2024",
    ] {
        let profile = profile(&format!("day\n{values}\n"));
        assert_eq!(profile.columns[0].data_type, DataType::Date, "{values}");
    }
}

#[test]
fn what_was_assumed_is_said_in_english() {
    let assumed = |text: &str| profile(text).assumptions[0].assumed.clone();
    assert_eq!(assumed("a,b\n1,2\n"), "cells separated by commas: the only row has 2 cells");
    assert_eq!(
        assumed("a,b\n1,2\n3,4\n"),
        "cells separated by commas: 2 of the first 2 rows have 2 cells"
    );
    assert_eq!(assumed("a,b\n"), "cells separated by commas: the header has 2 cells");
}
