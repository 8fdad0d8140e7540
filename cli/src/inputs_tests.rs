use milepost::task::FieldError;
use proptest::prelude::*;
use serde_json::json;

use super::*;

fn read(text: &[u8], most: usize) -> Result<Vec<Inputs>, ClientError> {
    let from = Box::new(std::io::Cursor::new(text.to_vec()));
    let mut reader = Reader::new("jobs".to_owned(), from)?;
    let mut all = Vec::new();
    loop {
        match reader.next(most)? {
            none if none.len() == 0 => return Ok(all),
            some => all.push(some),
        }
    }
}

fn listed(text: &str) -> Vec<(usize, Value)> {
    let all = read(text.as_bytes(), 1_000).unwrap();
    let listed = all.into_iter().flat_map(|some| some.listed);
    listed.map(|(line, input)| (line, Value::Object(input))).collect()
}

/// Line and text of an error.
fn wrong(text: &[u8]) -> (usize, String) {
    let told = read(text, 1_000).expect_err("an error").to_string();
    let (line, what) = told.strip_prefix("jobs:").unwrap().split_once(": ").unwrap();
    (line.parse().unwrap(), what.to_owned())
}

#[test]
fn lines_and_lists_are_read_with_their_lines() {
    let expected = vec![(1, json!({"a": 1})), (3, json!({"a": "x\ny"}))];
    assert_eq!(listed("{\"a\": 1}\r\n\n {\"a\": \"x\\ny\"}"), expected);
    assert_eq!(listed("\u{feff}{\"a\": 1}\n\n{\"a\": \"x\\ny\"}\n"), expected);
    assert_eq!(listed("\u{feff}[{\"a\": 1},\n\n{\"a\":\n\"x\\ny\"}\n]\n"), expected);
    assert_eq!(listed("\n\n[{}]"), [(3, json!({}))]);
    assert_eq!(listed(" [ ] "), []);
    assert_eq!(listed("\n \n"), []);
}

#[test]
fn what_is_wrong_is_told_with_its_line() {
    for (text, line, part) in [
        ("{}\n{\"a\"}\n", 2, "no JSON"),
        ("{}\n5\n", 2, "JSON object"),
        ("{} {}", 1, "no JSON"),
        ("[{},\n 5]", 2, "JSON object"),
        ("[{}\n {}]", 2, "comma"),
        ("[{},\n{\n\"a\": }]", 3, "no JSON"),
        ("[{},\n]", 2, "JSON object"),
        ("[{}", 1, "comma"),
        ("[", 1, "JSON object"),
        ("[{}]\n\nx", 3, "more after"),
    ] {
        let (told, what) = wrong(text.as_bytes());
        assert_eq!(told, line, "{text}: {what}");
        assert!(what.contains(part), "{text}: {what}");
    }
    assert_eq!(wrong(b"{}\n{\"a\": \"\xff\"}").0, 2);
    assert_eq!(wrong(b"[{},\n{\"a\": \"\xff\"}]").0, 2);
}

#[test]
fn inputs_are_read_some_at_a_time_and_an_invalid_line_comes_after_those_before_it() {
    for text in ["{}\n{}\n\n{}\n{}\n{}\n", "[{},{},\n\n{},\n{},\n{}]"] {
        let lines: Vec<_> =
            read(text.as_bytes(), 2).unwrap().iter().map(|some| some.lines()).collect();
        let first = if text.starts_with('[') { (1, 1) } else { (1, 2) };
        assert_eq!(lines[0], Some(first), "{text}");
        assert_eq!(lines.len(), 3, "{text}");
    }
    let from = Box::new(std::io::Cursor::new(b"{}\n{}\nx\n".to_vec()));
    let mut reader = Reader::new("jobs".to_owned(), from).unwrap();
    assert_eq!(reader.next(2).unwrap().len(), 2);
    assert!(reader.next(2).unwrap_err().to_string().starts_with("jobs:3: this is no JSON"));
    let (first, second) = read(b"{}\n{}\n{}", 9).unwrap().remove(0).halves().unwrap();
    assert_eq!((first.lines(), second.lines()), (Some((1, 1)), Some((2, 3))));
    assert!(read(b"{}", 9).unwrap().remove(0).halves().is_none());
}

#[test]
fn a_refusal_is_told_at_its_line() {
    let inputs = read(b"{}\n\n{}", 9).unwrap().remove(0);
    let refused = |fields: &[&str]| {
        let mut problem = Problem::new(400, "Bad Request", "no");
        let error = |field: &&str| FieldError::new(*field, "bad");
        problem.errors = fields.iter().map(error).collect();
        inputs.located(Error::Refused(Box::new(problem)).into()).to_string()
    };
    assert_eq!(refused(&["inputs[1].subject", "inputs[0]"]), "jobs:3: subject: bad; jobs:1: bad");
    for elsewhere in [&["inputs"][..], &["inputs[7].x"], &[]] {
        assert!(refused(elsewhere).starts_with("no"), "{elsewhere:?}");
    }
}

#[test]
fn what_all_have_in_common_gives_way_to_their_own() {
    let inputs = read(b"{\"a\": 1}\n{}", 9).unwrap().remove(0);
    let Value::Object(common) = json!({"a": 0, "b": 2}) else { unreachable!() };
    assert_eq!(inputs.with(&common), [json!({"a": 1, "b": 2}), json!({"a": 0, "b": 2})]);
}

proptest! {
    #[test]
    fn no_text_breaks_the_reader(text in "[\\[\\]{},:\"\\\\ \n0-9ae\u{e9}]{0,40}") {
        if read(text.as_bytes(), 3).is_err() {
            let (line, _) = wrong(text.as_bytes());
            prop_assert!(line >= 1 && line <= text.lines().count().max(1) + 1);
        }
    }
}
