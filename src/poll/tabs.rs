//! Messages between the tabs of a browser, so that one tab polls for all.
//!
//! Messages are short texts; a shared response is sent with its message, unchanged from the server.

use super::retry_after::number;
use crate::task::{PollResponse, TaskId};

/// An event from the other tabs, or from the lock that one of them holds.
#[derive(Clone, Debug, PartialEq)]
pub enum TabEvent {
    /// Tabs can share a lock and a channel. Without this event a machine polls alone.
    Joined {
        /// A number unique among the tabs.
        tab: u32,
    },
    /// This tab has the lock requested by [`TabAction::AskLock`].
    Granted,
    /// A message from another tab: the text of a [`TabAction::Say`].
    Said(String),
    /// Another tab received a response.
    Answered {
        /// The text of its [`TabAction::Share`].
        word: String,
        /// The response.
        response: PollResponse,
    },
}

/// An action about the other tabs.
#[derive(Clone, Debug, PartialEq)]
pub enum TabAction {
    /// Request the lock and pass [`TabEvent::Granted`] once it is held, however long that takes.
    AskLock,
    /// Release the lock, or withdraw the request for it.
    ReleaseLock,
    /// Send this message to the other tabs.
    Say(String),
    /// Forward the last response to the other tabs, with this message.
    Share(String),
}

/// A parsed message.
#[derive(Debug, PartialEq)]
pub(super) enum Word {
    /// The sending tab leads: it polls for all tabs from now on.
    Leads,
    /// What the sending tab watches; empty if it needs no polling.
    Watches(u32, Vec<(TaskId, Shows)>),
    /// What a response is about; what is shown has no meaning.
    Answer(Vec<(TaskId, Shows)>),
}

/// What a tab shows of a task.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Shows {
    /// In the foreground.
    pub(super) large: bool,
    /// With its log, preview and result.
    pub(super) log: bool,
}

impl Shows {
    /// The character for it: a space, `!`, `"` or `#`.
    const fn sign(self) -> u8 {
        b' ' + self.large as u8 + 2 * self.log as u8
    }

    const fn of(sign: u8) -> Self {
        let bits = sign.wrapping_sub(b' ');
        Self { large: bits & 1 > 0, log: bits & 2 > 0 }
    }
}

const LEADS: &[u8] = b"l";
const WATCHES: u8 = b'w';
const ANSWER: u8 = b'a';
/// Number of digits of a tab's number.
const DIGITS: usize = 10;
/// Length of an id and the character after it, in bytes.
const TASK: usize = 37;

// Fields have fixed lengths: a freer format would need most of the code that a page loads for this.
impl Word {
    /// Parses a message; `None` for one of another version.
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
            tasks.push((str::from_utf8(id).ok()?.parse().ok()?, Shows::of(*sign)));
        }
        match *kind {
            WATCHES => Some(Self::Watches(u32::try_from(number(tab)?).ok()?, tasks)),
            ANSWER => Some(Self::Answer(tasks)),
            _ => None,
        }
    }

    /// The text of the message.
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
        for (id, shows) in tasks {
            text.push_str(&id.to_string());
            text.push(char::from(shows.sign()));
        }
        text
    }
}

/// What is known of the other tabs.
#[derive(Clone, Debug, Default)]
pub(super) struct Tabs {
    /// This tab's number; `None`: it polls alone.
    pub(super) me: Option<u32>,
    /// Whether the lock was requested, and not released since.
    pub(super) asked: bool,
    /// Whether this tab holds the lock and polls for all.
    pub(super) leads: bool,
    /// While another tab leads: no request of this tab before this moment.
    pub(super) quiet_until: u64,
    /// When another tab last forwarded a response.
    pub(super) heard_at: Option<u64>,
    /// Until then a new leading tab still accepts responses forwarded by its predecessor.
    pub(super) last_word_until: u64,
    /// What this tab last sent about the tasks that it watches.
    pub(super) said: Vec<(TaskId, Shows)>,
    /// Send it again, even if unchanged.
    pub(super) say_again: bool,
    /// The other tabs; known to the leading tab.
    pub(super) peers: Vec<Peer>,
}

/// Another tab, as known to the leading tab.
#[derive(Clone, Debug)]
pub(super) struct Peer {
    pub(super) tab: u32,
    pub(super) tasks: Vec<(TaskId, Shows)>,
    /// Responses forwarded since its last message.
    pub(super) unheard: u32,
}
