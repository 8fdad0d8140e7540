//! Headers of two lines, comments as headers, and values that a delimiter cuts.

use super::{
    super::{
        column::Rules,
        profile::{Assumption, Certainty},
    },
    people_tests::{codes, profile, range, with},
    *,
};

fn names(profile: &Profile) -> Vec<&str> {
    profile.columns.iter().map(|column| column.name.as_str()).collect()
}

fn header(profile: &Profile) -> &Assumption {
    profile.assumptions.iter().find(|known| known.subject == "header").unwrap()
}

#[test]
fn years_below_names_belong_to_the_header() {
    let rows = |row: fn(i32) -> String| (0..20).map(row).collect::<String>();
    let named = rows(|at| format!("L{at},{},{},{},{}\n", at * 100, at * 110, at * 50, at * 55));
    let plain = rows(|at| format!("{},{},{},{}\n", at * 100, at * 110, at * 50, at * 55));
    let years = rows(|at| format!("L{at},{},{}\n", 1990 + at, 1991 + at));
    for (head, rows, is_second, certainty) in [
        ("Land,Umsatz,,Kosten,\n,2023,2024,2023,2024\n", &named, true, Certainty::Sure),
        ("Land,Umsatz,Umsatz,Kosten,Kosten\n,2023,2024,2023,2024\n", &named, true, Certainty::Sure),
        ("Umsatz,,Kosten,\n2023,2024,2023,2024\n", &plain, true, Certainty::Sure),
        ("Land,a,b,c,d\n,2021,2022,2023,2024\n", &named, true, Certainty::Sure),
        ("Land,a,b,c,d\n,2024,2021,2024,2021\n", &named, false, Certainty::Unsure),
        ("a,b,c,d\n2021,2022,2023,2024\n", &plain, true, Certainty::Sure),
        ("Land,,b\nL,1980,1981\n", &years, false, Certainty::Sure),
    ] {
        let profile = profile(&format!("{head}{rows}"));
        let has_second = codes(&profile).contains(&("second_header", Some(1)));
        assert_eq!((has_second, header(&profile).certainty), (is_second, certainty), "{head:?}");
        assert_eq!(profile.rows, if is_second { 20 } else { 21 }, "{head:?}");
    }
}

#[test]
fn a_line_of_units_or_dashes_is_no_row() {
    for (text, rows, code) in [
        ("Year,Sales\n,EUR\n2020,1\n2021,3\n", 2, Some("second_header")),
        ("id,v\n--,-\n1,2\n3,4\n", 2, Some("printed_table")),
        ("id|name\n--|----\n1|ann\n2|bob\n", 2, Some("printed_table")),
        ("id,v\n--,-\n1,--\n3,4\n", 3, None),
        ("id,v\n,5\n1,2\n3,4\n", 3, None),
    ] {
        let profile = profile(text);
        let found = codes(&profile).first().map(|(code, _)| *code);
        assert_eq!((profile.rows, found), (rows, code), "{text:?}");
    }
}

#[test]
fn a_fact_that_ends_with_a_delimiter_is_no_header() {
    for sign in [',', ';'] {
        let text = "Account:,DE12,\n\nDay,Who,Amount,\n0,A,0,\n1,A,1,\n2,A,2,\n3,A,3,\n";
        let profile = profile(&text.replace(',', &sign.to_string()));
        assert_eq!((names(&profile), profile.rows), (vec!["Day", "Who", "Amount"], 4));
    }
    for rows in [3, 30] {
        let row = "\"01.01.2024\";\"REWE, Köln\";\"-0,34\";\n";
        let text = format!(
            "\"Kontonummer:\";\"DE12 / Girokonto\";\n\n\"Kontostand vom 31.01.2024:\";\"1.234,56 \
             EUR\";\n\n\"Buchungstag\";\"Auftraggeber\";\"Betrag (EUR)\";\n{}",
            row.repeat(rows)
        );
        let profile = profile(&text);
        assert_eq!(profile.delimiter, ";", "{rows}");
        assert_eq!(names(&profile), ["Buchungstag", "Auftraggeber", "Betrag (EUR)"], "{rows}");
        assert_eq!(profile.rows, rows as i64);
    }
}

