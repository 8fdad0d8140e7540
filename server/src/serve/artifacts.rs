//! Storage of files: a folder, or a bucket of an S3-compatible store.

mod connector;

use std::{path::Path, sync::Arc, time::Duration};

use milepost::engine::Artifacts;
use object_store::{BackoffConfig, RetryConfig, aws::AmazonS3Builder};

use self::connector::Connector;
use super::ServeError;
use crate::config::StorageSettings;

/// Time limit for retrying a request to the bucket; then the caller gets an error.
const PATIENCE: Duration = Duration::from_secs(20);

/// Opens the storage named in the settings.
pub(crate) async fn open(storage: &StorageSettings) -> Result<Artifacts, ServeError> {
    let Some(location) = &storage.artifacts else {
        if storage.is_shared() {
            tracing::warn!(
                "files are stored on this machine only; with several machines, name a store that \
                 all of them reach: storage.artifacts"
            );
        }
        return folder(&storage.data_dir.join("artifacts"));
    };
    match location.strip_prefix("s3://") {
        Some(rest) => bucket(location, rest).await,
        None => folder(Path::new(location)),
    }
}

fn folder(path: &Path) -> Result<Artifacts, ServeError> {
    Artifacts::in_folder(path).map_err(|error| ServeError::Artifacts {
        location: path.display().to_string(),
        error: error.to_string(),
    })
}

async fn bucket(location: &str, rest: &str) -> Result<Artifacts, ServeError> {
    let cannot = |error: String| ServeError::Artifacts { location: location.to_owned(), error };
    let (bucket, prefix) = rest.split_once('/').unwrap_or((rest, ""));
    let retry =
        RetryConfig { backoff: BackoffConfig::default(), max_retries: 4, retry_timeout: PATIENCE };
    // Reads AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_REGION, AWS_ENDPOINT_URL and so on.
    let plain = std::env::var("AWS_ENDPOINT_URL").is_ok_and(|url| url.starts_with("http://"));
    let objects = AmazonS3Builder::from_env()
        .with_bucket_name(bucket)
        .with_allow_http(plain)
        .with_retry(retry)
        .with_http_connector(Connector)
        .build()
        .map_err(|error| cannot(error.to_string()))?;
    let artifacts = Artifacts::over(Arc::new(objects), prefix);
    artifacts.probe().await.map_err(|error| cannot(error.to_string()))?;
    Ok(artifacts)
}
