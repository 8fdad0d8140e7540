//! What a profile says: the JSON of a `dataset` result.
//!
//! Stored results are read back by later versions: fields are added, never renamed or removed.

use serde::{Deserialize, Serialize};

/// The media type of a stored profile; pages choose their view by it.
pub const MEDIA_TYPE: &str = "application/vnd.milepost.profile+json";

/// A data set in numbers.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Profile {
    /// What the caller called it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// The size of the text in bytes, unpacked and as UTF-8.
    pub bytes: i64,
    /// How a file was encoded, as the Encoding Standard calls it; absent for a text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub encoding: Option<String>,
    /// What a file was packed with: `gzip` or `Zstandard`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub packing: Option<String>,
    /// What separates the cells: `,`, `;`, a tab or `|`.
    pub delimiter: String,
    /// Records after the header; blank lines are not counted.
    pub rows: i64,
    /// Records whose number of cells differs from the header's.
    pub ragged: Ragged,
    /// One entry per column of the header, in its order.
    pub columns: Vec<ColumnProfile>,
    /// What was odd, in the order in which it was found; at most the configured number.
    pub warnings: Vec<Warning>,
    /// How many warnings there were in all.
    pub warnings_total: i64,
}

/// Records whose number of cells differs from the header's.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ragged {
    /// Records with too few cells; those that lack count as missing.
    pub short_rows: i64,
    /// Records with too many cells.
    pub long_rows: i64,
    /// Cells beyond the last column; they belong to no column.
    pub extra_cells: i64,
}

/// One column in numbers. `count + missing` is always the profile's `rows`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ColumnProfile {
    /// Its name, made unique.
    pub name: String,
    /// The narrowest type that holds every value.
    pub data_type: DataType,
    /// Cells with a value.
    pub count: i64,
    /// Cells without: empty, blank or a marker such as `NA`, `null`, `NaN`, and cells that a short
    /// row lacks.
    pub missing: i64,
    /// Different values, compared as written (without blanks around them).
    pub distinct: i64,
    /// False where counting stopped, as the different values took more than the configured memory:
    /// then there are at least `distinct`.
    pub distinct_exact: bool,
    /// Where counting stopped: about how many different values there are (HyperLogLog).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub distinct_estimate: Option<i64>,
    /// By which share `distinct_estimate` is off at most, in 19 of 20 cases.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub distinct_error: Option<f64>,
    /// How many cells looked like which type.
    pub types: TypeCounts,
    /// The least value: numbers and dates by size, text by code point; absent for booleans.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub min: Option<Scalar>,
    /// The greatest value.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max: Option<Scalar>,
    /// For the types `integer` and `number`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub numeric: Option<Numeric>,
    /// For the type `text`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lengths: Option<Lengths>,
    /// The most frequent values, the most frequent first; values of equal count in order. Where
    /// `top_error` is present, only values that are certainly more frequent than all others are
    /// told, and none with more than 256 bytes.
    pub top: Vec<TopValue>,
    /// By how much each count in `top` may be too small (never too great); absent where they are
    /// exact (Misra-Gries).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub top_error: Option<i64>,
    /// The quartiles in `numeric` and the counts in `histogram` are off by at most this share of
    /// `count`, in 99 of 100 cases; absent where they are exact (KLL).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rank_error: Option<f64>,
    /// Numbers and dates: equally wide bins whose counts add up to `count`. Dates are seconds since
    /// 1970-01-01T00:00Z.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub histogram: Vec<Bin>,
}

/// The narrowest type that holds every value of a column.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DataType {
    /// No cell has a value.
    Empty,
    /// Whole numbers of 64 bits.
    Integer,
    /// Decimal numbers, and whole numbers beyond 64 bits.
    Number,
    /// `true`, `false`, `yes`, `no` in any case.
    Boolean,
    /// ISO 8601 dates, with or without a time.
    Date,
    /// Anything else, and mixtures.
    Text,
}

impl DataType {
    /// The word in the JSON.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Empty => "empty",
            Self::Integer => "integer",
            Self::Number => "number",
            Self::Boolean => "boolean",
            Self::Date => "date",
            Self::Text => "text",
        }
    }
}

/// How many cells looked like which type. They add up to the column's `count`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct TypeCounts {
    /// Whole numbers.
    pub integer: i64,
    /// Other numbers.
    pub number: i64,
    /// Truth values.
    pub boolean: i64,
    /// Dates.
    pub date: i64,
    /// Everything else.
    pub text: i64,
}

impl TypeCounts {
    /// The narrowest type that holds all of them.
    pub const fn data_type(&self) -> DataType {
        let numbers = self.integer + self.number;
        let all = numbers + self.boolean + self.date + self.text;
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
        } else {
            DataType::Text
        }
    }
}

/// A single value. Text longer than 120 characters is cut, with `…` at its end.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Scalar {
    /// A whole number, exact.
    Integer(i64),
    /// A finite number.
    Number(f64),
    /// A date or a text, as written.
    Text(String),
}

/// A column of numbers in a few numbers. Absent where the exact value is beyond a double.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
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

/// The lengths of texts, in characters.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Lengths {
    /// The shortest.
    pub min: i64,
    /// The longest.
    pub max: i64,
    /// The mean.
    pub mean: f64,
}

/// A value and how often it occurs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TopValue {
    /// As written, without blanks around it; cut like [`Scalar::Text`].
    pub value: String,
    /// How often.
    pub count: i64,
}

/// One bar of a histogram: `from <= value < to`; the last one includes `to`. Where `from == to` the
/// bin is this one value.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Bin {
    /// Lower edge.
    pub from: f64,
    /// Upper edge.
    pub to: f64,
    /// How many values.
    pub count: i64,
}

/// Something odd in the text.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Warning {
    /// A stable word for programs, such as `short_row`.
    pub code: String,
    /// The line, counted from 1, where it begins; absent where it concerns the whole text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub line: Option<i64>,
    /// A sentence for people.
    pub message: String,
}
