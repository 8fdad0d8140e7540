//! Why CSV cannot be profiled.

use super::text;

/// Why CSV cannot be profiled at all.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum LoadError {
    /// Nothing but blanks.
    #[error("the text is empty: give CSV text whose first line names the columns")]
    Empty,
    /// More columns than allowed.
    #[error(
        "line {line}: the header has {found} columns, at most {limit} are allowed; is it really a \
         header?"
    )]
    TooManyColumns {
        /// Where the header begins.
        line: u64,
        /// Columns in the header.
        found: usize,
        /// The configured limit.
        limit: usize,
    },
    /// A row that does not end.
    #[error(
        "line {line}: a row begins here that has more than {}; is a quote never closed, or is it \
         no CSV?", size(*.limit as u64)
    )]
    RowTooLong {
        /// Where the row begins.
        line: u64,
        /// The configured limit.
        limit: usize,
    },
    /// More comes out of a packed file than allowed.
    #[error("line {line}: more than {} come out of the file; that is the limit here", size(*.limit))]
    Unpacked {
        /// How far it was read.
        line: u64,
        /// The configured limit.
        limit: u64,
    },
    /// A file of another sort.
    #[error("the file is no CSV: {0}")]
    NotCsv(String),
    /// The file breaks off, or is not what it begins like.
    #[error("the file cannot be read beyond line {line}: {reason}")]
    Unreadable {
        /// How far it was read.
        line: u64,
        /// What is wrong with it.
        reason: String,
    },
}

impl LoadError {
    /// A stable word for programs.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Empty => "empty_input",
            Self::TooManyColumns { .. } => "too_many_columns",
            Self::RowTooLong { .. } => "row_too_long",
            Self::Unpacked { .. } => "unpacked_too_large",
            Self::NotCsv(_) => "not_csv",
            Self::Unreadable { .. } => "unreadable_file",
        }
    }
}

fn size(bytes: u64) -> String {
    text::bytes(i64::try_from(bytes).unwrap_or(i64::MAX))
}
