//! Exit codes.

use std::process::ExitCode;

use milepost::task::{Status, StatusCounts};

/// Result of the program for scripts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exit {
    /// Success.
    Done,
    /// The task failed.
    TaskFailed,
    /// Bad usage or configuration, or the server cannot be reached.
    Misused,
    /// The task was cancelled, or the program interrupted.
    Cancelled,
}

impl Exit {
    /// Exit code for a task's status.
    pub const fn of(status: Status) -> Self {
        match status {
            Status::Error => Self::TaskFailed,
            Status::Cancelled => Self::Cancelled,
            _ => Self::Done,
        }
    }

    /// Exit code for the tasks of a batch.
    pub const fn of_batch(counts: &StatusCounts) -> Self {
        match counts {
            StatusCounts { error: 1.., .. } => Self::TaskFailed,
            StatusCounts { cancelled: 1.., .. } => Self::Cancelled,
            _ => Self::Done,
        }
    }

    /// Exit code of two together: a failure takes precedence over a cancel.
    #[must_use]
    pub const fn and(self, other: Self) -> Self {
        match (self, other) {
            (Self::TaskFailed, _) | (_, Self::TaskFailed) => Self::TaskFailed,
            (Self::Done, other) => other,
            (this, _) => this,
        }
    }

    /// Exit code for several tasks: a failure takes precedence over a cancel.
    pub fn of_all(statuses: impl Iterator<Item = Status>) -> Self {
        statuses.map(Self::of).fold(Self::Done, Self::and)
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(match exit {
            Exit::Done => 0,
            Exit::TaskFailed => 1,
            Exit::Misused => 2,
            Exit::Cancelled => 130,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_status_is_an_exit_code() {
        assert_eq!(Exit::of(Status::Completed), Exit::Done);
        assert_eq!(Exit::of(Status::Running), Exit::Done);
        assert_eq!(Exit::of(Status::Error), Exit::TaskFailed);
        assert_eq!(Exit::of(Status::Cancelled), Exit::Cancelled);
        let all = |statuses: &[Status]| Exit::of_all(statuses.iter().copied());
        assert_eq!(all(&[Status::Completed, Status::Running]), Exit::Done);
        assert_eq!(all(&[Status::Cancelled, Status::Completed]), Exit::Cancelled);
        assert_eq!(all(&[Status::Cancelled, Status::Error, Status::Completed]), Exit::TaskFailed);
    }
}
