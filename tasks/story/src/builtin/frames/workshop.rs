//! A long table, and a teacher who puts things on it.

use super::Frame;

pub(super) const FRAME: Frame = Frame {
    openings: &[
        "The course was called “{topic}”, and {p} was the only one who had come. There was a long \
         table, a blackboard, and a teacher with rolled-up sleeves who counted the chairs, looked at \
         the door, and shrugged.\n\n“One is enough,” she said. “One can ask. What brings you here?”\
         \n\n{p} had prepared a sensible reply, and said something else instead. The teacher \
         turned round and wrote it on the board, in letters as long as her hand.\n\n*{q}*\n\n“It \
         stays up there,” she said, “until we can wipe it off with a good conscience. Open your \
         notebook.”",
        "“Before we start,” said the teacher, “everybody writes down what they want to know.” \
         Everybody was {p}. Outside it was getting dark, and the lamp over the long table had been \
         pulled down so low that it lit nothing but wood.\n\n{p} thought for a while, wrote one \
         line, tore it off and pushed it across.\n\n*{q}*\n\nThe teacher read it and pinned it to \
         the shade of the lamp, where it hung between them like a small flag. “That,” she said, “is \
         what ‘{topic}’ is about. It will take the evening.”",
    ],
    arrivals: &[
        "The teacher wiped as much of the board as she needed for this.",
        "The teacher drew up a stool, as one does for the longer parts.",
        "There was a drawer under the table, and in the drawer there were more sheets.",
        "{p} had just finished writing when a new sheet slid under the lamp.",
        "“Wash your hands,” said the teacher, though there was nothing to touch. It turned out to be \
         her way of starting on something new.",
        "They opened a window, let the evening in, and shut it again.",
        "On the board the heading now had a line under it that was almost straight.",
        "“People skip this,” said the teacher, and tapped the heading with the chalk.",
        "Two cups had appeared. The teacher put hers down on a corner of the page to keep it from \
         rolling up.",
        "The teacher wrote with her back to the room and talked over her shoulder.",
    ],
    readings: &[
        "She turned the sheet round so that {p} could read it:",
        "In the margin of the notebook {p} had drawn a box for whatever mattered most. Into it went \
         this:",
        "The teacher dictated, and did not go too fast:",
        "This was printed in bold, and for once it deserved to be:",
        "{p} read it once in silence and once aloud:",
        "There was a card for it, worn at the edges from being held up to classes:",
        "She tapped the place with the chalk and left a white dot beside it:",
        "The sheet had been corrected in three different inks. What was left said:",
        "“Underline this,” said the teacher, and waited until it was done:",
        "On a label that had come off something stood this:",
    ],
    lists: &[
        "The teacher put up a table, and the chalk squeaked only once:",
        "Down the side of the sheet ran a list:",
        "{p} ruled two columns and copied what belonged in them:",
        "“These you must simply know,” said the teacher:",
    ],
    asides: &[
        "A piece of chalk rolled off the table. Neither of them picked it up.",
        "The lamp swung a little, and all the shadows leaned over to look.",
        "The teacher counted something off on her fingers and was satisfied.",
        "In the corridor someone tried the door, saw the two of them, and closed it softly.",
        "{p} shook a hand that had gone stiff with writing.",
        "“Slower?” asked the teacher. {p} said no, and then, honestly, yes.",
        "There was chalk on the notebook, and the print of a thumb in it.",
        "For a moment the only sound was the pencil.",
        "The teacher looked at the question above them, and back at the table, and said nothing.",
        "A tram went by and made the cups talk.",
    ],
    hooks: &[
        "“Good,” said the teacher. “Then you are ready for ‘{next}’.”",
        "One corner of the next sheet was already showing: “{next}”.",
        "{p} wrote “{next}” at the head of a clean page, and under it, for the time being, nothing.",
        "“Here most people think that they have understood it,” said the teacher. “Then comes \
         ‘{next}’.”",
        "That half of the board was full. The teacher moved along to the other one and began: “{next}”.",
        "They let that settle. Then the teacher reached for “{next}”.",
        "“And where does that leave us?” asked {p}.\n\n“At ‘{next}’,” said the teacher.",
        "The question was still there. Perhaps, thought {p}, it was a matter for “{next}”.",
        "The teacher put a tick beside that part, and a dot beside the one after it, which was \
         “{next}”.",
        "There was a pause in which one could have gone home. Instead they turned to “{next}”.",
    ],
    answers: &[
        "“So,” said the teacher, and laid the chalk down. “You answer it.”\n\n*{q}*\n\n{p} looked \
         through the notebook, past drawings and crossings-out, until there was a line with a box \
         around it:",
        "The evening was over. Only the question was left. *{q}* The teacher pushed the notebook over without a word, and {p} found the page at once:",
    ],
    farewells: &[
        "The teacher held out the sponge. {p} wiped the question off, from left to right, and the \
         board was as black as a window at night. “Same time next week,” said the teacher. “Bring a \
         harder one.”",
        "They turned off the lamp together. On the way down the stairs {p} noticed that the slip \
         with the question had come along in the notebook, and let it stay there, as one keeps a \
         ticket.",
    ],
    tags: &[
        "said the teacher",
        "she said",
        "the teacher answered",
        "said the teacher, and wrote it up",
        "she replied",
        "the teacher went on",
    ],
};
