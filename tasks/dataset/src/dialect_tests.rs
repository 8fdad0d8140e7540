//! Layouts of texts: tables of cases out of what people have.

use super::{super::table::Header, *};

fn layout(text: &str) -> Layout {
    detect(text, b'\n', &Options::default())
}

fn delimiter(text: &str) -> Option<char> {
    layout(text).dialect.delimiter.map(char::from)
}

#[test]
fn the_separator_is_found() {
    let cases = [
        ("input", ','),
        ("", ','),
        ("a,b\n1,2", ','),
        ("a;b\n1,5;2,5\n", ';'),
        ("a\tb\tc\n1\t2\t3", '\t'),
        ("a|b\n1|2", '|'),
        ("name;note\nx;\"one, two\"\ny;\"three, four, five\"", ';'),
        ("name,note\nx,a;b;c\ny,d\n", ','),
        ("\"a;b;c\",d\n1,2", ','),
        ("a,b;c\n1,2;3", ','),
        ("a;b,c;d\n1;2;3\n4;5;6\n", ';'),
        ("Datum;Betrag, EUR\n2024-01-01;1,50\n2024-01-02;2,25\n", ';'),
        ("a:b:c\n1:2:3\n4:5:6\n", ':'),
        ("a:b\n1:2\n3:4\n", ':'),
        ("a^b\n1^2\n", '^'),
        ("a b c\n1 2 3\n4 5 6\n", ' '),
        ("x y\n1.5 2.5\n3.5 4.5\n", ' '),
        ("a    b   c\n1    2   3\n10   20  30\n", ' '),
        ("a\u{1}b\n1\u{1}2\n", '\u{1}'),
        ("root:x:0:0:root:/root:/bin/bash\nbin:x:1:1:bin:/bin:/bin/false\n", ':'),
        ("id,text\n1,\"a;b;c\"\n2,\"d;e;f\"\n", ','),
        ("time,value\n10:30,1\n11:45,2\n", ','),
        ("a;b\n10:30;1,5\n11:45;2,5\n", ';'),
        ("url;n\nhttp://x.org/a,b;1\nhttp://x.org/c,d;2\n", ';'),
        ("name\tprice\nA\t1,50\nB\t2,50\n", '\t'),
        ("id,tags\n1,a|b|c\n2,d|e|f\n3,g|h|i\n", ','),
        ("a;b;c\n1;2;3\n;;\n4;5;6\n", ';'),
        ("a,b\n1\n", ','),
        ("a;b\n1\n", ';'),
    ];
    for (text, expected) in cases {
        assert_eq!(delimiter(text), Some(expected), "{text:?}");
    }
}

#[test]
fn a_text_of_one_column_is_not_cut() {
    for text in [
        "amount\n1,5\n2,5\n",
        "Betrag, EUR\n1,50\n2,25\n",
        "amount\n1,234.50\n2,345.10\n",
        "date\nJan 5, 2024\nJan 6, 2024\n",
        "title\nHello, world\nFoo, bar\n",
        "price\n1 234,50\n5 678,10\n",
    ] {
        assert_eq!(delimiter(text), None, "{text:?}");
    }
    for text in [
        "name\nJohn Smith\nJane Doe\n",
        "Full name\nJohn Smith\nJane Doe\n",
        "time\n10:30\n11:45\n",
        "url\nhttp://a.org\nhttp://b.org\n",
        "x\n1\n2\n",
    ] {
        let layout = layout(text);
        assert_eq!((layout.dialect.delimiter, layout.width), (Some(b','), 1), "{text:?}");
    }
}

#[test]
fn a_long_text_is_judged_by_its_beginning() {
    let text = format!("a;b\n{}", "1,2;3\n".repeat(20_000));
    assert_eq!(delimiter(&text), Some(';'));
}

#[test]
fn what_stands_above_the_table_is_no_part_of_it() {
    let bank = "\"Kontonummer:\";\"DE12 3456\";\n\"Von:\";\"01.01.2024\";\n\"Bis:\";\"31.01.2024\";\n\
                \"Kontostand vom 31.01.2024:\";\"1.234,56 EUR\";\n\n\
                \"Buchungstag\";\"Wertstellung\";\"Buchungstext\";\"Verwendungszweck\";\"Betrag (EUR)\";\n\
                \"02.01.2024\";\"02.01.2024\";\"Lastschrift\";\"Miete, Januar\";\"-500,00\";\n\
                \"03.01.2024\";\"03.01.2024\";\"Gutschrift\";\"Gehalt\";\"2.000,00\";\n";
    let statistics = "GENESIS-Tabelle: 12411-0001\nBevölkerung: Deutschland, Stichtag\n\
                      Fortschreibung des Bevölkerungsstandes\nDeutschland\n\
                      Stichtag;Bevölkerung\n31.12.2019;83166711\n31.12.2020;83155031\n31.12.2021;83237124\n";
    let world_bank = "\u{feff}\"Data Source\",\"World Development Indicators\",\n\n\
                      \"Last Updated Date\",\"2024-05-30\",\n\n\
                      \"Country Name\",\"Country Code\",\"1960\",\"1961\",\n\
                      \"Aruba\",\"ABW\",\"54608\",\"55811\",\n\"Chad\",\"TCD\",\"3002596\",\"3061423\",\n";
    for (text, delimiter, line, width) in [
        ("sep=;\na;b\n1,5;2\n", b';', 2, 2),
        ("\"sep=,\"\na,b\n1,2\n", b',', 2, 2),
        ("SEP=|\r\na|b\r\n1|2\r\n", b'|', 2, 2),
        ("\n\na,b\n1,2\n", b',', 3, 2),
        ("My report\na,b,c\n1,2,3\n4,5,6\n", b',', 2, 3),
        ("My report,,\n,,\na,b,c\n1,2,3\n4,5,6\n", b',', 3, 3),
        ("# comment\n# another, one\na,b\n1,2\n3,4\n", b',', 3, 2),
        ("# a comment; with more\na;b\n1;2\n3;4\n", b';', 2, 2),
        (bank, b';', 6, 6),
        (statistics, b';', 5, 2),
        (world_bank, b',', 5, 5),
    ] {
        let layout = layout(text);
        assert_eq!(
            (layout.dialect.delimiter, layout.line, layout.width, layout.header),
            (Some(delimiter), line, width, Header::Names),
            "{text:?}"
        );
    }
}

