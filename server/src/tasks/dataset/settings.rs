//! Limits of the kind `dataset`.

use serde::{Deserialize, Serialize};

/// No setting raises the size of a text beyond this many characters: all of it is in memory.
pub(super) const MAX_CHARACTERS: usize = 16 * 1024 * 1024;
/// Nor that of the name.
pub(super) const MAX_NAME_CHARACTERS: usize = 100;

/// Limits of the kind `dataset`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct DatasetSettings {
    /// Bytes of one text. `MILEPOST_DATASET_MAX_BYTES`. Default: 1,000,000. The limits on a
    /// request's body and on a task's input apply too.
    pub max_bytes: usize,
    /// Bytes of one file, as it is. `MILEPOST_DATASET_MAX_FILE_BYTES`. Default: 4,294,967,296.
    pub max_file_bytes: u64,
    /// Bytes that come out of a packed file. `MILEPOST_DATASET_MAX_UNPACKED_BYTES`. Default:
    /// 34,359,738,368.
    pub max_unpacked_bytes: u64,
    /// Characters of the name, 1 to 100. `MILEPOST_DATASET_MAX_NAME_CHARS`. Default: 100.
    pub max_name_chars: usize,
    /// Columns of the header. `MILEPOST_DATASET_MAX_COLUMNS`. Default: 1,000.
    pub max_columns: usize,
    /// Bytes of one row, with the line breaks in its quotes. `MILEPOST_DATASET_MAX_ROW_BYTES`.
    /// Default: 4,194,304. The longest row is in memory.
    pub max_row_bytes: usize,
    /// Bytes in which a column's different values are kept; a column that needs more is told about
    /// right, by sketches of a fixed size. `MILEPOST_DATASET_MAX_COLUMN_MEMORY`. Default:
    /// 16,777,216.
    pub max_column_memory: usize,
    /// The same for all columns of a data set together. `MILEPOST_DATASET_MAX_MEMORY`. Default:
    /// 67,108,864.
    pub max_memory: usize,
    /// Warnings about rows that a profile lists; the rest is counted.
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
