//! Words of an endpoint as one clean line for people.

/// Maximum length of a message in characters.
const MAX_CHARS: usize = 300;
/// Entities of HTML that stand in titles.
const ENTITIES: [(&str, &str); 7] = [
    ("&lt;", "<"),
    ("&gt;", ">"),
    ("&quot;", "\""),
    ("&#39;", "'"),
    ("&apos;", "'"),
    ("&nbsp;", " "),
    ("&amp;", "&"),
];

/// One line without control characters and escape sequences, shortened.
pub(super) fn clean(text: &str) -> String {
    // A sequence that never ends takes no more than its line.
    let plain = text.split(['\n', '\r']).map(without_sequences).collect::<Vec<_>>().join(" ");
    let seen = |c| match c {
        c if is_unseen(c) => ' ',
        // Marks of half characters, which only the text joins.
        '\u{10f000}'..='\u{10f8ff}' => char::REPLACEMENT_CHARACTER,
        c => c,
    };
    let plain: String = plain.chars().map(seen).collect();
    let line = plain.split_whitespace().collect::<Vec<_>>().join(" ");
    match line.char_indices().nth(MAX_CHARS) {
        Some((end, _)) => format!("{}…", line[..end].trim_end()),
        None => line,
    }
}

/// A line without escape sequences, in both of their forms: after an escape character, or after the
/// one control character that stands for it and the next (U+009B for `ESC [`).
fn without_sequences(line: &str) -> String {
    let mut seven_bits = String::with_capacity(line.len());
    for c in line.chars() {
        match c {
            '\u{90}' | '\u{98}' | '\u{9b}'..='\u{9f}' => {
                seven_bits.push('\u{1b}');
                seven_bits.extend(char::from_u32(u32::from(c) - 0x40));
            }
            '\u{7}' | '\u{1b}' => seven_bits.push(c),
            c => seven_bits.push(if c.is_control() { ' ' } else { c }),
        }
    }
    milepost::task::plain(&seven_bits)
}

/// Control characters, and marks that change the direction of what follows.
fn is_unseen(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}')
}

/// Title of an HTML page, or its first heading, or its text; `None` if the text is no page.
pub(super) fn page_title(text: &str) -> Option<String> {
    let start = text.trim_start().get(..15).unwrap_or(text.trim_start()).to_ascii_lowercase();
    let pages =
        ["<!doctype", "<html", "<head", "<body", "<title", "<h1", "<center", "<?xml", "<error"];
    pages.iter().any(|page| start.starts_with(page)).then_some(())?;
    let tags = ["title", "h1", "h2", "message"];
    let found = tags.iter().find_map(|tag| inside(text, tag));
    Some(found.unwrap_or_else(|| without_tags(text)))
}

/// Text of the first element of this name, unless it is empty.
fn inside(text: &str, tag: &str) -> Option<String> {
    // ASCII only: positions stay the same.
    let lower = text.to_ascii_lowercase();
    let open = lower.find(&format!("<{tag}"))?;
    let start = open + lower[open..].find('>')? + 1;
    let end = start + lower[start..].find(&format!("</{tag}"))?;
    Some(without_tags(&text[start..end])).filter(|text| !text.is_empty())
}

fn without_tags(text: &str) -> String {
    let mut plain = String::new();
    let mut rest = text;
    while let Some(open) = rest.find('<') {
        plain.push_str(&rest[..open]);
        plain.push(' ');
        rest = rest[open..].find('>').map_or("", |close| &rest[open + close + 1..]);
    }
    plain.push_str(rest);
    for (entity, character) in ENTITIES {
        plain = plain.replace(entity, character);
    }
    plain.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_is_known_by_its_title_heading_or_text() {
        let title = |text: &str| page_title(text);
        assert_eq!(title("<HTML><TITLE lang=en>a &lt; b</TITLE>").as_deref(), Some("a < b"));
        assert_eq!(title("<html><title></title><h1>Oh <b>no</b></h1>").as_deref(), Some("Oh no"));
        assert_eq!(title(" <html><p>only\n text</p>").as_deref(), Some("only text"));
        assert_eq!(
            title("<?xml version=\"1.0\"?><Error><Message>no</Message></Error>").as_deref(),
            Some("no")
        );
        assert_eq!(title("<3 you"), None);
        assert_eq!(title("<html"), Some(String::new()));
        assert_eq!(title("é"), None);
    }

    #[test]
    fn a_line_has_nothing_that_a_terminal_or_a_page_would_obey() {
        assert_eq!(clean("a\u{202e}b\r\n\tc\0"), "a b c");
        assert_eq!(clean("\u{1b}[1;31mred\u{1b}[0m \u{1b}"), "red");
        assert_eq!(clean("\u{1b}["), "");
    }

    #[test]
    fn an_escape_sequence_goes_as_a_whole() {
        for (text, line) in [
            ("a\u{1b}]0;t\u{7}b", "ab"),
            ("a\u{1b}]0;t\u{1b}\\b", "ab"),
            ("a\u{1b}]8;;x\u{1b}\\link\u{1b}]8;;\u{1b}\\b", "alinkb"),
            ("a\u{1b}Pq#0\u{1b}\\b", "ab"),
            ("a\u{1b}_x\u{1b}\\b", "ab"),
            ("a\u{1b}(Bb\u{1b}=c", "abc"),
            ("a\u{1b}[?25lb\u{1b}[5~c", "abc"),
            ("a\u{9b}31mb\u{9b}0m", "ab"),
            ("a\u{9d}0;t\u{7}b", "ab"),
            ("a\u{9d}0;t\u{9c}b", "ab"),
            ("a\u{90}q\u{9c}b", "ab"),
            ("a\u{85}b\u{9c}", "a b"),
            ("a \u{1b}]0;never\nb", "a b"),
            ("a [31m ]0;t b", "a [31m ]0;t b"),
        ] {
            assert_eq!(clean(text), line, "{text:?}");
        }
    }
}
