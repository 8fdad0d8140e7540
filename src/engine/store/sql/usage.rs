//! Storage usage. Triggers maintain the bytes of each task; see the schema in `migrations`.

use sqlx::Row as _;

use super::{This, statements::account};
use crate::engine::store::{StoreError, Usage, UsageOf};

/// The bytes in the database, and those of files.
macro_rules! usage {
    ($rows:expr, $files:expr) => {
        concat!(
            "SELECT (SELECT CAST(coalesce(sum(input + log + checkpoints + result), 0) AS BIGINT) ",
            "FROM task_bytes",
            $rows,
            "), (SELECT CAST(coalesce(sum(size), 0) AS BIGINT) FROM artifacts ",
            "WHERE state IN ('pending', 'ready')",
            $files,
            ")"
        )
    };
}

const USAGE: &str = usage!("", "");

const USAGE_OF_ACCOUNT: &str = usage!(" WHERE account = $1", concat!(" AND ", account!(), " = $1"));

const USAGE_OF_CLIENT: &str = usage!(" WHERE client = $1", " AND client = $1");

impl This {
    pub(super) async fn read_usage(&self, of: &UsageOf) -> Result<Usage, StoreError> {
        let query = match of {
            UsageOf::Account(account) => sqlx::query(USAGE_OF_ACCOUNT).bind(account),
            UsageOf::Client(client) => sqlx::query(USAGE_OF_CLIENT).bind(client),
            UsageOf::All => sqlx::query(USAGE),
        };
        let raw = self.db.read().await?.one(query).await?;
        let bytes = |column: usize| -> Result<u64, StoreError> {
            Ok(u64::try_from(raw.try_get::<i64, _>(column)?).unwrap_or_default())
        };
        Ok(Usage { rows: bytes(0)?, files: bytes(1)? })
    }
}
