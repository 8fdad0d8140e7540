//! One struct per concern. Units are in the names.

use std::{net::SocketAddr, path::PathBuf, time::Duration};

use milepost::{
    engine::EngineOptions,
    http::{HttpOptions, TrustedProxy},
};
use serde::{Deserialize, Serialize};

use super::{
    DatabaseUrl, FileSettings, HoldSettings, KindsSettings, RetentionSettings, ViewerSettings,
};
use crate::tasks::{
    dataset::DatasetSettings,
    story::{NarratorSettings, StorySettings},
};

/// Everything that can be configured.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Settings {
    /// `[http]`
    pub http: HttpSettings,
    /// `[storage]`
    pub storage: StorageSettings,
    /// `[engine]`
    pub engine: EngineSettings,
    /// `[files]`
    pub files: FileSettings,
    /// `[hold]`
    pub hold: HoldSettings,
    /// `[retention]`
    pub retention: RetentionSettings,
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

/// How the server is reached.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct HttpSettings {
    /// Address and port to listen on; port 0 takes a free one. `MILEPOST_HTTP_ADDR`, `--addr`.
    /// Default: `127.0.0.1:3000`.
    pub addr: SocketAddr,
    /// Folder with the pages' scripts and styles. `MILEPOST_HTTP_SITE_DIR`, `--site`.
    /// Default: `target/site`.
    pub site_dir: PathBuf,
    /// Bytes of one request's body. `MILEPOST_HTTP_MAX_BODY_BYTES`. Default: 2,097,152: room for
    /// the largest input and for what JSON and forms add to it.
    pub max_body_bytes: usize,
    /// Where pages of this server are opened, such as `https://tasks.example.org`; requests to any
    /// other host are refused then. `MILEPOST_HTTP_PUBLIC_ORIGINS`, separated by commas. Default:
    /// none, the host that each request names.
    pub public_origins: Vec<String>,
    /// Whether the session cookie is sent over HTTPS only. `MILEPOST_HTTP_SECURE_COOKIE`. Default:
    /// where all of `public_origins` are `https`.
    pub secure_cookie: Option<bool>,
    /// Proxies in front of this server, as addresses or networks such as `10.0.0.0/8`: behind them
    /// the client is the right-most other address of `X-Forwarded-For`.
    /// `MILEPOST_HTTP_TRUSTED_PROXIES`, separated by commas. Default: none, the peer is the client.
    pub trusted_proxies: Vec<String>,
}

impl Default for HttpSettings {
    fn default() -> Self {
        Self {
            addr: SocketAddr::from(([127, 0, 0, 1], 3000)),
            site_dir: PathBuf::from("target/site"),
            max_body_bytes: 2 << 20,
            public_origins: Vec::new(),
            secure_cookie: None,
            trusted_proxies: Vec::new(),
        }
    }
}

impl HttpSettings {
    /// As the router takes them.
    pub fn options(&self) -> HttpOptions {
        let origins = &self.public_origins;
        let https =
            !origins.is_empty() && origins.iter().all(|origin| origin.starts_with("https:"));
        HttpOptions {
            max_body_bytes: self.max_body_bytes,
            public_origins: origins.clone(),
            secure_cookie: self.secure_cookie.unwrap_or(https),
            // What does not parse was refused when the configuration was read.
            trusted_proxies: self.trusted_proxies.iter().filter_map(|it| it.parse().ok()).collect(),
            ..HttpOptions::default()
        }
    }
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
    /// notifications. `MILEPOST_STORAGE_CONNECTIONS`. Default: 8.
    pub connections: u32,
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
            output_dir: PathBuf::from("output"),
        }
    }
}

