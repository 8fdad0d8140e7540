//! Complete stories.

use std::collections::HashSet;

use proptest::prelude::*;

use super::{super::research::Research, compose::compose, *};

fn tell(text: &str, subject: &str, player: &str) -> Tale {
    compose(text, &Research::read(text), subject, player)
}

fn whole(tale: &Tale) -> String {
    let parts: Vec<String> =
        tale.chapters.iter().map(|c| format!("## {}\n\n{}", plain(&c.title), c.text)).collect();
    parts.join("\n\n")
}

const LIGHTHOUSE: &str = include_str!("../../../../output/lighthouse/research.md");
const SOURDOUGH: &str = include_str!("../../../../output/sourdough/research.md");

#[test]
fn the_same_input_gives_the_same_story_and_another_player_another_one() {
    let ada = tell(LIGHTHOUSE, "lighthouse", "Ada");
    assert_eq!(ada, tell(LIGHTHOUSE, "lighthouse", "Ada"));
    let grace = tell(LIGHTHOUSE, "lighthouse", "Grace");
    assert_ne!(whole(&ada).replace("Ada", "Grace"), whole(&grace));
}

#[test]
fn the_headings_become_the_chapters_and_the_player_walks_through_them() {
    let tale = tell(LIGHTHOUSE, "lighthouse", "Ada");
    assert_eq!(tale.title, "The Dark Night of Gannet Stone");
    let titles: Vec<_> = tale.chapters.iter().map(|chapter| chapter.title.as_str()).collect();
    assert_eq!(titles[0], "The rock before the light");
    assert!(!titles.contains(&"About this text"));
    assert!(tale.chapters.iter().filter(|chapter| chapter.text.contains("Ada")).count() >= 6);
}

#[test]
fn the_question_of_the_text_is_asked_first_and_answered_last() {
    for (text, question, answer) in [
        (LIGHTHOUSE, "Why did the lamp on Gannet Stone go dark", "believed by the wrong people"),
        (SOURDOUGH, "Why does a jar of wet flour", "because it is already full"),
    ] {
        let tale = tell(text, "subject", "Ada");
        assert!(tale.chapters[0].text.contains(question));
        let all = whole(&tale);
        assert_eq!(all.matches(answer).count(), 1);
        assert!(tale.chapters.last().unwrap().text.contains(answer));
    }
}

/// Every line that does not come from the text occurs once.
#[test]
fn no_line_of_the_narrator_comes_twice() {
    for (text, player) in
        [(LIGHTHOUSE, "Ada"), (LIGHTHOUSE, "Bo"), (SOURDOUGH, "Ada"), (SOURDOUGH, "Bo")]
    {
        let tale = tell(text, "subject", player);
        let all = whole(&tale);
        let mut seen = HashSet::new();
        let question = all.split("\n\n").find(|part| part.starts_with('*') && part.contains('?'));
        for part in all.split("\n\n").filter(|part| Some(*part) != question) {
            assert!(seen.insert(part), "twice: {part}");
        }
    }
}

/// Everything quoted or narrated occurs verbatim in the text.
#[test]
fn facts_are_the_texts_own_sentences() {
    let research = Research::read(LIGHTHOUSE);
    let known: HashSet<String> =
        research.paragraphs().flat_map(|p| p.sentences.clone()).map(|s| plain(&s)).collect();
    let all = whole(&tell(LIGHTHOUSE, "lighthouse", "Ada"));
    let mut quotes = 0;
    for quote in all.lines().filter_map(|line| line.strip_prefix("> ")) {
        for sentence in super::super::sentences::split(quote) {
            assert!(known.contains(&sentence), "not in the text: {sentence}");
            quotes += 1;
        }
    }
    assert!(quotes >= 5);
    let told = known.iter().filter(|sentence| all.contains(sentence.trim_end_matches('.'))).count();
    assert!(told * 2 > known.len(), "only {told} of {} sentences were told", known.len());
}

