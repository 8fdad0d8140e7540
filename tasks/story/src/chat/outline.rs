//! The outline in a model's answer.
//!
//! Read leniently: other words around it, a fence, JSON5 (trailing commas, comments, single quotes, bare keys), an envelope, an end that
//! is missing, and chapters that are only titles.

use serde_json::Value;

use super::{
    super::narrator::{Brief, Outline, Plan},
    reply::json,
};

/// Maximum length of a title from the model, in characters.
const MAX_TITLE_CHARS: usize = 120;
/// Maximum length of a summary, in characters.
const MAX_SUMMARY_CHARS: usize = 600;
/// Maximum nesting of an answer's JSON.
const MAX_DEPTH: usize = 32;
/// Maximum envelopes around an outline.
const MAX_ENVELOPES: u32 = 3;
/// Maximum brackets in an answer at which JSON is looked for.
const MAX_STARTS: usize = 16;

/// Names of the list of chapters.
const CHAPTERS: [&str; 5] = ["chapters", "outline", "plan", "sections", "parts"];
/// Names of a title.
const TITLES: [&str; 5] = ["title", "name", "heading", "chapter_title", "chapter"];
/// Names of a summary.
const SUMMARIES: [&str; 5] = ["summary", "description", "synopsis", "plot", "content"];

/// Reads the outline in a model's answer; `None` if it contains none.
pub(super) fn read(answer: &str, brief: &Brief, chapters: u32) -> Option<Outline> {
    let starts = answer.char_indices().filter(|(_, c)| matches!(c, '{' | '['));
    starts.take(MAX_STARTS).find_map(|(start, _)| {
        let value = value(&answer[start..])?;
        find(&value, chapters as usize, &own_title(brief), 0)
    })
}

/// Outline from the headings of the research.
pub(super) fn own(brief: &Brief, chapters: u32) -> Outline {
    let title = line(&own_title(brief), MAX_TITLE_CHARS);
    let headings =
        brief.research.sections.iter().map(|section| line(&section.heading, MAX_TITLE_CHARS));
    let mut plans: Vec<Plan> = headings
        .filter(|heading| !heading.is_empty())
        .take(chapters as usize)
        .map(|title| Plan { title, summary: String::new() })
        .collect();
    if plans.is_empty() {
        plans.push(Plan { title: title.clone(), summary: String::new() });
    }
    Outline { title, chapters: plans }
}

fn own_title(brief: &Brief) -> String {
    brief.research.title.clone().unwrap_or_else(|| brief.subject.clone())
}

/// The JSON at the start of `text`; without its end as far as it came.
fn value(text: &str) -> Option<Value> {
    let end = match Extent::of(text)? {
        Extent::Whole(end) => return parse(&text[..end]),
        Extent::Cut { complete, closes } => format!("{}{closes}", &text[..complete]),
    };
    parse(&end)
}

fn parse(text: &str) -> Option<Value> {
    json::parse(text).or_else(|| json5::from_str(text).ok())
}

/// How far JSON goes.
enum Extent {
    /// To this position.
    Whole(usize),
    /// Beyond the text; its last complete item ends at `complete`, where `closes` are missing.
    Cut { complete: usize, closes: String },
}

impl Extent {
    /// Measures the JSON at the start of `text`; `None` if brackets do not match or it is too deep.
    fn of(text: &str) -> Option<Self> {
        let mut open = Vec::new();
        let mut cut = (0, Vec::new());
        let mut in_string = false;
        let mut escaped = false;
        for (at, c) in text.char_indices() {
            match c {
                _ if escaped => escaped = false,
                '\\' => escaped = in_string,
                '"' => in_string = !in_string,
                _ if in_string => {}
                '{' | '[' if open.len() == MAX_DEPTH => return None,
                '{' => open.push('}'),
                '[' => open.push(']'),
                '}' | ']' => {
                    if open.pop()? != c {
                        return None;
                    }
                    if open.is_empty() {
                        return Some(Self::Whole(at + 1));
                    }
                    cut = (at + 1, open.clone());
                }
                ',' => cut = (at, open.clone()),
                _ => {}
            }
        }
        let (complete, open) = cut;
        Some(Self::Cut { complete, closes: open.into_iter().rev().collect() })
    }
}

