//! Lines that react to the content of a passage: a figure, a year, a name, something met before.
//!
//! Slots: `{p}` the player, `{x}` a term within a sentence and `{X}` at its start, `{n}` a figure,
//! `{y}` `{z}` years and `{d}` the years between them, `{h}` an earlier heading, `{names}`
//! `{figures}` counts of both so far, `{list}` names met so far.

use super::voice::{Deck, Dice};

/// All decks of one story.
#[derive(Clone, Debug)]
pub(super) struct Beats {
    pub(super) figure: Deck,
    pub(super) span: Deck,
    pub(super) name: Deck,
    pub(super) term: Deck,
    pub(super) callback: Deck,
    pub(super) thread: Deck,
    pub(super) lead: Deck,
    pub(super) ask_year: Deck,
    pub(super) ask_term: Deck,
    pub(super) ask_why: Deck,
    pub(super) ask_figure: Deck,
    pub(super) ask_turn: Deck,
    pub(super) ask: Deck,
    pub(super) solved: Deck,
    pub(super) guess: Deck,
    pub(super) doubt: Deck,
    pub(super) tally: Deck,
    pub(super) recap: Deck,
}

impl Beats {
    /// Creates and shuffles the decks.
    pub(super) fn new(dice: &mut Dice) -> Self {
        Self {
            figure: Deck::new(FIGURE, dice),
            span: Deck::new(SPAN, dice),
            name: Deck::new(NAME, dice),
            term: Deck::new(TERM, dice),
            callback: Deck::new(CALLBACK, dice),
            thread: Deck::new(THREAD, dice),
            lead: Deck::new(LEAD, dice),
            ask_year: Deck::new(ASK_YEAR, dice),
            ask_term: Deck::new(ASK_TERM, dice),
            ask_why: Deck::new(ASK_WHY, dice),
            ask_figure: Deck::new(ASK_FIGURE, dice),
            ask_turn: Deck::new(ASK_TURN, dice),
            ask: Deck::new(ASK, dice),
            solved: Deck::new(SOLVED, dice),
            guess: Deck::new(GUESS, dice),
            doubt: Deck::new(DOUBT, dice),
            tally: Deck::new(TALLY, dice),
            recap: Deck::new(RECAP, dice),
        }
    }
}

const FIGURE: &[&str] = &[
    "{p} wrote *{n}* in the margin and drew a ring round it.",
    "“{n},” {p} repeated, to hear how it sounded.",
    "{p} tried to picture it: {n}. It took a moment.",
    "Of all this {p} would remember the {n} longest. One never knows why.",
    "*{n}*, said the notebook, twice underlined.",
    "{n}. {p} counted a few of them off in silence, and gave up.",
    "It was the sort of thing that one tells other people at breakfast: {n}.",
    "{p} held the pencil still. “Did it say {n}?” It did.",
];

const SPAN: &[&str] = &[
    "From {y} to {z} it was {d} years, {p} worked out in the margin.",
    "{p} drew a line across the page, wrote {y} at one end and {z} at the other, and {d} in the \
     middle.",
    "Between {y} and {z} lay {d} years. On paper it was the width of a thumb.",
    "{z}. By then {y} was {d} years back, and {p} had only turned a few pages.",
    "{p} subtracted {y} from {z}, and wrote down {d}.",
];

const NAME: &[&str] = &[
    "{x}: {p} put the name on a page of its own.",
    "“{x},” said {p}, trying the name aloud.",
    "{p} wrote down the name {x} and left some room beneath it.",
    "Now there was a name to go with it: {x}.",
    "{p} would have known {x} anywhere after that, or liked to think so.",
    "The name {x} got a star in the margin.",
];

const TERM: &[&str] = &[
    "{X}, then. {p} made a note of it.",
    "{p} wrote two words at the edge of the page, *{x}*, and a question mark that might not be \
     needed.",
    "So one had to keep an eye on {x}. {p} did.",
    "{p} would not think of {x} in quite the old way again.",
    "{p} made a small drawing of {x}, or of how it might look to somebody who had never seen it.",
    "“{X},” said {p} slowly. “Of course.”",
];

