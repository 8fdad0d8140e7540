//! Kind `dataset`: profiles CSV, given as a text or as a file.
//!
//! Delimiter, header, encoding and the form of the values are detected, or given as inputs; the
//! profile says what was assumed and how sure it is. Irregularities (ragged rows, odd quotes, traces
//! of a wrong encoding, missing or repeated names) are reported in the profile with line numbers and
//! do not stop the task; only an empty text and other formats are rejected.
//!
//! * [`profile`]: the result, as JSON.
//! * `process`: the stages as pure functions, the same for a text and a file; `file`: reads an
//!   upload for them.
//! * `unpack`, `zip`, `charset`, `guess`, `decoding`, `feed`, `mojibake`, `content`: from stored bytes to text.
//! * `dialect`, `sample`, `class`, `cuts`, `table`, `titles`, `split_cells`, `layout`, `header`: how the text is laid out.
//! * `cells`, `shape`, `record`, `records`, `stray`, `rows`, `ending`, `notes`: from text to records.
//! * `value`, `number`, `moment`, `months`, `clock`, `markers`: what single cells mean.
//! * `reading`, `short_years`, `interpretation`, `judgement`, `doubt`, `marked`: what the cells of a column mean together.
//! * `column`, `tally`, `values`, `texts`, `sketches`, `spread`, `stats`: statistics of columns.
//! * `html`, `plot`, `text`: the profile as a page.

mod cells;
mod charset;
mod class;
mod clock;
mod column;
mod content;
mod counted;
mod cuts;
mod decoding;
mod dialect;
mod doubt;
mod ending;
mod error;
mod feed;
mod file;
mod first_figures;
mod guess;
mod header;
mod html;
mod interpretation;
mod judgement;
mod layout;
mod marked;
mod markers;
mod mojibake;
mod moment;
mod months;
mod notes;
mod number;
mod plot;
mod process;
pub mod profile;
mod reading;
mod record;
mod records;
mod rows;
mod sample;
mod settings;
mod shape;
mod sheet;
mod short_years;
mod sketches;
mod split_cells;
mod spread;
mod stats;
mod stray;
mod table;
mod tally;
mod text;
mod texts;
mod titles;
mod unpack;
mod value;
mod values;
mod warnings;
mod zip;

use std::{io::Cursor, sync::Arc, time::Duration};

use milepost::{
    engine::{Check, Context, KindOptions, Output, Stages, Task, TaskError, ValidationError},
    task::UploadId,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use self::{
    charset::Charset,
    error::LoadError,
    layout::Options,
    process::Processed,
    settings::{MAX_CHARACTERS, MAX_HEADER_ROW, MAX_NAME_CHARACTERS, MAX_OPTION_CHARACTERS},
};

pub use html::write_html;
pub use profile::MEDIA_TYPE as PROFILE_MEDIA_TYPE;
pub use settings::DatasetSettings;
pub use sheet::Sheet;

/// Profiles CSV: a text or a file.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Dataset {
    /// CSV text. Its delimiter and header are detected, unless they are given below.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(title = "CSV text", length(min = 1, max = MAX_CHARACTERS), extend("format" = "textarea"))]
    pub data: Option<String>,
    /// CSV file of any size, instead of a text; may be compressed (gzip, Zstandard, ZIP).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<String>", title = "CSV file", extend("format" = "upload"))]
    pub file: Option<UploadId>,
    /// Name of the data set.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(title = "Name", length(max = MAX_NAME_CHARACTERS))]
    pub name: Option<String>,
    /// What separates the cells: one character, or tab, blanks or none. Default: detected.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(title = "Delimiter", length(max = MAX_OPTION_CHARACTERS))]
    pub delimiter: Option<String>,
    /// Line that names the columns; 0 if none does. Default: detected.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(title = "Line of the header", range(max = MAX_HEADER_ROW))]
    pub header_row: Option<u32>,
    /// Encoding of the file, such as UTF-8, windows-1252 or cp850. Default: detected.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(title = "Encoding", length(max = MAX_OPTION_CHARACTERS))]
    pub encoding: Option<String>,
    /// Decimal sign of the numbers: a point or a comma. Default: detected for each column.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(title = "Decimal sign", length(max = MAX_OPTION_CHARACTERS))]
    pub decimal: Option<String>,
    /// Texts that mean a missing value, separated by commas, such as NA, -9999. Default: the usual
    /// ones, where the other values of the column agree.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(title = "Missing values", length(max = MAX_NAME_CHARACTERS))]
    pub missing: Option<String>,
}

