//! Thinking in the dialects of models, and words of a story that look like it.

use super::*;

fn story_of(text: &str) -> String {
    without_thinking(text, false).0.trim().to_owned()
}

#[test]
fn thinking_is_removed_in_every_dialect() {
    let texts = [
        "<think>\nHm. 1 < 2.\n</think>\n\nIt rose.",
        "<Thinking time=\"3\">Hm.</Thinking>It rose.",
        "Hm, the user wants a story.\n</think>\n\nIt rose.",
        "<think></think>It rose.",
        "<think>a<think>b</think>c</think>It rose.",
        "[THINK]Hm.[/THINK]It rose.",
        "◁think▷Hm.◁/think▷It rose.",
        "<seed:think>Hm.</seed:think>It rose.",
        "<|begin_of_thought|>Hm.<|end_of_thought|>\nIt rose.",
        "<|START_THINKING|>Hm.<|END_THINKING|>It rose.",
        "<unused94>thought\nHm.<unused95>It rose.",
        "<|channel>thought\nHm.<channel|>It rose.",
        "<|channel|>analysis<|message|>Hm.<|end|><|start|>assistant<|channel|>final<|message|>It rose.<|return|>",
        "analysisHm, a story.assistantfinalIt rose.",
        "Hm, a story.assistantfinalIt rose.",
        "assistantfinalIt rose.",
        "Hm.<|end|><|start|>assistant<|channel|>final<|message|>It rose.",
        "Hm.<|end|>assistant<|channel|>final<|message|>It rose.<|return|>",
        "Hm.<|channel|>final<|message|>It rose.",
        "analysis<|message|>Hm.<|end|><|start|>assistant<|channel|>final<|message|>It rose.",
        "final<|message|>It rose.<|return|>",
        "<reasoning>Hm.</reasoning>\nIt rose.",
        "<mm:think>Hm.</mm:think>It rose.",
        "<longcat_think>Hm.</longcat_think>It rose.",
        "<ant_thinking>Hm.</ant_thinking>It rose.",
        "<x-Deep.Thinking a=\"1\">Hm.</x-Deep.Thinking>It rose.",
        "Hm.</mm:think>It rose.",
        "<seed:reasoning>Hm.</seed:reasoning>It rose.",
        "<|inner_prefix|>Hm.<|inner_suffix|>It rose.",
        "<|think|>Hm.<|/think|>It rose.",
        "<|thinking|>Hm.<|end_of_thinking|>It rose.",
        "Hm.<|/think|>It rose.",
        "Thinking...\nHm, a sea.\n...done thinking.\n\nIt rose.",
        "\nThinking...\r\n\r\nHm.\r\n...done thinking.\r\n\r\nIt rose.",
        "Here is my thought process: Hm.\nHere is my response: It rose.",
        "Here's my thought process:\nHm.\n\nHere's my response:\nIt rose.",
        "**Here is my thought process:** Hm.\n**Here is my response:** It rose.",
        "Hm, a sea.\n...done thinking.\n\nIt rose.",
        "Okay, the user wants a chapter.\n\nHere is my response:\nIt rose.",
        "&lt;think&gt;Hm.&lt;/think&gt;\nIt rose.",
        "&lt;mm:think a=1&gt;1 &lt; 2&lt;/mm:think&gt;It rose.",
        "Hm.&lt;/think&gt;It rose.",
        "< think >Hm.< / think >It rose.",
        "<deep_think>Hm.</deep_think>It rose.",
        "<|cot_start|>Hm.<|cot_end|>It rose.",
        "<|dummy_86|>Hm.<|dummy_87|>It rose.",
        "<SPECIAL_12>Hm.<SPECIAL_13>It rose.",
        "<|think|>Hm.<|end|>It rose.",
        "<|im_start|>assistant\n<think>Hm.</think>It rose.",
        "```thinking\nHm.\n```\n\nIt rose.",
        "**Thinking:** Hm.\n\n**Answer:**\nIt rose.",
        "[REASONING]Hm.[/REASONING]It rose.",
        "[thinking]\nHm.\n[/thinking]\n\nIt rose.",
        "<think_start>Hm.<think_end>It rose.",
        "<|thinking_start|>Hm.<|thinking_end|>It rose.",
        "<|start_of_thought|>Hm.<|end_of_thought|>It rose.",
        "<start_thinking>Hm.<end_thinking>It rose.",
        "<cot>Hm.</cot>It rose.",
        "<plan>\nHm.\n</plan>\nIt rose.",
        "<inner_monologue>Hm.</inner_monologue>\nIt rose.",
        "[PLAN]\nHm.\n[/PLAN]\nIt rose.",
        "<scratchpad>Hm, <plan>, so.</scratchpad>It rose.",
        "<think>The user wants the tag </think> to stand in it.\n</think>\nIt rose.",
        "<think>Hm, the word </think>, so.\n</think>\nIt rose.",
        "<think>Hm, so </think> It rose.",
        "<details type=\"reasoning\" done=\"true\">\nHm.\n</details>\nIt rose.",
    ];
    for text in texts {
        assert_eq!(story_of(text), "It rose.", "{text}");
    }
    assert_eq!(story_of("It rose.\n<think>Hm.</think>\nIt fell."), "It rose.\n\nIt fell.");
}

