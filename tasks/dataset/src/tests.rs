//! Tests of the kind as a whole.

use super::*;

fn dataset(data: &str, name: Option<&str>) -> Dataset {
    Dataset { data: Some(data.to_owned()), name: name.map(str::to_owned), ..nothing() }
}

fn nothing() -> Dataset {
    serde_json::from_str("{}").unwrap()
}

fn upload() -> UploadId {
    "4bf9e1a2-6a4e-4d0e-9b1f-0c7f6f3f1d55".parse().unwrap()
}

#[tokio::test]
async fn what_cannot_be_profiled_is_refused_at_its_field() {
    let settings = DatasetSettings { max_bytes: 10, max_columns: 3, ..Default::default() };
    let cases = [
        (dataset("", None), "data"),
        (dataset(" \n", None), "data"),
        (dataset("a,b,c,d", None), "data"),
        (dataset("01234567890", None), "data"),
        (dataset("a", Some(&"x".repeat(101))), "name"),
        (dataset("a", Some("x\ny")), "name"),
        (nothing(), "data"),
        (Dataset { delimiter: Some("ab".to_owned()), ..dataset("a", None) }, "delimiter"),
        (Dataset { header_row: Some(u32::MAX), ..dataset("a", None) }, "header_row"),
        (Dataset { encoding: Some("klingon".to_owned()), ..dataset("a", None) }, "encoding"),
        (Dataset { decimal: Some("'".to_owned()), ..dataset("a", None) }, "decimal"),
        (Dataset { missing: Some("x".repeat(101)), ..dataset("a", None) }, "missing"),
        (dataset("<!DOCTYPE html>", None), "data"),
        (Dataset { file: Some(upload()), ..dataset("a", None) }, "file"),
    ];
    for (task, field) in cases {
        let refusal = task.check(&settings).await.unwrap_err();
        assert_eq!(refusal.errors[0].field, field, "{task:?}");
    }
    assert_eq!(dataset("input", Some(" ")).check(&settings).await, Ok(()));
    let settings = DatasetSettings { max_name_chars: 2, ..Default::default() };
    let refusal = dataset("a", Some("abc")).check(&settings).await.unwrap_err();
    assert_eq!(refusal.to_string(), "at most 2 characters");
}

#[test]
fn the_form_gets_an_area_for_the_text() {
    let schema = schemars::schema_for!(Dataset).to_value();
    assert_eq!(schema["properties"]["data"]["format"], "textarea");
    assert_eq!(schema["properties"]["data"]["maxLength"], MAX_CHARACTERS);
    assert_eq!(schema["properties"]["file"]["format"], "upload");
    assert!(schema["required"].is_null(), "a text or a file");
}

#[test]
fn it_is_called_by_its_name_or_its_size() {
    assert_eq!(dataset("a", Some(" sales ")).title(), "Data set: sales");
    assert_eq!(dataset("abc", Some("")).title(), "Data set of 3 bytes");
    let file = Dataset { file: Some(upload()), ..nothing() };
    assert_eq!(file.title(), "Data set of a file");
    assert_eq!(file.uploads(), [("file".to_owned(), upload())]);
}
