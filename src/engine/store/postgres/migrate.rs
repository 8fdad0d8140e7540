//! Migration of the schema, also by roles that may not change it and through a pooler.

use std::{collections::BTreeSet, fmt, sync::LazyLock};

use include_dir::{Dir, include_dir};
use sqlx::{
    Connection as _, PgConnection, Row as _,
    migrate::{Migrate as _, MigrateError, Migration, Migrator},
};

use super::super::{
    migration::{Inspection, Migrated, migrator, newest},
    sql_error::{described, migration_failure},
};

static FOLDER: Dir<'static> = include_dir!("$CARGO_MANIFEST_DIR/migrations/postgres");

pub(super) static MIGRATIONS: LazyLock<Migrator> = LazyLock::new(|| migrator(&FOLDER));

const TABLE: &str = "_sqlx_migrations";
/// Insufficient privilege; no schema that the role may use.
const MAY_NOT: [&str; 2] = ["42501", "3F000"];
/// What the store does with its tables.
const PRIVILEGES: [&str; 4] = ["SELECT", "INSERT", "UPDATE", "DELETE"];
/// Processes that start together take turns. Held by the transaction, since a pooler may give the
/// connection to others afterwards.
const LOCK: &str = "SELECT pg_advisory_xact_lock(hashtextextended('milepost migrations', 0))";

/// Why the schema is not that of this version.
#[derive(Debug)]
pub(super) enum Failed {
    Database(sqlx::Error),
    Migration(MigrateError),
    /// The role may not do what a migration needs.
    MayNotMigrate {
        role: String,
        schema: String,
        statement: String,
        error: String,
    },
    /// The role may not use the tables.
    MayNotUse {
        role: String,
        schema: String,
        missing: String,
    },
}

impl fmt::Display for Failed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Database(error) => described(error).fmt(f),
            Self::Migration(error) => f.write_str(&migration_failure(error, newest(&MIGRATIONS))),
            Self::MayNotMigrate { role, schema, statement, error } => write!(
                f,
                "its schema must be migrated, and the role \"{role}\" may not do it: {statement}: {error}; run \
                 `milepost migrate` with the URL of the owner of the tables, or let the owner of the schema run: \
                 GRANT CREATE ON SCHEMA {schema} TO \"{role}\""
            ),
            Self::MayNotUse { role, schema, missing } => write!(
                f,
                "the role \"{role}\" lacks {missing}; let the owner of the tables run: \
                 GRANT {} ON ALL TABLES IN SCHEMA {schema} TO \"{role}\"",
                PRIVILEGES.join(", ")
            ),
        }
    }
}

impl From<sqlx::Error> for Failed {
    fn from(error: sqlx::Error) -> Self {
        Self::Database(error)
    }
}

/// Migrates the schema where there is something to migrate; reads it only, if not.
pub(super) async fn migrate(
    connection: &mut PgConnection,
    migrations: &Migrator,
) -> Result<Migrated, Failed> {
    let pending = pending(connection, migrations).await?;
    if !pending.is_empty() {
        let mut tx = connection.begin().await?;
        sqlx::raw_sql(LOCK).execute(&mut *tx).await?;
        forget_statements(&mut tx).await?;
        // Another process may have migrated it meanwhile.
        let unlocked = without_lock(migrations);
        if let Err(error) = unlocked.run(&mut *tx).await {
            drop(tx);
            return Err(refused(connection, migrations, error).await);
        }
        forget_statements(&mut tx).await?;
        tx.commit().await?;
    }
    check_privileges(connection, migrations).await?;
    Ok(Migrated::new(migrations, pending.len()))
}

/// What the database is like.
pub(super) async fn inspect(
    connection: &mut PgConnection,
    migrations: &Migrator,
    by_transaction: bool,
) -> Result<Inspection, Failed> {
    let pending = pending(connection, migrations).await?;
    if pending.is_empty() {
        check_privileges(connection, migrations).await?;
    }
    let known = migrations.iter().map(|migration| migration.version);
    let version = known.filter(|version| !pending.contains(version)).max().unwrap_or_default();
    let sql = "SELECT current_setting('transaction_read_only') = 'off', current_user::text, \
        coalesce(has_schema_privilege(current_schema(), 'CREATE'), false), \
        floor(extract(epoch FROM clock_timestamp()) * 1000)::bigint";
    let row = sqlx::raw_sql(sql).fetch_one(connection).await?;
    Ok(Inspection {
        version,
        is_empty_file: false,
        pending: pending.len(),
        writable: row.try_get(0)?,
        role: row.try_get(1)?,
        may_migrate: row.try_get(2)?,
        now_ms: row.try_get(3)?,
        by_transaction,
    })
}

/// Forgets the named statements here and at the database. The migrator names its statements as every program
/// with sqlx does; a pooler without knowledge of them would leave them on a connection that others get. Of only
/// one of them, the next use of a statement would fail.
async fn forget_statements(connection: &mut PgConnection) -> Result<(), sqlx::Error> {
    connection.clear_cached_statements().await?;
    sqlx::raw_sql("DEALLOCATE ALL").execute(connection).await.map(drop)
}

