//! Loading: headers, encodings, quotes.

use proptest::prelude::*;

use super::*;

fn loaded(text: &str) -> Result<Loaded, LoadError> {
    load(text.to_owned(), 100, Warnings::new(100), &mut |_| Ok(()))
}

fn codes(text: &str) -> Vec<(String, Option<i64>)> {
    let (items, _) = loaded(text).unwrap().warnings.into_parts();
    items.into_iter().map(|warning| (warning.code, warning.line)).collect()
}

fn told(code: &str, line: i64) -> Vec<(String, Option<i64>)> {
    vec![(code.to_owned(), Some(line))]
}

#[test]
fn a_text_without_content_is_refused() {
    for text in ["", " \n\t\r\n", "\u{feff}", "\u{feff} \n"] {
        assert_eq!(loaded(text).unwrap_err(), LoadError::Empty, "{text:?}");
        assert_eq!(check(text, 100), Err(LoadError::Empty), "{text:?}");
    }
}

#[test]
fn one_line_is_a_header() {
    assert_eq!(loaded("input").unwrap().header, ["input"]);
    assert_eq!(codes("input"), []);
}

#[test]
fn too_many_columns_are_refused() {
    let text = ",".repeat(100);
    let expected = LoadError::TooManyColumns { found: 101, limit: 100 };
    assert_eq!(check(&text, 100), Err(expected.clone()));
    assert_eq!(loaded(&text).unwrap_err(), expected);
}

#[test]
fn a_byte_order_mark_is_no_part_of_the_first_name() {
    assert_eq!(loaded("\u{feff}a,b\n1,2").unwrap().header, ["a", "b"]);
}

#[test]
fn names_become_unique_and_it_is_told() {
    let names = loaded("\n a ,a,,a,a_2,column_3").unwrap();
    assert_eq!(names.header, ["a", "a_3", "column_4", "a_4", "a_2", "column_3"]);
    let (items, total) = names.warnings.into_parts();
    assert_eq!(total, 3);
    assert_eq!(items[0].code, "duplicate_name");
    assert_eq!(items[0].line, Some(2));
    assert!(items[1].message.contains("“column_4”"), "{}", items[1].message);
}

#[test]
fn lone_carriage_returns_end_lines() {
    let text = loaded("a,b\r1,2\r3,4").unwrap();
    assert_eq!(text.header, ["a", "b"]);
    assert_eq!(text.text.lines().count(), 3);
}

#[test]
fn traces_of_a_wrong_encoding_are_told_with_their_line() {
    assert_eq!(codes("a\nb\u{fffd}\n\u{fffd}"), told("replacement_character", 2));
    assert_eq!(codes("a\n1\n2\0\0"), told("nul_character", 3));
}

#[test]
fn an_unclosed_quote_is_told_with_the_line_where_it_begins() {
    assert_eq!(codes("a,b\n1,\"two\n3,4\n"), told("unclosed_quote", 2));
    assert_eq!(codes("\"a"), told("unclosed_quote", 1));
    for closed in ["a\n\"x\"\n", "a\n5\" pipe\n", "a\n\"say \"\"hi\"\"\"", "a\n\"x\"y\"\n"] {
        assert_eq!(codes(closed), [], "{closed:?}");
    }
}

#[test]
fn a_stop_is_obeyed() {
    #[derive(Debug, PartialEq)]
    struct Stop;
    impl From<LoadError> for Stop {
        fn from(_: LoadError) -> Self {
            Self
        }
    }
    let stopped = load("a".to_owned(), 9, Warnings::new(9), &mut |_| Err(Stop));
    assert_eq!(stopped.unwrap_err(), Stop);
}

proptest! {
    #[test]
    fn the_scan_sees_quotes_as_the_reader_does(text in "a[\",;\n\r ab]{0,40}") {
        // A line of its own can be appended if and only if no quote is open.
        let text = normalise(text);
        let delimiter = dialect::delimiter(&text);
        let appended = format!("{text}\nsentinel");
        let last = dialect::reader(&appended, delimiter).into_records().last().unwrap().unwrap();
        let open = last != vec!["sentinel"];
        let told = codes(&text).iter().any(|(code, _)| code == "unclosed_quote");
        prop_assert_eq!(told, open);
    }

    #[test]
    fn names_are_always_unique_and_not_empty(names in prop::collection::vec("[ab_1-4]{0,3}|column_[1-9]", 1..30)) {
        let header = unique_names(names.clone(), 1, &mut Warnings::new(0));
        prop_assert_eq!(header.len(), names.len());
        let set: HashSet<_> = header.iter().collect();
        prop_assert_eq!(set.len(), header.len());
        prop_assert!(header.iter().all(|name| !name.is_empty()));
    }
}
