//! Kind `dataset`: profiles CSV, given as a text or as a file.
//!
//! The first record names the columns. Irregularities (ragged rows, an unclosed quote, traces of a
//! wrong encoding, missing or repeated names) are reported in the profile with line numbers and do
//! not stop the task; only a text without a header is rejected.
//!
//! * [`profile`]: the result, as JSON.
//! * `process`: the stages as pure functions, the same for a text and a file; `file`: reads an
//!   upload for them.
//! * `unpack`, `feed`, `records`: from bytes to records; `dialect`, `header`: how to read them.
//! * `value`, `column`, `values`, `spread`, `stats`: statistics of columns.
//! * `html`, `plot`, `text`: the profile as a page.

mod column;
mod dialect;
mod error;
mod feed;
mod file;
mod header;
mod html;
mod plot;
mod process;
pub mod profile;
mod records;
mod settings;
mod spread;
mod stats;
mod text;
mod unpack;
mod value;
mod values;
mod warnings;

use std::{io::Cursor, sync::Arc};

use milepost::{
    engine::{Check, Context, Output, Stages, Task, TaskError, ValidationError},
    task::UploadId,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use self::{
    error::LoadError,
    process::Processed,
    settings::{MAX_CHARACTERS, MAX_NAME_CHARACTERS},
};

pub use html::write_html;
pub use profile::MEDIA_TYPE as PROFILE_MEDIA_TYPE;
pub use settings::DatasetSettings;

/// Profiles CSV: a text or a file.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Dataset {
    /// CSV text; its first line names the columns. Commas, semicolons, tabs and vertical bars are
    /// recognised.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(title = "CSV text", length(min = 1, max = MAX_CHARACTERS), extend("format" = "textarea"))]
    pub data: Option<String>,
    /// CSV file of any size, instead of a text; may be compressed (gzip, Zstandard).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<String>", title = "CSV file", extend("format" = "upload"))]
    pub file: Option<UploadId>,
    /// Name of the data set.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(title = "Name", length(max = MAX_NAME_CHARACTERS))]
    pub name: Option<String>,
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
        process::open_text(data.as_bytes(), size as u64, settings)
            .map(drop)
            .map_err(|error| ValidationError::field("data", error.to_string()))
    }

    fn uploads(&self) -> Vec<(String, UploadId)> {
        self.file.iter().map(|id| ("file".to_owned(), *id)).collect()
    }

    async fn run(self, ctx: Context, settings: Arc<DatasetSettings>) -> Result<Output, TaskError> {
        let name = self.given_name().map(str::to_owned);
        ctx.preserved("nothing: a profile is made of all rows");
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

/// Records of a text, read in the same way as for a profile.
pub fn records(text: &str) -> csv::Reader<&[u8]> {
    dialect::reader(text, dialect::delimiter(text))
}

/// Runs the first two stages on a text.
async fn of_text(
    ctx: &Context,
    data: String,
    settings: &Arc<DatasetSettings>,
) -> Result<Processed, TaskError> {
    ctx.stage(0).await?;
    let limits = Arc::clone(settings);
    let size = data.len() as u64;
    let table = process::open_text(Cursor::new(data), size, settings)?;

    ctx.stage(1).await?;
    let columns = i64::try_from(table.columns()).unwrap_or(i64::MAX);
    ctx.message(text::count(columns, "column"));
    ctx.blocking(move |ctx| process::process(table, &limits, &mut tick(ctx))).await
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
    let settings = DatasetSettings::default();
    let table = process::open_text(text.as_bytes(), text.len() as u64, &settings).unwrap();
    let processed = process::process(table, &settings, go_on).unwrap();
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