impl Dataset {
    /// Default options of this kind: at most 10 minutes, and two at once, because each takes a core
    /// and some 100 MB.
    pub fn default_options() -> KindOptions {
        KindOptions::default().with(|o| {
            o.timeout = Duration::from_secs(600);
            o.concurrency = 2;
        })
    }

    /// The name, unless it is blank.
    fn given_name(&self) -> Option<&str> {
        self.name.as_deref().map(str::trim).filter(|name| !name.is_empty())
    }

    /// What was given about the layout. Empty inputs give nothing.
    fn options(&self) -> Result<Options, ValidationError> {
        let mut options = Options::default();
        // A blank may be the delimiter, but an empty field of a form is none.
        if let Some(delimiter) = self.delimiter.as_deref().filter(|text| !text.is_empty())
            && !options.set_delimiter(delimiter)
        {
            let detail = "one character such as ; that is no letter, digit or quote; or tab, \
                          blanks, none";
            return Err(ValidationError::field("delimiter", detail));
        }
        options.header_row = self.header_row.map(u64::from);
        if options.header_row.is_some_and(|line| line > u64::from(MAX_HEADER_ROW)) {
            let detail = format!("at most {MAX_HEADER_ROW}");
            return Err(ValidationError::field("header_row", detail));
        }
        if let Some(name) = given(&self.encoding) {
            let Some(charset) = Charset::by_name(name) else {
                let detail = "no known encoding; known are UTF-8, UTF-16, windows-1252, cp850, \
                              macintosh and those of the Encoding Standard";
                return Err(ValidationError::field("encoding", detail));
            };
            options.encoding = Some(charset);
        }
        if let Some(decimal) = given(&self.decimal)
            && !options.set_decimal(decimal)
        {
            return Err(ValidationError::field("decimal", "a point or a comma"));
        }
        if let Some(missing) = given(&self.missing) {
            if missing.chars().count() > MAX_NAME_CHARACTERS {
                let detail = format!("at most {MAX_NAME_CHARACTERS} characters");
                return Err(ValidationError::field("missing", detail));
            }
            options.set_missing(missing);
        }
        Ok(options)
    }
}

/// A text unless it is blank.
fn given(text: &Option<String>) -> Option<&str> {
    text.as_deref().map(str::trim).filter(|text| !text.is_empty())
}

impl Task for Dataset {
    const KIND: &'static str = "dataset";
    const TITLE: &'static str = "Data profile";
    const DESCRIPTION: &'static str = "Reads CSV, a text or a file of any size, and tells of each \
                                       column its type, what is missing, how the values spread \
                                       and which are frequent.";
    type Deps = DatasetSettings;

    fn title(&self) -> String {
        match (self.given_name(), &self.data) {
            (Some(name), _) => format!("Data set: {name}"),
            (None, Some(data)) => {
                let size = i64::try_from(data.len()).unwrap_or(i64::MAX);
                format!("Data set of {}", text::bytes(size))
            }
            (None, None) => "Data set of a file".to_owned(),
        }
    }

    fn upload_title(&self) -> Option<String> {
        self.given_name().is_none().then(|| "Data set: {name}".to_owned())
    }

    fn stages(&self) -> Stages {
        Stages::new([
            ("Loading data", 1.0),
            ("Processing data", 6.0),
            ("Generating output", 2.0),
            ("Finalizing", 1.0),
        ])
    }

    async fn check(&self, settings: &DatasetSettings) -> Check {
        if let Some(name) = self.given_name() {
            let max = settings.max_name_chars.min(MAX_NAME_CHARACTERS);
            if name.chars().count() > max {
                let detail = format!("at most {max} characters");
                return Err(ValidationError::field("name", detail));
            }
            if name.chars().any(char::is_control) {
                return Err(ValidationError::field(
                    "name",
                    "no control characters, such as line breaks",
                ));
            }
        }
        let options = self.options()?;
        let data = match (&self.data, &self.file) {
            (Some(data), None) => data,
            (None, Some(_)) => return Ok(()),
            (None, None) => {
                return Err(ValidationError::field("data", "is empty: give CSV text, or a file"));
            }
            (Some(_), Some(_)) => {
                return Err(ValidationError::field("file", "give a text or a file, not both"));
            }
        };
        let (size, limit) = (data.len(), settings.max_bytes.min(MAX_CHARACTERS));
        if size > limit {
            let detail = format!(
                "the text has {size} bytes, at most {limit} are allowed; give it as a file"
            );
            return Err(ValidationError::field("data", detail));
        }
        if feed::is_blank(data) {
            return Err(ValidationError::field("data", LoadError::Empty.to_string()));
        }
        process::open_text(data.as_bytes(), size as u64, &options, settings).map(drop).map_err(
            |error| {
                let is_row = matches!(error, LoadError::NoHeader { .. });
                let field = if is_row { "header_row" } else { "data" };
                ValidationError::field(field, error.to_string())
            },
        )
    }

