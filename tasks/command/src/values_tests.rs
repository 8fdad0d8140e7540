//! Tests of accepted values and of the messages for others.

use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;
use crate::{
    argv::{self, Template},
    definition::Limits,
    params::{Param, Pattern},
    progress::Rules,
    schema::schema,
    title,
};

fn text(pattern: Option<&str>) -> ParamType {
    let pattern = pattern.map(|pattern| Pattern::new(pattern).unwrap());
    ParamType::Text(Text { pattern, pattern_description: None, min: 1, max: 10, multiline: false })
}

fn param(name: &str, param_type: ParamType) -> Param {
    Param { env: Some("X".to_owned()), ..argv::tests::param(name, param_type) }
}

fn command(params: Vec<Param>) -> Definition {
    Definition {
        name: "c".to_owned(),
        title: "C".to_owned(),
        description: String::new(),
        argv: Template::new(&[vec!["p".to_owned()]], &params, None).unwrap(),
        params,
        folder: None,
        env: Vec::new(),
        set_env: std::collections::BTreeMap::new(),
        limits: Limits::default(),
        success: vec![0],
        stages: Vec::new(),
        progress: Rules::default(),
        results: Vec::new(),
        pty: false,
        stdin: None,
        encoding: None,
        keep_folder: false,
        allow: Vec::new(),
        new_privileges: false,
        fingerprint: String::new(),
    }
}

#[test]
fn line_breaks_are_the_same_from_everywhere() {
    let text =
        |multiline| Text { pattern: None, pattern_description: None, min: 1, max: 7, multiline };
    let several = || ParamType::Text(text(true));
    for crlf in ["a\r\nb\r\nc", "a\nb\nc", "a\rb\rc", "a\r\nb\nc"] {
        assert_eq!(
            one(several(), json!(crlf)),
            Ok(ParamValue::Text("a\nb\nc".to_owned())),
            "{crlf:?}"
        );
    }
    assert!(one(ParamType::Text(text(false)), json!("a\r\nb")).is_err());
    let list = ParamType::List { items: text(true), choices: Vec::new(), min: 0, max: 2 };
    let lines = ParamValue::List(vec!["a\nb".to_owned()]);
    assert_eq!(one(list.clone(), json!(["a\r\nb"])), Ok(lines));
    let definition = command(vec![param("a", several()), param("b", list)]);
    let mut input = json!({"a": "x\r\ny", "b": ["1\r\n2", 3], "c": "\r\n"});
    normalize(&definition, &mut input);
    assert_eq!(input, json!({"a": "x\ny", "b": ["1\n2", 3], "c": "\r\n"}));
}

#[test]
fn one_of_a_kind_is_told_in_the_singular() {
    let one_char =
        Text { pattern: None, pattern_description: None, min: 1, max: 1, multiline: false };
    let message = one(ParamType::Text(one_char.clone()), json!("ab"));
    assert_eq!(message, Err("must have at most 1 character".to_owned()));
    let list = ParamType::List { items: one_char, choices: Vec::new(), min: 1, max: 1 };
    assert_eq!(one(list, json!(["a", "b"])), Err("must have 1 item".to_owned()));
}

fn one(param_type: ParamType, value: serde_json::Value) -> Result<ParamValue, String> {
    let definition = command(vec![param("a", param_type)]);
    let read = read(&definition, &json!({"a": value}));
    read.map(|mut values| values.remove(0)).map_err(|refusal| refusal.errors[0].detail.clone())
}

#[test]
fn each_kind_of_value_is_checked() {
    let given = |text: &str| Ok(ParamValue::Text(text.to_owned()));
    let right = |text: &str| Err(text.to_owned());
    assert_eq!(one(text(None), json!("ä b")), given("ä b"));
    assert_eq!(one(text(None), json!("")), right("must not be empty"));
    assert_eq!(one(text(None), json!("12345678901")), right("must have at most 10 characters"));
    assert_eq!(one(text(None), json!(5)), right("must be a text"));
    assert_eq!(one(text(Some("[a-z]+")), json!("ab1")), right("must match the pattern [a-z]+"));
    let integer = || ParamType::Integer { min: Some(0), max: Some(9) };
    assert_eq!(one(integer(), json!(9)), given("9"));
    assert_eq!(one(integer(), json!(10)), right("must be at most 9"));
    assert_eq!(one(integer(), json!(-1)), right("must be at least 0"));
    assert_eq!(one(integer(), json!(1.5)), right("must be a whole number"));
    assert_eq!(one(integer(), json!("1")), right("must be a whole number"));
    let number = || ParamType::Number { min: None, max: None };
    assert_eq!(one(number(), json!(1.5)), given("1.5"));
    let choice = || ParamType::Choice(vec!["a".to_owned(), "b".to_owned()]);
    assert_eq!(one(choice(), json!("b")), given("b"));
    assert_eq!(one(choice(), json!("c")), right("must be one of: a, b"));
    let boolean = || ParamType::Boolean { flag: None };
    assert_eq!(one(boolean(), json!(true)), Ok(ParamValue::Yes));
    assert_eq!(one(boolean(), json!(false)), Ok(ParamValue::Absent));
    assert_eq!(one(boolean(), json!("yes")), right("must be true or false"));
    let items =
        Text { pattern: None, pattern_description: None, min: 1, max: 10, multiline: false };
    let list = || ParamType::List { items: items.clone(), choices: Vec::new(), min: 0, max: 2 };
    let two = ParamValue::List(vec!["a".to_owned(), "b".to_owned()]);
    assert_eq!(one(list(), json!(["a", "b"])), Ok(two));
    assert_eq!(one(list(), json!(["a", ""])), right("item 2: must not be empty"));
    assert_eq!(one(list(), json!(["a", "b", "c"])), right("must have 0 to 2 items"));
}

