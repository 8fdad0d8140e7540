//! A file is profiled as the text in it.

use std::io::Cursor;

use proptest::prelude::*;

use super::{
    super::{load::load, process::generate, profile::Profile},
    *,
};

fn budget() -> DistinctBudget {
    DistinctBudget::new(1_000, 10_000)
}

fn go_on(done: f64) -> Result<(), LoadError> {
    assert!((0.0..=1.0).contains(&done), "{done} is no share");
    Ok(())
}

fn of_file(bytes: &[u8]) -> Result<Profile, LoadError> {
    let file = Cursor::new(bytes.to_vec());
    let opened = open(file, bytes.len() as u64, 100, Warnings::new(50))?;
    generate(process(opened, budget(), &mut go_on)?, None, &mut go_on)
}

fn of_text(text: &str) -> Result<Profile, LoadError> {
    let loaded = load(text.to_owned(), 100, Warnings::new(50), &mut go_on)?;
    generate(super::super::process::process(loaded, budget(), &mut go_on)?, None, &mut go_on)
}

/// The order of warnings about the whole and about rows is another: the whole is known at the end.
fn sorted(mut profile: Profile) -> Profile {
    profile.warnings.sort_by(|a, b| (a.line, &a.code).cmp(&(b.line, &b.code)));
    profile
}

#[test]
fn a_file_is_profiled_as_the_text_in_it() {
    let rows: String = (0..30_000).map(|row| format!("{row};\"x;\n{}\"\r\n", row % 7)).collect();
    for text in [
        "a,b\n1,2\n\n3,4,5\n6\n".to_owned(),
        "input".to_owned(),
        "a,a,\n1,2,3\n".to_owned(),
        "\n\na|b\n\"1|2\n".to_owned(),
        format!("number;what\r\n{rows}"),
        "a\tb\nä\0\t\u{fffd}\n".to_owned(),
    ] {
        let (file, text) = (of_file(text.as_bytes()).unwrap(), of_text(&text).unwrap());
        assert_eq!(sorted(file), sorted(text));
    }
}

#[test]
fn what_is_no_table_is_told() {
    assert_eq!(of_file(b""), Err(LoadError::Empty));
    assert_eq!(of_file(b" \n\n"), Err(LoadError::Empty));
    let wide = ["x"; 101].join(",");
    assert!(matches!(of_file(wide.as_bytes()), Err(LoadError::TooManyColumns { found: 101, .. })));
    let cut = [0x1f, 0x8b, 8, 0, 0];
    assert!(matches!(of_file(&cut), Err(LoadError::File(_))));
}

#[test]
fn an_encoding_that_was_guessed_is_told() {
    let profile = of_file(b"Stra\xdfe,Gr\xf6\xdfe\nM\xfcller,sch\xf6n\n").unwrap();
    assert_eq!(profile.columns[0].name, "Straße");
    assert_eq!(profile.warnings[0].code, "encoding");
    assert!(profile.warnings[0].message.contains("windows-1252"));
}

proptest! {
    #[test]
    fn any_text_in_a_file_is_profiled_as_the_text(text in "([a-c1-3\",;]|\n|\r\n){1,60}") {
        let (file, text) = (of_file(text.as_bytes()), of_text(&text));
        prop_assert_eq!(file.map(sorted).map_err(|error| error.code()), text.map(sorted).map_err(|error| error.code()));
    }
}
