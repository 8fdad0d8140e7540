//! JSON of a `dataset` result.
//!
//! Later versions read stored results: fields are added, never renamed or removed.

use serde::{Deserialize, Serialize};

/// Media type of a stored profile; pages choose their viewer by it.
pub const MEDIA_TYPE: &str = "application/vnd.milepost.profile+json";

/// Profile of a data set.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Profile {
    /// Name given by the caller.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Size of the text in bytes, uncompressed and as UTF-8.
    pub bytes: i64,
    /// Encoding of a file by its name in the Encoding Standard; absent for a text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub encoding: Option<String>,
    /// Compression of a file: `gzip` or `Zstandard`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub packing: Option<String>,
    /// Delimiter of the cells, such as `,`; a blank for any number of blanks; empty if a line is one
    /// cell.
    pub delimiter: String,
    /// Number of records after the header, without blank lines.
    pub rows: i64,
    /// Records whose number of cells differs from the header's.
    pub ragged: Ragged,
    /// What was assumed about the whole file, and how sure it is.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub assumptions: Vec<Assumption>,
    /// The first rows, up to ten, with up to 50 cells each; long cells are truncated like
    /// [`Scalar::Text`].
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub preview: Vec<Vec<String>>,
    /// One entry per column, in the order of the header.
    pub columns: Vec<ColumnProfile>,
    /// Irregularities in the order found, up to the configured number.
    pub warnings: Vec<Warning>,
    /// Total number of warnings.
    pub warnings_total: i64,
}

/// Something that was assumed, because nothing states it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Assumption {
    /// What it is about: `delimiter`, `header`, `quotes`, `encoding`, `decimal` or `missing`.
    pub subject: String,
    /// What was assumed, for people.
    pub assumed: String,
    /// How sure it is.
    pub certainty: Certainty,
}

/// How sure an assumption is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Certainty {
    /// Given at the start of the task, or by the file itself.
    Given,
    /// All that was seen agrees with it, and with nothing else.
    Sure,
    /// Nearly all that was seen agrees with it.
    Likely,
    /// Something else is as possible.
    Unsure,
}

impl Certainty {
    /// Name in the JSON.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Given => "given",
            Self::Sure => "sure",
            Self::Likely => "likely",
            Self::Unsure => "unsure",
        }
    }
}

/// Records whose number of cells differs from the header's.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Ragged {
    /// Records with too few cells; missing cells count as missing values.
    pub short_rows: i64,
    /// Records with too many cells.
    pub long_rows: i64,
    /// Cells beyond the last column, which belong to no column.
    pub extra_cells: i64,
}

/// Profile of a column. `count + missing` always equals the profile's `rows`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct ColumnProfile {
    /// Name, made unique.
    pub name: String,
    /// The narrowest type that fits every value.
    pub data_type: DataType,
    /// Number of cells with a value.
    pub count: i64,
    /// Number of cells without a value: empty, blank or a marker such as `NA`, `null`, `NaN`, and
    /// cells missing in short rows.
    pub missing: i64,
    /// Markers of missing values that occurred, and whether their cells count as missing here.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub markers: Vec<MarkerCount>,
    /// How the values were read, unless in the plain form or as texts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub read_as: Option<ReadAs>,
    /// Unit of all values: a currency such as `EUR`, or `%`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unit: Option<String>,
    /// Number of distinct values, compared as written without surrounding blanks.
    pub distinct: i64,
    /// False if counting stopped because the distinct values exceeded the configured memory: then
    /// there are at least `distinct`.
    pub distinct_exact: bool,
    /// Estimated number of distinct values if counting stopped (HyperLogLog).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub distinct_estimate: Option<i64>,
    /// Maximum relative error of `distinct_estimate` in 19 of 20 cases.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub distinct_error: Option<f64>,
    /// Number of cells by apparent type.
    pub types: TypeCounts,
    /// Minimum: numbers, dates and times by size, text by code point; absent for booleans.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub min: Option<Scalar>,
    /// Greatest value.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max: Option<Scalar>,
    /// Present for the types `integer` and `number`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub numeric: Option<Numeric>,
    /// Present for the type `text`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lengths: Option<Lengths>,
    /// The most frequent values in descending order of count, ties in order of value. If
    /// `top_error` is present, only values that are certainly more frequent than all others are
    /// listed, and none with more than 256 bytes.
    pub top: Vec<TopValue>,
    /// Maximum amount by which each count in `top` is too small (never too great); absent if the
    /// counts are exact (Misra-Gries).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub top_error: Option<i64>,
    /// Maximum error of the quartiles in `numeric` and of the counts in `histogram`, as a share of
    /// `count`, in 99 of 100 cases; absent if they are exact (KLL).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rank_error: Option<f64>,
    /// Numbers, dates and times: bins of equal width whose counts add up to `count`. Dates are
    /// seconds since 1970-01-01T00:00Z, times are seconds.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub histogram: Vec<Bin>,
}

