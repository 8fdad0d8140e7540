//! Recognises texts of another format that are mistaken for CSV.

use super::class::begins_with_stamp;

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
        None if is_sql(text) => {
            Some("it is SQL, perhaps a dump of a database; export the table as CSV")
        }
        None if is_prose(text) => Some("it is a text in sentences; there is no table in it"),
        None if is_json(text) => Some("it is JSON; convert its records to CSV"),
        None => None,
    }
}

/// First words of SQL statements that follow the comments of a dump, in upper case.
const STATEMENTS: [&str; 25] = [
    "CREATE TABLE ",
    "CREATE DATABASE ",
    "CREATE SCHEMA ",
    "CREATE INDEX ",
    "CREATE VIEW ",
    "CREATE EXTENSION ",
    "CREATE TEMPORARY ",
    "CREATE UNIQUE ",
    "CREATE OR REPLACE ",
    "DROP TABLE ",
    "DROP DATABASE ",
    "ALTER TABLE ",
    "TRUNCATE TABLE ",
    "INSERT INTO ",
    "INSERT IGNORE ",
    "REPLACE INTO ",
    "LOCK TABLES ",
    "START TRANSACTION",
    "BEGIN TRANSACTION",
    "PRAGMA ",
    "SET NAMES ",
    "SET SQL_MODE",
    "SET FOREIGN_KEY_CHECKS",
    "SET STATEMENT_TIMEOUT",
    "USE `",
];

/// Whether the first line that is no comment begins a statement of SQL.
fn is_sql(text: &str) -> bool {
    let mut is_in_comment = false;
    for line in text.lines().map(str::trim).take(MAX_LINES) {
        is_in_comment |= line.starts_with("/*");
        let is_comment = is_in_comment || line.is_empty() || line.starts_with("--");
        is_in_comment &= !line.contains("*/");
        if is_comment {
            continue;
        }
        let begin: String = line.chars().take(40).collect::<String>().to_uppercase();
        return matches!(&*begin, "BEGIN;" | "CREATE TABLE")
            || STATEMENTS.iter().any(|statement| begin.starts_with(statement));
    }
    false
}

/// Maximum number of lines by which a text is judged.
const MAX_LINES: usize = 200;
/// Minimum number of words of a line of prose.
const MIN_WORDS: usize = 6;

/// Whether a text is prose: nearly all its lines are parts of sentences that wrap, or paragraphs
/// with empty lines between them, and no delimiter divides them evenly.
fn is_prose(text: &str) -> bool {
    let all: Vec<&str> = text.lines().map(str::trim).take(MAX_LINES).collect();
    let lines: Vec<&str> = all.iter().copied().filter(|line| !line.is_empty()).collect();
    let share = |count: usize, of: usize| of > 0 && count * 10 >= of * 7;
    let is_long = |line: &&&str| {
        let words = line.split_whitespace();
        words.filter(|word| word.chars().any(char::is_alphabetic)).count() >= MIN_WORDS
    };
    if lines.len() < 3 || !share(lines.iter().filter(is_long).count(), lines.len()) {
        return false;
    }
    let has_other = |line: &&&str| line.contains(['\t', ';', '|', '"']) || begins_with_stamp(line);
    if lines.iter().filter(has_other).count() * 5 > lines.len() {
        return false;
    }
    // The same number of commas in nearly all lines is a table.
    let commas = |line: &str| line.matches(',').count();
    let usual = lines
        .iter()
        .map(|line| commas(line))
        .max_by_key(|count| lines.iter().filter(|line| commas(line) == *count).count());
    let usual = usual.unwrap_or(0);
    let even = lines.iter().filter(|line| commas(line) == usual).count();
    if usual > 0 && even * 10 >= lines.len() * 9 {
        return false;
    }
    let ends = |line: &str| line.ends_with(['.', '!', '?', ':', '”', ')']);
    let wraps = lines
        .windows(2)
        .filter(|pair| !ends(pair[0]) && pair[1].starts_with(|first: char| first.is_lowercase()));
    let is_wrapped = wraps.count() * 10 >= (lines.len() - 1) * 3;
    // Lines with an empty line, or the end of the text, on both sides.
    let is_empty_at =
        |at: Option<usize>| at.and_then(|at| all.get(at)).is_none_or(|it| it.is_empty());
    let alone = all.iter().enumerate().filter(|(at, line)| {
        !line.is_empty() && is_empty_at(at.checked_sub(1)) && is_empty_at(Some(at + 1))
    });
    let are_paragraphs = share(alone.count(), lines.len());
    let sentences = lines.iter().filter(|line| line.contains(". ") || ends(line)).count();
    (is_wrapped || are_paragraphs) && sentences * 4 >= lines.len()
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
            ("-- MySQL dump 10.13\n--\n\nDROP TABLE IF EXISTS `a`;\n", "SQL"),
            ("--\n-- PostgreSQL database dump\n--\n\nSET statement_timeout = 0;\n", "SQL"),
            ("/*!40101 SET NAMES utf8 */;\n/* a\nb */\ninsert into a values (1,2);\n", "SQL"),
            ("CREATE TABLE a (\n  id int,\n", "SQL"),
            ("PRAGMA foreign_keys=OFF;\nBEGIN TRANSACTION;\n", "SQL"),
            (
                "The old lighthouse stood at the end of the\npier, and nobody had lit it for years. It\nwas grey, and the paint came off, and when the\nwind blew, it sang. People came to hear it.\n",
                "sentences",
            ),
            (
                "A Report\n\nWe went to the sea, and we counted birds. There were many.\n\nOn the second day it rained, so we stayed inside.\n\nThen we went home again by train, tired but glad.\n",
                "sentences",
            ),
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
            "-- a,b\n1,2\n",
            "create,table\n1,2\n",
            "set,names\n1,2\n",
            "review\nI loved it. It was a great film with good actors.\nNot my kind of film, and it was much too long.\nThe music was good, but the story was not.\nI would see it again with my friends. Great.\n",
            "id,comment\n1,the room was clean and the staff was kind\n2,we would not come here again in the winter\n3,it was fine for one night but not for two\n",
            "2024-01-01 10:00 the server was started by the operator\n2024-01-01 10:01 the server was stopped by the operator again\n2024-01-01 10:02 nothing more happened on that day here\n",
        ] {
            assert_eq!(other(text), None, "{text:?}");
        }
    }
}