/// The first list of chapters within `value`, with the title that stands nearest to it.
fn find(value: &Value, chapters: usize, title: &str, depth: u32) -> Option<Outline> {
    if let Some(items) = value.as_array() {
        let plans: Vec<Plan> = items.iter().filter_map(plan).take(chapters).collect();
        let title = line(title, MAX_TITLE_CHARS);
        return (!plans.is_empty()).then_some(Outline { title, chapters: plans });
    }
    let object = value.as_object().filter(|_| depth <= MAX_ENVELOPES)?;
    let own = text(value, &TITLES);
    let title = own.as_deref().unwrap_or(title);
    let lists = CHAPTERS.iter().filter_map(|name| member(value, name));
    let envelopes = object.values().filter(|inner| inner.is_object());
    lists.chain(envelopes).find_map(|inner| find(inner, chapters, title, depth + 1))
}

/// Reads one chapter: a title, or an object with a title.
fn plan(value: &Value) -> Option<Plan> {
    let title = match value {
        Value::String(title) => title.clone(),
        _ => text(value, &TITLES)?,
    };
    let title = line(&title, MAX_TITLE_CHARS);
    let summary = line(&text(value, &SUMMARIES).unwrap_or_default(), MAX_SUMMARY_CHARS);
    (!title.is_empty()).then_some(Plan { title, summary })
}

/// The first text under one of `names`.
fn text(value: &Value, names: &[&str]) -> Option<String> {
    let texts = names.iter().filter_map(|name| member(value, name)?.as_str());
    texts.map(str::to_owned).find(|text| !text.trim().is_empty())
}

/// The member of an object by its name, in capital or small letters.
fn member<'a>(value: &'a Value, name: &str) -> Option<&'a Value> {
    let members = value.as_object()?.iter();
    members.filter(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value).next()
}

