use super::{super::sentences::split, *};

fn lexicon(text: &str) -> Lexicon {
    let sentences = split(text);
    Lexicon::build(sentences.iter().map(String::as_str))
}

const LIGHT: &str = "The tower was built in 1871 by Josiah Penhale. The lamp stood at the top of the \
    tower. When the fog bell rang, Penhale lit the lamp. The keeper of the fog bell was Mary Hale. \
    In fog the lamp was of no use, and Mary Hale rang the fog bell with salt on the rope.";

#[test]
fn names_and_things_are_found_with_their_articles() {
    let lexicon = lexicon(LIGHT);
    let shown: Vec<_> = lexicon.terms.iter().map(|term| term.shown.as_str()).collect();
    for term in ["Josiah Penhale", "Mary Hale", "the tower", "the lamp", "the fog bell"] {
        assert!(shown.contains(&term), "{term} is not in {shown:?}");
    }
    assert!(lexicon.english && lexicon.past);
}

#[test]
fn a_surname_alone_is_the_full_name() {
    let lexicon = lexicon(LIGHT);
    let found = lexicon.terms_in("Then Penhale's boat came.");
    assert_eq!(found.len(), 1);
    assert_eq!(lexicon.terms[found[0]].shown, "Josiah Penhale");
}

#[test]
fn years_need_a_word_that_leads_to_them() {
    assert_eq!(years("In 1871 it cost 1904 pounds, until March 1902."), [1871, 1902]);
}

#[test]
fn figures_keep_their_units() {
    assert_eq!(
        figures("It has 178 steps and is 31.5 metres high; 12 of them."),
        ["178 steps", "31.5 metres"]
    );
}

#[test]
fn another_language_is_noticed_and_has_terms_too() {
    let lexicon = lexicon(
        "Der Leuchtturm steht am Meer. Der Leuchtturm brennt jede Nacht. Am Meer wohnt niemand.",
    );
    assert!(!lexicon.english);
    assert_eq!(lexicon.terms[0].shown, "“leuchtturm”");
}

#[test]
fn the_order_of_terms_is_the_same_each_time() {
    assert_eq!(lexicon(LIGHT).terms, lexicon(LIGHT).terms);
}
