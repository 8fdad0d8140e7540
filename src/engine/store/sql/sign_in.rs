//! Whose session begins: a user whose password was verified, or one of a provider, who is added at the first time.

use sqlx::Row as _;

use super::super::connections::Session;
use crate::engine::store::{NotBegun, ProviderUser, SignsIn, StoreError};

/// Excludes changes of the user until the transaction ends.
const LOCK_USER: &str = concat!(
    "SELECT name FROM users WHERE name = $1 AND password_hash = $2 AND issuer IS NULL AND disabled_at IS NULL",
    for_update!()
);

const LOCK_PROVIDER_USER: &str = concat!(
    "SELECT name, disabled_at FROM users WHERE issuer = $1 AND subject = $2",
    for_update!()
);

/// Does nothing if the name or the subject is there already.
const ADD_PROVIDER_USER: &str = "INSERT INTO users (name, password_hash, created_at, issuer, subject) \
    VALUES ($1, '', $2, $3, $4) ON CONFLICT DO NOTHING";

/// The name of the user who signs in.
pub(super) async fn user_who(
    tx: &mut Session<'_>,
    who: &SignsIn,
    now: i64,
) -> Result<Result<String, NotBegun>, StoreError> {
    match who {
        SignsIn::Password { name, hash } => {
            let locked = tx.first(sqlx::query(LOCK_USER).bind(name).bind(hash)).await?;
            Ok(locked.map(|_| name.clone()).ok_or(NotBegun::Changed))
        }
        SignsIn::Provider(user) => match locked(tx, user).await? {
            Some(known) => Ok(known),
            None => {
                let add = sqlx::query(ADD_PROVIDER_USER).bind(&user.name).bind(now);
                tx.execute(add.bind(&user.issuer).bind(&user.subject)).await?;
                // Added here, by another server a moment ago, or not: somebody else has the name.
                Ok(locked(tx, user).await?.unwrap_or(Err(NotBegun::NameTaken)))
            }
        },
    }
}

async fn locked(
    tx: &mut Session<'_>,
    user: &ProviderUser,
) -> Result<Option<Result<String, NotBegun>>, StoreError> {
    let lock = sqlx::query(LOCK_PROVIDER_USER).bind(&user.issuer).bind(&user.subject);
    let Some(raw) = tx.first(lock).await? else { return Ok(None) };
    let disabled_at: Option<i64> = raw.try_get("disabled_at")?;
    Ok(Some(match disabled_at {
        Some(_) => Err(NotBegun::Disabled),
        None => Ok(raw.try_get("name")?),
    }))
}
