//! The page of a profile.

use super::*;
use crate::tasks::dataset::{
    profile::{DataType, Lengths, Numeric, Ragged, TopValue, TypeCounts},
    profile_text,
};

const HOSTILE: &str = "<script>alert('x')</script>\" onload=\"x";

#[test]
fn a_profile_shows_facts_histogram_and_frequent_values() {
    let text: String = (0..500).map(|row| format!("{row},{}\n", row % 3)).collect();
    let html = to_html(&profile_text(&format!("id,group\n{text}")));
    for expected in [
        "500 rows, 2 columns",
        "<a href=\"#column-1\">id</a>",
        "<dt>Median</dt><dd>249.5</dd>",
        "<title id=\"histogram-1-title\">Histogram of id</title>",
        "holds ",
        "<td>0</td><td>167</td><td>33.4 %</td>",
    ] {
        assert!(html.contains(expected), "{expected} is not in {html}");
    }
}

#[test]
fn oddities_are_listed_with_their_lines() {
    let html = to_html(&profile_text("a,b\n1\n"));
    assert!(html.contains("<span class=\"profile-line\">Line 2</span>"), "{html}");
}

#[test]
fn what_came_from_outside_is_escaped_everywhere() {
    let text = || HOSTILE.to_owned();
    let column = ColumnProfile {
        name: text(),
        data_type: DataType::Integer,
        count: -1,
        missing: i64::MIN,
        distinct: 0,
        distinct_exact: false,
        distinct_estimate: None,
        types: TypeCounts::default(),
        min: Some(Scalar::Text(text())),
        max: Some(Scalar::Text(text())),
        numeric: Some(Numeric {
            mean: Some(1e308),
            std_dev: None,
            q25: None,
            median: None,
            q75: None,
            exact: true,
        }),
        lengths: Some(Lengths { min: 0, max: i64::MAX, mean: 0.0 }),
        top: vec![TopValue { value: text(), count: i64::MIN }],
        histogram: vec![
            Bin { from: 1.0, to: 0.0, count: i64::MAX },
            Bin { from: 1.0, to: 0.0, count: i64::MAX },
        ],
    };
    let profile = Profile {
        name: Some(text()),
        bytes: -1,
        delimiter: text(),
        rows: 1,
        ragged: Ragged::default(),
        columns: vec![column],
        warnings: vec![Warning { code: text(), line: Some(1), message: text() }],
        warnings_total: i64::MIN + 1,
    };
    let html = to_html(&profile);
    assert!(!html.contains("<script"), "{html}");
    assert!(!html.contains("\" onload"), "{html}");
    assert_eq!(html.matches("&lt;script&gt;").count(), 11);
}
