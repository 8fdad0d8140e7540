//! Where and how the protagonist meets the text: five settings with lines of their own.
//!
//! A line is drawn at most once in a story. Slots: `{p}` the player, `{topic}` the text's title,
//! `{q}` the question, `{next}` the next chapter's heading, `{ps}` the player's. No line says
//! anything about the subject, and none needs a pronoun for the player.

mod archive;
mod cafe;
mod museum;
mod train;
mod workshop;

use super::{super::lexicon::Lexicon, voice::Dice};

/// One setting.
pub(super) struct Frame {
    /// Ways to begin; each is several paragraphs and asks `{q}`. The first answer and the first
    /// farewell go with the first opening, and so on.
    pub(super) openings: &'static [&'static str],
    /// Ways into a later chapter; its heading stands right above.
    pub(super) arrivals: &'static [&'static str],
    /// Ways into a passage that is read; each ends with a colon.
    pub(super) readings: &'static [&'static str],
    /// Ways into a list or a table.
    pub(super) lists: &'static [&'static str],
    /// What happens around.
    pub(super) asides: &'static [&'static str],
    /// Ways out of a chapter, with `{next}`.
    pub(super) hooks: &'static [&'static str],
    /// Ways to the answer, with `{q}`.
    pub(super) answers: &'static [&'static str],
    /// The last lines.
    pub(super) farewells: &'static [&'static str],
    /// Who speaks, as it stands after a quotation.
    pub(super) tags: &'static [&'static str],
}

/// Texts of what was get the settings with a past, the others those with a table to work at.
pub(super) fn choose(lexicon: &Lexicon, dice: &mut Dice) -> &'static Frame {
    let history = [&archive::FRAME, &train::FRAME, &museum::FRAME];
    let matters = [&workshop::FRAME, &cafe::FRAME];
    let told = lexicon.past && lexicon.years > 0.05;
    let frames: &[&'static Frame] = if told { &history } else { &matters };
    frames[dice.below(frames.len())]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_frame_has_lines_for_the_longest_story() {
        let frames =
            [&archive::FRAME, &train::FRAME, &museum::FRAME, &workshop::FRAME, &cafe::FRAME];
        for frame in frames {
            let name = frame.openings[0];
            assert!(frame.arrivals.len() >= 9 && frame.hooks.len() >= 9, "{name}");
            assert!(frame.readings.len() >= 9 && frame.asides.len() >= 9, "{name}");
            assert!(frame.hooks.iter().all(|line| line.contains("{next}")), "{name}");
            assert!(frame.openings.iter().all(|line| line.contains("{q}")), "{name}");
            assert_eq!(frame.openings.len(), frame.answers.len(), "{name}");
            assert_eq!(frame.openings.len(), frame.farewells.len(), "{name}");
            assert!(frame.readings.iter().all(|line| line.ends_with(':')), "{name}");
        }
    }
}