#[test]
fn thinking_that_never_ended_is_no_text() {
    for text in [
        "<think>Hm, so",
        " \n<think>",
        "<|channel|>analysis<|message|>Hm",
        "analysis<|message|>Hm",
        "analysisWe need to write chapter 1.",
        "Hm.</think>",
        "<mm:think>Hm",
        "<|inner_prefix|>Hm",
        "Thinking...\nHm, so",
        "Here is my thought process: Hm",
        "&lt;think&gt;Hm",
        "```thinking\nHm",
        "**Thinking:** Hm",
        "<|im_start|>assistant<think>Hm",
    ] {
        assert_eq!(story_of(text), "", "{text}");
    }
    assert_eq!(story_of("It rose.\n<think>Hm"), "It rose.");
    assert_eq!(without_thinking("It rose. <think>Hm", true).0.trim(), "It rose.");
}

#[test]
fn thinking_without_a_mark_is_no_text_if_it_was_cut() {
    let thinking = "Okay, the user wants a story about the sea. I should begin";
    assert_eq!(without_thinking(thinking, true), (String::new(), thinking.chars().count() as u64));
    assert_eq!(story_of(thinking), thinking, "it ended by itself: it is what the model said");
    let story = "It rose, and the user of the lamp was gone.";
    assert_eq!(without_thinking(story, true).0, story);
}

#[test]
fn words_of_a_story_stay() {
    for text in [
        "She typed `<think>` and `</think>` into the box.",
        "The tag <think> was new to her.",
        "It rose < fell > rose. [think again] <thinker> <3",
        "She drew <details>, then <analysis/>.",
        "Thinking... she sat down. It rose.",
        "It rose.\nThinking...\nIt fell.\n...done thinking.",
        "She read: Here is my thought process: none. Here is my response: none.",
        "Here is my house.",
        "He wrote back.\nHere is my response:\nIt rose.",
        "It rose &lt; fell &amp; &lt;b&gt; rose.",
        "The tag &lt;think&gt; was new to her.",
        "It was 1 < 2 and 3 > 2. < b >",
        "## Thinking\n\nIt rose.",
        "analysis of the sea was her work. It rose.",
        "The tag </think> was painted on the door.",
        "She read the words <think> and </think> on the door.",
        "He said \"<think>\" and she said \"</think>\".",
        "They wrote </thinking>, and it rose.",
        "The sign [reasoning] hung there. [plan]\nIt rose.",
        "</plan> stood on the door, and <plan> below.",
        "She had a <plan>, then a </plan>.",
        "<plan> stood on the door.",
        "A <|pipe|> and a <| think |>, then <rethink/>.",
    ] {
        assert_eq!(story_of(text), text);
    }
}

#[test]
fn it_is_known_whether_a_model_still_thinks() {
    for text in [
        "<think>",
        " <think>\nHm",
        "<|channel|>analysis<|message|>Hm",
        "[THINK]a",
        "<|think|>",
        "Thinking...\nHm",
        "Here is my thought process: a",
        "&lt;think&gt;Hm",
        "```thinking\nHm",
        "**Thinking:** A",
        "<|begin|>assistant<|think|>a",
        "analysis<|message|>Hm",
        "analysisWe need",
    ] {
        assert!(is_thinking(text), "{text}");
    }
    for text in [
        "",
        "It rose",
        "<think>Hm</think>It",
        "<thi",
        "a<|channel|>final<|message|>b",
        "analysisWe need.assistantfinalIt",
        "Thinking",
        "Thinking...\na\n...done thinking.\nIt",
        "Here is my",
        "```thinking",
        "**Thinking:** a\n**Answer:** It",
        "<|think|>a<|end|><|begin|>assistant",
    ] {
        assert!(!is_thinking(text), "{text}");
    }
}