#[test]
fn a_header_is_told_from_data() {
    for (text, header) in [
        ("1,2\n3,4\n5,6\n", Header::None),
        ("Ann,34,2024-01-01\nBob,27,2024-01-02\n", Header::None),
        ("2024-01-01;1,5\n2024-01-02;2,5\n", Header::None),
        ("name,age\nAnn,34\nBob,27\n", Header::Names),
        ("name,city\nAnn,Paris\nBob,Rome\n", Header::Names),
        ("country,2019,2020\nDE,1,2\nFR,3,4\n", Header::Names),
        ("mpg,cyl\nMazda RX4,21,6\nDatsun 710,22.8,4\n", Header::RowNames),
        ("\"mpg\" \"cyl\"\n\"Mazda RX4\" 21 6\n\"Datsun 710\" 22.8 4\n", Header::RowNames),
        ("\"x\"\n\"1\" 5\n\"2\" 7\n", Header::RowNames),
        ("5\n6\n7\n", Header::None),
        ("a\n1\n", Header::Names),
    ] {
        let layout = layout(text);
        assert_eq!(layout.header, header, "{text:?} {layout:?}");
    }
}

#[test]
fn quotes_are_recognised() {
    let initial = layout("id, name\n1, \"Roe, Jane\"\n2, \"Doe, John\"\n");
    assert!(initial.dialect.initial_blanks && initial.dialect.delimiter == Some(b','));
    assert_eq!(initial.width, 2);
    let escaped = layout("id,say\n1,\"a \\\"b\\\", c\"\n2,\"d\"\n");
    assert!(escaped.dialect.escape && escaped.width == 2);
    assert!(layout("id,say\n1,\"say \\\"hi\\\" now\"\n2,\"x\"\n").dialect.escape);
    assert!(!layout("dir,n\n\"C:\\temp\\\",1\n\"D:\\\",2\n").dialect.escape);
    assert_eq!(layout("'a','b'\n'1,5','2'\n'2,5','3'\n").dialect.quote, Some(b'\''));
    assert_eq!(layout("name,n\nO'Brien,1\nD'Arcy,2\n").dialect.quote, Some(b'"'));
}

#[test]
fn what_was_assumed_is_said_and_how_sure_it_is() {
    let certainty = |text: &str, options: &Options| {
        let layout = detect(text, b'\n', options);
        layout.assumptions.iter().map(|known| known.certainty).collect::<Vec<_>>()
    };
    let none = Options::default();
    assert_eq!(certainty("a;b\n1;2\n3;4\n", &none), [Certainty::Sure; 2]);
    assert_eq!(certainty("a;b\nx;y\n", &none), [Certainty::Sure, Certainty::Unsure]);
    assert_eq!(certainty("a,b;c\n1,2;3", &none)[0], Certainty::Unsure);
    let given = Options { delimiter: Some(b';'), header_row: Some(0), ..Options::default() };
    assert_eq!(certainty("a,b;c\n1,2;3", &given), [Certainty::Given; 2]);
    let layout = detect("a,b;c\n1,2;3\n", b'\n', &given);
    assert_eq!(
        (layout.dialect.delimiter, layout.header, layout.width),
        (Some(b';'), Header::None, 2)
    );
    let third = Options { header_row: Some(3), ..Options::default() };
    assert_eq!(detect("x,y\n1,2\nc,d\n3,4\n", b'\n', &third).line, 3);
}

mod properties {
    use proptest::prelude::*;

    use super::*;

    /// A cell as it stands in a text.
    fn written(cell: &str, delimiter: char) -> String {
        if cell.contains(['"', '\n', delimiter]) {
            format!("\"{}\"", cell.replace('"', "\"\""))
        } else {
            cell.to_owned()
        }
    }

    proptest! {
        #[test]
        fn a_table_is_read_in_the_dialect_in_which_it_was_written(
            delimiter in prop::sample::select(vec![',', ';', '\t', '|']),
            rows in prop::collection::vec((1..100_000_u32, "[a-z]{1,6}( [a-z]{1,6})?", 0..10_000_i32), 3..40),
        ) {
            let mut text = ["id", "name of it", "price"].join(&delimiter.to_string()) + "\n";
            for (id, name, price) in &rows {
                let cells = [id.to_string(), name.clone(), format!("{}.{:02}", price / 100, price % 100)];
                let cells = cells.map(|cell| written(&cell, delimiter));
                text += &(cells.join(&delimiter.to_string()) + "\n");
            }
            let layout = layout(&text);
            prop_assert_eq!(layout.dialect, Dialect::of(u8::try_from(delimiter).ok()));
            prop_assert_eq!((layout.header, layout.line, layout.width), (Header::Names, 1, 3));
        }

        #[test]
        fn no_text_makes_it_panic(text in "[a1,;|\t: \"'\\\\\n\r#.\u{1}\u{e4}-]{0,80}") {
            let layout = layout(&text);
            prop_assert!(layout.width > 0 && layout.line > 0);
        }
    }
}
