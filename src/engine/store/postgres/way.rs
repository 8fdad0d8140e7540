//! The way to the database: directly, or through a pooler such as PgBouncer.
//!
//! A pooler refuses parameters of the start of a connection that it does not know, so that settings
//! are sent by `SET`. In transaction mode the next transaction may be served by another process of
//! the database: settings are sent with each transaction, and nothing is expected to outlive it.

use std::{sync::Arc, time::Duration};

use sqlx::{
    AssertSqlSafe, PgConnection, PgPool, Row as _, SqlSafeStr as _, SqlStr,
    pool::PoolConnection,
    postgres::{PgConnectOptions, PgPoolOptions, Postgres},
};

use super::{
    PoolMode, PostgresOptions,
    migrate::{self, MIGRATIONS},
};
use crate::engine::store::{
    StoreError,
    migration::{Inspection, Migrated},
    sql_error::described,
};

/// Each statement has an index in the order that it needs. Without statistics, or with old ones, the
/// planner would sort or hash a whole queue instead; and compile what it takes to be expensive. So one
/// plan is as good for all parameters, and none is made anew.
const PLANS: [&str; 5] = [
    "plan_cache_mode = force_generic_plan",
    "enable_sort = off",
    "enable_hashjoin = off",
    "enable_mergejoin = off",
    "jit = off",
];

/// How often the two connections compare the processes that serve them. A pooler that takes turns
/// could give each of them its own by chance.
const COMPARISONS: u32 = 4;
/// Time limit of the comparison. A pooler in session mode with a single connection of the database
/// never serves the second.
const COMPARED_WITHIN: Duration = Duration::from_secs(2);

/// See the module documentation.
pub(super) struct Way {
    pub(super) connect: PgConnectOptions,
    /// Around the pooler.
    direct: Option<PgConnectOptions>,
    /// For messages: host, port and database, without user and password.
    name: String,
}

impl Way {
    /// # Errors
    /// If a URL is not one of PostgreSQL.
    pub(super) fn to(url: &str, options: &PostgresOptions) -> Result<Self, StoreError> {
        let connect = parse(url, "the address of the database")?;
        let direct = options.direct_url.as_deref();
        let direct = direct.map(|url| parse(url, "the direct address of the database"));
        let database = connect.get_database().unwrap_or_default();
        let name = format!("{}:{}/{database}", connect.get_host(), connect.get_port());
        Ok(Self { direct: direct.transpose()?, connect, name })
    }

    pub(super) fn cannot_open(&self, error: &dyn std::fmt::Display) -> StoreError {
        StoreError::Open(format!("the PostgreSQL database {} cannot be opened: {error}", self.name))
    }

    /// Settings of a session or of a transaction, as `name = value`.
    pub(super) fn settings(&self, options: &PostgresOptions) -> Vec<String> {
        let milliseconds = options.statement_timeout.as_millis();
        let mut settings: Vec<_> = PLANS.into_iter().map(str::to_owned).collect();
        settings.push(format!("statement_timeout = {milliseconds}"));
        // A process suspended in the middle of a transaction does not lock out the others.
        settings.push(format!("idle_in_transaction_session_timeout = {milliseconds}"));
        settings
    }

    /// Begins a transaction and reads the time, in one round trip; with these settings.
    #[expect(clippy::unused_self, reason = "what is sent on the way")]
    pub(super) fn begin(&self, settings: Option<&Vec<String>>) -> SqlStr {
        let settings = settings.into_iter().flatten();
        let settings: String = settings.map(|setting| format!("SET LOCAL {setting}; ")).collect();
        AssertSqlSafe(format!("BEGIN; {settings}SELECT milepost_now()")).into_sql_str()
    }

    pub(super) fn pool(&self, connections: u32, options: &PostgresOptions) -> PgPoolOptions {
        let pool = PgPoolOptions::new().max_connections(connections);
        pool.acquire_timeout(options.acquire_timeout)
    }

    /// Every connection of the pool gets the settings when it is made.
    pub(super) fn with_settings(&self, pool: PgPoolOptions, settings: &[String]) -> PgPoolOptions {
        let settings: String = settings.iter().map(|setting| format!("SET {setting}; ")).collect();
        let settings: Arc<str> = settings.into();
        pool.after_connect(move |connection, _| {
            let settings = AssertSqlSafe(Arc::clone(&settings));
            Box::pin(async move {
                sqlx::raw_sql(settings).execute(connection).await?;
                Ok(())
            })
        })
    }

