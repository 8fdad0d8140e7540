//! Configuration, with the source of each value.
//!
//! Sources from lowest to highest precedence: built-in defaults, `cargo leptos`
//! (`LEPTOS_SITE_ADDR`, `LEPTOS_SITE_ROOT`), the file (`milepost.toml`, or `--config`), variables
//! (`MILEPOST_*`), the command line. The variable of a setting is its path in capitals: `http.addr`
//! is `MILEPOST_HTTP_ADDR`.

mod auth;
mod connections;
mod database_url;
mod error;
mod file;
mod http;
mod kinds;
mod layers;
mod print;
mod rate;
mod settings;
mod telemetry;
mod viewers;

pub use auth::{AuthSettings, ProxySettings};
pub use connections::ConnectionSettings;
pub use database_url::DatabaseUrl;
pub use error::ConfigError;
pub use file::reload_commands;
pub use http::HttpSettings;
pub(crate) use http::is_base_path;
pub use kinds::{KindSettings, KindsSettings};
pub use layers::{Configuration, Flags, Source};
pub use print::{json, print};
pub use rate::RateSettings;
pub use settings::{LogSettings, Settings, StorageSettings};
pub use telemetry::TelemetrySettings;
pub use viewers::ViewerSettings;
