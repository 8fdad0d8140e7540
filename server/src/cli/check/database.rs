//! Reach, schema, role and clock of the database.

use milepost::{engine::store::Inspection, http::AuthMode};
use milepost_command::KEY_FILE;

use super::Finding;
use crate::{
    config::Settings,
    serve::{self, ServeError},
};

const NAME: &str = "database";

/// Checks the database; also returns the time by its clock, in milliseconds, if it has one.
pub(super) async fn check(settings: &Settings) -> (Vec<Finding>, Option<i64>) {
    match serve::inspect(settings).await {
        Err(error) => (vec![Finding::error(NAME, error.to_string())], None),
        Ok((database, inspection)) => {
            let key = missing_key(settings, &inspection);
            let users = users(settings, &inspection).await;
            let database = describe(&database, &inspection);
            let findings = std::iter::once(database).chain(key).chain(users);
            (findings.collect(), inspection.now_ms)
        }
    }
}

/// Whether there is somebody to sign in, where users do.
async fn users(settings: &Settings, inspection: &Inspection) -> Option<Finding> {
    const NAME: &str = "users";
    if settings.auth.mode != AuthMode::Password {
        return None;
    }
    let is_empty = match (inspection.version, inspection.pending) {
        (0, _) => Ok(true),
        (_, 0) => has_no_user(settings).await,
        // Nothing is changed here, so the table may be missing.
        _ => Ok(false),
    };
    Some(match is_empty {
        Ok(true) => Finding::warning(NAME, serve::NO_USER),
        Ok(false) => Finding::ok(NAME, "auth.mode is password: users sign in"),
        Err(error) => Finding::error(NAME, error.to_string()),
    })
}

async fn has_no_user(settings: &Settings) -> Result<bool, ServeError> {
    let store = serve::open_beside(settings).await?;
    let users = store.users(1).await;
    store.close().await;
    Ok(users?.is_empty())
}

/// A warning if the next start would make a new key although there is a database, whose secrets need the one before.
fn missing_key(settings: &Settings, inspection: &Inspection) -> Option<Finding> {
    let storage = &settings.storage;
    let path = storage.data_dir.join(KEY_FILE);
    let is_missing = inspection.version > 0 && storage.secret_key.is_none() && !path.exists();
    is_missing.then(|| {
        let detail = "is missing, though the database is there; the next start makes a new key, with which no secret of \
            a queued task can be read. Copy the file from the backup or from another server, or set storage.secret_key";
        Finding::warning("secret_key", format!("{} {detail}", path.display()))
    })
}

fn describe(database: &str, inspection: &Inspection) -> Finding {
    let Inspection { version, pending, writable, may_migrate, role, .. } = inspection;
    let role = role.as_ref().map(|role| format!(" as {role}")).unwrap_or_default();
    let pooler = match inspection.by_transaction {
        true => ", through a pooler in transaction mode",
        false => "",
    };
    let at = format!("{database}{role}{pooler}");
    if !writable {
        return Finding::error(NAME, format!("{at} is read-only"));
    }
    match (*pending, *version, *may_migrate) {
        (0, version, _) => Finding::ok(NAME, format!("{at}, schema version {version}")),
        (_, 0, true) if inspection.is_empty_file => Finding::warning(
            NAME,
            format!(
                "{at} is an empty file, in which no task is left; the first start makes its schema. If it had tasks, \
                 restore a backup"
            ),
        ),
        (_, 0, true) => {
            Finding::ok(NAME, format!("{at} is empty; the first start makes its schema"))
        }
        (pending, version, true) => Finding::warning(
            NAME,
            format!(
                "{at}, schema version {version}; the next start applies {}",
                migrations(pending)
            ),
        ),
        (pending, version, false) => Finding::error(
            NAME,
            format!(
                "{at}, schema version {version}, lacks {}, and the role may not apply them; run `milepost migrate` \
                 with the URL of the owner of the tables",
                migrations(pending)
            ),
        ),
    }
}

fn migrations(number: usize) -> String {
    if number == 1 { "1 migration".to_owned() } else { format!("{number} migrations") }
}