    /// The connection that notifications come over.
    pub(super) fn listener(
        &self,
        by_transaction: bool,
        options: &PostgresOptions,
    ) -> Option<(PgPoolOptions, PgConnectOptions)> {
        let connect = match &self.direct {
            Some(direct) => direct,
            None if by_transaction => return None,
            None => &self.connect,
        };
        Some((self.pool(1, options), connect.clone()))
    }

    /// Whether each transaction may be served by another process of the database.
    pub(super) async fn is_by_transaction(
        &self,
        options: &PostgresOptions,
    ) -> Result<bool, StoreError> {
        let by_transaction = match options.pool_mode {
            PoolMode::Session => false,
            PoolMode::Transaction => true,
            PoolMode::Auto => {
                let pool = self.pool(2, options).connect_with(self.connect.clone()).await;
                let pool = pool.map_err(|error| self.cannot_open(&described(&error)))?;
                let found = tokio::time::timeout(COMPARED_WITHIN, changes_process(&pool)).await;
                end(&pool, options).await;
                found.unwrap_or(Ok(false)).map_err(|error| self.cannot_open(&described(&error)))?
            }
        };
        if by_transaction {
            let notifications = match self.direct {
                Some(_) => "notifications come over the direct connection",
                None => {
                    "there are no notifications, so that changes made by other processes are found once a second: \
                     set storage.direct_database to the address of the database itself"
                }
            };
            tracing::info!(
                "a pooler gives the connections to {} to one transaction each: settings go with each \
                 transaction, statements are not prepared in advance; {notifications}",
                self.name
            );
        }
        Ok(by_transaction)
    }

    /// Finds out what the database is like.
    pub(super) async fn inspect(
        &self,
        options: &PostgresOptions,
    ) -> Result<Inspection, StoreError> {
        let by_transaction = self.is_by_transaction(options).await?;
        let pool = self.pool(1, options).connect_with(self.connect.clone()).await;
        let pool = pool.map_err(|error| self.cannot_open(&described(&error)))?;
        let inspected = async {
            let mut connection = pool.acquire().await?;
            migrate::inspect(&mut connection, &MIGRATIONS, by_transaction).await
        };
        let inspected = tokio::time::timeout(options.call_timeout, inspected).await;
        end(&pool, options).await;
        let inspected = inspected.map_err(|_| self.cannot_open(&"it does not answer in time"))?;
        inspected.map_err(|failed| self.cannot_open(&failed))
    }

    /// Migrates the schema, over the direct connection where there is one.
    pub(super) async fn migrate(&self, options: &PostgresOptions) -> Result<Migrated, StoreError> {
        let connect = self.direct.as_ref().unwrap_or(&self.connect).clone();
        // Without a statement timeout: a second process waits for the first.
        let pool = self.pool(1, options).connect_with(connect).await;
        let pool = pool.map_err(|error| self.cannot_open(&described(&error)))?;
        let migrated = async {
            let mut connection = pool.acquire().await?;
            migrate::migrate(&mut connection, &MIGRATIONS).await
        };
        let migrated = migrated.await;
        end(&pool, options).await;
        migrated.map_err(|failed| self.cannot_open(&failed))
    }
}

fn parse(url: &str, what: &str) -> Result<PgConnectOptions, StoreError> {
    let options: PgConnectOptions = url.parse().map_err(|_| {
        let right = "postgres://user:password@host:5432/database";
        StoreError::Open(format!("{what} is not of the form {right}"))
    })?;
    // PgBouncer refuses a connection that begins with this parameter.
    Ok(options.application_name("milepost").extra_float_digits(None))
}

/// Closes a pool; a connection that hangs is dropped.
async fn end(pool: &PgPool, options: &PostgresOptions) {
    let _ = tokio::time::timeout(options.acquire_timeout, pool.close()).await;
}

/// Whether a connection is served by more than one process of the database, or by that of another
/// connection.
async fn changes_process(pool: &PgPool) -> Result<bool, sqlx::Error> {
    async fn process(connection: &mut PgConnection) -> Result<i32, sqlx::Error> {
        sqlx::raw_sql("SELECT pg_backend_pid()").fetch_one(connection).await?.try_get(0)
    }
    let mut one: PoolConnection<Postgres> = pool.acquire().await?;
    let mut other: PoolConnection<Postgres> = pool.acquire().await?;
    let (first, second) = (process(&mut one).await?, process(&mut other).await?);
    let mut changes = first == second;
    for _ in 1..COMPARISONS {
        changes |= process(&mut one).await? != first || process(&mut other).await? != second;
    }
    Ok(changes)
}
