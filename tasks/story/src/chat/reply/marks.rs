//! The marks around the thinking that models write into their text.

/// Words of names such as `<think>` or `<|cot_start|>`, besides those that end like [`NAME_ENDS`].
const NAMES: [&str; 8] = [
    "thought",
    "thoughts",
    "reasoning",
    "reflection",
    "reflections",
    "analysis",
    "scratchpad",
    "cot",
];
/// Words of names that a story may use too.
const WEAK_NAMES: [&str; 10] = [
    "plan",
    "planning",
    "reason",
    "rationale",
    "monologue",
    "deliberation",
    "brainstorm",
    "brainstorming",
    "scratch",
    "working",
];
/// Ends of names, after any prefix, such as that of `<longcat_think>`.
const NAME_ENDS: [&str; 2] = ["think", "thinking"];
/// Words of names that begin or end an element.
const BEGIN: [&str; 2] = ["start", "begin"];
const END: &str = "end";
/// Words of names that say nothing.
const EMPTY: [&str; 3] = ["of", "the", "out"];
/// Other marks of models: the text, and whether it ends the thinking.
const MARKS: [(&str, bool); 12] = [
    ("◁think▷", false),
    ("◁/think▷", true),
    ("<|inner_prefix|>", false),
    ("<|inner_suffix|>", true),
    ("<|dummy_86|>", false),
    ("<|dummy_87|>", true),
    ("<special_12>", false),
    ("<special_13>", true),
    ("<unused94>", false),
    ("<unused95>", true),
    ("<|channel>thought", false),
    ("<channel|>", true),
];
/// An element of a proxy's pages around the thinking.
const DETAILS: &str = "<details type=\"reasoning\"";
const DETAILS_END: &str = "</details>";
/// Ends a message of a template: the text is another one.
const MESSAGE_END: &str = "<|end|>";
/// Maximum length of a mark with its attributes, in bytes.
const MAX_MARK: usize = 120;

/// How sure it is that a name is one of thinking.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Name {
    /// No story uses it as a mark.
    Strong,
    /// A story may use it: it counts only where the mark stands by itself and has an end.
    Weak,
}

impl Name {
    /// Reads a name in lower case; `None` if it is not one of thinking.
    pub(super) fn of(name: &str) -> Option<Self> {
        Kind::of(name).map(|kind| kind.name)
    }
}

/// What a mark is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Kind {
    pub(super) name: Name,
    /// Whether it ends the thinking.
    pub(super) closes: bool,
}

impl Kind {
    /// Reads a name in lower case, such as `think`, `end_of_thought` or `cot_start`.
    fn of(name: &str) -> Option<Self> {
        let words: Vec<&str> = name.split(['_', ':', '-', '.']).collect();
        let is_end = |word: Option<&&str>| word.is_some_and(|word| *word == END);
        let closes = words.len() > 1 && (is_end(words.first()) || is_end(words.last()));
        let says = |word: &&&str| **word != END && !BEGIN.contains(*word) && !EMPTY.contains(*word);
        let last = words.iter().rfind(says)?;
        let strong = NAMES.contains(last) || NAME_ENDS.iter().any(|end| last.ends_with(end));
        let weak = WEAK_NAMES.contains(last);
        let name = if strong { Name::Strong } else { Name::Weak };
        (strong || weak).then_some(Self { name, closes })
    }
}

/// A mark in a text.
pub(super) struct Mark {
    pub(super) start: usize,
    pub(super) end: usize,
    pub(super) kind: Kind,
}

/// The mark with which a text begins: its length, and what it is.
pub(super) fn mark_at(text: &str) -> Option<(usize, Kind)> {
    let mut end = text.len().min(MAX_MARK);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    // ASCII only: positions stay the same.
    let text = text[..end].to_ascii_lowercase();
    if let Some((mark, closes)) = MARKS.iter().find(|(mark, _)| text.starts_with(mark)) {
        return Some((mark.len(), Kind { name: Name::Strong, closes: *closes }));
    }
    if text.starts_with(DETAILS) {
        return Some((text.find('>')? + 1, Kind { name: Name::Strong, closes: false }));
    }
    if text.starts_with("<|") {
        return enclosed(&text, "<|", "|>");
    }
    if text.starts_with('[') {
        return enclosed(&text, "[", "]");
    }
    // Escaped, as for a page.
    if let Some(inner) = text.strip_prefix("&lt;") {
        let name = inner.split_once("&gt;")?.0;
        let (length, kind) = element(&format!("<{name}>"))?;
        return (length == name.len() + 2).then_some((name.len() + 8, kind));
    }
    element(&text)
}

/// A name alone between two marks, such as `<|think|>`, `<|/think|>` or `[THINK]`.
fn enclosed(text: &str, open: &str, close: &str) -> Option<(usize, Kind)> {
    let inner = text.strip_prefix(open)?;
    let inner = &inner[..inner.find(close)?];
    let name = inner.trim_start_matches('/');
    let kind = Kind::of(name).filter(|_| name.chars().all(is_of_name))?;
    let closes = kind.closes || inner.starts_with('/');
    Some((open.len() + inner.len() + close.len(), Kind { closes, ..kind }))
}

/// The mark of an element: `<think>`, `</think>`, also with attributes.
fn element(text: &str) -> Option<(usize, Kind)> {
    let inner = text.strip_prefix('<')?.trim_start_matches(' ');
    let (inner, slash) = inner.strip_prefix('/').map_or((inner, false), |inner| (inner, true));
    let inner = inner.trim_start_matches(' ');
    let before = text.len() - inner.len();
    let length = inner.find(|c: char| !is_of_name(c))?;
    let (name, rest) = inner.split_at(length);
    let close = rest.find('>')?;
    let plain = rest.starts_with('>') || rest.starts_with(char::is_whitespace);
    let empty = rest[..close].ends_with('/') || rest[..close].contains('<');
    let kind = Kind::of(name).filter(|_| plain && !empty)?;
    Some((before + length + close + 1, Kind { closes: kind.closes || slash, ..kind }))
}

