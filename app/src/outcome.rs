//! What a form's page tells after the form was sent, handed to the page as a context value.

use milepost::task::Problem;

/// What a form led to, if not to another page.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Outcome {
    /// A start was rejected.
    Rejected(Rejected),
    /// Another action was rejected.
    Notice(Notice),
    /// The session was ended.
    Forgotten(Forgotten),
    /// A token was made.
    MadeToken(MadeToken),
    /// A share link was made.
    MadeLink(MadeLink),
    /// A user was not signed in.
    NotSignedIn(NotSignedIn),
}

/// What was entered to sign in, but the password, and why it was refused.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct NotSignedIn {
    /// The name.
    pub(crate) name: String,
    /// The page that was asked for before.
    pub(crate) return_to: Option<String>,
    /// The problem.
    pub(crate) problem: Problem,
}

/// The URL of a share link for the page that shows it, once.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct MadeLink(pub(crate) String);

impl std::fmt::Debug for MadeLink {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("MadeLink(…)")
    }
}

/// A token for the page that shows it, once.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct MadeToken(pub(crate) String);

impl std::fmt::Debug for MadeToken {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("MadeToken(…)")
    }
}

/// A rejected start form: the entered values and the problem.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Rejected {
    /// The entered values.
    pub(crate) entered: Vec<(String, String)>,
    /// The problem.
    pub(crate) problem: Problem,
}

/// Problem of a rejected action on a task, such as cancel or keep.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Notice(pub(crate) Problem);

/// Marks an ended session for the page that reports it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Forgotten;

/// Problem for a share link that is wrong, has expired or was revoked: the three look the same.
pub(crate) fn no_such_link() -> Problem {
    Problem::new(404, "Not Found", "It has expired, was revoked, or is not complete.")
}

/// Problem for an unknown kind.
pub(crate) fn no_such_kind(kind: &str) -> Problem {
    let word: String = kind.chars().take(50).collect();
    Problem::new(404, "Not Found", format!("No kind of task is called “{word}”."))
}
