//! Settings, one struct per concern. Names include units.

use std::path::PathBuf;

use milepost::engine::{
    EngineOptions, FileOptions, LongPollOptions, RetentionOptions, store::postgres::PoolMode,
};
use milepost_command::IsolationSettings;
use milepost_dataset::DatasetSettings;
use milepost_story::{ApiKey, NarratorSettings, StorySettings};
use serde::{Deserialize, Serialize};

use super::{
    AuthSettings, DatabaseUrl, HttpSettings, KindsSettings, TelemetrySettings, ViewerSettings,
};

/// All settings.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Settings {
    /// `[http]`
    pub http: HttpSettings,
    /// `[auth]`
    pub auth: AuthSettings,
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
    /// `[telemetry]`
    pub telemetry: TelemetrySettings,
}

/// Where data is stored.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct StorageSettings {
    /// Folder for the database; created if missing. `MILEPOST_STORAGE_DATA_DIR`, `--data`. Default:
    /// `data`.
    pub data_dir: PathBuf,
    /// `sqlite:///path/to/file` for one process, `postgres://user:password@host:5432/database` for
    /// several. `MILEPOST_STORAGE_DATABASE`, `--database`. Default: the file `milepost.db` in the
    /// data folder.
    pub database: Option<DatabaseUrl>,
    /// File that contains `database` as its only line, so that a password appears neither on the
    /// command line nor in the environment; make it readable by its owner only.
    /// `MILEPOST_STORAGE_DATABASE_FILE`, `--database-file`. Default: none.
    pub database_file: Option<PathBuf>,
    /// The same PostgreSQL database around a pooler such as PgBouncer, for notifications and
    /// migrations: a pooler in transaction mode passes on no notifications.
    /// `MILEPOST_STORAGE_DIRECT_DATABASE`. Default: none.
    pub direct_database: Option<DatabaseUrl>,
    /// File that contains `direct_database` as its only line.
    /// `MILEPOST_STORAGE_DIRECT_DATABASE_FILE`. Default: none.
    pub direct_database_file: Option<PathBuf>,
    /// How a pooler in front of PostgreSQL shares its connections: `session`, `transaction`, or
    /// `auto`, which finds it out at the start. `session` is right without a pooler, too.
    /// `MILEPOST_STORAGE_POOL_MODE`. Default: `auto`.
    pub pool_mode: PoolMode,
    /// Storage for uploads and files of tasks: a folder, or `s3://bucket/prefix` for a bucket of an
    /// S3-compatible store, whose endpoint, region and keys are read from `AWS_ENDPOINT_URL`,
    /// `AWS_REGION`, `AWS_ACCESS_KEY_ID` and `AWS_SECRET_ACCESS_KEY`. `MILEPOST_STORAGE_ARTIFACTS`.
    /// Default: the folder `artifacts` in the data folder.
    pub artifacts: Option<String>,
    /// Connections of this process to PostgreSQL, in addition to one for heartbeats and one for
    /// notifications: half for reading, half for writing; at least 3.
    /// `MILEPOST_STORAGE_CONNECTIONS`. Default: 8.
    pub connections: u32,
    /// Key that seals the secrets of commands in the database: 64 hexadecimal digits, identical for
    /// all servers and workers of a database. `MILEPOST_STORAGE_SECRET_KEY`. Default: the file
    /// `secret.key` in the data folder, created if missing.
    pub secret_key: Option<ApiKey>,
    /// Maximum number of bytes in the database for all tasks of one owner: inputs, logs,
    /// checkpoints and results, and 1,024 per task. Beyond it the owner cannot start tasks until
    /// some expire; running tasks continue. `MILEPOST_STORAGE_MAX_BYTES_PER_OWNER`. Default:
    /// 1,073,741,824 (1 GiB).
    pub max_bytes_per_owner: u64,
    /// The same for all tasks from one client address (IPv6: one /64 network), whatever their
    /// owners. `MILEPOST_STORAGE_MAX_BYTES_PER_CLIENT`. Default: 4,294,967,296 (4 GiB).
    pub max_bytes_per_client: u64,
    /// The same in total. `MILEPOST_STORAGE_MAX_BYTES`. Default: 68,719,476,736 (64 GiB).
    pub max_bytes: u64,
    /// Bytes to keep free on the disks of the data folder and of the files. With less, no task can
    /// be started and no file uploaded; running tasks continue. On a small disk a tenth stays
    /// free. 0: no limit. `MILEPOST_STORAGE_MIN_FREE_BYTES`. Default: 536,870,912 (512 MiB).
    pub min_free_bytes: u64,
    /// Folder of `{subject}/research.md`, and of the stories written.
    /// `MILEPOST_STORAGE_OUTPUT_DIR`, `--output-dir`. Default: `output`.
    pub output_dir: PathBuf,
}

