//! Records are those of the crate `csv`, with the lines of an editor.

use proptest::prelude::*;

use super::*;

fn records(text: &str, max_bytes: usize) -> Result<Vec<(u64, Vec<String>)>, LoadError> {
    let (feed, _) = Feed::open(Box::new(text.as_bytes()), None).unwrap();
    let mut records = Records::new(feed, Dialect::of(Some(b',')), max_bytes);
    let mut found = Vec::new();
    while let Some(record) = records.next()? {
        found.push((record.line, record.iter().map(str::to_owned).collect()));
    }
    Ok(found)
}

#[test]
fn lines_are_those_of_an_editor() {
    for (text, expected) in [
        ("\na\r\n1\r\n\r\n\"2\r\n\"\r\n3\n\n4", vec![2, 3, 5, 7, 9]),
        ("a\r1\r\r2", vec![1, 2, 4]),
        ("a", vec![1]),
        ("", vec![]),
    ] {
        let found: Vec<u64> =
            records(text, 100).unwrap().into_iter().map(|(line, _)| line).collect();
        assert_eq!(found, expected, "{text:?}");
    }
}

#[test]
fn a_row_that_is_too_long_is_told_with_its_line() {
    let just_right = format!("a\n{}\n", "x".repeat(99));
    assert_eq!(records(&just_right, 100).unwrap().len(), 2);
    for row in ["x".repeat(5 << 20), ",".repeat(5 << 20), format!("\"{}", "\n".repeat(5 << 20))] {
        let message = records(&format!("a\n1\n{row}"), 4 << 20).unwrap_err();
        assert_eq!(message, LoadError::RowTooLong { line: 3, limit: 4 << 20 });
    }
    assert!(records(&format!("a\n{}1", "\n".repeat(101)), 100).is_err());
}

/// What the crate `csv` reads.
fn oracle(text: &str) -> csv::Reader<&[u8]> {
    let mut builder = csv::ReaderBuilder::new();
    builder.flexible(true).has_headers(false).from_reader(text.as_bytes())
}

proptest! {
    #[test]
    fn records_are_those_of_the_csv_crate(text in "([ab\u{e4}\",]|\n|\r|\r\n){0,60}") {
        let expected: Vec<Vec<String>> = oracle(&text)
            .into_records()
            .map(|record| record.unwrap().iter().map(str::to_owned).collect())
            .collect();
        let found: Vec<_> =
            records(&text, 1000).unwrap().into_iter().map(|(_, cells)| cells).collect();
        prop_assert_eq!(found, expected);
    }

    #[test]
    fn an_open_quote_is_told_if_a_further_line_would_be_part_of_it(text in "a[\",;\n\r ab]{0,40}") {
        let appended = format!("{text}\nsentinel");
        let last = oracle(&appended).into_records().last().unwrap().unwrap();
        let (feed, _) = Feed::open(Box::new(text.as_bytes()), None).unwrap();
        let mut records = Records::new(feed, Dialect::of(Some(b',')), 1000);
        while records.next().unwrap().is_some() {}
        prop_assert_eq!(records.oddities.unclosed.is_some(), last != vec!["sentinel"]);
    }
}
