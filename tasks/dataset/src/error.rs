//! Why CSV cannot be profiled.

use super::text;

/// Why CSV cannot be profiled.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum LoadError {
    /// The text is blank.
    #[error("the text is empty: give CSV text whose first line names the columns")]
    Empty,
    /// The text ends before the line that was given as the header.
    #[error("no line {line} names the columns: the text has {}", line_count(*.lines))]
    NoHeader {
        /// The line that was given.
        line: u64,
        /// Number of lines of the text.
        lines: u64,
    },
    /// Too many columns.
    #[error(
        "line {line}: the header has {found} columns, at most {limit} are allowed; is it really a \
         header?"
    )]
    TooManyColumns {
        /// Line of the header.
        line: u64,
        /// Number of columns.
        found: usize,
        /// The configured limit.
        limit: usize,
    },
    /// A row is too long.
    #[error(
        "line {line}: a row begins here that has more than {}; is a quote never closed, or is it \
         no CSV?", size(*.limit as u64)
    )]
    RowTooLong {
        /// Line where the row begins.
        line: u64,
        /// The configured limit.
        limit: usize,
    },
    /// A compressed file expands beyond the limit.
    #[error("line {line}: more than {} come out of the file; that is the limit here", size(*.limit))]
    Unpacked {
        /// Last line read.
        line: u64,
        /// The configured limit.
        limit: u64,
    },
    /// The file has another format.
    #[error("the file is no CSV: {0}")]
    NotCsv(String),
    /// The file is truncated or corrupt.
    #[error("the file cannot be read beyond line {line}: {reason}")]
    Unreadable {
        /// Last line read.
        line: u64,
        /// The reason.
        reason: String,
    },
}

impl LoadError {
    /// Stable error code.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Empty => "empty_input",
            Self::NoHeader { .. } => "header_not_found",
            Self::TooManyColumns { .. } => "too_many_columns",
            Self::RowTooLong { .. } => "row_too_long",
            Self::Unpacked { .. } => "unpacked_too_large",
            Self::NotCsv(_) => "not_csv",
            Self::Unreadable { .. } => "unreadable_file",
        }
    }
}

fn line_count(lines: u64) -> String {
    text::count(i64::try_from(lines).unwrap_or(i64::MAX), "line")
}

fn size(bytes: u64) -> String {
    text::bytes(i64::try_from(bytes).unwrap_or(i64::MAX))
}