/// How tasks are queued and run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct EngineSettings {
    /// Whether this process runs tasks. `MILEPOST_ENGINE_WORKER`, `--no-worker`. Default: true.
    pub worker: bool,
    /// Tasks that run at once. `MILEPOST_ENGINE_CONCURRENCY`. Default: 8.
    pub concurrency: u32,
    /// How long a worker may be silent before its tasks are taken back.
    /// `MILEPOST_ENGINE_LEASE_S`. Default: 30.
    pub lease_s: u64,
    /// How often a worker renews its leases; at most a third of `lease_s`.
    /// `MILEPOST_ENGINE_HEARTBEAT_S`. Default: 6.
    pub heartbeat_s: u64,
    /// How long running tasks may go on after TERM. `MILEPOST_ENGINE_DRAIN_S`. Default: 20.
    pub drain_s: u64,
    /// Tasks of one owner that may wait in the queue. `MILEPOST_ENGINE_MAX_QUEUED_PER_OWNER`.
    /// Default: 100.
    pub max_queued_per_owner: u32,
    /// Waiting tasks of each kind that are told their place in the queue, at most 255; 0: none.
    /// `MILEPOST_ENGINE_MAX_QUEUE_PLACES`. Default: 100.
    pub max_queue_places: u32,
    /// How old the order may be that a place is told from, in milliseconds.
    /// `MILEPOST_ENGINE_QUEUE_ORDER_MS`. Default: 250.
    pub queue_order_ms: u64,
    /// Bytes of one task's input as JSON. `MILEPOST_ENGINE_MAX_INPUT_BYTES`. Default: 1,048,576.
    pub max_input_bytes: usize,
    /// Bytes of one task's result. `MILEPOST_ENGINE_MAX_RESULT_BYTES`. Default: 16,777,216.
    pub max_result_bytes: usize,
    /// Bytes of one checkpoint as JSON. `MILEPOST_ENGINE_MAX_CHECKPOINT_BYTES`. Default: 4,194,304.
    pub max_checkpoint_bytes: usize,
    /// Characters of a message, a log line, a title, an error. `MILEPOST_ENGINE_MAX_TEXT_CHARS`.
    /// Default: 2,000.
    pub max_text_chars: usize,
    /// Log lines kept of one run: the first half and the latest half.
    /// `MILEPOST_ENGINE_MAX_LOG_LINES`. Default: 10,000.
    pub max_log_lines: u32,
    /// Bytes of log kept of one run, likewise. `MILEPOST_ENGINE_MAX_LOG_BYTES`. Default: 4,194,304.
    pub max_log_bytes: usize,
    /// Log lines in one answer. `MILEPOST_ENGINE_MAX_LOG_ANSWER_LINES`. Default: 1,000.
    pub max_log_answer_lines: u32,
    /// Earlier runs of a kind whose stages' durations are kept, for estimates of the next; 0 = none.
    /// `MILEPOST_ENGINE_MAX_STAGE_TIMES`. Default: 100.
    pub max_stage_times: u32,
    /// Tasks that one poll may watch. `MILEPOST_ENGINE_MAX_WATCHED`. Default: 100.
    pub max_watched: usize,
    /// Tasks that are started together, at most `max_watched`. `MILEPOST_ENGINE_MAX_BATCH`.
    /// Default: 100.
    pub max_batch: usize,
    /// Bytes of an `Idempotency-Key`. `MILEPOST_ENGINE_MAX_IDEMPOTENCY_KEY_BYTES`. Default: 255.
    pub max_idempotency_key_bytes: usize,
    /// Characters of a text searched for in a list. `MILEPOST_ENGINE_MAX_SEARCH_CHARS`.
    /// Default: 200.
    pub max_search_chars: usize,
    /// Rows on one page of a list, unless the caller asks for another number.
    /// `MILEPOST_ENGINE_LIST_ROWS`. Default: 50.
    pub list_rows: u32,
    /// Rows on one page of a list at most. `MILEPOST_ENGINE_MAX_LIST_ROWS`. Default: 200.
    pub max_list_rows: u32,
    /// Whether callers without a session or a token may start tasks that belong to nobody.
    /// `MILEPOST_ENGINE_ALLOW_OWNERLESS`. Default: true.
    pub allow_ownerless: bool,
}

impl Default for EngineSettings {
    fn default() -> Self {
        Self {
            worker: true,
            concurrency: 8,
            lease_s: 30,
            heartbeat_s: 6,
            drain_s: 20,
            max_queued_per_owner: 100,
            max_queue_places: 100,
            queue_order_ms: 250,
            max_input_bytes: 1 << 20,
            max_result_bytes: 16 << 20,
            max_checkpoint_bytes: 4 << 20,
            max_text_chars: 2_000,
            max_log_lines: 10_000,
            max_log_bytes: 4 << 20,
            max_log_answer_lines: 1_000,
            max_stage_times: 100,
            max_watched: 100,
            max_batch: 100,
            max_idempotency_key_bytes: 255,
            max_search_chars: 200,
            list_rows: 50,
            max_list_rows: 200,
            allow_ownerless: true,
        }
    }
}

