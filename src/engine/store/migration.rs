//! What a migration did, and what a database is like before it.

use include_dir::{Dir, File};
use sqlx::{
    SqlSafeStr as _,
    migrate::{Migration, MigrationType, Migrator},
};

/// The migrations in a folder: each file has a version and a name. Not by sqlx's macro, which would compile both
/// databases a second time, for the compiler.
pub(super) fn migrator(folder: &'static Dir<'static>) -> Migrator {
    let migration = |file: &'static File<'static>| {
        let (version, name) = file.path().file_stem()?.to_str()?.split_once('_')?;
        let sql = file.contents_utf8()?.into_sql_str();
        let kind = MigrationType::Simple;
        Some(Migration::new(version.parse().ok()?, name.into(), kind, sql, false))
    };
    Migrator::with_migrations(folder.files().filter_map(migration).collect())
}

/// What a migration of the schema did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Migrated {
    /// Version of the schema afterwards.
    pub version: i64,
    /// Number of migrations that were applied; 0: there was nothing to migrate.
    pub applied: usize,
}

impl Migrated {
    pub(super) fn new(migrations: &Migrator, applied: usize) -> Self {
        Self { version: newest(migrations), applied }
    }
}

/// Version of the newest migration that this program knows.
pub(super) fn newest(migrations: &Migrator) -> i64 {
    migrations.iter().map(|migration| migration.version).max().unwrap_or_default()
}

/// What a database is like, found out without changing it.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Inspection {
    /// Version of the schema; 0: the database is empty or missing.
    pub version: i64,
    /// Whether it is a file that exists and has no content, as is left when a database was lost; never with PostgreSQL.
    pub is_empty_file: bool,
    /// Number of migrations that it lacks.
    pub pending: usize,
    /// Whether it takes writes.
    pub writable: bool,
    /// Whether the role may migrate it; always with SQLite.
    pub may_migrate: bool,
    /// Role that is connected; `None` with SQLite.
    pub role: Option<String>,
    /// Time by the clock of the database, in milliseconds since the Unix epoch; `None` with SQLite,
    /// which has none of its own.
    pub now_ms: Option<i64>,
    /// Whether a pooler gives a connection to one transaction each.
    pub by_transaction: bool,
}

#[cfg(test)]
mod tests {
    use include_dir::include_dir;

    use super::*;

    static SQLITE: Dir<'static> = include_dir!("$CARGO_MANIFEST_DIR/migrations/sqlite");
    static POSTGRES: Dir<'static> = include_dir!("$CARGO_MANIFEST_DIR/migrations/postgres");

    #[test]
    fn each_script_is_a_migration() {
        for (name, folder) in [("sqlite", &SQLITE), ("postgres", &POSTGRES)] {
            let path =
                std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("migrations").join(name);
            let files = std::fs::read_dir(path).expect("the scripts");
            let name = |file: std::fs::DirEntry| file.file_name().into_string().expect("a name");
            let mut files: Vec<_> = files.map(|file| name(file.expect("a script"))).collect();
            files.sort();
            let migrator = migrator(folder);
            let known =
                migrator.iter().map(|it| format!("{:04}_{}.sql", it.version, it.description));
            assert_eq!(known.collect::<Vec<_>>(), files);
        }
    }
}
