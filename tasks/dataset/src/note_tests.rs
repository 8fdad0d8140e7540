//! Notes below a table.

use super::people_tests::{codes, profile, range};

#[test]
fn a_note_below_the_table_is_no_row() {
    let comma = "land,v\nA,1.5\nB,2.5\nC,3.5\n";
    let semicolon = "land;v\nA;1,5\nB;2,5\nC;3,5\n";
    for (table, notes, line) in [
        (comma, "Source: Destatis, 2024\n", 5),
        (comma, "\nSource: Destatis, 2024\n", 6),
        (comma, ",\nSource: Destatis, 2024\n", 6),
        (comma, "Source: Destatis; Bonn\n", 5),
        (comma, "\"Source: Destatis, 2024\"\n", 5),
        (comma, "\"Source: Destatis, 2024\",\n", 5),
        (comma, "© Statistisches Bundesamt, 2024\n", 5),
        (comma, "Source: A, 2023\n© B, 2024\nUpdated on May 3, 2024\n", 5),
        (comma, "1) without the islands\n", 5),
        (semicolon, "Stand: 03.04.2024;\n", 5),
        (semicolon, "Quelle(n): Destatis\n", 5),
        (semicolon, ";\nQuelle: Destatis;\n", 6),
    ] {
        let profile = profile(&format!("{table}{notes}"));
        assert_eq!(profile.rows, 3, "{notes:?} {:?}", profile.warnings);
        assert_eq!(range(&profile.columns[1]), (1.5, 3.5), "{notes:?}");
        assert!(codes(&profile).contains(&("note", Some(line))), "{notes:?}");
    }
}

#[test]
fn what_may_be_a_row_stays_one_with_a_warning() {
    for (text, rows, warned) in [
        ("item,n\nApple,1\nSource: well,2\n", 2, true),
        ("item,n\nApple,1\nNote: old,\nPear,2\n", 3, true),
        ("item, n\nApple, 1\nNote: old, 2\n", 2, true),
        ("item,n\nApple,1\n* Pear,\n", 2, true),
        ("item,n\nNote: a,\n", 1, false),
        ("comment\ngood\nNote: bad\n", 2, false),
        ("key,value\nSource,2024\nStand,5\n", 2, false),
        ("time,v\n10:30,1\n11:30,2\n", 2, false),
        ("item,n\nApple,1\nsource of joy,2\n", 2, false),
    ] {
        let profile = profile(text);
        assert_eq!(profile.rows, rows, "{text:?}");
        assert_eq!(codes(&profile).iter().any(|(code, _)| *code == "note"), warned, "{text:?}");
    }
}