/// The migrations that the database does not have.
async fn pending(connection: &mut PgConnection, migrations: &Migrator) -> Result<Vec<i64>, Failed> {
    let mut tx = connection.begin().await?;
    let exists = sqlx::raw_sql("SELECT to_regclass('_sqlx_migrations') IS NOT NULL");
    let exists: bool = exists.fetch_one(&mut *tx).await?.try_get(0)?;
    let mut applied = Vec::new();
    if exists {
        forget_statements(&mut tx).await?;
        applied = match tx.list_applied_migrations(TABLE).await {
            Ok(applied) => applied,
            Err(error) => {
                drop(tx);
                check_privileges(connection, migrations).await?;
                return Err(Failed::Migration(error));
            }
        };
        forget_statements(&mut tx).await?;
    }
    tx.commit().await?;
    let known = |version| migrations.iter().find(|known| known.version == version);
    for applied in &applied {
        match known(applied.version) {
            None => return Err(Failed::Migration(MigrateError::VersionMissing(applied.version))),
            Some(known) if known.checksum != applied.checksum => {
                return Err(Failed::Migration(MigrateError::VersionMismatch(applied.version)));
            }
            Some(_) => {}
        }
    }
    let applied: BTreeSet<_> = applied.into_iter().map(|applied| applied.version).collect();
    let versions = migrations.iter().map(|known| known.version);
    Ok(versions.filter(|version| !applied.contains(version)).collect())
}

fn without_lock(migrations: &Migrator) -> Migrator {
    let mut unlocked = Migrator::with_migrations(migrations.iter().cloned().collect());
    unlocked.set_locking(false);
    unlocked
}

/// Says what the role may not do, if that is the cause.
async fn refused(
    connection: &mut PgConnection,
    migrations: &Migrator,
    error: MigrateError,
) -> Failed {
    let (cause, version) = match &error {
        MigrateError::Execute(cause) => (cause, None),
        MigrateError::ExecuteMigration(cause, version) => (cause, Some(*version)),
        _ => return Failed::Migration(error),
    };
    let code = cause.as_database_error().and_then(|error| error.code());
    if !code.is_some_and(|code| MAY_NOT.contains(&&*code)) {
        return Failed::Migration(error);
    }
    let migration = migrations.iter().find(|known| Some(known.version) == version);
    let statement = match migration {
        Some(migration) => statement_of(migration, cause),
        None => format!("CREATE TABLE {TABLE}"),
    };
    match role_and_schema(connection).await {
        Ok((role, schema)) => {
            let error = described(cause).to_string();
            Failed::MayNotMigrate { role, schema, statement, error }
        }
        Err(error) => Failed::Database(error),
    }
}

/// The first line of the statement of a migration that failed, where the database says which it is.
fn statement_of(migration: &Migration, error: &sqlx::Error) -> String {
    use sqlx::postgres::{PgDatabaseError, PgErrorPosition};
    let error = error.as_database_error().and_then(|error| error.try_downcast_ref());
    let position = match error.and_then(PgDatabaseError::position) {
        Some(PgErrorPosition::Original(position)) => position.saturating_sub(1),
        _ => return format!("migration {}", migration.version),
    };
    let sql = migration.sql.as_str();
    let (at, _) = sql.char_indices().nth(position).unwrap_or((0, ' '));
    let (before, after) = sql.split_at(at);
    let begin = before.rfind('\n').map_or(0, |line| line + 1);
    let end = after.find('\n').map_or(sql.len(), |line| at + line);
    sql[begin..end].trim().trim_end_matches('(').trim_end().to_owned()
}

async fn role_and_schema(connection: &mut PgConnection) -> Result<(String, String), sqlx::Error> {
    let names = "SELECT current_user::text, coalesce(quote_ident(current_schema()), 'public')";
    let row = sqlx::raw_sql(names).fetch_one(connection).await?;
    Ok((row.try_get(0)?, row.try_get(1)?))
}

/// Checks that the role may use the tables: it may be another one than their owner.
async fn check_privileges(
    connection: &mut PgConnection,
    migrations: &Migrator,
) -> Result<(), Failed> {
    let sql = migrations.iter().flat_map(|migration| migration.sql.as_str().lines());
    let tables = sql.filter_map(|line| line.strip_prefix("CREATE TABLE "));
    let tables = tables.filter_map(|rest| rest.split([' ', '(']).next());
    let quoted = |names: &mut dyn Iterator<Item = &str>| {
        names.map(|name| format!("'{name}'")).collect::<Vec<_>>().join(",")
    };
    // Tables that lack the same privileges are named together.
    let missing = format!(
        "SELECT string_agg(privileges || ' on ' || names, '; ' ORDER BY privileges) FROM \
         (SELECT privileges, string_agg(name, ', ' ORDER BY name) AS names FROM \
         (SELECT name, string_agg(privilege, ', ' ORDER BY nth) AS privileges \
         FROM unnest(ARRAY['{TABLE}', {}]) AS name, \
         unnest(ARRAY[{}]) WITH ORDINALITY AS wanted (privilege, nth) \
         WHERE to_regclass(name) IS NOT NULL AND NOT has_table_privilege(name, privilege) \
         AND (name <> '{TABLE}' OR privilege = 'SELECT') GROUP BY name) AS by_table \
         GROUP BY privileges) AS together",
        quoted(&mut tables.into_iter()),
        quoted(&mut PRIVILEGES.into_iter()),
    );
    let missing = sqlx::raw_sql(sqlx::AssertSqlSafe(missing)).fetch_one(&mut *connection).await?;
    let Some(missing) = missing.try_get::<Option<String>, _>(0)? else { return Ok(()) };
    let (role, schema) = role_and_schema(connection).await?;
    Err(Failed::MayNotUse { role, schema, missing })
}
