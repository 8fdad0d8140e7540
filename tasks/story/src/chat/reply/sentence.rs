//! Where sentences end.

/// Characters that end a sentence.
const ENDS: [char; 15] =
    ['.', '!', '?', '…', '。', '！', '？', '।', '؟', '۔', '።', '។', '။', '։', '།'];

/// Position after the last whole sentence, with the quotation marks and emphasis that close after
/// it; `None` if no sentence ends.
pub(crate) fn last_end(text: &str) -> Option<usize> {
    let at = text.rfind(ENDS)?;
    let mark = text[at..].chars().next().map_or(0, char::len_utf8);
    let rest = &text[at + mark..];
    Some(text.len() - rest.trim_start_matches(closes).len())
}

/// Whether a text ends with a whole sentence, perhaps within a block, or above a line.
pub(super) fn is_whole(text: &str) -> bool {
    let frame = |c: char| c.is_whitespace() || matches!(c, '}' | ']' | '`' | '~' | '-');
    // A mark of a template or an element is no text.
    let text = text.trim_end();
    let text = match text.rfind('<') {
        Some(open) if text.ends_with('>') => &text[..open],
        _ => text,
    };
    text.trim_end_matches(|c| frame(c) || closes(c)).ends_with(ENDS)
}

fn closes(c: char) -> bool {
    matches!(c, '”' | '"' | '’' | '\'' | '»' | '«' | '“' | '）' | ')' | '」' | '』' | '*' | '_')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_whole_sentence_is_told_from_half_a_one() {
        for text in [
            "It rose.",
            "It rose. \n",
            "“It rose!”",
            "*It rose…*",
            "It rose.\n\n---\n",
            "潮が満ちた。",
            "(It rose?)",
            "```\nIt rose.\n```",
            "It rose.</answer>",
            "It rose.<|im_end|>",
            "{\"chapter\": \"It rose.\"}",
        ] {
            assert!(is_whole(text), "{text}");
        }
        for text in ["", "It rose. It fe", "It rose,", "It rose —", "...and", "“It rose”", "<b>"]
        {
            assert!(!is_whole(text), "{text}");
        }
    }
}
