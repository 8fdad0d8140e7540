//! What the tabs of a browser tell each other, so that one of them asks for all.
//!
//! Words are short texts; the text of an answer goes with its word as it came from the server.

use super::retry_after::number;
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
    /// What an answer is about; the flags say nothing.
    Answer(Vec<(TaskId, bool)>),
}

const LEADS: &[u8] = b"l";
const WATCHES: u8 = b'w';
const ANSWER: u8 = b'a';
/// The digits of a tab's number.
const DIGITS: usize = 10;
/// The bytes of an id and of the sign after it.
const TASK: usize = 37;
/// After the id of a task that is shown large; a space after another.
const LARGE: u8 = b'!';

// Fields of fixed lengths: reading anything freer would be the larger part of what a page loads for
// this.
impl Word {
    /// Reads a word; `None` where a tab of another version said it.
    pub(super) fn read(text: &str) -> Option<Self> {
        let text = text.as_bytes();
        if text == LEADS {
            return Some(Self::Leads);
        }
        let (kind, text) = text.split_first()?;
        let (tab, text) = text.split_at_checked(DIGITS)?;
        let mut tasks = Vec::new();
        for task in text.chunks(TASK) {
            let (sign, id) = task.split_last()?;
            tasks.push((str::from_utf8(id).ok()?.parse().ok()?, *sign == LARGE));
        }
        match *kind {
            WATCHES => Some(Self::Watches(u32::try_from(number(tab)?).ok()?, tasks)),
            ANSWER => Some(Self::Answer(tasks)),
            _ => None,
        }
    }

    /// The word as a text.
    pub(super) fn text(&self) -> String {
        let (kind, mut tab, tasks) = match self {
            Self::Leads => return "l".to_owned(),
            Self::Watches(tab, tasks) => (WATCHES, *tab, tasks),
            Self::Answer(tasks) => (ANSWER, 0, tasks),
        };
        let mut digits = [b'0'; DIGITS];
        for digit in digits.iter_mut().rev() {
            *digit += (tab % 10) as u8;
            tab /= 10;
        }
        let mut text = String::from(char::from(kind));
        digits.iter().for_each(|digit| text.push(char::from(*digit)));
        for (id, large) in tasks {
            text.push_str(&id.to_string());
            text.push(if *large { char::from(LARGE) } else { ' ' });
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
    /// When another tab was last heard to be answered.
    pub(super) heard_at: Option<u64>,
    /// Until then a tab that has come to lead takes what the one before it was still told.
    pub(super) last_word_until: u64,
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
