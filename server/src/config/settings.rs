//! One struct per concern. Units are in the names.

use std::path::PathBuf;

use milepost::{
    engine::{EngineOptions, FileOptions, LongPollOptions, RetentionOptions},
    http::{TrustedProxy, is_origin},
};
use serde::{Deserialize, Serialize};

use super::{DatabaseUrl, HttpSettings, IsolationSettings, KindsSettings, ViewerSettings};
use crate::tasks::{
    dataset::DatasetSettings,
    story::{ApiKey, NarratorSettings, StorySettings},
};

/// Everything that can be configured.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Settings {
    /// `[http]`
    pub http: HttpSettings,
    /// `[storage]`
    pub storage: StorageSettings,
    /// `[engine]`
    pub engine: EngineOptions,
    /// `[files]`
    pub files: FileOptions,
    /// `[long_poll]`
    pub long_poll: LongPollOptions,
    /// `[isolation]`
    pub isolation: IsolationSettings,
    /// `[retention]`
    pub retention: RetentionOptions,
    /// `[viewers]`
    pub viewers: ViewerSettings,
    /// `[kinds.story]`, `[kinds.dataset]`
    pub kinds: KindsSettings,
    /// `[dataset]`
    pub dataset: DatasetSettings,
    /// `[story]`
    pub story: StorySettings,
    /// `[narrator]`
    pub narrator: NarratorSettings,
    /// `[log]`
    pub log: LogSettings,
}

/// Where things are kept.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct StorageSettings {
    /// Folder for the database; made if it is not there. `MILEPOST_STORAGE_DATA_DIR`, `--data`.
    /// Default: `data`.
    pub data_dir: PathBuf,
    /// `sqlite:///path/to/file` for one process, `postgres://user:password@host:5432/database` for
    /// many. `MILEPOST_STORAGE_DATABASE`, `--database`. Default: the file `milepost.db` in the data
    /// folder.
    pub database: Option<DatabaseUrl>,
    /// A file whose one line is `database`, so that a password stands neither on the command line
    /// nor in the environment; only its owner should be able to read it.
    /// `MILEPOST_STORAGE_DATABASE_FILE`, `--database-file`. Default: none.
    pub database_file: Option<PathBuf>,
    /// Folder for the files that tasks make and are given, or `s3://bucket/prefix`: a bucket of an
    /// S3-compatible store, whose address, region and keys are in the environment, as
    /// `AWS_ENDPOINT_URL`, `AWS_REGION`, `AWS_ACCESS_KEY_ID` and `AWS_SECRET_ACCESS_KEY`.
    /// `MILEPOST_STORAGE_ARTIFACTS`. Default: the folder `artifacts` in the data folder.
    pub artifacts: Option<String>,
    /// Connections of this process to PostgreSQL, beside one for heartbeats and one for
    /// notifications: half of them read, half of them write. At least 3 are made. `MILEPOST_STORAGE_CONNECTIONS`. Default: 8.
    pub connections: u32,
    /// The key that seals the secrets of commands in the database: 64 hexadecimal digits, the same for
    /// all servers and workers with one database. `MILEPOST_STORAGE_SECRET_KEY`. Default: the file
    /// `secret.key` in the data folder, made where it is missing.
    pub secret_key: Option<ApiKey>,
    /// Bytes in the database of all tasks of one owner: inputs, logs, checkpoints and results, and
    /// 1,024 for each task. Beyond, nothing of that owner is started until some expire; what runs
    /// comes to its end. `MILEPOST_STORAGE_MAX_BYTES_PER_OWNER`. Default: 1,073,741,824 (1 GiB).
    pub max_bytes_per_owner: u64,
    /// The same of all who come from one client address (IPv6: one /64 network), whatever their
    /// owners. `MILEPOST_STORAGE_MAX_BYTES_PER_CLIENT`. Default: 4,294,967,296 (4 GiB).
    pub max_bytes_per_client: u64,
    /// The same in all. `MILEPOST_STORAGE_MAX_BYTES`. Default: 68,719,476,736 (64 GiB).
    pub max_bytes: u64,
    /// Bytes that stay free on the disk of the data folder, and on that of the files: with less,
    /// nothing is started and no file is taken in; what runs comes to its end. Of a small disk a
    /// tenth stays free; 0: nothing. `MILEPOST_STORAGE_MIN_FREE_BYTES`. Default: 536,870,912
    /// (512 MiB).
    pub min_free_bytes: u64,
    /// Folder with `{subject}/research.md`, and where stories go. `MILEPOST_STORAGE_OUTPUT_DIR`,
    /// `--output-dir`. Default: `output`.
    pub output_dir: PathBuf,
}

