//! Settings in which the protagonist meets the text: five frames with lines of their own.
//!
//! A line is used at most once in a story. Slots: `{p}` the player, `{topic}` the text's title,
//! `{q}` the question, `{next}` the next chapter's heading, `{ps}` the player's. No line makes a
//! statement about the subject, and none needs a pronoun for the player.

mod archive;
mod cafe;
mod museum;
mod train;
mod workshop;

use super::{super::lexicon::Lexicon, voice::Dice};

/// Lines of one setting.
pub(super) struct Frame {
    /// Openings of several paragraphs that ask `{q}`. The first answer and the first farewell
    /// belong to the first opening, and so on.
    pub(super) openings: &'static [&'static str],
    /// Beginnings of later chapters, below their headings.
    pub(super) arrivals: &'static [&'static str],
    /// Introductions of a quoted passage; each ends with a colon.
    pub(super) readings: &'static [&'static str],
    /// Introductions of a list or a table.
    pub(super) lists: &'static [&'static str],
    /// Events in the surroundings.
    pub(super) asides: &'static [&'static str],
    /// Endings of a chapter, with `{next}`.
    pub(super) hooks: &'static [&'static str],
    /// Introductions of the answer, with `{q}`.
    pub(super) answers: &'static [&'static str],
    /// Last lines.
    pub(super) farewells: &'static [&'static str],
    /// Speaker tags after a quotation.
    pub(super) tags: &'static [&'static str],
}

/// Chooses a historical setting for texts in the past tense with years, otherwise a practical one.
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
