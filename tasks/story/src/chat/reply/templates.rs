//! The marks of chat templates, and the turns of a conversation that a model plays by itself.

use super::marks::mark_at;

/// Marks after which a model has ended, though its template lets it go on.
const ENDS: [&str; 16] = [
    "<|im_end|>",
    "<|im_start|>",
    "<|eot_id|>",
    "<|eom_id|>",
    "<|endoftext|>",
    "<|end_of_text|>",
    "<|start_header_id|>",
    "<end_of_turn>",
    "<start_of_turn>",
    "<｜end▁of▁sentence｜>",
    "<|return|>",
    "<|end|>",
    "<turn|>",
    "[INST]",
    "<<SYS>>",
    "<</SYS>>",
];
/// Marks at the beginning and at the end of a reply, besides those between `<|` and `|>`.
const MARKS: [&str; 22] = [
    "<|start|>assistant",
    "<|im_start|>assistant",
    "<|start_header_id|>assistant<|end_header_id|>",
    "<start_of_turn>model",
    "<｜begin▁of▁sentence｜>",
    "<｜Assistant｜>",
    "<｜User｜>",
    "<|begin|>assistant",
    "<s>",
    "</s>",
    "<eos>",
    "<bos>",
    "<pad>",
    "<unk>",
    "<0x0A>",
    "[BOS]",
    "[EOS]",
    "[PAD]",
    "[UNK]",
    "[SEP]",
    "[CLS]",
    "[/INST]",
];
/// Marks that tell a part of the text from another one: they are read elsewhere.
const PARTS: [&str; 6] =
    ["<|channel|>", "<|message|>", "<|start|>", "<|end|>", "<|return|>", "<|call|>"];
/// Headings of turns in templates without marks, in lower case.
const TURNS: [&str; 7] = [
    "### instruction:",
    "### input:",
    "### human:",
    "### user:",
    "### system:",
    "### assistant:",
    "### response:",
];
/// Headings of the reply itself, in lower case.
const REPLIES: [&str; 3] = ["### response:", "### assistant:", "assistant:"];
/// Names before what a person says, in lower case: a play may have them too.
const PEOPLE: [&str; 2] = ["human:", "user:"];
/// Maximum length of the name between `<|` and `|>`, in bytes.
const MAX_NAME: usize = 40;

/// A text without the marks at its beginning.
pub(super) fn begun(text: &str) -> &str {
    let mut text = text.trim_start();
    while let Some(rest) = after_mark(text).or_else(|| after_heading(text)) {
        text = rest.trim_start();
    }
    text
}

/// A text without the marks around it, up to where another turn begins.
pub(super) fn without_marks(text: &str) -> &str {
    let mut text = begun(text);
    let ended = ENDS.iter().filter_map(|mark| text.find(mark)).chain(turn(text)).min();
    text = text[..ended.unwrap_or(text.len())].trim_end();
    while let Some(rest) = before_mark(text) {
        text = rest.trim_end();
    }
    text
}

fn after_mark(text: &str) -> Option<&str> {
    let known = MARKS.iter().find_map(|mark| text.strip_prefix(mark));
    known.or_else(|| {
        let rest = text.strip_prefix("<|")?;
        let (name, after) = rest.split_once("|>").filter(|(name, _)| is_name(name))?;
        let mark = &text[..text.len() - after.len()];
        let is_part = PARTS.contains(&mark) || name == "inner_prefix" || mark_at(mark).is_some();
        (!is_part).then_some(after)
    })
}

fn before_mark(text: &str) -> Option<&str> {
    let known = MARKS.iter().find_map(|mark| text.strip_suffix(mark));
    known.or_else(|| {
        let (before, name) = text.strip_suffix("|>")?.rsplit_once("<|")?;
        is_name(name).then_some(before)
    })
}

fn is_name(name: &str) -> bool {
    let of_name = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '/');
    (1..=MAX_NAME).contains(&name.len()) && name.chars().all(of_name)
}

fn after_heading(text: &str) -> Option<&str> {
    REPLIES.iter().find_map(|heading| {
        let begin = text.get(..heading.len())?;
        begin.eq_ignore_ascii_case(heading).then(|| &text[heading.len()..])
    })
}