const CALLBACK: &[&str] = &[
    "{X} again. {p} turned back to “{h}”, where it had come up before, and laid the two pages side by \
     side.",
    "{p} had met {x} before, under “{h}”, and had not known then that it would matter.",
    "That made a second entry for {x}. The first one stood under “{h}”.",
    "{p} drew a thin line from {x} right across the notebook, back to “{h}”.",
    "In “{h}” there had been a word about {x} too. Only now did it seem to be the same story.",
    "{p} leafed back. {X} had been there as early as “{h}”, quite at the edge.",
];

const THREAD: &[&str] = &[
    "{X}: that was a piece of the question. {p} put a small cross beside it.",
    "{p} looked up at that. {X} stood in the question, too.",
    "There it was once more, {x}, right out of the question. It was not an answer yet, but it was \
     getting warmer.",
    "“That is in the question as well,” said {p}: {x}.",
];

const LEAD: &[&str] = &[
    "This much was certain.",
    "The plain facts came first.",
    "It went like this.",
    "Told in order, it was simple enough.",
    "{p} read on.",
    "Here the story took its time.",
    "Nobody had dressed it up.",
    "{p} forgot to take notes.",
    "There was no need to guess; it had all been set down.",
    "What followed {p} could almost see.",
];

const ASK_YEAR: &[&str] = &[
    "What happened in {y}?",
    "And in {y}?",
    "There is a date here, {y}. What is it for?",
    "Tell me about {y}.",
];

const ASK_TERM: &[&str] = &[
    "And {x}?",
    "Tell me about {x}.",
    "What about {x}?",
    "You have not told me about {x}.",
    "{X}?",
    "And what do we know of {x}?",
    "Could we go back to {x}?",
    "What should I know about {x}?",
];

const ASK_WHY: &[&str] =
    &["Is it known why?", "There must be a reason.", "But why?", "And the reason for that?"];

const ASK_FIGURE: &[&str] = &[
    "Are there figures?",
    "Can one put that in numbers?",
    "How much is that, exactly?",
    "You have it more precisely, I suppose?",
    "In numbers?",
];

const ASK_TURN: &[&str] = &["As simple as that?", "Without exception?", "And that was all?"];

const ASK: &[&str] =
    &["Go on.", "What else?", "Is there more?", "And after that?", "What comes next?"];

/// After a third of the story the protagonist guesses; after two thirds they drop the guess.
const GUESS: &[&str] = &[
    "Perhaps {x} was the answer. {p} wrote that down in pencil, so that it could be rubbed out.",
    "If there had been money on it, {p} would have put it on {x}. At the foot of the page, very \
     small, stood a first guess.",
    "{p} had a suspicion by now. It had to do with {x}, and it was too early to say so aloud.",
];

const DOUBT: &[&str] = &[
    "{p} leafed back to the first guess, {x}, and was no longer sure of it. The eraser had left a \
     grey cloud by the time there was room for a better one.",
    "{X}: that had been the first guess. {p} looked at it as one looks at an old photograph, and drew \
     a line through it.",
    "It could not be {x} alone, {p} saw that now. But it was good to have guessed; one reads more \
     sharply when one has something to lose.",
];

const TALLY: &[&str] = &[
    "{p} took stock. The notebook held {names}, {figures}, and one question that nobody had answered.",
    "So far, by {ps} count, it came to {names} and {figures}. The question had not moved.",
    "On the inside of the cover {p} kept score: {names}, {figures}, no answer.",
];

const RECAP: &[&str] = &[
    "“{list},” {p} read back. “All of them in one story.”",
    "{p} ran down the page of names. {list}: by now they felt like old acquaintances.",
    "{list}. {p} said them over like the stations on a line.",
];

const SOLVED: &[&str] = &[
    "So that was what {x} had to do with {y}.",
    "{X} and {y}: it was no more than a sentence, and it had taken the whole way here to be able to \
     read it.",
    "There they stood together, {x} and {y}, and one could no longer see how they had ever been two \
     things.",
];