impl EngineSettings {
    /// As the engine takes them; what cannot be configured keeps the engine's default.
    pub fn options(&self) -> EngineOptions {
        EngineOptions {
            concurrency: self.concurrency,
            lease: Duration::from_secs(self.lease_s),
            heartbeat: Duration::from_secs(self.heartbeat_s),
            drain: Duration::from_secs(self.drain_s),
            max_queued_per_owner: self.max_queued_per_owner,
            max_queue_places: self.max_queue_places,
            queue_order: Duration::from_millis(self.queue_order_ms),
            max_input_bytes: self.max_input_bytes,
            max_result_bytes: self.max_result_bytes,
            max_checkpoint_bytes: self.max_checkpoint_bytes,
            max_text_chars: self.max_text_chars,
            max_log_lines: self.max_log_lines,
            max_log_bytes: self.max_log_bytes,
            max_log_answer_lines: self.max_log_answer_lines,
            max_stage_times: self.max_stage_times,
            max_watched: self.max_watched,
            max_batch: self.max_batch,
            max_idempotency_key_bytes: self.max_idempotency_key_bytes,
            max_search_chars: self.max_search_chars,
            list_rows: self.list_rows,
            max_list_rows: self.max_list_rows,
            allow_ownerless: self.allow_ownerless,
            worker: self.worker,
            ..EngineOptions::default()
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
            hold,
            retention,
            viewers,
            kinds,
            dataset,
            log,
            storage,
            story,
            narrator,
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
        require(engine.concurrency >= 1, "engine.concurrency", "at least 1");
        require((2..=3600).contains(&engine.lease_s), "engine.lease_s", "2 to 3600");
        require(
            engine.heartbeat_s >= 1
                && engine.heartbeat_s.saturating_mul(3) <= engine.lease_s.max(3),
            "engine.heartbeat_s",
            "at least 1 and at most a third of engine.lease_s",
        );
        let most = milepost::engine::MOST_PLACES;
        require(engine.max_queue_places <= most, "engine.max_queue_places", "at most 255");
        require(engine.drain_s <= 3600, "engine.drain_s", "at most 3600");
        let least = [
            (u64::from(storage.connections), "storage.connections"),
            (u64::from(engine.max_queued_per_owner), "engine.max_queued_per_owner"),
            (engine.max_watched as u64, "engine.max_watched"),
            (engine.max_text_chars as u64, "engine.max_text_chars"),
            (u64::from(engine.max_log_answer_lines), "engine.max_log_answer_lines"),
            (engine.max_idempotency_key_bytes as u64, "engine.max_idempotency_key_bytes"),
            (engine.max_search_chars as u64, "engine.max_search_chars"),
            (dataset.max_columns as u64, "dataset.max_columns"),
            (dataset.max_row_bytes as u64, "dataset.max_row_bytes"),
        ];
        for (value, key) in least {
            require(value >= 1, key, "at least 1");
        }
        require(
            (1..=engine.max_watched).contains(&engine.max_batch),
            "engine.max_batch",
            "at least 1 and at most engine.max_watched",
        );
        require(
            (1..=engine.max_list_rows).contains(&engine.list_rows),
            "engine.list_rows",
            "at least 1 and at most engine.max_list_rows",
        );
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
        faults.extend(files.faults());
        faults.extend(hold.faults());
        faults.extend(retention.faults());
        faults.extend(viewers.faults());
        faults.extend(story.faults());
        faults.extend(narrator.faults());
        let fixed = faults.into_iter().map(|(key, right)| (key.to_owned(), right));
        fixed.chain(kinds.faults()).collect()
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

fn is_origin(text: &str) -> bool {
    let host = text.strip_prefix("https://").or_else(|| text.strip_prefix("http://"));
    host.is_some_and(|host| {
        !host.is_empty()
            && !host.contains(['/', '?', '#', '@'])
            && !host.contains(char::is_whitespace)
    })
}