/// Cells with one marker of missing values.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct MarkerCount {
    /// The marker, such as `NA`.
    pub marker: String,
    /// Number of cells.
    pub count: i64,
    /// Whether these cells count as missing; otherwise they are values.
    pub missing: bool,
}

/// How the values of a column were read.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct ReadAs {
    /// What the values look like, for people.
    pub description: String,
    /// Number of values that look like it, of all `count` values.
    pub matching: i64,
    /// Whether another interpretation is as possible.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub unsure: bool,
}

/// The narrowest type that fits every value of a column.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DataType {
    /// No cell has a value.
    Empty,
    /// 64-bit integers.
    Integer,
    /// Decimal numbers, and among them integers beyond 64 bits.
    Number,
    /// Two words for yes and no, such as `true`, `false`, `yes`, `no` in any case.
    Boolean,
    /// Dates, with or without a time.
    Date,
    /// Times of day and durations.
    Time,
    /// Anything else, and mixtures.
    Text,
}

impl DataType {
    /// Whether values are ordered by more than their letters.
    pub(super) const fn is_ordered(self) -> bool {
        matches!(self, Self::Integer | Self::Number | Self::Date | Self::Time)
    }

    /// Name in the JSON.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Empty => "empty",
            Self::Integer => "integer",
            Self::Number => "number",
            Self::Boolean => "boolean",
            Self::Date => "date",
            Self::Time => "time",
            Self::Text => "text",
        }
    }
}

/// Number of cells by apparent type. They add up to the column's `count`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct TypeCounts {
    /// Integers.
    pub integer: i64,
    /// Other numbers.
    pub number: i64,
    /// Booleans.
    pub boolean: i64,
    /// Dates.
    pub date: i64,
    /// Times of day and durations.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub time: i64,
    /// Everything else.
    pub text: i64,
}

const fn is_zero(count: &i64) -> bool {
    *count == 0
}

impl TypeCounts {
    /// Number of all cells.
    pub const fn total(&self) -> i64 {
        self.integer + self.number + self.boolean + self.date + self.time + self.text
    }

    /// The narrowest type that fits all of them.
    pub const fn data_type(&self) -> DataType {
        let numbers = self.integer + self.number;
        let all = self.total();
        if all == 0 {
            DataType::Empty
        } else if self.integer == all {
            DataType::Integer
        } else if numbers == all {
            DataType::Number
        } else if self.boolean == all {
            DataType::Boolean
        } else if self.date == all {
            DataType::Date
        } else if self.time == all {
            DataType::Time
        } else {
            DataType::Text
        }
    }
}

/// A single value. Text longer than 120 characters is truncated and ends with `…`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Scalar {
    /// Exact integer.
    Integer(i64),
    /// Finite number.
    Number(f64),
    /// Date, time or text, as written.
    Text(String),
}

/// Statistics of a numeric column. Absent if the exact value exceeds a double.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Numeric {
    /// Arithmetic mean.
    pub mean: Option<f64>,
    /// Sample standard deviation (n - 1); absent for a single value.
    pub std_dev: Option<f64>,
    /// First quartile, with linear interpolation between neighbours (as NumPy and R do by default).
    pub q25: Option<f64>,
    /// Median, likewise.
    pub median: Option<f64>,
    /// Third quartile, likewise.
    pub q75: Option<f64>,
}

/// Lengths of texts in characters.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Lengths {
    /// Minimum.
    pub min: i64,
    /// Maximum.
    pub max: i64,
    /// Mean.
    pub mean: f64,
}

/// A value and its number of occurrences.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct TopValue {
    /// As written, without surrounding blanks; truncated like [`Scalar::Text`].
    pub value: String,
    /// Number of occurrences.
    pub count: i64,
}

/// Bin of a histogram: `from <= value < to`; the last one includes `to`. If `from == to`, the bin
/// is this single value.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Bin {
    /// Lower edge.
    pub from: f64,
    /// Upper edge.
    pub to: f64,
    /// Number of values.
    pub count: i64,
}

/// Irregularity in the text.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Warning {
    /// Stable code, such as `short_row`.
    pub code: String,
    /// Line where it begins, from 1; absent if it concerns the whole text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub line: Option<i64>,
    /// Message for people.
    pub message: String,
}
