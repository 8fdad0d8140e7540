//! Settings of the kind `dataset`.

use serde::{Deserialize, Serialize};

/// Hard limit of a text's size in characters, whatever the settings: the whole text is in memory.
pub(super) const MAX_CHARACTERS: usize = 16 * 1024 * 1024;
/// Hard limit of a name's length in characters.
pub(super) const MAX_NAME_CHARACTERS: usize = 100;
/// Hard limit of the length of an option such as the delimiter, in characters.
pub(super) const MAX_OPTION_CHARACTERS: usize = 40;
/// Maximum line number of a header.
pub(super) const MAX_HEADER_ROW: u32 = 1_000_000;

/// Limits of the kind `dataset`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
#[non_exhaustive]
pub struct DatasetSettings {
    /// Maximum size of a text in bytes. `MILEPOST_DATASET_MAX_BYTES`. Default: 1,000,000. The
    /// limits on a request's body and on a task's input also apply.
    pub max_bytes: usize,
    /// Maximum size of a file in bytes, as stored. `MILEPOST_DATASET_MAX_FILE_BYTES`. Default:
    /// 4,294,967,296.
    pub max_file_bytes: u64,
    /// Maximum uncompressed size of a file in bytes. `MILEPOST_DATASET_MAX_UNPACKED_BYTES`.
    /// Default: 34,359,738,368.
    pub max_unpacked_bytes: u64,
    /// Maximum length of a name in characters, 1 to 100. `MILEPOST_DATASET_MAX_NAME_CHARS`.
    /// Default: 100.
    pub max_name_chars: usize,
    /// Maximum number of columns. `MILEPOST_DATASET_MAX_COLUMNS`. Default: 1,000.
    pub max_columns: usize,
    /// Maximum size of a row in bytes, including quoted line breaks.
    /// `MILEPOST_DATASET_MAX_ROW_BYTES`. Default: 4,194,304. The longest row is in memory.
    pub max_row_bytes: usize,
    /// Memory for the distinct values of a column, in bytes; beyond it the column is profiled
    /// approximately, with sketches of fixed size. `MILEPOST_DATASET_MAX_COLUMN_MEMORY`. Default:
    /// 16,777,216.
    pub max_column_memory: usize,
    /// The same for all columns of a data set together. `MILEPOST_DATASET_MAX_MEMORY`. Default:
    /// 67,108,864.
    pub max_memory: usize,
    /// Maximum number of row warnings listed in a profile; further ones are only counted.
    /// `MILEPOST_DATASET_MAX_WARNINGS`. Default: 100.
    pub max_warnings: usize,
}

impl Default for DatasetSettings {
    fn default() -> Self {
        Self {
            max_bytes: 1_000_000,
            max_file_bytes: 4 << 30,
            max_unpacked_bytes: 32 << 30,
            max_name_chars: MAX_NAME_CHARACTERS,
            max_columns: 1_000,
            max_row_bytes: 4 << 20,
            max_column_memory: 16 << 20,
            max_memory: 64 << 20,
            max_warnings: 100,
        }
    }
}

impl DatasetSettings {
    /// Validates the values; returns the invalid keys and what would be valid.
    pub fn invalid(&self) -> Vec<(&'static str, String)> {
        let rules = [
            (self.max_columns >= 1, "dataset.max_columns", "at least 1"),
            (self.max_row_bytes >= 1, "dataset.max_row_bytes", "at least 1"),
            (
                (1..=MAX_NAME_CHARACTERS).contains(&self.max_name_chars),
                "dataset.max_name_chars",
                "1 to 100",
            ),
        ];
        let broken = rules.into_iter().filter(|(holds, ..)| !holds);
        broken.map(|(_, key, right)| (key, right.to_owned())).collect()
    }
}