impl Default for StorageSettings {
    fn default() -> Self {
        Self {
            data_dir: PathBuf::from("data"),
            database: None,
            database_file: None,
            direct_database: None,
            direct_database_file: None,
            pool_mode: PoolMode::Auto,
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

/// Logging to standard error.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct LogSettings {
    /// Directives such as `warn,milepost=debug`. `MILEPOST_LOG_FILTER`. Default:
    /// `warn,milepost=info,milepost_server=info,milepost_app=info,audit=info`; `audit` logs who did
    /// what.
    pub filter: String,
}

impl StorageSettings {
    /// Whether several processes share the database: PostgreSQL.
    pub(crate) fn is_shared(&self) -> bool {
        self.database.as_ref().is_some_and(DatabaseUrl::is_postgres)
    }

    fn invalid(&self) -> Vec<(&'static str, String)> {
        let known = |url: &DatabaseUrl| url.is_postgres() || url.expose().starts_with("sqlite:");
        broken([
            (self.connections >= 1, "storage.connections", "at least 1"),
            (self.max_bytes_per_owner >= 1, "storage.max_bytes_per_owner", "at least 1"),
            (self.max_bytes_per_client >= 1, "storage.max_bytes_per_client", "at least 1"),
            (self.max_bytes >= 1, "storage.max_bytes", "at least 1"),
            (
                self.database.as_ref().is_none_or(known),
                "storage.database",
                "sqlite:///path/to/file or postgres://user:password@host:5432/database",
            ),
            (
                self.direct_database.as_ref().is_none_or(DatabaseUrl::is_postgres),
                "storage.direct_database",
                "postgres://user:password@host:5432/database",
            ),
            (
                self.artifacts.as_deref().is_none_or(is_artifact_store),
                "storage.artifacts",
                "a folder, or s3://bucket or s3://bucket/prefix",
            ),
        ])
    }
}

impl Default for LogSettings {
    fn default() -> Self {
        let filter = "warn,milepost=info,milepost_server=info,milepost_app=info,audit=info";
        Self { filter: filter.to_owned() }
    }
}

impl LogSettings {
    fn invalid(&self) -> Vec<(&'static str, String)> {
        let fine = tracing_subscriber::EnvFilter::try_new(&self.filter).is_ok();
        broken([(fine, "log.filter", "directives such as warn,milepost=debug")])
    }
}

impl Settings {
    /// Validates well-formed values; returns the invalid keys and what would be valid.
    pub(super) fn invalid(&self) -> Vec<(String, String)> {
        // The isolation depends on the machine and is checked at start.
        let fixed = [
            self.http.invalid(),
            self.auth.invalid(),
            self.storage.invalid(),
            self.viewers.invalid(),
            self.dataset.invalid(),
            self.story.invalid(),
            self.narrator.invalid(),
            self.log.invalid(),
            self.telemetry.invalid(),
        ];
        let fixed = fixed.into_iter().flatten().map(|(key, right)| (key.to_owned(), right));
        let tables = [
            ("engine", self.engine.invalid()),
            ("files", self.files.invalid()),
            ("long_poll", self.long_poll.invalid()),
            ("retention", self.retention.invalid()),
        ];
        let tables = tables.into_iter().flat_map(|(table, invalid)| {
            invalid.into_iter().map(move |(key, right)| (format!("{table}.{key}"), right))
        });
        fixed.chain(tables).chain(self.kinds.invalid()).collect()
    }
}

/// The broken rules: whether it holds, the key, and what would be valid.
pub(super) fn broken<const N: usize>(
    rules: [(bool, &'static str, &str); N],
) -> Vec<(&'static str, String)> {
    let broken = rules.into_iter().filter(|(holds, ..)| !holds);
    broken.map(|(_, key, right)| (key, right.to_owned())).collect()
}

/// Whether the text is a folder or an S3 bucket.
fn is_artifact_store(text: &str) -> bool {
    match text.split_once("://") {
        Some(("s3", rest)) => {
            !rest.is_empty() && !rest.starts_with('/') && !rest.contains(['?', '#', '@'])
        }
        Some(_) => false,
        None => !text.is_empty(),
    }
}