impl Default for StorageSettings {
    fn default() -> Self {
        Self {
            data_dir: PathBuf::from("data"),
            database: None,
            database_file: None,
            artifacts: None,
            connections: 8,
            secret_key: None,
            max_bytes_per_owner: 1 << 30,
            max_bytes_per_client: 4 << 30,
            max_bytes: 64 << 30,
            min_free_bytes: 512 << 20,
            output_dir: PathBuf::from("output"),
        }
    }
}

/// What is logged, to the standard error.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct LogSettings {
    /// Directives such as `warn,milepost=debug`. `MILEPOST_LOG_FILTER`. Default:
    /// `warn,milepost=info,milepost_server=info,milepost_app=info,audit=info`; `audit` says who did
    /// what.
    pub filter: String,
}

impl Default for LogSettings {
    fn default() -> Self {
        let filter = "warn,milepost=info,milepost_server=info,milepost_app=info,audit=info";
        Self { filter: filter.to_owned() }
    }
}

impl Settings {
    /// Finds values that are well-formed and make no sense: the key and what would be right.
    pub(super) fn faults(&self) -> Vec<(String, String)> {
        let mut faults = Vec::new();
        let mut require = |fine: bool, key, right: &str| {
            if !fine {
                faults.push((key, right.to_owned()));
            }
        };
        let Self {
            http,
            engine,
            files,
            long_poll,
            retention,
            viewers,
            kinds,
            dataset,
            log,
            storage,
            story,
            narrator,
            // Whether it can be had is the machine's word.
            isolation: _,
        } = self;
        require(http.max_body_bytes >= 1024, "http.max_body_bytes", "at least 1024");
        require(
            http.public_origins.iter().all(|origin| is_origin(origin)),
            "http.public_origins",
            "each of the form https://host or https://host:port, without a path",
        );
        require(
            http.trusted_proxies.iter().all(|it| it.parse::<TrustedProxy>().is_ok()),
            "http.trusted_proxies",
            "each an address or a network, such as 192.0.2.1 or 10.0.0.0/8",
        );
        let least = [
            (u64::from(storage.connections), "storage.connections"),
            (storage.max_bytes_per_owner, "storage.max_bytes_per_owner"),
            (storage.max_bytes_per_client, "storage.max_bytes_per_client"),
            (storage.max_bytes, "storage.max_bytes"),
            (dataset.max_columns as u64, "dataset.max_columns"),
            (dataset.max_row_bytes as u64, "dataset.max_row_bytes"),
        ];
        for (value, key) in least {
            require(value >= 1, key, "at least 1");
        }
        require((1..=100).contains(&dataset.max_name_chars), "dataset.max_name_chars", "1 to 100");
        require(
            storage
                .database
                .as_ref()
                .is_none_or(|url| url.is_postgres() || url.expose().starts_with("sqlite:")),
            "storage.database",
            "sqlite:///path/to/file or postgres://user:password@host:5432/database",
        );
        require(
            tracing_subscriber::EnvFilter::try_new(&log.filter).is_ok(),
            "log.filter",
            "directives such as warn,milepost=debug",
        );
        require(
            storage.artifacts.as_deref().is_none_or(is_place),
            "storage.artifacts",
            "a folder, or s3://bucket or s3://bucket/prefix",
        );
        faults.extend(http.connections.faults());
        faults.extend(viewers.faults());
        faults.extend(story.faults());
        faults.extend(narrator.faults());
        let fixed = faults.into_iter().map(|(key, right)| (key.to_owned(), right));
        let tables = [
            ("engine", engine.invalid()),
            ("files", files.invalid()),
            ("long_poll", long_poll.invalid()),
            ("retention", retention.invalid()),
        ];
        let tables = tables.into_iter().flat_map(|(table, invalid)| {
            invalid.into_iter().map(move |(key, right)| (format!("{table}.{key}"), right))
        });
        fixed.chain(tables).chain(kinds.faults()).collect()
    }
}

/// A folder, or a bucket; no other scheme.
fn is_place(text: &str) -> bool {
    match text.split_once("://") {
        Some(("s3", rest)) => {
            !rest.is_empty() && !rest.starts_with('/') && !rest.contains(['?', '#', '@'])
        }
        Some(_) => false,
        None => !text.is_empty(),
    }
}
