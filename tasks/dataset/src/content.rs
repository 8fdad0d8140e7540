//! Recognises texts of another format that are mistaken for CSV.

/// Beginnings of other formats, in lower case, with what they are and what to do.
const BEGINNINGS: [(&str, &str); 12] = [
    ("<!doctype html", HTML),
    ("<html", HTML),
    ("<head", HTML),
    ("<body", HTML),
    ("<table", "it is an HTML table; save the table as CSV"),
    ("<?xml", "it is XML; convert its records to CSV"),
    (
        "version https://git-lfs.github.com/spec/",
        "it is a pointer of Git LFS, not the file itself; fetch it with git lfs pull",
    ),
    ("{\\rtf", "it is a document of a word processor; save its table as CSV"),
    ("%!ps", "it is PostScript"),
    ("-----begin ", "it is a key or a certificate"),
    ("begin:vcalendar", "it is a calendar"),
    ("begin:vcard", "it is an address book"),
];
const HTML: &str =
    "it is a page (HTML), perhaps of a sign-in or an error; download the file itself";

/// What a text is instead of CSV, by its beginning.
pub(super) fn other(sample: &str) -> Option<&'static str> {
    let text = sample.trim_start_matches(|char: char| char.is_whitespace() || char == '\u{feff}');
    let found = BEGINNINGS.iter().find(|(begin, _)| {
        text.get(..begin.len()).is_some_and(|start| start.eq_ignore_ascii_case(begin))
    });
    match found {
        Some((_, what)) => Some(what),
        None if is_json(text) => Some("it is JSON; convert its records to CSV"),
        None => None,
    }
}

/// Whether a text begins like a JSON object or array.
fn is_json(text: &str) -> bool {
    let mut chars = text.chars().filter(|char| !char.is_whitespace());
    match (chars.next(), chars.next()) {
        (Some('{'), Some('"')) => {
            // `{"name":`
            let rest = text.split_once('"').map_or("", |(_, rest)| rest);
            rest.split_once('"').is_some_and(|(_, rest)| rest.trim_start().starts_with(':'))
        }
        (Some('['), Some('{' | '[')) | (Some('{'), Some('}')) => true,
        (Some('['), Some('"' | '0'..='9')) => {
            text.trim_end().ends_with(']') && !text.contains("],")
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn other_formats_are_known_by_their_beginning() {
        for (text, what) in [
            ("<!DOCTYPE html>\n<html>", "HTML"),
            ("\n  <HTML>", "HTML"),
            ("<?xml version=\"1.0\"?>", "XML"),
            ("{\"a\": 1}", "JSON"),
            ("{ \"a\" : [1] }\n{\"a\": 2}", "JSON"),
            ("[{\"a\": 1}]", "JSON"),
            ("[\n  [1, 2]\n]", "JSON"),
            ("version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 5\n", "Git LFS"),
        ] {
            assert!(other(text).is_some_and(|found| found.contains(what)), "{text:?}");
        }
    }

    #[test]
    fn tables_are_no_other_format() {
        for text in [
            "a,b\n",
            "<a>,<b>\n1,2\n",
            "{a},{b}\n",
            "[a],[b]\n1,2\n",
            "version,date\n1,2\n",
            "{\"a\",b\n",
            "[1],[2]\n",
            "",
            "<script>alert('x')</script>,b\n",
            "[1,2],[3\n",
        ] {
            assert_eq!(other(text), None, "{text:?}");
        }
    }
}
