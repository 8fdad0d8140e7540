//! The task kind `dataset`: a profile of CSV, given as a text or as a file.
//!
//! The first record names the columns. What is odd (ragged rows, an unclosed quote, traces of a
//! wrong encoding, names that are missing or repeated) is told in the profile with line numbers and
//! stops nothing; only a text without a header is refused.
//!
//! * [`profile`]: the result, as JSON.
//! * `load`, `process`: the stages over a text as pure functions; `file`, `stream`: over a file, in
//!   the same memory whatever its size (`unpack`, `feed`).
//! * `dialect`, `scan`, `value`, `column`, `numbers`, `stats`: what they consist of.
//! * `html`: the profile as a page.

mod column;
mod dialect;
mod feed;
mod file;
mod html;
mod load;
mod numbers;
mod process;
pub mod profile;
mod scan;
mod stats;
mod stream;
mod text;
mod unpack;
mod value;
mod warnings;

use std::sync::Arc;

use milepost::{
    engine::{Check, Context, Output, Refusal, Stages, Task, TaskError},
    task::UploadId,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use self::{column::DistinctBudget, load::LoadError, warnings::Warnings};

pub use html::to_html;
pub use profile::MEDIA_TYPE as PROFILE_MEDIA_TYPE;
pub(crate) use text::escape;

/// No setting raises the size of the text beyond this many characters: all of it is in memory.
const MAX_CHARACTERS: usize = 16 * 1024 * 1024;
/// Nor that of the name.
const MAX_NAME_CHARACTERS: usize = 100;

/// Profiles CSV: a text or a file.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Dataset {
    /// CSV text; its first line names the columns. Commas, semicolons, tabs and vertical bars are
    /// recognised.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(title = "CSV text", length(min = 1, max = MAX_CHARACTERS), extend("format" = "textarea"))]
    pub data: Option<String>,
    /// Instead of a text: a file with it, of any size, also packed (gzip, Zstandard).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<String>", title = "CSV file", extend("format" = "upload"))]
    pub file: Option<UploadId>,
    /// What to call it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(title = "Name", length(max = MAX_NAME_CHARACTERS))]
    pub name: Option<String>,
}

/// Limits of the kind `dataset`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct DatasetSettings {
    /// Bytes of one text. Default: 1,000,000. The limits on a request's body and on a task's input
    /// apply too.
    pub max_bytes: usize,
    /// Bytes of one file, as it is. `MILEPOST_DATASET_MAX_FILE_BYTES`. Default: 4,294,967,296.
    pub max_file_bytes: u64,
    /// Characters of the name, 1 to 100. `MILEPOST_DATASET_MAX_NAME_CHARS`. Default: 100.
    pub max_name_chars: usize,
    /// Columns of one text. Default: 1,000.
    pub max_columns: usize,
    /// Different values that are counted per column; beyond, `distinct` is a lower bound.
    /// Default: 100,000.
    pub max_distinct_per_column: usize,
    /// Different values that are counted in all columns together. Default: 1,000,000.
    pub max_distinct: usize,
    /// Warnings that a profile lists; the rest is counted. Default: 100.
    pub max_warnings: usize,
}

impl Default for DatasetSettings {
    fn default() -> Self {
        Self {
            max_bytes: 1_000_000,
            max_file_bytes: 4 << 30,
            max_name_chars: MAX_NAME_CHARACTERS,
            max_columns: 1_000,
            max_distinct_per_column: 100_000,
            max_distinct: 1_000_000,
            max_warnings: 100,
        }
    }
}

impl DatasetSettings {
    const fn budget(&self) -> DistinctBudget {
        DistinctBudget::new(self.max_distinct_per_column, self.max_distinct)
    }
}

impl Dataset {
    /// The name, unless it is blank.
    fn given_name(&self) -> Option<&str> {
        self.name.as_deref().map(str::trim).filter(|name| !name.is_empty())
    }
}

