//! A bet in a café, and a stranger at the next table.

use super::Frame;

pub(super) const FRAME: Frame = Frame {
    openings: &[
        "It began with a bet. {p} had said, rather loudly, that anybody could understand anything in \
         a single evening, given a notebook and something hot to drink. A stranger at the next table \
         put down his newspaper.\n\n“Anything?” he said. He had a stack of pages beside his cup, and \
         the uppermost was headed “{topic}”. He took a pen and wrote along the edge of the newspaper:\
         \n\n*{q}*\n\n“Answer me that before they put the chairs up,” he said, “and I shall pay for \
         both of us.”\n\n{p} moved over to his table.",
        "The café on the corner had eleven tables, and ten were taken. So {p} came to sit across \
         from a man who was making notes on a paper napkin, and who turned it round without being \
         asked.\n\n*{q}*\n\n“I have carried that about with me all day,” he said. “It comes of \
         reading this.” He nodded at the pages under his saucer: “{topic}”.\n\nThe rain had set in. \
         There was an hour or two to spare and nowhere better to be. “Suppose we find out,” said \
         {p}, and opened a notebook.",
    ],
    arrivals: &[
        "The second pot came, or the third. The stranger moved it aside to make room for the next pages.",
        "At this heading the stranger raised an eyebrow, as one does at a name on a menu.",
        "A page had stuck to the table. {p} peeled it off with care.",
        "The waiter lit the candle, and they bent over the page.",
        "Now it was {ps} turn to hold the pages.",
        "They had that side of the room to themselves by then. The stranger spread the sheets out over \
         two tables.",
        "“This is where I gave up this morning,” said the stranger.",
        "A spoon had been lying across the heading. {p} moved it.",
        "{p} broke a biscuit in two, kept the smaller half, and read on.",
        "“I shall need the other glasses for this,” said the stranger, who was wearing them.",
    ],
    readings: &[
        "He turned the page towards the light:",
        "{p} drew a line in the margin beside this:",
        "This went straight into the notebook:",
        "The stranger wiped his glasses, and found it:",
        "Between two rings left by cups stood the following:",
        "{p} had to read it twice to see how much was in it:",
        "He tore the corner off, so that it could be kept apart. It said:",
        "The print was small, and they read it with their heads together:",
        "Someone had already marked the place in green:",
        "At that, the stranger held up a finger and turned back one page:",
    ],
    lists: &[
        "There was a table, squeezed in at the bottom of the page:",
        "On the napkin it came to this:",
        "The stranger read out a list, and tapped the cup at each entry:",
        "They copied the figures in a column:",
    ],
    asides: &[
        "At the counter, something hissed and something was counted.",
        "The waiter refilled the water without asking and read a line upside down.",
        "The rain had got louder, or the room quieter.",
        "The stranger drew a small diagram, looked at it, and drew it again the other way round.",
        "{p} put both hands round the cup. It was long empty, but still warm.",
        "Someone at the window had begun to listen and to pretend not to.",
        "A tram stopped outside, waited, and took nobody.",
        "“Not so fast,” said the stranger, who was writing.",
        "A draught came in whenever the door opened, and they each put a hand on the pages.",
        "They had stopped noticing whose turn it was.",
    ],
    hooks: &[
        "“That is half of it,” said the stranger. “The other half will be in ‘{next}’.”",
        "{p} glanced at the clock, and turned to “{next}”.",
        "“Still with me?” The stranger slid “{next}” across the table.",
        "The next page was upside down, but one could read its heading well enough: “{next}”.",
        "They ordered again. By the time it came they were into the first lines of “{next}”.",
        "{p} said nothing for a while, and then: “What is ‘{next}’?”",
        "Two chairs were already up. All the more reason to go on to “{next}”.",
        "“I had not seen it like that,” the stranger admitted, and reached for “{next}”.",
        "There remained a thin sheaf of pages, and on top of it lay “{next}”.",
        "The pages had come out of order, but there was no doubt about which had to be next. It was \
         “{next}”.",
    ],
    answers: &[
        "The waiter began with the chairs by the door. “Time,” said the stranger, and pointed to the \
         edge of his newspaper.\n\n*{q}*\n\n{p} did not even have to stand up for it. The page had \
         been lying under the sugar, and now it was read out to the stranger, the waiter and the \
         cup:",
        "“Now then,” said the stranger, and smoothed out what he had written at the beginning. *{q}* \
         It had looked larger then. {p} turned the notebook round and showed him the lines:",
    ],
    farewells: &[
        "The stranger paid for both of them, and left the newspaper. {p} tore off the edge with the \
         question on it, and used it from then on to mark the place in other books.",
        "Outside it had stopped raining. “I do not even know your name,” said the stranger. “{p},” \
         said {p}. He wrote it under the answer, as one signs a thing that is finished.",
    ],
    tags: &[
        "said the stranger",
        "he said",
        "the stranger read",
        "the stranger answered",
        "he read out, with a finger on the line",
        "said the stranger, stirring",
    ],
};