/// One line of at most `max` characters, without Markdown marks of headings and emphasis.
fn line(text: &str, max: usize) -> String {
    let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
    let text: String = text.trim_matches(['#', '*', ' ']).chars().take(max).collect();
    text.chars().filter(|c| !c.is_control()).collect()
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use proptest::prelude::*;

    use super::{super::super::research::Research, *};

    fn brief(text: &str) -> Brief {
        Brief {
            subject: "tides".to_owned(),
            player: "Ada".to_owned(),
            text: Arc::from(text),
            research: Arc::new(Research::read(text)),
        }
    }

    /// Title, and chapters as `title` or `title: summary`.
    fn outline(answer: &str) -> Option<(String, Vec<String>)> {
        let outline = read(answer, &brief("The sea."), 5)?;
        let shown = outline.chapters.into_iter().map(|Plan { title, summary }| {
            if summary.is_empty() { title } else { format!("{title}: {summary}") }
        });
        Some((outline.title, shown.collect()))
    }

    fn tides(chapters: &[&str]) -> Option<(String, Vec<String>)> {
        Some(("Tides".to_owned(), chapters.iter().map(ToString::to_string).collect()))
    }

    #[test]
    fn an_outline_is_found_among_other_words() {
        for answer in [
            "Sure!\n```json\n{\"title\": \"# Tides\", \"chapters\": [{\"title\": \"One\"}]}\n```",
            "{\"title\": \"Tides\", \"chapters\": [{\"title\": \"One\"}]}\nThe {sea} is yours.",
            "As [asked]: {\"title\": \"Tides\", \"chapters\": [{\"title\": \"One\"}]} [end]",
            "{so} {\"title\": \"Tides\", \"chapters\": [{\"title\": \"One\"}]}",
        ] {
            assert_eq!(outline(answer), tides(&["One"]), "{answer}");
        }
        for answer in [
            "",
            "no json",
            "} {",
            "{\"title\": \"x\", \"chapters\": []}",
            "{\"title\": \"x\", \"chapters\": [{\"number\": 1}, 2, null, \" \"]}",
            "{\"title\": \"x\", \"chapters\": \"none\"}",
            "{\"title\": \"x\", \"chapt",
            "[",
            "[1, 2]",
            "{]",
        ] {
            assert_eq!(outline(answer), None, "{answer}");
        }
    }

    #[test]
    fn an_outline_in_slightly_wrong_json_is_read() {
        for answer in [
            r#"{"title":"Tides","chapters":[{"title":"One","summary":"It rises."},{"title":"Two"},]}"#,
            r#"{title: "Tides", chapters: [{title: "One", summary: "It rises."}, {title: "Two"}]}"#,
            "{'title': 'Tides', 'chapters': [{'title': 'One', 'summary': 'It rises.'}, {'title': 'Two'}]}",
            "{\"title\":\"Tides\",// so\n\"chapters\":[{\"title\":\"One\",\"summary\":\"It rises.\"},{\"title\":\"Two\"}]}",
            "{\"title\":\"Tides\",\"chapters\":[{\"title\":\"One\",\"summary\":\"It\nrises.\"},{\"title\":\"Two\"}]}",
        ] {
            assert_eq!(outline(answer), tides(&["One: It rises.", "Two"]), "{answer}");
        }
    }

    #[test]
    fn an_outline_of_another_form_is_read() {
        for answer in [
            r#"{"title":"Tides","chapters":["One","Two"]}"#,
            r#"{"Title":"Tides","Chapters":[{"Title":"One"},{"Title":"Two"}]}"#,
            r#"{"story":{"title":"Tides","themes":["sea"],"chapters":[{"name":"One"},{"heading":"Two"}]}}"#,
            r#"{"title":"Tides","characters":["Ada"],"outline":[{"chapter":1,"title":"One"},{"chapter":2,"title":"Two"}]}"#,
            r#"{"title":"Tides","outline":{"chapters":["One","Two"]}}"#,
        ] {
            assert_eq!(outline(answer), tides(&["One", "Two"]), "{answer}");
        }
        let list = r#"[{"title":"One","description":"It rises."},"Two"]"#;
        let expected = ("tides".to_owned(), vec!["One: It rises.".to_owned(), "Two".to_owned()]);
        assert_eq!(outline(list), Some(expected));
    }

    #[test]
    fn an_outline_that_was_cut_is_read_as_far_as_it_came() {
        for cut in [
            r#"{"title":"Tides","chapters":[{"title":"One"},{"title":"Tw"#,
            r#"{"title":"Tides","chapters":[{"title":"One"},{"title""#,
            r#"{"title":"Tides","chapters":[{"title":"One"}"#,
            r#"{"title":"Tides","chapters":["One","Tw"#,
            "```json\n{\"title\":\"Tides\",\"chapters\":[{\"title\":\"One\"},\n",
        ] {
            assert_eq!(outline(cut), tides(&["One"]), "{cut}");
        }
        let summary =
            r#"{"title":"Tides","chapters":[{"title":"One"},{"title":"Two","summary":"It"#;
        assert_eq!(outline(summary), tides(&["One", "Two"]));
    }

    #[test]
    fn an_outline_has_at_most_so_many_chapters_and_a_nesting() {
        let many = r#"{"title":"Tides","chapters":["1","2","3","4","5","6"]}"#;
        assert_eq!(outline(many).unwrap().1.len(), 5);
        for (open, close) in [("[", "]"), ("{\"chapters\":", "}"), ("{a:", "}")] {
            let deep = format!("{}1{}", open.repeat(100_000), close.repeat(100_000));
            assert_eq!(outline(&deep), None);
        }
    }

    #[test]
    fn the_headings_stand_in_for_an_outline() {
        let outline = own(&brief("# Tides\n\n## Ebb\n\nLow.\n\n## Flood\n\nHigh."), 7);
        assert_eq!(outline.title, "Tides");
        assert_eq!(outline.chapters.len(), 2);
        assert_eq!(own(&brief("Only a line."), 7).chapters[0].title, "tides");
    }

    proptest! {
        #[test]
        fn any_answer_is_read_without_a_panic(answer in r#"[\[\]{}",:'a\\ é/*-]{0,60}"#) {
            let _ = outline(&answer);
        }
    }
}
