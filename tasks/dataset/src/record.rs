//! One record of a table.

use super::cells::End;

/// One record.
pub(super) struct Record<'r> {
    pub(super) text: &'r str,
    pub(super) ends: &'r [End],
    /// Line where it begins, from 1.
    pub(super) line: u64,
}

impl<'r> Record<'r> {
    /// Number of cells.
    pub(super) const fn len(&self) -> usize {
        self.ends.len()
    }

    /// Returns a cell.
    pub(super) fn get(&self, index: usize) -> Option<&'r str> {
        let end = self.ends.get(index)?.at;
        let start = if index == 0 { 0 } else { self.ends[index - 1].at };
        self.text.get(start..end)
    }

    /// Whether a cell was quoted.
    pub(super) fn is_quoted(&self, index: usize) -> bool {
        self.ends.get(index).is_some_and(|end| end.quoted)
    }

    pub(super) fn store(&self) -> StoredRecord {
        StoredRecord { text: self.text.to_owned(), ends: self.ends.to_vec(), line: self.line }
    }

    /// Returns all cells.
    pub(super) fn iter(&self) -> impl Iterator<Item = &'r str> {
        (0..self.len()).filter_map(|index| self.get(index))
    }
}

/// A record with a text of its own.
pub(super) struct StoredRecord {
    text: String,
    ends: Vec<End>,
    line: u64,
}

impl StoredRecord {
    /// A record of empty cells.
    pub(super) fn empty(line: u64, cells: usize) -> Self {
        Self { text: String::new(), ends: vec![End::default(); cells], line }
    }

    pub(super) fn record(&self) -> Record<'_> {
        Record { text: &self.text, ends: &self.ends, line: self.line }
    }
}