fn is_of_name(c: char) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, '_' | ':' | '-' | '.')
}

/// The next mark from a position on, outside of code spans.
pub(super) fn next(text: &str, from: usize, wanted: impl Fn(&Mark) -> bool) -> Option<Mark> {
    let starts = text.get(from..)?.match_indices(['<', '[', '◁', '&']);
    starts.map(|(at, _)| from + at).find_map(|start| {
        let (length, kind) = mark_at(&text[start..])?;
        let mark = Mark { start, end: start + length, kind };
        let line = text[..start].rfind('\n').map_or(0, |at| at + 1);
        let quoted = text[line..start].matches('`').count() % 2 == 1;
        (!quoted && wanted(&mark)).then_some(mark)
    })
}

/// The end of the thinking that a mark begins.
pub(super) fn close_of(text: &str, open: &Mark) -> Option<Mark> {
    let mark = &text[open.start..open.end];
    let closing = Kind { closes: true, ..open.kind };
    let is_details = |mark: &str| mark.eq_ignore_ascii_case(&DETAILS[..8]);
    if mark.get(..8).is_some_and(is_details) {
        let start = open.end + text[open.end..].find(DETAILS_END)?;
        return Some(Mark { start, end: start + DETAILS_END.len(), kind: closing });
    }
    let fits = |mark: &Mark| mark.kind.closes && mark.kind.name == open.kind.name;
    let close = next(text, open.end, fits).map(|close| {
        // The thinking itself may speak of the mark, as far as nothing new begins.
        let begins = next(text, close.end, |mark| !mark.kind.closes && !is_word(text, mark));
        let end = begins.map_or(text.len(), |mark| mark.start);
        let later = is_word(text, &close)
            .then(|| next(&text[..end], close.end, |mark| fits(mark) && !is_word(text, mark)));
        later.flatten().unwrap_or(close)
    });
    let end = text[open.end..].find(MESSAGE_END).filter(|_| mark.starts_with("<|"));
    let start = open.end + end.unwrap_or_default();
    let end = end.map(|_| Mark { start, end: start + MESSAGE_END.len(), kind: closing });
    close.into_iter().chain(end).min_by_key(|mark| mark.start)
}

/// Whether a mark is a word of the sentence in which it stands: between quotation marks, or between words.
pub(super) fn is_word(text: &str, mark: &Mark) -> bool {
    let (before, after) = (&text[..mark.start], &text[mark.end..]);
    let quote = |c: char| matches!(c, '"' | '\'' | '“' | '”' | '„' | '‘' | '’' | '«' | '»' | '*');
    if before.ends_with(quote) && after.starts_with(quote) {
        return true;
    }
    let word = |c: char| c.is_alphanumeric() || matches!(c, ',' | ';' | '(' | '—' | '–');
    let words_before = before.ends_with(' ') && before.trim_end_matches(' ').ends_with(word);
    let sentence_goes_on = after.starts_with(['.', ',', ';', ':', '!', '?', ')', '\'', '’'])
        || after.strip_prefix(' ').is_some_and(|after| after.starts_with(char::is_lowercase));
    words_before && sentence_goes_on
}

/// Whether a mark stands at the beginning of a line.
pub(super) fn begins_line(text: &str, mark: &Mark) -> bool {
    let before = text[..mark.start].trim_end_matches([' ', '\t']);
    before.is_empty() || before.ends_with('\n')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_thinking_are_known_with_any_prefix() {
        use Name::{Strong, Weak};
        let cases = [
            ("think", Some((Strong, false))),
            ("mm:think", Some((Strong, false))),
            ("longcat_think", Some((Strong, false))),
            ("x-deep.thinking", Some((Strong, false))),
            ("begin_of_thought", Some((Strong, false))),
            ("end_of_thought", Some((Strong, true))),
            ("start_thinking", Some((Strong, false))),
            ("thinking_end", Some((Strong, true))),
            ("cot_start", Some((Strong, false))),
            ("chain_of_thought", Some((Strong, false))),
            ("internal_monologue", Some((Weak, false))),
            ("working_out", Some((Weak, false))),
            ("end_plan", Some((Weak, true))),
            ("end", None),
            ("thinker", None),
            ("the_end", None),
            ("response", None),
            ("", None),
        ];
        for (name, kind) in cases {
            let expected = kind.map(|(name, closes)| Kind { name, closes });
            assert_eq!(Kind::of(name), expected, "{name}");
        }
    }

    #[test]
    fn a_mark_within_a_sentence_is_a_word() {
        for text in [
            "The tag </think> was painted on it.",
            "She read </think>, and wept.",
            "It said \"</think>\" in red.",
            "It said “</think>” in red.",
            "It ended with </think>.",
        ] {
            let mark = next(text, 0, |_| true).unwrap();
            assert!(is_word(text, &mark), "{text}");
        }
        for text in [
            "Hm.</think>It rose.",
            "Hm. </think> it rose.",
            "Hm\n</think>\nit rose.",
            "so</think> it rose.",
            "I am done </think> It rose.",
            "</think>",
        ] {
            let mark = next(text, 0, |_| true).unwrap();
            assert!(!is_word(text, &mark), "{text}");
        }
    }
}
