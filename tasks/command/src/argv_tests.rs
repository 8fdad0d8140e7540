//! Values never become more or other arguments than the operator intended.

use proptest::prelude::*;

use super::*;
use crate::params::{ParamType, Pattern, Text};

pub(crate) fn text() -> ParamType {
    ParamType::Text(Text {
        pattern: None::<Pattern>,
        pattern_description: None,
        min: 0,
        max: 100,
        multiline: false,
    })
}

pub(crate) fn list() -> ParamType {
    let items =
        Text { pattern: None, pattern_description: None, min: 0, max: 100, multiline: false };
    ParamType::List { items, choices: Vec::new(), min: 0, max: 9 }
}

pub(crate) fn param(name: &str, param_type: ParamType) -> Param {
    Param {
        name: name.to_owned(),
        title: None,
        description: None,
        required: false,
        default: None,
        secret: false,
        allow_leading_dash: false,
        env: None,
        param_type,
    }
}

fn template(elements: &[&[&str]], params: &[Param]) -> Result<Template, TemplateError> {
    let own = |group: &&[&str]| group.iter().map(|text| (*text).to_owned()).collect();
    Template::new(&elements.iter().map(own).collect::<Vec<_>>(), params, None)
}

fn given(text: &str) -> ParamValue {
    ParamValue::Text(text.to_owned())
}

#[test]
fn a_value_is_one_argument_whatever_is_in_it() {
    let params = [param("a", text())];
    let line = template(&[&["echo"], &["x={a}"], &["{a}"], &["{{a}}"]], &params).unwrap();
    for value in
        ["$(id)", "`id`", "a; rm -rf /", "a && b", "a | b", "*", "{a}", "'\"\\", "a b", "%s"]
    {
        let argv = line.expand(&params, &[given(value)]).unwrap();
        assert_eq!(argv, ["echo", &format!("x={value}"), value, "{a}"]);
    }
}

#[test]
fn what_is_not_given_is_left_out_with_its_group() {
    let params = [
        param("a", text()),
        param("v", ParamType::Boolean { flag: Some("--verbose".to_owned()) }),
        param("l", list()),
    ];
    let groups: &[&[&str]] = &[&["p"], &["--name", "{a}"], &["{v}"], &["-x{a}"], &["--"], &["{l}"]];
    let line = template(groups, &params).unwrap();
    let none = [ParamValue::Absent, ParamValue::Absent, ParamValue::Absent];
    assert_eq!(line.expand(&params, &none).unwrap(), ["p", "--"]);
    let items = ParamValue::List(vec!["-1".to_owned(), "b c".to_owned()]);
    let all = [given("n"), ParamValue::Yes, items];
    let argv = line.expand(&params, &all).unwrap();
    assert_eq!(argv, ["p", "--name", "n", "--verbose", "-xn", "--", "-1", "b c"]);
}

#[test]
fn a_value_never_becomes_an_option_unless_that_was_declared() {
    let refused = |params: &[Param], groups: &[&[&str]], values: &[ParamValue]| {
        template(groups, params).unwrap().expand(params, values).err()
    };
    let (a, l) = (param("a", text()), param("l", list()));
    let (only, dash) = (std::slice::from_ref(&a), [given("-rf")]);
    assert_eq!(refused(only, &[&["p"], &["{a}"]], &dash), Some(0));
    assert_eq!(refused(only, &[&["p"], &["{a}x"]], &dash), Some(0));
    assert_eq!(refused(only, &[&["p"], &["-o", "{a}"]], &dash), Some(0));
    assert_eq!(refused(only, &[&["p"], &["--o={a}"]], &dash), None);
    assert_eq!(refused(only, &[&["p"], &["--"], &["{a}"]], &dash), None);
    assert_eq!(refused(only, &[&["p"], &["{a}"], &["--"]], &dash), Some(0));
    let both = [a.clone(), param("b", text())];
    let line: &[&[&str]] = &[&["p"], &["{a}"], &["{b}"]];
    assert_eq!(refused(&both, line, &[given("--"), given("-x")]), Some(0), "a guard is declared");
    assert_eq!(refused(&both, &[&["p"], &["{a}{b}"]], &[given(""), given("-x")]), Some(0));
    // An omitted `--` protects nothing.
    assert_eq!(
        refused(&both, &[&["p"], &["{b}", "--"], &["{a}"]], &[given("-x"), ParamValue::Absent]),
        Some(0)
    );
    let items = [ParamValue::List(vec!["fine".to_owned(), "--output=/etc/passwd".to_owned()])];
    assert_eq!(refused(&[l], &[&["p"], &["{l}"]], &items), Some(0));
    let allowed = Param { allow_leading_dash: true, ..a };
    assert_eq!(refused(&[allowed], &[&["p"], &["{a}"]], &dash), None);
    let choice = param("c", ParamType::Choice(vec!["-fast".to_owned()]));
    assert_eq!(refused(&[choice], &[&["p"], &["{c}"]], &[given("-fast")]), None);
}

#[test]
fn what_makes_no_sense_is_refused_when_it_is_declared() {
    let secret = Param { secret: true, ..param("s", text()) };
    let flagless = param("f", ParamType::Boolean { flag: None });
    let params = [param("a", text()), param("l", list())];
    let one = |elements: &[&[&str]]| template(elements, &params[..1]).unwrap_err();
    assert_eq!(one(&[]), TemplateError::Program);
    assert_eq!(one(&[&["{a}"]]), TemplateError::Program);
    assert_eq!(one(&[&["p"], &["{a"]]), TemplateError::Brace("{a".to_owned()));
    assert_eq!(one(&[&["p"], &["a}"]]), TemplateError::Brace("a}".to_owned()));
    assert_eq!(one(&[&["p"], &["{b}"]]), TemplateError::Unknown("b".to_owned()));
    assert_eq!(one(&[&["p"]]), TemplateError::Unused("a".to_owned()));
    assert_eq!(one(&[&["p"], &["{a}\0"]]), TemplateError::Nul);
    let amid = template(&[&["p"], &["{a}"], &["x{l}"]], &params).unwrap_err();
    assert_eq!(amid, TemplateError::Amid("l".to_owned()));
    assert_eq!(
        template(&[&["p"], &["{s}"]], &[secret]),
        Err(TemplateError::Secret("s".to_owned()))
    );
    assert_eq!(
        template(&[&["p"], &["{f}"]], &[flagless]),
        Err(TemplateError::NoFlag("f".to_owned()))
    );
}

proptest! {
    #[test]
    fn arguments_are_as_many_as_were_declared(value in "[^\0]{0,40}", other in "[^\0]{0,40}") {
        let params = [param("a", text()), param("b", text())];
        let groups: &[&[&str]] = &[&["p"], &["{a}"], &["--x={b}"], &["--"], &["{b}"]];
        let line = template(groups, &params).unwrap();
        match line.expand(&params, &[given(&value), given(&other)]) {
            Ok(argv) => {
                prop_assert!(!value.starts_with('-'));
                prop_assert_eq!(argv, ["p", &value, &format!("--x={other}"), "--", &other]);
            }
            Err(index) => {
                prop_assert_eq!(index, 0);
                prop_assert!(value.starts_with('-'));
            }
        }
    }

    #[test]
    fn no_declared_text_makes_it_panic(text in ".{0,20}", braces in "[{}a]{0,9}") {
        let params = [param("a", list())];
        for element in [&*text, &*braces] {
            let _ = template(&[&["p"], &["{a}"], &[element]], &params)
                .map(|line| line.expand(&params, &[ParamValue::List(vec![String::new()])]));
        }
    }
}