#[test]
fn facts_above_a_table_are_no_header() {
    let rows: String = (1..20).map(|day| format!("2024-01-{day:02},R,-{day}.50,1.00\n")).collect();
    for above in ["Account,123,,\nPeriod,2024,,\n,,,\n", "Account,123,,\n", "A,b,,\nC,d,,\n"] {
        let profile = profile(&format!("{above}Date,Desc,Amount,Balance\n{rows}"));
        assert_eq!(names(&profile), ["Date", "Desc", "Amount", "Balance"], "{above:?}");
        assert_eq!((profile.rows, range(&profile.columns[2])), (19, (-19.5, -1.5)));
        assert!(codes(&profile).contains(&("skipped_lines", Some(1))), "{above:?}");
    }
    let rows: String = (1..20).map(|day| format!("2024-01-{day:02},-{day}.50\n")).collect();
    let full = profile(&format!("Name,Roe\nAccount,123\nDate,Amount\n{rows}"));
    assert_eq!(header(&full).certainty, Certainty::Unsure);
}

#[test]
fn the_last_comment_may_be_the_header() {
    for (head, expected) in [
        ("# by tool, v1\n#id,v\n", ["id", "v"]),
        ("# by tool, v1.2\n# 2024\n#id,v\n", ["id", "v"]),
        ("# by tool\n# 2024, x\n#id,v\n", ["id", "v"]),
        ("# by tool, v1\n# id, v\n", ["id", "v"]),
        ("# 2024\n#id,v\n", ["id", "v"]),
        ("#id,v\n", ["#id", "v"]),
        ("# by tool, v1\nid,v\n", ["id", "v"]),
        ("##tool=x\n#id,v\n", ["#id", "v"]),
    ] {
        let profile = profile(&format!("{head}0,1\n1,2\n2,3\n3,4\n"));
        assert_eq!((names(&profile), profile.rows), (expected.to_vec(), 4), "{head:?}");
    }
    for head in ["# by tool, v1\n#id,v\n", "# by tool, v1\nid,v\n"] {
        let profile = profile(&format!("{head}Ann,Bonn\nBob,Rome\nCid,Ulm\n"));
        assert_eq!((names(&profile), profile.rows), (vec!["id", "v"], 3), "{head:?}");
    }
}

#[test]
fn cut_values_are_named_as_the_other_reading() {
    let comma =
        Options { rules: Rules { decimal: Some(','), ..Rules::default() }, ..Options::default() };
    for (text, what) in [
        ("datum,betrag\n2024-01-01,1,50\n2024-01-02,2,25\n", "“1,50”"),
        ("datum,betrag\n2024-01-01,1,5\n2024-01-02,2,2\n", "“1,5”"),
        ("id,a,b\n1,1,5,2,5\n2,3,5,4,5\n", "“1,5”"),
        ("id,betrag\n1,2,50\n2,3,75\n3,10,00\n", "“2,50”"),
        ("name,betrag\nAnn,-2,50\nBob,3,75\nCarl,10,00\n", "“-2,50”"),
        ("betrag,name\n2,50,Ann\n3,75,Bob\n10,00,Carl\n", "“2,50”"),
        ("id,a,b\n1,2,50,0,25\n2,3,50,1,25\n3,4,50,2,25\n", "“2,50”"),
        ("id,name,v\n1,“Roe, Jane”,5\n2,“Doe, John”,6\n", "“Roe, Jane”"),
    ] {
        let profile = profile(text);
        let header = header(&profile);
        assert_eq!(header.certainty, Certainty::Unsure, "{text:?}");
        assert!(header.assumed.contains(what), "{text:?} {}", header.assumed);
        assert!(codes(&profile).contains(&("split_cells", Some(1))), "{text:?}");
        let given = with(text, &comma);
        let is_told = codes(&given).iter().any(|(code, _)| *code == "decimal_not_found");
        assert!(is_told || text.contains('“'), "{text:?}");
    }
    for text in [
        "mpg,cyl\nMazda,21,6\nDatsun,22,4\n",
        "mpg,hp\nMazda,21.5,110\nDatsun,22.8,93\n",
        "a,b\n1,2,\n3,4,\n",
        "a,b,c\n1,2,50\n2,3,75\n",
    ] {
        let profile = profile(text);
        assert_ne!(header(&profile).certainty, Certainty::Unsure, "{text:?}");
    }
}