#[test]
fn two_texts_give_two_different_stories() {
    let lighthouse = whole(&tell(LIGHTHOUSE, "lighthouse", "Ada"));
    let sourdough = whole(&tell(SOURDOUGH, "sourdough", "Ada"));
    let lines: HashSet<&str> = lighthouse.lines().filter(|line| line.len() > 40).collect();
    let shared = sourdough.lines().filter(|line| lines.contains(line)).count();
    assert!(shared <= 2, "{shared} lines are the same");
}

#[test]
fn a_text_without_headings_is_cut_by_topic() {
    let plain: String =
        SOURDOUGH.lines().filter(|line| !line.starts_with('#')).collect::<Vec<_>>().join("\n");
    let tale = tell(&plain, "sourdough", "Ada");
    assert!((4..=9).contains(&tale.chapters.len()), "{}", tale.chapters.len());
    let titles: HashSet<_> = tale.chapters.iter().map(|chapter| &chapter.title).collect();
    assert_eq!(titles.len(), tale.chapters.len());
}

#[test]
fn small_and_odd_texts_have_a_story_too() {
    let texts = [
        "tides",
        "The sea rises twice a day.",
        "- flour\n- water\n- salt\n",
        "| a | b |\n|---|---|\n| 1 | 2 |\n",
        "```\nfn main() {}\n```",
        "Der Leuchtturm steht am Meer. Er brennt jede Nacht. Niemand wohnt dort.",
        "海很大。灯塔很高。谁在那里？没有人。",
        "What is it? It is what it is.",
        "# A\n\nx.\n\n# B\n\ny.\n",
        "\"Quoted,\" he said. \"Twice.\" And again: \"Never.\"",
    ];
    for text in texts {
        let tale = tell(text, "odd", "Ada");
        let all = whole(&tale);
        assert!(!tale.chapters.is_empty(), "{text}");
        assert!(all.contains("Ada"), "{text}");
        let word =
            text.split(|c: char| !c.is_alphanumeric()).max_by_key(|word| word.len()).unwrap();
        assert!(all.contains(word), "{word} is missing in:\n{all}");
    }
}

#[test]
fn hostile_markdown_cannot_leave_its_place() {
    let text = "# <img src=x onerror=alert(1)>\n\nThe [link](javascript:alert(1)) is **here** & \
        &lt;there&gt;. A `code` span_with_marks.\n\n## <script>x</script>Head\n\n* * *\n\nA <b>bold</b> line.";
    let all = whole(&tell(text, "x", "*<i>Mallory</i>*"));
    for (at, _) in all.match_indices('<') {
        assert!(all[..at].ends_with('\\'), "a tag at {at} in:\n{all}");
    }
    assert!(!all.contains("](javascript"));
}

#[test]
fn two_megabytes_are_told_in_a_few_chapters() {
    let text = SOURDOUGH.repeat(2_000_000 / SOURDOUGH.len());
    let tale = tell(&text, "much", "Ada");
    assert!((1..=9).contains(&tale.chapters.len()));
    assert!(whole(&tale).split_whitespace().count() < 6_000);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn any_text_that_says_something_has_a_chapter(
        text in "(\\PC|\n|[#*>|`.!? -]){0,400}",
        player in "\\PC{1,20}",
    ) {
        let research = Research::read(&text);
        if !research.is_empty() {
            let tale = compose(&text, &research, "subject", &player);
            prop_assert!(!tale.chapters.is_empty());
            prop_assert!(tale.chapters.iter().all(|chapter| !chapter.text.trim().is_empty()));
        }
    }

    #[test]
    fn any_english_text_has_a_chapter(
        words in prop::collection::vec(
            prop::sample::select(vec![
                "the", "The", "lamp", "tower", "of", "and", "was", "in", "1871", "31", "steps",
                "Josiah", "Penhale", "because", "why", "it", "But", "salt", ".", "?", "\n\n", "\n# ",
                "\n- ", "“", "”", ",",
            ]),
            1..300,
        ),
    ) {
        let text = words.join(" ");
        let research = Research::read(&text);
        if !research.is_empty() {
            let tale = compose(&text, &research, "subject", "Ada");
            prop_assert!(!tale.chapters.is_empty() && tale.chapters.len() <= 9);
        }
    }
}
