//! Each row is a structure, JSON for it, and the error.

use std::num::NonZeroU8;

use serde::Deserialize;
use serde_json::json;

use super::*;
use crate::task::{PollRequest, StartBatch, StartTask, TaskId};

#[derive(Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
struct Point {
    x: u8,
    y: Option<f64>,
}

#[derive(Debug, PartialEq, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Shape {
    Dot,
    Circle { at: Point },
    Line(Point, Point),
}

#[derive(Debug, PartialEq, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
enum Tagged {
    Dot { at: Point },
}

#[derive(Debug, PartialEq, Deserialize)]
#[serde(untagged)]
enum Either {
    Point(Point),
    Text(String),
}

#[derive(Debug, PartialEq, Deserialize)]
struct Drawing {
    shape: Shape,
    #[serde(default)]
    points: Vec<Point>,
    pair: Option<(i32, String)>,
    #[serde(default)]
    on: bool,
}

fn error<T: DeserializeOwned + std::fmt::Debug>(json: Value) -> String {
    from_value::<T>(json).unwrap_err().to_string()
}

#[test]
fn what_matches_is_read() {
    let json = json!({
        "shape": { "circle": { "at": { "x": 1, "y": 2 } } },
        "points": [{ "x": 3 }, { "x": 4, "y": null }],
        "pair": [-5, "six"],
        "on": true,
    });
    let point = |x, y| Point { x, y };
    let expected = Drawing {
        shape: Shape::Circle { at: point(1, Some(2.0)) },
        points: vec![point(3, None), point(4, None)],
        pair: Some((-5, "six".to_owned())),
        on: true,
    };
    assert_eq!(from_value(json), Ok(expected));
    assert_eq!(from_value(json!("dot")), Ok(Shape::Dot));
    let line = json!({ "line": [{ "x": 1 }, { "x": 2 }] });
    assert_eq!(from_value(line), Ok(Shape::Line(point(1, None), point(2, None))));
    let dot = json!({ "kind": "dot", "at": { "x": 1 } });
    assert_eq!(from_value(dot), Ok(Tagged::Dot { at: point(1, None) }));
    assert_eq!(from_value(json!("a")), Ok(Either::Text("a".to_owned())));
    assert_eq!(from_value(json!({ "x": 1 })), Ok(Either::Point(point(1, None))));
}