#[test]
fn control_characters_are_refused() {
    for bad in ["a\0", "a\nb", "a\rb", "\u{1b}[2J", "a\tb", "\u{85}"] {
        let message = one(text(None), json!(bad)).unwrap_err();
        assert_eq!(message, "must be one line without control characters", "{bad:?}");
    }
    let long = ParamType::Text(Text {
        pattern: None,
        pattern_description: None,
        min: 0,
        max: 10,
        multiline: true,
    });
    assert_eq!(one(long.clone(), json!("a\n\tb")), Ok(ParamValue::Text("a\n\tb".to_owned())));
    assert!(one(long, json!("a\0")).is_err());
}

#[test]
fn what_is_missing_unknown_or_wrong_is_told_at_its_field_all_at_once() {
    let needed = Param { required: true, ..param("a", text(None)) };
    let usual = Param {
        default: Some(json!(3)),
        ..param("n", ParamType::Integer { min: None, max: None })
    };
    let definition = command(vec![needed, usual]);
    let refusal = read(&definition, &json!({"../x": 1, "n": "many"})).unwrap_err();
    let message: Vec<_> = refusal.errors.iter().map(|e| (&*e.field, &*e.detail)).collect();
    let right = [
        ("../x", "unknown; there are: a, n"),
        ("a", "is required"),
        ("n", "must be a whole number"),
    ];
    assert_eq!(message, right);
    let values = read(&definition, &json!({"a": "x", "n": null})).unwrap();
    assert_eq!(values, [ParamValue::Text("x".to_owned()), ParamValue::Text("3".to_owned())]);
    assert!(read(&definition, &json!([1])).is_err());
    assert!(read(&definition, &json!(null)).is_err());
}

#[test]
fn a_secret_has_no_place_in_a_title_or_a_schema() {
    let key = Param { secret: true, required: true, ..param("key", text(None)) };
    let name = Param { required: true, ..param("name", text(None)) };
    let definition = command(vec![key, name]);
    let values = read(&definition, &json!({"key": "hush", "name": "photos"})).unwrap();
    assert_eq!(title::of_task(&definition, &values).plain, "C: photos");
    assert!(title::check("{key}", &definition.params).is_err());
    let schema = schema(&definition);
    assert_eq!(schema["properties"]["key"]["writeOnly"], json!(true));
    assert_eq!(schema["required"], json!(["key", "name"]));
}

#[test]
fn a_title_may_contain_the_inputs_and_the_name_of_an_upload() {
    let required = |name, param_type| Param { required: true, ..param(name, param_type) };
    let params = vec![
        required("folder", text(None)),
        param("depth", ParamType::Integer { min: None, max: None }),
        required("file", ParamType::File),
    ];
    let upload = "5bf41bbf-0044-4b39-8ef7-94478ed801a3";
    let titled = |title: &str, input: Value| {
        let definition = Definition { title: title.to_owned(), ..command(params.clone()) };
        title::check(title, &params).unwrap();
        let values = read(&definition, &input).unwrap();
        let task = title::of_task(&definition, &values);
        (title::of_kind(&definition), task.plain, task.with_upload)
    };
    let input = json!({ "folder": "photos", "file": upload });
    let own = |text: &str| text.to_owned();
    let of_folder = titled("Archive {folder}", input.clone());
    assert_eq!(of_folder, (own("Archive …"), own("Archive photos"), None));
    let of_file = titled("Scan {file} to {depth}", input.clone());
    assert_eq!(of_file.0, "Scan … to …");
    assert_eq!((of_file.1, of_file.2), (own("Scan … to …"), Some(own("Scan {name} to …"))));
    let braces = titled("A {{{folder}}}", input.clone());
    assert_eq!((braces.0, braces.1), (own("A {…}"), own("A {photos}")));
    assert_eq!(titled("Archive", input).1, "Archive: photos");
    for wrong in ["{nothing}", "{folder", "folder}", "{}"] {
        assert!(title::check(wrong, &params).is_err(), "{wrong}");
    }
    let only = vec![required("file", ParamType::File)];
    let definition = command(only);
    let values = read(&definition, &json!({ "file": upload })).unwrap();
    let task = title::of_task(&definition, &values);
    assert_eq!((task.plain, task.with_upload), (own("C"), Some(own("C: {name}"))));
}

proptest! {
    #[test]
    fn what_is_taken_has_no_control_characters_and_fits(value in any::<String>()) {
        if let Ok(ParamValue::Text(text)) = one(text(None), json!(value)) {
            prop_assert_eq!(&text, &value);
            prop_assert!(!text.chars().any(char::is_control));
            prop_assert!((1..=10).contains(&text.chars().count()));
        }
    }
}

#[test]
fn a_form_says_in_the_browser_what_a_refusal_says() {
    let pattern = Some(Pattern::new("[a-z]+").unwrap());
    for pattern_description in [Some("Small letters only.".to_owned()), None] {
        let param_type = ParamType::Text(Text {
            pattern: pattern.clone(),
            pattern_description,
            min: 1,
            max: 9,
            multiline: false,
        });
        let refusal = one(param_type.clone(), json!("A")).unwrap_err();
        let message = schema(&command(vec![param("a", param_type)]));
        assert_eq!(message["properties"]["a"]["x-pattern-description"], refusal);
    }
}
