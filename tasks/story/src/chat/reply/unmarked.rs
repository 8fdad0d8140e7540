//! Thinking without any mark: its beginning stood in the prompt, and the reply was cut before its end.

/// How models begin to think, in lower case.
const OPENINGS: [&str; 22] = [
    "okay",
    "ok,",
    "ok.",
    "alright",
    "hmm",
    "hm,",
    "so,",
    "so the user",
    "well,",
    "first,",
    "the user",
    "user wants",
    "we need",
    "we are asked",
    "we have to",
    "we should",
    "i need",
    "i have to",
    "i'm asked",
    "i should",
    "let me",
    "let's",
];
/// What thinking is about and a story is not, in lower case.
const SUBJECTS: [&str; 18] = [
    "the user",
    "user wants",
    "the prompt",
    "the instructions",
    "the request",
    "the research",
    "the protagonist",
    "the chapter",
    "this chapter",
    "a chapter",
    "next chapter",
    "first chapter",
    "the outline",
    "write a story",
    "write the story",
    "word count",
    "in json",
    "json format",
];
/// Characters in which a subject must occur.
const BEGINNING: usize = 400;

/// Whether a text that was cut is thinking from its beginning on.
pub(super) fn is_thinking(text: &str) -> bool {
    opens(text) && SUBJECTS.iter().any(|subject| beginning(text).contains(subject))
}

/// Whether a text begins as models begin to think.
pub(super) fn opens(text: &str) -> bool {
    let begin = beginning(text);
    OPENINGS.iter().any(|opening| begin.starts_with(opening))
}

fn beginning(text: &str) -> String {
    let begin: String = text.trim_start().chars().take(BEGINNING).collect();
    begin.to_lowercase().replace('\u{2019}', "'")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn thinking_is_told_from_a_story() {
        for text in [
            "Okay, the user wants a story about a lighthouse. Let me think about the setting",
            "Alright, so I need to write the chapter in about 800 words. The outline says",
            "Hmm, the user asks for the second part.",
            "We need to produce a chapter about the keeper, Ada, who",
            "The user wants a chapter. I should begin with",
            "Let me plan this chapter:\n1. Ada arrives",
            "I need to output the outline in JSON format",
            "\n\nLet\u{2019}s write the story. The research mentions",
        ] {
            assert!(is_thinking(text), "{text}");
        }
        for text in [
            "Okay, thought Ada, and she went up the stairs of the lighthouse.",
            "Let me tell you of the sea, said the keeper.",
            "The lighthouse stood at the end of the pier, and the user of the lamp was gone.",
            "I need to write this down before the tide comes.",
            "\u{201c}Well,\u{201d} said Ada.",
            "",
        ] {
            assert!(!is_thinking(text), "{text}");
        }
    }
}