impl Task for Dataset {
    const KIND: &'static str = "dataset";
    const TITLE: &'static str = "Data profile";
    const DESCRIPTION: &'static str = "Reads CSV text and tells of each column its type, what is \
                                       missing, how the values spread and which are frequent.";
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
                return Err(Refusal::field("name", detail));
            }
            if name.chars().any(char::is_control) {
                return Err(Refusal::field("name", "no control characters, such as line breaks"));
            }
        }
        let data = match (&self.data, &self.file) {
            (Some(data), None) => data,
            (None, Some(_)) => return Ok(()),
            (None, None) => {
                return Err(Refusal::field("data", "is empty: give CSV text, or a file"));
            }
            (Some(_), Some(_)) => {
                return Err(Refusal::field("file", "give a text or a file, not both"));
            }
        };
        let (size, limit) = (data.len(), settings.max_bytes.min(MAX_CHARACTERS));
        if size > limit {
            let detail = format!(
                "the text has {size} bytes, at most {limit} are allowed; give it as a file"
            );
            return Err(Refusal::field("data", detail));
        }
        load::check(data, settings.max_columns)
            .map_err(|error| Refusal::field("data", error.to_string()))
    }

    fn uploads(&self) -> Vec<(String, UploadId)> {
        self.file.iter().map(|id| ("file".to_owned(), *id)).collect()
    }

    async fn run(self, ctx: Context, settings: Arc<DatasetSettings>) -> Result<Output, TaskError> {
        let name = self.given_name().map(str::to_owned);
        ctx.kept("nothing: a profile is made of the whole text");
        let (processed, name) = match self.file {
            Some(id) => {
                let (processed, file) = file::process(&ctx, id, &settings).await?;
                (processed, name.or(Some(file)))
            }
            None => (of_text(&ctx, self.data.unwrap_or_default(), &settings).await?, name),
        };

        ctx.stage(2).await?;
        ctx.message(text::count(processed.rows(), "row"));
        let profile =
            ctx.blocking(move |ctx| process::generate(processed, name, &mut tick(ctx))).await?;

        ctx.stage(3).await?;
        ctx.blocking(move |_| Output::json(PROFILE_MEDIA_TYPE, &profile, "profile.json")).await
    }
}

/// The records of a text, read as a profile reads them.
pub(crate) fn records(text: &str) -> csv::Reader<&[u8]> {
    dialect::reader(text, dialect::delimiter(text))
}

/// The first two stages over a text.
async fn of_text(
    ctx: &Context,
    data: String,
    settings: &DatasetSettings,
) -> Result<process::Processed, TaskError> {
    let (max_columns, warnings) = (settings.max_columns, Warnings::new(settings.max_warnings));
    ctx.stage(0).await?;
    let loaded =
        ctx.blocking(move |ctx| load::load(data, max_columns, warnings, &mut tick(ctx))).await?;

    ctx.stage(1).await?;
    let columns = i64::try_from(loaded.header.len()).unwrap_or(i64::MAX);
    ctx.message(text::count(columns, "column"));
    let budget = settings.budget();
    ctx.blocking(move |ctx| process::process(loaded, budget, &mut tick(ctx))).await
}

/// What the stages call as they go: reports, and stops when the task was told to.
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

/// The profile of a text, for tests.
#[cfg(test)]
fn profile_text(text: &str) -> profile::Profile {
    let go_on = &mut |_: f64| Ok::<(), LoadError>(());
    let settings = DatasetSettings::default();
    let loaded = load::load(text.to_owned(), 100, Warnings::new(100), go_on).unwrap();
    let processed = process::process(loaded, settings.budget(), go_on).unwrap();
    process::generate(processed, None, go_on).unwrap()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn dataset(data: &str, name: Option<&str>) -> Dataset {
        Dataset { data: Some(data.to_owned()), file: None, name: name.map(str::to_owned) }
    }

    fn upload() -> UploadId {
        "4bf9e1a2-6a4e-4d0e-9b1f-0c7f6f3f1d55".parse().unwrap()
    }

    #[tokio::test]
    async fn what_cannot_be_profiled_is_refused_at_its_field() {
        let settings = DatasetSettings { max_bytes: 10, max_columns: 3, ..Default::default() };
        let cases = [
            (dataset("", None), "data"),
            (dataset(" \n", None), "data"),
            (dataset("a,b,c,d", None), "data"),
            (dataset("01234567890", None), "data"),
            (dataset("a", Some(&"x".repeat(101))), "name"),
            (dataset("a", Some("x\ny")), "name"),
            (Dataset { data: None, file: None, name: None }, "data"),
            (Dataset { file: Some(upload()), ..dataset("a", None) }, "file"),
        ];
        for (task, field) in cases {
            let refusal = task.check(&settings).await.unwrap_err();
            assert_eq!(refusal.errors[0].field, field, "{task:?}");
        }
        assert_eq!(dataset("input", Some(" ")).check(&settings).await, Ok(()));
        let settings = DatasetSettings { max_name_chars: 2, ..Default::default() };
        let refusal = dataset("a", Some("abc")).check(&settings).await.unwrap_err();
        assert_eq!(refusal.to_string(), "at most 2 characters");
    }

    #[test]
    fn the_form_gets_an_area_for_the_text() {
        let schema = schemars::schema_for!(Dataset).to_value();
        assert_eq!(schema["properties"]["data"]["format"], "textarea");
        assert_eq!(schema["properties"]["data"]["maxLength"], MAX_CHARACTERS);
        assert_eq!(schema["properties"]["file"]["format"], "upload");
        assert!(schema["required"].is_null(), "a text or a file");
    }

    #[test]
    fn it_is_called_by_its_name_or_its_size() {
        assert_eq!(dataset("a", Some(" sales ")).title(), "Data set: sales");
        assert_eq!(dataset("abc", Some("")).title(), "Data set of 3 bytes");
        let file = Dataset { data: None, file: Some(upload()), name: None };
        assert_eq!(file.title(), "Data set of a file");
        assert_eq!(file.uploads(), [("file".to_owned(), upload())]);
    }
}
