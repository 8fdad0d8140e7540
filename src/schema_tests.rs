use serde_json::json;

use super::*;

fn pairs(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
    pairs.iter().map(|(name, text)| ((*name).to_owned(), (*text).to_owned())).collect()
}

fn sample() -> Vec<Field> {
    fields(&json!({
        "type": "object",
        "required": ["subject", "player"],
        "properties": {
            "chapters": {"type": ["integer", "null"], "minimum": 1, "default": 7},
            "data": {"type": "string", "maxLength": 5000},
            "draft": {"type": "boolean"},
            "nested": {"type": "object"},
            "player": {"$ref": "#/$defs/Name", "description": "Who it is about."},
            "password": {"type": "string", "writeOnly": true},
            "tags": {"type": "array", "items": {"type": "string"}, "maxItems": 2},
            "ratio": {"anyOf": [{"type": "number"}, {"type": "null"}]},
            "subject": {"type": "string", "title": "About", "examples": ["sea"]},
            "tone": {"enum": ["calm", "wild"]},
            "zebra": {"type": ["string", "null"], "format": "upload"},
        },
        "$defs": {"Name": {"type": "string", "maxLength": 100, "description": "A name."}},
    }))
}

#[test]
fn the_needed_fields_come_first_and_nested_ones_are_left_out() {
    let fields = sample();
    assert_eq!(
        unasked(&json!({"properties": {"a": {"type": "object"}, "b": {"type": "string"}}})),
        ["a"]
    );
    let names: Vec<_> = fields.iter().map(|field| field.name.as_str()).collect();
    assert_eq!(
        names,
        [
            "subject", "player", "chapters", "data", "draft", "password", "ratio", "tags", "tone",
            "zebra"
        ]
    );
}

#[test]
fn fields_come_in_the_order_that_the_schema_asks_for_and_the_others_after_them() {
    let schema = json!({
        "required": ["a"],
        "properties": {"a": {"type": "string"}, "b": {"type": "string"}, "c": {"type": "string"}},
        "propertyOrder": ["c", "nothing", "a", 7],
    });
    let names: Vec<_> = fields(&schema).into_iter().map(|field| field.name).collect();
    assert_eq!(names, ["c", "a", "b"]);
}

#[test]
fn a_secret_is_never_a_text_of_many_lines() {
    let text = |secret| {
        let text = json!({"type": "string", "maxLength": 5000, "writeOnly": secret});
        fields(&json!({"properties": {"token": text}})).remove(0)
    };
    assert!(matches!(text(true).sort, FieldType::Text { long: false, .. }) && text(true).secret);
    assert!(matches!(text(false).sort, FieldType::Text { long: true, .. }));
}

#[test]
fn a_reference_is_followed_and_what_stands_beside_it_wins() {
    let fields = sample();
    assert_eq!(fields[1].label, "Player");
    assert_eq!(fields[1].help.as_deref(), Some("Who it is about."));
    assert_eq!(
        fields[1].sort,
        FieldType::Text {
            long: false,
            min: None,
            max: Some(100),
            pattern: None,
            pattern_description: None
        }
    );
    assert_eq!(fields[2].default.as_deref(), Some("7"));
    assert!(matches!(fields[3].sort, FieldType::Text { long: true, .. }));
    let line =
        json!({"properties": {"a": {"type": "string", "maxLength": 1000, "format": "line"}}});
    assert!(matches!(super::fields(&line)[0].sort, FieldType::Text { long: false, .. }));
    assert!(matches!(fields[6].sort, FieldType::Number { whole: false, .. }));
    assert_eq!(fields[9].sort, FieldType::File);
}

#[test]
fn what_was_entered_becomes_json_of_the_right_types() {
    let entered = pairs(&[
        ("subject", "sea"),
        ("player", "Ada"),
        ("chapters", " 3 "),
        ("data", "a\r\nb"),
        ("draft", "true"),
        ("ratio", "2.5"),
        ("tone", "calm"),
        ("unknown", "x"),
    ]);
    assert_eq!(
        read(&sample(), &entered),
        Ok(json!({
            "subject": "sea", "player": "Ada", "chapters": 3, "data": "a\nb", "draft": true,
            "ratio": 2.5, "tone": "calm",
        }))
    );
}

#[test]
fn each_field_at_fault_is_named() {
    let entered = pairs(&[
        ("subject", "  "),
        ("player", "Ada"),
        ("chapters", "many"),
        ("ratio", "NaN"),
        ("tone", "loud"),
    ]);
    let errors = read(&sample(), &entered).expect_err("four fields are wrong");
    let names: Vec<_> = errors.iter().map(|error| error.field.as_str()).collect();
    assert_eq!(names, ["subject", "chapters", "ratio", "tone"]);
}

#[test]
fn a_schema_that_refers_to_itself_ends() {
    let schema = json!({"$ref": "#"});
    assert_eq!(fields(&schema), []);
}

#[test]
fn a_secret_is_the_same_for_several_tasks_as_lines_would_show_it() {
    let schema = json!({"type": "object", "properties": {
        "key": {"type": "string", "writeOnly": true}, "name": {"type": "string"},
    }});
    let fields = fields(&schema);
    let lined: Vec<_> =
        fields.iter().filter(|field| one_of(field)).map(|field| &*field.name).collect();
    assert_eq!(lined, ["name"]);
    let entered = [("key", "hush hush"), ("name", "a\nb")];
    let entered = entered.map(|(name, text)| (name.to_owned(), text.to_owned()));
    let inputs = several(&fields, &entered).unwrap();
    let right = ["a", "b"].map(|name| json!({"key": "hush hush", "name": name}));
    assert_eq!(inputs, right);
}