    fn uploads(&self) -> Vec<(String, UploadId)> {
        self.file.iter().map(|id| ("file".to_owned(), *id)).collect()
    }

    async fn run(self, ctx: Context, settings: Arc<DatasetSettings>) -> Result<Output, TaskError> {
        let name = self.given_name().map(str::to_owned);
        let options =
            self.options().map_err(|error| TaskError::fail("input", error.to_string()))?;
        ctx.preserved("nothing: a profile is made of all rows");
        let (processed, name) = match self.file {
            Some(id) => {
                let (processed, file) = file::process(&ctx, id, options, &settings).await?;
                (processed, name.or(Some(file)))
            }
            None => {
                let data = self.data.unwrap_or_default();
                (of_text(&ctx, data, &options, &settings).await?, name)
            }
        };

        ctx.stage(2).await?;
        ctx.message(text::count(processed.rows(), "row"));
        let profile =
            ctx.blocking(move |ctx| process::generate(processed, name, &mut tick(ctx))).await?;

        ctx.stage(3).await?;
        ctx.blocking(move |_| Output::json(PROFILE_MEDIA_TYPE, &profile, "profile.json")).await
    }
}

/// Number of bytes from which the encoding of a text to be shown is judged. What comes later is judged
/// as it comes.
const SAMPLE_BYTES: usize = 256 << 10;

/// Decodes bytes in the encoding that they seem to have, in the same way as for a profile. `is_whole`:
/// these are all bytes; otherwise a character cut off at the end is omitted. A byte order mark is
/// removed.
pub fn decoded(bytes: &[u8], is_whole: bool) -> String {
    let sample = bytes.len().min(SAMPLE_BYTES);
    let charset = charset::detect(&bytes[..sample], is_whole && sample == bytes.len()).charset;
    let mut decoding = decoding::Decoding::new(charset, false);
    let (mut text, mut read) = (Vec::new(), 0);
    loop {
        let block = decoding.decode(&bytes[read..], is_whole, &mut text);
        read += block.read;
        if block.is_finished || block.read == 0 {
            break;
        }
    }
    String::from_utf8(text)
        .unwrap_or_else(|error| String::from_utf8_lossy(error.as_bytes()).into_owned())
}

/// Runs the first two stages on a text.
async fn of_text(
    ctx: &Context,
    data: String,
    options: &Options,
    settings: &Arc<DatasetSettings>,
) -> Result<Processed, TaskError> {
    ctx.stage(0).await?;
    let limits = Arc::clone(settings);
    let size = data.len() as u64;
    let table = process::open_text(Cursor::new(data), size, options, settings)?;

    ctx.stage(1).await?;
    let columns = i64::try_from(table.columns()).unwrap_or(i64::MAX);
    ctx.message(text::count(columns, "column"));
    ctx.blocking(move |ctx| {
        process::process_showing(table, &limits, &mut tick(ctx), &mut first_figures::show(ctx))
    })
    .await
}

/// Callback for the stages: reports progress, and fails if the task was stopped.
fn tick(ctx: &Context) -> impl FnMut(f64) -> Result<(), TaskError> {
    |done| {
        ctx.progress(done);
        ctx.check()
    }
}

impl From<LoadError> for TaskError {
    fn from(error: LoadError) -> Self {
        Self::fail(error.code(), error.to_string())
    }
}

/// Profile of a text, for tests.
#[cfg(test)]
fn profile_text(text: &str) -> profile::Profile {
    let go_on = &mut |_: f64| Ok::<(), LoadError>(());
    let (settings, options) = (DatasetSettings::default(), Options::default());
    let table =
        process::open_text(text.as_bytes(), text.len() as u64, &options, &settings).unwrap();
    let processed = process::process(table, &settings, go_on).unwrap();
    process::generate(processed, None, go_on).unwrap()
}

#[cfg(test)]
mod tests;
