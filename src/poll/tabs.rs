//! What the tabs of a browser tell each other, so that one of them asks for all.
//!
//! Words are short texts; the text of an answer goes with its word as it came from the server.

use crate::task::{PollResponse, TaskId};

/// Something that comes from the other tabs, or from the lock that one of them holds.
#[derive(Clone, Debug, PartialEq)]
pub enum TabEvent {
    /// There is a lock that one tab of the browser can hold, and a channel between them. A machine
    /// starts alone.
    Joined {
        /// A number that no other tab has.
        tab: u32,
    },
    /// The lock asked for by [`TabAction::AskLock`] is this tab's.
    Granted,
    /// Another tab said a word: the text of a [`TabAction::Say`].
    Said(String),
    /// Another tab was answered.
    Answered {
        /// The text of its [`TabAction::Share`].
        word: String,
        /// The answer.
        response: PollResponse,
    },
}

/// Something to do about the other tabs.
#[derive(Clone, Debug, PartialEq)]
pub enum TabAction {
    /// Ask for the lock and give [`TabEvent::Granted`] when it is there, however long that takes.
    AskLock,
    /// Let go of the lock, or ask no longer for it.
    ReleaseLock,
    /// Say this word to the other tabs.
    Say(String),
    /// Hand the answer that was just given to the other tabs, with this word.
    Share(String),
}

/// A word, understood.
#[derive(Debug, PartialEq)]
pub(super) enum Word {
    /// The tab that says it asks for all from now on.
    Leads,
    /// What the tab that says it watches, and whether it shows it large; nothing where it needs
    /// nobody to ask.
    Watches(u32, Vec<(TaskId, bool)>),
    /// What an answer is about.
    Answer(Vec<TaskId>),
}

const LEADS: char = 'l';
const WATCHES: char = 'w';
const ANSWER: char = 'a';
/// After the id of a task that is shown large.
const LARGE: char = '!';

impl Word {
    /// Reads a word; `None` where a tab of another version said it.
    pub(super) fn read(text: &str) -> Option<Self> {
        let mut parts = text.split(' ');
        let kind = parts.next()?;
        let read = |part: &str| {
            let large = part.ends_with(LARGE);
            let id = part.trim_end_matches(LARGE).parse().ok()?;
            Some((id, large))
        };
        let mut chars = kind.chars();
        Some(match (chars.next()?, chars.as_str()) {
            (LEADS, "") => Self::Leads,
            (WATCHES, tab) => {
                Self::Watches(tab.parse().ok()?, parts.map(read).collect::<Option<_>>()?)
            }
            (ANSWER, "") => {
                Self::Answer(parts.map(|part| Some(read(part)?.0)).collect::<Option<_>>()?)
            }
            _ => return None,
        })
    }

    /// The word as a text.
    pub(super) fn text(&self) -> String {
        let mut text = String::new();
        let add = |id: &TaskId, large: bool, text: &mut String| {
            text.push(' ');
            text.push_str(&id.to_string());
            if large {
                text.push(LARGE);
            }
        };
        match self {
            Self::Leads => text.push(LEADS),
            Self::Watches(tab, tasks) => {
                text.push(WATCHES);
                text.push_str(&tab.to_string());
                tasks.iter().for_each(|(id, large)| add(id, *large, &mut text));
            }
            Self::Answer(ids) => {
                text.push(ANSWER);
                ids.iter().for_each(|id| add(id, false, &mut text));
            }
        }
        text
    }
}

/// What is known of the other tabs.
#[derive(Clone, Debug, Default)]
pub(super) struct Tabs {
    /// This tab's number; `None` = it asks for itself alone.
    pub(super) me: Option<u32>,
    /// Whether the lock was asked for, and not let go of since.
    pub(super) asked: bool,
    /// Whether the lock is this tab's: it asks for all.
    pub(super) leads: bool,
    /// While another leads: no request of this tab's own before this moment.
    pub(super) quiet_until: u64,
    /// What was said last about what this tab watches.
    pub(super) said: Vec<(TaskId, bool)>,
    /// Say it again, changed or not.
    pub(super) say_again: bool,
    /// What the others watch; known to the tab that leads.
    pub(super) peers: Vec<Peer>,
}

/// Another tab, as the tab that leads knows it.
#[derive(Clone, Debug)]
pub(super) struct Peer {
    pub(super) tab: u32,
    pub(super) tasks: Vec<(TaskId, bool)>,
    /// Answers since it last said that it is there.
    pub(super) unheard: u32,
}
