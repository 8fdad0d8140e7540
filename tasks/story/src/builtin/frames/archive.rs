//! A reading room that closes at six.

use super::Frame;

pub(super) const FRAME: Frame = Frame {
    openings: &[
        "The reading room closed at six, and it was already past three when {p} signed the book by \
         the door. Under *purpose of visit* there was room for four words. {p} wrote three: *to find \
         out*.\n\nThe archivist read it upside down, as archivists can. “About what?”\n\n“{topic},” \
         said {p}.\n\nShe went away for a long time and came back with one grey box. On its lid lay a \
         slip of paper, older than the box, with a line in pencil. There was no name on it and no \
         date.\n\n*{q}*\n\n“It was there when I came,” said the archivist. “Nobody has taken it off, \
         because nobody has answered it.” {p} sat down, opened a notebook, and lifted the lid.",
        "There was only one other reader that afternoon, and he was asleep. {p} chose the table \
         under the window, laid out a notebook and two pencils, and asked for everything there was \
         on “{topic}”.\n\n“Everything is one box,” said the archivist. She put it down and did not \
         let go of it yet. “May I ask why?”\n\n{p} slid a page across the table. It held a single \
         sentence, and it had been crossed out and written again so often that the paper had gone \
         soft.\n\n*{q}*\n\nThe archivist read it twice. Then she took the chair on the other side of \
         the table, which was surely against the rules. “We close at six,” she said. “Begin.”",
    ],
    arrivals: &[
        "The next folder was thinner than the others, and better kept.",
        "The archivist set these sheets down one by one, as though they might wake.",
        "A cotton tape held the next bundle together, and its knot had not been undone for a very long \
         time.",
        "{p} had expected letters. What came out of the box was a stack of cards, each ruled in red.",
        "Somebody had filed the whole of it upside down. {p} turned it round and began at the top.",
        "Rain had started against the tall windows. {p} pulled the lamp closer.",
        "This part was held by a rusted pin that had left its shape on every sheet.",
        "It smelled of dust and old glue when {p} unfolded it.",
        "Here the paper changed colour, and it looked as if it had been read more often than the rest.",
        "A card had been slipped in as a marker. It bore the ring of somebody's cup, and nothing else.",
    ],
    readings: &[
        "One paragraph had been marked in the margin with a single stroke:",
        "{p} copied it out word for word:",
        "The handwriting leaned, as if into a wind, but it was easy to read:",
        "A carbon copy, blue and a little blurred, put it like this:",
        "The archivist pointed with the blunt end of a pencil:",
        "Between two blank leaves stood this:",
        "On the next sheet the typewriter had needed a new ribbon, and still every word was clear:",
        "Someone had thought this worth writing out in ink:",
        "Halfway down the page {p} stopped, went back, and read it again:",
        "The sheet had been folded small, to fit a pocket. It said:",
        "There was a page that the others had been wrapped around:",
    ],
    lists: &[
        "A list was pinned to the inside of the folder:",
        "Someone had ruled columns by hand and filled them in:",
        "On the back of an envelope stood some notes:",
        "A slip with a few entries fell out:",
    ],
    asides: &[
        "Somewhere below, a trolley squeaked along a corridor and stopped.",
        "The clock over the door moved its hand with a small click.",
        "The archivist sharpened a pencil that was sharp already.",
        "A radiator knocked twice, like a polite visitor.",
        "The other lamps in the room went out one by one. The one on this table stayed lit.",
        "“You are not taking photographs,” said the archivist. It sounded like approval.",
        "{p} noticed that the tea had gone cold, and that there had been tea.",
        "Dust turned in the light over the table, and neither of them breathed on it.",
        "The archivist had stopped pretending to do something else.",
        "Outside, someone laughed and went by. In here nobody had moved for a quarter of an hour.",
    ],
    hooks: &[
        "Under it lay another label: “{next}”.",
        "“There is more,” said the archivist. “Look under ‘{next}’.”",
        "A note at the foot of the sheet sent the reader on: *see “{next}”*.",
        "{p} closed the folder, squared its edges, and reached for the one called “{next}”.",
        "The last line had been underlined, and beside it somebody had written “{next}” with an \
         arrow.",
        "The archivist had the next folder ready before {p} could ask. “{next}”, it said.",
        "That would have been a good place to stop. But “{next}” was already sticking out of the box.",
        "The clock said what clocks say. {p} looked at “{next}” and decided that there was time.",
        "“And after that?” {p} asked. By way of an answer, the archivist untied “{next}”.",
        "One more sheet went onto the pile that had been read, and “{next}” came to the top of the \
         one that had not.",
    ],
    answers: &[
        "At ten minutes to six there was nothing left in the box. {p} took up the question once more.\
         \n\n*{q}*\n\nThe answer had gone by a while ago, on a page that had looked like any other. It \
         took a moment to find it again:",
        "The archivist began to put out the lights. “Well?” she said, and read the question aloud, \
         slowly, as if for the first time. *{q}*\n\n{p} leafed back without hurry and put a finger on \
         the place:",
    ],
    farewells: &[
        "By the door the visitors' book still lay open. Under *purpose of visit* there was room for \
         one more word. {p} thought about it, and wrote: *found*.",
        "The archivist locked the box away. The question she kept, and turned it over, and wrote the \
         name {p} on the back with the day's date. “For whoever comes next,” she said.",
    ],
    tags: &[
        "said the archivist",
        "the archivist read",
        "she read out",
        "the archivist answered",
        "she said",
        "the archivist said without looking up",
    ],
};
