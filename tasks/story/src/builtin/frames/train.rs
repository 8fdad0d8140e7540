//! A night train and a passenger who knows the story.

use super::Frame;

pub(super) const FRAME: Frame = Frame {
    openings: &[
        "The night train was half empty, and still the old man sat down opposite {p}. He put a \
         leather case on his knees, folded his hands on it and looked out at the platform until it \
         slid away.\n\n“You are reading ‘{topic}’,” he said then. It was true: the first page \
         lay on the little table, and {p} had been on it since the ticket barrier.\n\n“I cannot get \
         past one thing,” said {p}, and turned the page so that he could see what was written across \
         the top.\n\n*{q}*\n\nThe old man read it and unbuckled the case. It was full of papers. \
         “Seven hours,” he said. “That should do. Have you something to write with?” {p} had a \
         notebook.",
        "It was the last train of the day, and the heating had opinions of its own. {p} had taken \
         off one glove to write a single line into a new notebook.\n\n*{q}*\n\n“Now there is a \
         question,” said a voice from the other corner. What had seemed to be a heap of overcoats \
         sat up and turned out to be an old man with very clear eyes. “You must be on your way to \
         find out about ‘{topic}’.”\n\n“How do you know?”\n\n“I have gone the same way for years,” he \
         said, “with the same question.” He dragged a leather case from under the coats, as the \
         first lights of the suburbs went by. “We have until morning.”",
    ],
    arrivals: &[
        "The train stopped at a station without a name board. The old man used the quiet to sort his \
         pages.",
        "“Now,” said the old man, as others announce a tunnel.",
        "Somewhere after midnight the conductor came, punched two tickets, and asked nothing. When \
         he was gone, the next sheets lay on the table.",
        "It had grown cold. {p} took one end of the old man's spare coat, and over the top of it they \
         read on.",
        "A tunnel took the window away and gave back two faces and a lamp. In its noise there \
         was no talking, only turning the page.",
        "The next bundle was tied with fishing line, and it took both of them to undo it.",
        "They shared an apple. With the core wrapped up in newspaper and the table wiped, the old man \
         allowed the next pages out of their envelope.",
        "Over a long bridge neither of them spoke.",
        "“You are not asleep?” asked the old man. “Good. This is a part to be awake for.”",
        "A goods train went by for what seemed an hour. When the last wagon had passed, {p} was \
         already a page further on.",
    ],
    readings: &[
        "He passed a sheet across, holding it by the edges:",
        "{p} read aloud, over the rails:",
        "The paper shook with the carriage, but the words held still:",
        "A page had been cut from something larger and glued onto card:",
        "The old man knew it by heart. {p} followed with a finger, and he did not miss a word:",
        "There was just light enough for this:",
        "Under a coffee stain, and quite legible, stood the following:",
        "He had written it out himself, he said, in better days and a better hand:",
        "{p} found the place by its folded corner:",
        "The next sheet had travelled a great deal. It said:",
    ],
    lists: &[
        "On the inside of the case he had pasted a list:",
        "There was a table, ruled with the edge of a ticket:",
        "A few lines stood there one under the other:",
        "He had notes for this as well:",
    ],
    asides: &[
        "Points clattered under the floor, and the lamp swung.",
        "A child cried two carriages away and was comforted.",
        "The old man breathed on the window, drew a line in the mist, and wiped it off.",
        "Far out in the dark a single window was lit, and then it was behind them.",
        "“Take your time,” he said. “It is a slow train.”",
        "{p} shifted to the seat beside him, where the light was better.",
        "The wheels had found a rhythm, and for a while it seemed to agree.",
        "He offered a peppermint from a tin that was older than either of the seats.",
        "The carriage door slid open by itself, thought about it, and closed.",
        "{p} wrote until the pencil was blunt, and turned it, and wrote on.",
    ],
    hooks: &[
        "“That is not the end of it,” he said. “There is still ‘{next}’.”",
        "The brakes took hold. Before the train had quite stopped he had found “{next}”.",
        "{p} turned the sheet over. On the back stood only two words and an arrow: *now read* “{next}”.",
        "“I was young,” said the old man, “when I first came to ‘{next}’.” He did not say more.",
        "The lights flickered, and came back on over a new heading: “{next}”.",
        "He yawned, begged pardon, and drew “{next}” out of the case as though it had been waiting \
         there for its cue.",
        "For a mile or two there was nothing to hear but the train. Then {p} said: “And ‘{next}’?”",
        "{p} put that page with the others. The one below it was called “{next}”.",
        "“You could sleep now,” he said. {p} looked at the heading “{next}” and did not.",
        "Beyond the glass it was still night. On the table it was time for “{next}”.",
    ],
    answers: &[
        "It was getting light. A grey field went by, and a grey horse. The old man tied his papers \
         together and said, without looking up: “And your question?”\n\n{p} did not have to look for \
         it. *{q}*\n\nThe place was marked with a ticket stub, and {p} read it out once more:",
        "The train slowed for its last station. In the notebook the first page and the last lay \
         side by side, and on the first stood what had been there since the evening:\n\n*{q}*\n\nOn \
         the last stood this, copied in the small hours:",
    ],
    farewells: &[
        "On the platform {p} turned round to thank him. The compartment was empty but for the \
         leather case, and on the case lay a label with the ink still wet: *for {p}*.",
        "They shook hands by the barrier. “What will you do now?” asked the old man. “Take the night \
         train back,” said {p}, “and sit down opposite somebody.”",
    ],
    tags: &[
        "said the old man",
        "he said",
        "the old man answered",
        "said the old man, over the noise of the rails",
        "he replied",
        "the old man went on",
    ],
};
