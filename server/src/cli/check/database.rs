//! Reach, schema, role and clock of the database.

use milepost::engine::store::Inspection;

use super::Finding;
use crate::{config::Settings, serve};

const NAME: &str = "database";

/// Checks the database; also returns the time by its clock, in milliseconds, if it has one.
pub(super) async fn check(settings: &Settings) -> (Finding, Option<i64>) {
    match serve::inspect(settings).await {
        Err(error) => (Finding::error(NAME, error.to_string()), None),
        Ok((database, inspection)) => (describe(&database, &inspection), inspection.now_ms),
    }
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