/// Where another turn of a conversation begins.
fn turn(text: &str) -> Option<usize> {
    // ASCII only: positions stay the same.
    let lower = text.to_ascii_lowercase();
    let lines = || lower.match_indices('\n').map(|(at, _)| (at + 1, &lower[at + 1..]));
    let begins = |line: &str, names: &[&str]| names.iter().any(|name| line.starts_with(name));
    let heading = lines().find(|(_, line)| begins(line, &TURNS)).map(|(at, _)| at);
    let person = lines().find(|(_, line)| begins(line, &PEOPLE)).map(|(at, _)| at);
    let person = person.filter(|at| {
        // A play has lines of others; a conversation goes on with the model, or has ended.
        let rest = &lower[*at..];
        let blank_line = lower[..*at].ends_with("\n\n");
        rest.contains("\nassistant:") || blank_line && !rest.trim_end().contains('\n')
    });
    heading.into_iter().chain(person).min()
}

#[cfg(test)]
mod tests {
    use super::super::clean::clean;

    fn story_of(text: &str) -> String {
        clean(text, false).text
    }

    #[test]
    fn another_turn_is_none_of_the_story() {
        for text in [
            "It rose.[INST] Go on. [/INST] It fell.",
            "It rose.\n<<SYS>>\nYou are",
            "It rose.\n### Instruction:\nGo on.\n### Response:\nIt fell.",
            "It rose.\n\n### Human: Go on.",
            "It rose.\nUser: Go on.\nAssistant: It fell.",
            "It rose.\n\nHuman: Go on.",
            "### Response:\nIt rose.",
            "Assistant: It rose.",
            "<|assistant|>\nIt rose.<|user|>",
            "<|bot|>It rose.<|eos_token|>",
            "<|START_OF_TURN_TOKEN|><|CHATBOT_TOKEN|>It rose.<|END_OF_TURN_TOKEN|>",
            "<｜Assistant｜>It rose.<｜end▁of▁sentence｜><｜User｜>",
            "It rose.<pad><pad>",
            "<unk>It rose.[PAD][PAD]",
        ] {
            assert_eq!(story_of(text), "It rose.", "{text}");
        }
        for text in [
            "He read: ### Instruction: none. It rose.",
            "USER: It rose.\nADA: It fell.",
            "It rose.\nHuman: I am one.\nMachine: I am none.\nIt fell.",
            "The <|pipe|> rose, and <pad> fell here.",
            "[INSTANT] it rose.",
        ] {
            assert_eq!(story_of(text), text);
        }
    }

    #[test]
    fn marks_of_templates_are_removed() {
        let cases = [
            ("It rose.<|im_end|>", "It rose."),
            ("<s> It rose.</s>", "It rose."),
            ("<|im_start|>assistant\nIt rose.<|im_end|>\n<|im_start|>user\nMore", "It rose."),
            ("<answer>It rose.</answer>", "It rose."),
            ("<response>\nIt rose.\n</response><|im_end|>", "It rose."),
            ("<think>Hm.</think>\n<response>\nIt rose.\n</response>", "It rose."),
            ("<reflection>Hm.</reflection><output>It rose.</output>", "It rose."),
            ("<output><think>Hm.</think>It rose.</output>", "It rose."),
            ("```markdown\n<story>It rose.</story>\n```", "It rose."),
            ("<story>\n```markdown\nIt rose.\n```\n</story>", "It rose."),
            ("<|think|>Hm.<|end|><|begin|>assistant<|content|>It rose.", "It rose."),
            (
                "<|begin|>assistant<|think|>Hm.<|end|><|begin|>assistant<|content|>It rose.<|end|>",
                "It rose.",
            ),
            ("<|begin|>assistant<|content|>It rose.<|end|>", "It rose."),
            ("<|begin|>assistant<|think|>Hm", ""),
            ("<|think|>Hm.<|end|>", ""),
            ("It rose.<end_of_turn>\n", "It rose."),
            ("It rose.<｜end▁of▁sentence｜>", "It rose."),
            ("I <3 you.", "I <3 you."),
            ("It rose.\r\n\u{1b}[1mIt\0 fell.", "It rose.\n[1mIt fell."),
        ];
        for (text, clean) in cases {
            assert_eq!(story_of(text), clean, "{text}");
        }
    }
}
