//! A small museum after hours, and the guard with the keys.

use super::Frame;

pub(super) const FRAME: Frame = Frame {
    openings: &[
        "Nobody had meant to lock {p} in. The museum was small, the last room was out of the way, \
         and the bell that rings before closing had been broken since spring. When the lights went \
         out {p} was standing in front of a wall of printed panels with a notebook in one hand.\n\nA \
         torch came round the corner, and behind it a guard with a great many keys.\n\n“We are \
         closed,” she said. Then she saw the notebook, and what was written in it in capital letters. \
         *{q}* She read it by the light of the torch. “Well, you are in the right house. This is all \
         ‘{topic}’, from here to the stairs.”\n\nShe looked at her watch, and at the keys. “I go \
         round once before I leave,” she said. “You may as well come.”",
        "The exhibition was called “{topic}”, and tomorrow it would be taken down. {p} had come too \
         late to see it properly: the guard was already going from switch to switch.\n\n\
         “Ten minutes,” said {p}. “I have only one question.”\n\n“They all have only one question.” \
         But she held out her hand for the notebook and read what it was.\n\n*{q}*\n\nThe guard gave \
         it back. Then she went to the front door, turned the key from the inside, and took a torch from its \
         hook. “Start on the left,” she said.",
    ],
    arrivals: &[
        "The next room was hardly more than a cupboard.",
        "The guard tried three keys before one turned. Then she stood aside.",
        "Three steps led down. At the bottom somebody had stuck a plaster over a crack in the glass.",
        "Here the floor was wood, and it announced them.",
        "“Mind the rope,” said the guard, and unhooked it.",
        "The torch failed, and needed to be talked to. They waited in the dark until it came back, and \
         with it the opposite wall.",
        "{p} would have walked past this room if the guard had not stopped there.",
        "A glass case ran the length of the corridor, and the guard wiped it with her sleeve from one \
         end to the other.",
        "“This one the school classes run through,” said the guard. {p} did not run.",
        "The way on led through a curtain that smelled of camphor.",
    ],
    readings: &[
        "The panel was set in large white letters:",
        "Beside it hung a text that nobody had shortened:",
        "The guard held the torch steady so that {p} could read it to the end:",
        "{p} knelt down to read the lowest label of all:",
        "The card had yellowed, and its corners had come loose:",
        "On the wall between two windows somebody had painted the words by hand:",
        "A sheet lay under glass, with a paperweight on its only crease:",
        "There was a drawer that one was allowed to pull out. In it lay this:",
        "In the beam of the torch the line came out of the dark a word at a time:",
        "{p} copied the label without leaving anything out:",
    ],
    lists: &[
        "One board had only entries, in two colours:",
        "An inventory had been nailed up beside the case:",
        "Small numbered tags explained the rest:",
        "The guard knew this list by heart, and read it anyway:",
    ],
    asides: &[
        "The keys rang softly at each step.",
        "Somewhere a moth tried a bulb, again and again.",
        "The guard straightened a frame that had been straight.",
        "Their two shadows went ahead along the wall and waited at the corner.",
        "“Most people look for the café,” said the guard.",
        "{p} read with both hands on the rail, like somebody on a ship.",
        "It was so quiet that one could hear the dust being left alone.",
        "A car went by in the street, and all the glass in the room took a brief interest.",
        "The guard had sat down on her own chair by the door. She did not look like somebody in a \
         hurry.",
        "On a bench somebody had forgotten a child's mitten. The guard put it in her pocket without \
         stopping.",
    ],
    hooks: &[
        "An arrow on the floor pointed on, to “{next}”.",
        "“You have not seen ‘{next}’ yet,” said the guard.",
        "Through the doorway {p} could already make out the next sign: “{next}”.",
        "The beam swung away, and the room behind them went back to being dark. Ahead it found a sign: \
         “{next}”.",
        "“If you ask me,” said the guard, and then did not wait to be asked, “it is ‘{next}’ where \
         it gets good.”",
        "{p} turned a page in the notebook and wrote the next heading at the top: “{next}”.",
        "There was one door left on this side. It led to “{next}”.",
        "They could have gone straight to the stairs from here. They went to “{next}”.",
        "“Come,” said the guard, who was already at the door to “{next}”.",
        "{p} looked back once from the threshold. Then came “{next}”.",
    ],
    answers: &[
        "That was the last room. They stood at the top of the stairs, and the guard asked to see the \
         notebook again. *{q}* “And?” she said. “Was it here?”\n\nIt was. {p} went back through two \
         doors, and the guard came along with the torch and lit up the place:",
        "“Now your one question,” said the guard. {p} knew it without the notebook.\n\n*{q}*\n\nThe \
         answer had hung at eye level the whole time. They went back to it together:",
    ],
    farewells: &[
        "At the front door the guard looked for the right key and found it at once, which she did \
         not always. “People come in here to get out of the rain,” she said. {p} stepped out into \
         the street. It was not raining.",
        "On the stairs the guard switched off the torch to spare what was left of it. For a moment \
         there was nothing to see, and {p} could hear her smile. “Good question,” she said.",
    ],
    tags: &[
        "said the guard",
        "she said",
        "the guard explained",
        "said the guard, who had stood beside it for years",
        "she answered",
        "the guard said, and her keys agreed",
    ],
};
