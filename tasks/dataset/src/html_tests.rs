//! Tests of the profile's page.

use super::*;
use crate::{
    profile::{
        Assumption, Bin, Certainty, DataType, Lengths, MarkerCount, Numeric, Ragged, ReadAs,
        TopValue, TypeCounts,
    },
    profile_text,
};

fn to_html(profile: &Profile) -> String {
    let mut html = Html::new(milepost::html::HtmlLimits::default(), "");
    write_html(&mut html, profile);
    html.finish()
}

const HOSTILE: &str = "<script>alert('x')</script>\" onload=\"x";

#[test]
fn a_profile_shows_facts_histogram_and_frequent_values() {
    let text: String = (0..500).map(|row| format!("{row},{}\n", row % 3)).collect();
    let html = to_html(&profile_text(&format!("id,group\n{text}")));
    for expected in [
        "500 rows, 2 columns",
        "<a href=\"#column-1\">id</a>",
        "<dt>Median</dt><dd>249.5</dd>",
        "<title id=\"plot-1-title\">Histogram of id</title>",
        "holds ",
        "<td>0</td><td class=\"figure\">167</td><td class=\"figure\">33.4 %</td>",
        "<span>0</span> <span>tallest bar: 167 values</span> <span>2</span>",
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
        markers: vec![
            MarkerCount { marker: text(), count: i64::MIN, missing: true },
            MarkerCount { marker: text(), count: 1, missing: false },
        ],
        read_as: Some(ReadAs { description: text(), matching: i64::MAX, unsure: true }),
        unit: Some(text()),
        distinct: 0,
        distinct_exact: false,
        distinct_estimate: None,
        distinct_error: Some(f64::NAN),
        types: TypeCounts::default(),
        min: Some(Scalar::Text(text())),
        max: Some(Scalar::Text(text())),
        numeric: Some(Numeric {
            mean: Some(1e308),
            std_dev: None,
            q25: None,
            median: None,
            q75: None,
        }),
        lengths: Some(Lengths { min: 0, max: i64::MAX, mean: 0.0 }),
        top: vec![TopValue { value: text(), count: i64::MIN }],
        top_error: Some(i64::MAX),
        rank_error: Some(-1.0),
        histogram: vec![
            Bin { from: 1.0, to: 0.0, count: i64::MAX },
            Bin { from: 1.0, to: 0.0, count: i64::MAX },
        ],
    };
    let profile = Profile {
        name: Some(text()),
        bytes: -1,
        encoding: Some(text()),
        packing: Some(text()),
        delimiter: text(),
        rows: 1,
        ragged: Ragged::default(),
        assumptions: vec![Assumption {
            subject: text(),
            assumed: text(),
            certainty: Certainty::Unsure,
        }],
        preview: vec![vec![text(); 3], vec![]],
        columns: vec![column],
        warnings: vec![Warning { code: text(), line: Some(1), message: text() }],
        warnings_total: i64::MIN + 1,
    };
    // Once with each of the plots.
    for (histogram, count) in [(true, i64::MIN), (false, 2), (false, i64::MIN)] {
        let mut profile = profile.clone();
        if !histogram {
            profile.columns[0].histogram.clear();
        }
        profile.columns[0].top[0].count = count;
        let html = to_html(&profile);
        assert!(html.contains("role=\"img\""), "{html}");
        assert!(!html.contains("<script"), "{html}");
        assert!(!html.contains("\" onload"), "{html}");
        assert!(html.matches("&lt;script&gt;").count() > 10, "{html}");
    }
}

#[test]
fn each_column_has_the_plot_that_says_most_of_it() {
    let rows: String = (0..40)
        .map(|row| {
            format!("{row},2024-03-{:02},{},u{row},,2{}:30:00\n", row % 28 + 1, row % 3, row % 8)
        })
        .collect();
    let rows = rows.replace(",1,u", ",yes,u").replace(",0,u", ",no,u").replace(",2,u", ",no,u");
    let html = to_html(&profile_text(&format!("number,day,choice,key,none,leaves\n{rows}")));
    for expected in [
        "<title id=\"plot-1-title\">Histogram of number</title>",
        "<title id=\"plot-2-title\">Histogram of day</title>",
        "<span>2024-03-01</span> <span>tallest bar: ",
        " values</span> <span>2024-03-28</span>",
        "<details><summary>The same as figures</summary><table class=\"profile-top\">",
        "<title id=\"plot-3-title\">Most frequent values of choice</title><desc \
         id=\"plot-3-desc\">no: 27; yes: 13</desc>",
        "<title id=\"plot-4-title\">Cells of key that have a value</title><desc \
         id=\"plot-4-desc\">40 of 40 cells.</desc>",
        "<desc id=\"plot-5-desc\">0 of 40 cells.</desc>",
        "<span>20:30:00</span> <span>tallest bar: ",
        " values</span> <span>27:30:00</span>",
    ] {
        assert!(html.contains(expected), "{expected} is not in {html}");
    }
}

#[test]
fn what_is_about_right_is_said_to_be_and_by_how_much_it_may_be_wrong() {
    let text: String = (0..500).map(|row| format!("{row}\n")).collect();
    let mut profile = profile_text(&format!("id\n{text}"));
    assert!(!to_html(&profile).contains("about"));
    let column = &mut profile.columns[0];
    (column.distinct_exact, column.distinct_estimate) = (false, Some(510));
    (column.distinct_error, column.rank_error) = (Some(0.025), Some(0.003));
    (column.top, column.top_error) = (Vec::new(), Some(7));
    let html = to_html(&profile);
    for expected in [
        "<dd>about 510</dd>",
        "<dd>about 249.5</dd>",
        "different values within 2.5 % in 19 of 20",
        "within 0.3 % of the values in rank",
        "No value occurs more than 14 times.",
    ] {
        assert!(html.contains(expected), "{expected} is not in {html}");
    }
}

#[test]
fn how_it_was_read_is_said_and_the_order_of_texts_is_no_figure() {
    let text = "name;price\nBob;1,50\nAnn;-\nEve;NA\nDan;2,25\n";
    let html = to_html(&profile_text(text));
    for expected in [
        "<h2 id=\"profile-assumptions\">How it was read</h2>",
        "<li>delimiter: cells separated by semicolons: 4 of the first 4 rows have 2 cells (sure)",
        "<dd>2 (1 × “-”, 1 × “NA”)</dd>",
        "2 of 2 values look like numbers with a decimal comma.",
        "<caption>The first rows</caption>",
        "<td>Bob</td><td>1,50</td>",
        "<dt>First in order</dt><dd>Ann</dd>",
        "<td>text</td><td class=\"figure\">4</td><td class=\"figure\">0</td><td class=\"figure\">4</td>\
         <td class=\"figure\">–</td><td class=\"figure\">–</td>",
    ] {
        assert!(html.contains(expected), "{expected} is not in {html}");
    }
}