#[test]
fn an_input_is_written_as_it_was_entered_but_for_secrets() {
    let fields = sample();
    let input = json!({
        "subject": "sea", "player": "Ada", "chapters": 3, "draft": true, "tags": ["a", "b"],
        "password": "hush", "nested": {},
    });
    let written = write(&fields, &input);
    assert_eq!(
        written,
        pairs(&[
            ("subject", "sea"),
            ("player", "Ada"),
            ("chapters", "3"),
            ("draft", "true"),
            ("tags", "a\nb"),
        ])
    );
    let mut read = read(&fields, &written).expect("it was an input before");
    read["password"] = json!("hush");
    assert_eq!(read["tags"], input["tags"]);
}

#[test]
fn bounds_and_patterns_are_told_in_words() {
    let fields = fields(&json!({"properties": {
        "code": {"type": "string", "pattern": "[a-z]+", "minLength": 2, "maxLength": 4},
        "share": {"type": "number", "minimum": 0, "maximum": 1.5},
        "tags": {"type": "array", "items": {"type": "string"}, "minItems": 2, "maxItems": 2},
    }}));
    let wrong = |name: &str, text: &str| {
        let errors = read(&fields, &pairs(&[(name, text)])).err().unwrap_or_default();
        errors.first().map(|error| error.detail.clone()).unwrap_or_default()
    };
    for (name, text, message) in [
        ("code", "ab", ""),
        ("code", "a", "Please enter at least 2 characters."),
        ("code", "abcde", "Please enter at most 4 characters."),
        ("code", "ab1", ""),
        ("share", "1.5", ""),
        ("share", "-1", "Please enter 0 or more."),
        ("share", "2", "Please enter 1.5 or less."),
        ("share", "x", "Please enter a number, such as 2.5."),
        ("tags", "a\n\n b", ""),
        ("tags", "a", "Please enter at least 2, one per line."),
        ("tags", "a\nb\nc", "Please enter at most 2, one per line."),
    ] {
        assert_eq!(wrong(name, text), message, "{name} = {text}");
    }
}

#[test]
fn a_browser_says_what_the_server_would_say() {
    let fields = fields(&json!({"required": ["n"], "properties": {
        "n": {"type": "integer", "minimum": 1},
        "code": {"type": "string", "pattern": "[a-z]+"},
        "word": {"type": "string", "pattern": "[a-z]+", "x-pattern-description": "Small letters only."},
    }}));
    assert_eq!(fields[2].messages(), json!({"patternMismatch": "Small letters only."}));
    assert_eq!(
        fields[0].messages(),
        json!({
            "valueMissing": "Please fill in this field.",
            "badInput": "Please enter a whole number.",
            "stepMismatch": "Please enter a whole number.",
            "rangeUnderflow": "Please enter 1 or more.",
        })
    );
    let pattern_description = fields[1].messages();
    assert_eq!(pattern_description["patternMismatch"], fields[1].message(FieldErrorKind::Pattern));
    assert_eq!(pattern_description.as_object().map(serde_json::Map::len), Some(1));
}

#[test]
fn one_form_makes_several_inputs() {
    let fields = sample();
    let entered = pairs(&[("subject", "sea\r\nmoor\n"), ("player", "Ada"), ("chapters", "1\n2")]);
    assert_eq!(
        several(&fields, &entered),
        Ok(vec![
            json!({"subject": "sea", "player": "Ada", "chapters": 1, "draft": false}),
            json!({"subject": "moor", "player": "Ada", "chapters": 2, "draft": false}),
        ])
    );
    let uneven = pairs(&[("subject", "a\nb\nc"), ("player", "Ada\nBob")]);
    let errors = several(&fields, &uneven).expect_err("three and two");
    assert_eq!((errors.len(), errors[0].field.as_str()), (1, "player"));
    let wrong = pairs(&[("subject", "a\nb"), ("player", "Ada"), ("chapters", "1\nmany")]);
    let errors = several(&fields, &wrong).expect_err("a line is no number");
    assert_eq!(errors[0].detail, "Line 2: Please enter a whole number.");
    let wrong = pairs(&[("subject", "a\nb\nc"), ("player", ""), ("chapters", "x\n1\ny")]);
    let errors = several(&fields, &wrong).expect_err("two lines are no numbers");
    let errors: Vec<_> = errors.iter().map(|error| (&*error.field, &*error.detail)).collect();
    assert_eq!(errors.len(), 3, "{errors:?}");
    assert!(errors.contains(&("chapters", "Line 1: Please enter a whole number.")));
    assert!(errors.contains(&("chapters", "Line 3: Please enter a whole number.")));
    let many: Vec<_> = (0..1_000).map(|line| format!("x{line}")).collect();
    let wrong = pairs(&[("subject", "a"), ("player", "b"), ("chapters", &many.join("\n"))]);
    assert_eq!(several(&fields, &wrong).expect_err("no numbers").len(), 20);
}