#[test]
fn a_number_without_a_fraction_is_an_integer_however_it_is_written() {
    let point =
        |json: &str| from_slice::<Point>(json.as_bytes()).map_err(|error| error.to_string());
    for x in ["7", "7.0", "0.7e1", "70E-1"] {
        assert_eq!(point(&format!(r#"{{"x":{x}}}"#)), Ok(Point { x: 7, y: None }), "{x}");
    }
    for x in ["7.5", "-1.0", "256.0", "1e300", "9007199254740994.0"] {
        assert!(point(&format!(r#"{{"x":{x}}}"#)).is_err(), "{x}");
    }
    let priority = |json| from_slice::<StartTask>(json).map(|start| start.priority);
    assert_eq!(priority(br#"{"kind":"a","priority":-3.0}"#), Ok(-3));
    let wait = br#"{"watch":[],"wait_ms":327.0}"#;
    assert_eq!(from_slice::<PollRequest>(wait).unwrap().wait_ms, 327);
    let query = vec![("x".to_owned(), "7.0".to_owned()), ("y".to_owned(), "7.0".to_owned())];
    assert_eq!(from_query(query), Ok(Point { x: 7, y: Some(7.0) }));
}

#[test]
fn a_list_is_no_structure_wherever_it_stands() {
    let no = "must be an object, not a list";
    assert_eq!(error::<Point>(json!([1, 2.0])), format!("The body {no}"));
    for (json, field) in [
        (json!({ "shape": "dot", "points": [[1, 2.0]] }), "points[0]"),
        (json!({ "shape": { "circle": { "at": [1, 2.0] } } }), "shape.circle.at"),
        (json!({ "shape": { "circle": [[1, 2.0]] } }), "shape.circle"),
        (json!({ "shape": { "line": [{ "x": 1 }, [1, 2.0]] } }), "shape.line[1]"),
    ] {
        assert_eq!(error::<Drawing>(json), format!("{field}: {no}"));
    }
    assert_eq!(
        error::<StartTask>(json!(["story", {}, 0])),
        "The body must be an object, not a list"
    );
    let watch = json!({ "watch": [["4bf9e1a2-6a4e-4d0e-9b1f-0c7f6f3f1d55", 1]] });
    assert_eq!(error::<PollRequest>(watch), format!("watch[0]: {no}"));
}

#[test]
fn an_error_names_neither_a_type_of_rust_nor_a_value() {
    let number = "must be a whole number from 0 to 255";
    for (json, expected) in [
        (json!({}), "x: is required".to_owned()),
        (json!({ "x": "hush" }), format!("x: {number}, not a text")),
        (json!({ "x": 4711 }), format!("x: {number}")),
        (json!({ "x": -1 }), format!("x: {number}")),
        (json!({ "x": 1.5 }), format!("x: {number}, not a decimal number")),
        (json!({ "x": null }), format!("x: {number}, not null")),
        (json!({ "x": [7] }), format!("x: {number}, not a list")),
        (json!({ "x": {} }), format!("x: {number}, not an object")),
        (json!({ "x": 1, "y": true }), "y: must be a number, not true or false".to_owned()),
        (json!({ "x": 1, "hush": 1 }), "The body has an unknown field; there are: x, y".to_owned()),
        (json!("hush"), "The body must be an object, not a text".to_owned()),
    ] {
        assert_eq!(error::<Point>(json), expected);
    }
    for (json, expected) in [
        (json!({ "shape": "hush" }), "shape: must be one of: dot, circle, line"),
        (json!({ "shape": { "hush": 1 } }), "shape: must be one of: dot, circle, line"),
        (
            json!({ "shape": { "circle": 7 } }),
            "shape.circle: must be an object, not a whole number",
        ),
        (json!({ "shape": { "circle": {} } }), "shape.circle.at: is required"),
        (json!({ "shape": { "line": [] } }), "shape.line: must be a list, not of 0"),
        (
            json!({ "shape": 7 }),
            "shape: must be one of the accepted names, or an object with one of them, not a whole \
             number",
        ),
        (
            json!({ "shape": { "dot": 1, "line": 2 } }),
            "shape: must be one of the accepted names, or an object with one of them, not an object",
        ),
        (json!({ "shape": "dot", "points": "hush" }), "points: must be a list, not a text"),
        (
            json!({ "shape": "dot", "points": [{ "x": 1, "hush": 1 }] }),
            "points[0] has an unknown field; there are: x, y",
        ),
        (
            json!({ "shape": "dot", "pair": [1] }),
            "pair: must be a list of the right length, not of 1",
        ),
        (
            json!({ "shape": "dot", "pair": [1, "a", 2] }),
            "pair: must be a list of another length, not of 3",
        ),
        (json!({ "shape": "dot", "on": "yes" }), "on: must be true or false, not a text"),
    ] {
        assert_eq!(error::<Drawing>(json), expected);
    }
    assert_eq!(error::<Tagged>(json!({ "kind": "hush" })), "kind: must be one of: dot");
    assert_eq!(error::<Tagged>(json!(7)), "The body must be an object, not a whole number");
    assert_eq!(error::<Either>(json!(7)), "The body has none of the accepted forms");
    let nonzero = "The body must be a whole number from 0 to 255, but not 0";
    assert_eq!(error::<NonZeroU8>(json!(0)), nonzero);
    assert_eq!(error::<char>(json!("hush")), "The body must be a single character");
    assert_eq!(error::<()>(json!(1)), "The body must be null, not a whole number");
}

#[test]
fn an_id_has_one_spelling_and_says_so() {
    let right = "4bf9e1a2-6a4e-4d0e-9b1f-0c7f6f3f1d55";
    assert_eq!(from_value::<TaskId>(json!(right)).unwrap().to_string(), right);
    for text in
        ["hush", "", "4bf9e1a26a4e4d0e9b1f0c7f6f3f1d55", "{4bf9e1a2-6a4e-4d0e-9b1f-0c7f6f3f1d55}"]
    {
        let watch = json!({ "watch": [{ "id": text }] });
        let expected =
            "watch[0].id: a task id is a UUID such as 4bf9e1a2-6a4e-4d0e-9b1f-0c7f6f3f1d55";
        assert_eq!(error::<PollRequest>(watch), expected, "{text}");
    }
}

#[test]
fn bytes_that_are_no_object_are_told_in_words() {
    for (bytes, expected) in [
        (&b""[..], "The body is empty; a JSON object was expected"),
        (b"\xef\xbb\xbf \n", "The body is empty; a JSON object was expected"),
        (b"[]", "The body must be a JSON object, not a list"),
        (b"null", "The body must be a JSON object, not null"),
        (b"7", "The body must be a JSON object, not a number"),
        (b"true", "The body must be a JSON object, not true or false"),
        (b"\"hush\"", "The body must be a JSON object, not a text"),
        (b"{", "The body is not JSON: EOF while parsing an object at line 1 column 1"),
        (b"{\"hush\": tru}", "The body is not JSON: expected ident at line 1 column 13"),
        (b"{} {}", "The body is not JSON: trailing characters at line 1 column 4"),
    ] {
        assert_eq!(from_slice::<StartBatch>(bytes).unwrap_err().to_string(), expected);
    }
    let deep = [b"{\"input\":".repeat(200), b"1".to_vec(), b"}".repeat(200)].concat();
    let error = from_slice::<StartTask>(&deep).unwrap_err().to_string();
    assert!(error.starts_with("The body is not JSON: recursion limit exceeded"), "{error}");
}

#[test]
fn an_error_of_an_input_names_the_field_even_if_it_is_unknown() {
    let fields = |json| from_value::<Point>(json).unwrap_err().into_field();
    let unknown = "unknown; there are: x, y".to_owned();
    assert_eq!(fields(json!({ "x": 1, "z": 1 })), (Some("z".to_owned()), unknown));
    assert_eq!(fields(json!({})), (Some("x".to_owned()), "is required".to_owned()));
    assert_eq!(fields(json!([])), (None, "must be an object, not a list".to_owned()));
}

#[derive(Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
struct Filter {
    #[serde(default)]
    after: i64,
    limit: Option<u32>,
    on: Option<bool>,
    q: Option<String>,
    shape: Option<Shape>,
}

#[test]
fn the_numbers_of_a_query_string_are_texts() {
    let read = |pairs: &[(&str, &str)]| {
        let owned = |&(name, text): &(&str, &str)| (name.to_owned(), text.to_owned());
        from_query::<Filter>(pairs.iter().map(owned).collect())
            .map_err(|error| error.sentence("The query string"))
    };
    let all = [("after", "-7"), ("limit", "5"), ("on", "true"), ("q", "7"), ("shape", "dot")];
    let expected = Filter {
        after: -7,
        limit: Some(5),
        on: Some(true),
        q: Some("7".to_owned()),
        shape: Some(Shape::Dot),
    };
    assert_eq!(read(&all), Ok(expected));
    let limit = "limit: must be a whole number from 0 to 4294967295";
    for (pairs, expected) in [
        (&[("limit", "hush")][..], format!("{limit}, not a text")),
        (&[("limit", "")], format!("{limit}, not a text")),
        (&[("limit", "-1")], limit.to_owned()),
        (&[("limit", "1.5")], format!("{limit}, not a decimal number")),
        (
            &[("limit", "1"), ("limit", "2")],
            "The query string gives one parameter twice".to_owned(),
        ),
        (
            &[("after", "99999999999999999999")],
            "after: must be a whole number within 64 bits, not a decimal number".to_owned(),
        ),
        (&[("shape", "hush")], "shape: must be one of: dot, circle, line".to_owned()),
        (
            &[("hush", "1")],
            "The query string has an unknown field; there are: after, limit, on, q, shape"
                .to_owned(),
        ),
    ] {
        assert_eq!(read(pairs), Err(expected));
    }
}

#[test]
fn an_integer_may_have_a_fraction_of_zero_wherever_it_stands() {
    #[derive(Debug, PartialEq, Deserialize)]
    #[serde(tag = "type", rename_all = "snake_case")]
    enum Tagged {
        Sized { width: u32, depth: i64 },
    }
    #[derive(Debug, PartialEq, Deserialize)]
    #[serde(untagged)]
    enum Untagged {
        Number(u8),
        Text(String),
    }
    #[derive(Debug, PartialEq, Deserialize)]
    struct Inner {
        count: u64,
    }
    #[derive(Debug, PartialEq, Deserialize)]
    struct Outer {
        #[serde(flatten)]
        inner: Inner,
        tagged: Tagged,
        untagged: Vec<Untagged>,
        nested: Option<Inner>,
        ratio: f64,
        map: std::collections::BTreeMap<String, i8>,
        pair: (u16, f32),
    }
    let text = br#"{"count":327.0,"tagged":{"type":"sized","width":3.27e2,"depth":-4.0},
        "untagged":[7.0,"7.0"],"nested":{"count":1e3},"ratio":2,"map":{"a":-5.0},"pair":[6.0,1.5]}"#;
    let read: Outer = from_slice(text).unwrap();
    let expected = Outer {
        inner: Inner { count: 327 },
        tagged: Tagged::Sized { width: 327, depth: -4 },
        untagged: vec![Untagged::Number(7), Untagged::Text("7.0".to_owned())],
        nested: Some(Inner { count: 1_000 }),
        ratio: 2.0,
        map: [("a".to_owned(), -5)].into(),
        pair: (6, 1.5),
    };
    assert_eq!(read, expected);
    for wrong in ["327.5", "1e300", "-1.0", "\"327\"", "null", "18446744073709551616"] {
        let text = format!("{{\"count\":{wrong}}}");
        assert!(from_slice::<Inner>(text.as_bytes()).is_err(), "{wrong}");
    }
}

#[test]
fn a_key_that_is_given_twice_is_refused_with_its_path() {
    for (json, path) in [
        (r#"{"a": 1, "a": 1}"#, "a"),
        (r#"{"input": {"x": 1, "y": {}, "x": 2}}"#, "input.x"),
        (r#"{"inputs": [{"a": 1}, {"a": 1, "b": {"c": 1, "\u0063": 2}}]}"#, "inputs[1].b.c"),
        (r#"{"a": [[{"b": 1, "b": 1}]]}"#, "a[0][0].b"),
    ] {
        let error = object(json.as_bytes()).unwrap_err();
        assert_eq!(error.field_error().unwrap().field, path, "{json}");
        assert_eq!(error.to_string(), format!("{path}: is given twice; give it once"));
    }
    let long = format!("{{\"{0}\": 1, \"{0}\": 2}}", "k".repeat(10_000));
    assert!(object(long.as_bytes()).unwrap_err().to_string().len() < 200);
}

#[test]
fn a_value_is_read_as_serde_json_reads_it() {
    let json = r#"{"a":[null,true,-1,18446744073709551615,1.5,-0.0,1e300,"\u00e9\ud83d\ude00",{},[]],"b":{"c":""}}"#;
    let expected: Value = serde_json::from_str(json).unwrap();
    assert_eq!(Value::Object(object(json.as_bytes()).unwrap()), expected);
    for wrong in
        ["{", "{} x", "{\"a\": 1e999}", "{\"a\": \"\\ud800\"}", &"[".repeat(1_000), "{\"a\" 1}"]
    {
        let expected = serde_json::from_str::<Value>(wrong).unwrap_err().to_string();
        let error = object(wrong.as_bytes()).unwrap_err().to_string();
        assert_eq!(error, format!("The body is not JSON: {expected}"));
    }
}
