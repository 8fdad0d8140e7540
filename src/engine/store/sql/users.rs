//! Users who sign in, and their sessions.

// Beside this file, because stores declare it by its path.
mod sign_in;
mod take_over;

use async_trait::async_trait;
use sqlx::Row as _;

use self::{sign_in::user_who, take_over::take_over};
use super::{
    DbRow, This, audit,
    connections::Session,
    map::{corrupt, storable},
};
use crate::engine::store::{
    EndedSessions, NewAudit, NewUserSession, NotBegun, SessionLifetime, SignsIn, StoreError,
    StoredUser, StoredUserSession, UserRows, owner_of_user,
};

macro_rules! session_columns {
    () => {
        "id, user_name, user_groups, browser, created_at, last_used_at, expires_at, \
         (SELECT issuer FROM users WHERE name = user_name) AS issuer"
    };
}

const ADD_USER: &str = "INSERT INTO users (name, password_hash, created_at) VALUES ($1, $2, $3) \
    ON CONFLICT (name) DO NOTHING";

/// A user of a provider gets none.
const SET_PASSWORD: &str = "UPDATE users SET password_hash = $2 WHERE name = $1 AND issuer IS NULL";

const DISABLE: &str = "UPDATE users SET disabled_at = coalesce(disabled_at, $2) WHERE name = $1";

const ENABLE: &str = "UPDATE users SET disabled_at = NULL WHERE name = $1";

const USER: &str =
    "SELECT name, password_hash, issuer, created_at, disabled_at FROM users WHERE name = $1";

const USERS: &str =
    "SELECT name, password_hash, issuer, created_at, disabled_at FROM users ORDER BY name LIMIT $1";

const ADD_SESSION: &str = "INSERT INTO user_sessions \
    (id, hash, user_name, user_groups, browser, created_at, last_used_at, expires_at) \
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8)";

/// What the provider says last counts in all browsers of a user.
const SET_GROUPS: &str = "UPDATE user_sessions SET user_groups = $2 WHERE user_name = $1";

const BY_HASH: &str = concat!(
    "SELECT ",
    session_columns!(),
    " FROM user_sessions WHERE hash = $1 AND expires_at > $2"
);

const NOTE_USE: &str = "UPDATE user_sessions SET last_used_at = $2, expires_at = $3 WHERE id = $1";

const OF_USER: &str = concat!(
    "SELECT ",
    session_columns!(),
    " FROM user_sessions WHERE user_name = $1 AND expires_at > $2 \
      ORDER BY last_used_at DESC, id LIMIT 1000"
);

const END_ONE: &str = "DELETE FROM user_sessions WHERE user_name = $1 AND id = $2";

const END_OTHERS: &str = "DELETE FROM user_sessions WHERE user_name = $1 AND id <> $2";

const END_ALL: &str = "DELETE FROM user_sessions WHERE user_name = $1";

const DROP_EXPIRED: &str = "DELETE FROM user_sessions WHERE id IN \
    (SELECT id FROM user_sessions WHERE expires_at <= $1 ORDER BY expires_at LIMIT $2)";

/// Minimum time between two notes of a use, in milliseconds.
const NOTE_MS: i64 = 60_000;

/// Removes at most `most` expired sessions.
pub(super) async fn drop_expired_sessions(
    tx: &mut Session<'_>,
    now: i64,
    most: i64,
) -> Result<(), StoreError> {
    tx.execute(sqlx::query(DROP_EXPIRED).bind(now).bind(most)).await.map(drop)
}

#[async_trait]
impl UserRows for This {
    async fn add_user(
        &self,
        name: &str,
        password_hash: &str,
        audit: Option<&NewAudit>,
    ) -> Result<bool, StoreError> {
        let mut tx = self.db.write().await?;
        let now = self.now_in(&mut tx).await?;
        let add = sqlx::query(ADD_USER).bind(name).bind(password_hash).bind(now);
        let added = tx.execute(add).await?;
        audit::write(&mut tx, audit.filter(|_| added > 0), now).await?;
        tx.commit().await?;
        Ok(added > 0)
    }

    async fn set_password(
        &self,
        name: &str,
        password_hash: &str,
        audit: Option<&NewAudit>,
    ) -> Result<bool, StoreError> {
        let mut tx = self.db.write().await?;
        let now = self.now_in(&mut tx).await?;
        let changed = tx.execute(sqlx::query(SET_PASSWORD).bind(name).bind(password_hash)).await?;
        if changed > 0 {
            tx.execute(sqlx::query(END_ALL).bind(name)).await?;
        }
        audit::write(&mut tx, audit.filter(|_| changed > 0), now).await?;
        tx.commit().await?;
        Ok(changed > 0)
    }

    async fn set_disabled(
        &self,
        name: &str,
        is_disabled: bool,
        audit: Option<&NewAudit>,
    ) -> Result<bool, StoreError> {
        let mut tx = self.db.write().await?;
        let now = self.now_in(&mut tx).await?;
        let changed = match is_disabled {
            true => tx.execute(sqlx::query(DISABLE).bind(name).bind(now)).await?,
            false => tx.execute(sqlx::query(ENABLE).bind(name)).await?,
        };
        if is_disabled {
            tx.execute(sqlx::query(END_ALL).bind(name)).await?;
        }
        audit::write(&mut tx, audit.filter(|_| changed > 0), now).await?;
        tx.commit().await?;
        Ok(changed > 0)
    }

    async fn user(&self, name: &str) -> Result<Option<StoredUser>, StoreError> {
        let mut session = self.db.read().await?;
        let raw = session.first(sqlx::query(USER).bind(name)).await?;
        raw.as_ref().map(user).transpose()
    }

    async fn users(&self, limit: u32) -> Result<Vec<StoredUser>, StoreError> {
        let mut session = self.db.read().await?;
        session.all(sqlx::query(USERS).bind(i64::from(limit))).await?.iter().map(user).collect()
    }

    async fn add_user_session(
        &self,
        new: &NewUserSession,
    ) -> Result<Result<StoredUserSession, NotBegun>, StoreError> {
        let mut tx = self.db.write_for(&format!("user {}", new.who.name())).await?;
        let now = self.now_in(&mut tx).await?;
        let name = match user_who(&mut tx, &new.who, now).await? {
            Ok(name) => name,
            Err(refused) => {
                tx.commit().await?;
                return Ok(Err(refused));
            }
        };
        let session = begun(new, name, now);
        let groups = serde_json::to_string(&session.groups).map_err(|e| corrupt("groups", e))?;
        let add = sqlx::query(ADD_SESSION)
            .bind(&session.id)
            .bind(&new.hash)
            .bind(&session.user)
            .bind(&groups)
            .bind(&session.browser)
            .bind(session.created_at)
            .bind(session.last_used_at)
            .bind(session.expires_at);
        tx.execute(add).await?;
        if let SignsIn::Provider(_) = new.who {
            tx.execute(sqlx::query(SET_GROUPS).bind(&session.user).bind(&groups)).await?;
        }
        let taken = match &new.take_over {
            Some(from) => take_over(&mut tx, from, &owner_of_user(&session.user)).await?,
            None => 0,
        };
        audit::write(&mut tx, &sign_in_audit(new, &session, taken), now).await?;
        tx.commit().await?;
        Ok(Ok(session))
    }

    async fn use_user_session(
        &self,
        hash: &str,
        lifetime: SessionLifetime,
    ) -> Result<Option<StoredUserSession>, StoreError> {
        let mut reading = self.db.read().await?;
        let now = self.now_in(&mut reading).await?;
        let raw = reading.first(sqlx::query(BY_HASH).bind(hash).bind(now)).await?;
        drop(reading);
        let Some(mut found) = raw.as_ref().map(session).transpose()? else { return Ok(None) };
        if found.last_used_at.saturating_add(NOTE_MS) <= now {
            (found.last_used_at, found.expires_at) =
                (now, expires_at(lifetime, found.created_at, now));
            // A database that takes no writes still answers.
            if let Err(error) = self.note_session_use(&found).await {
                tracing::warn!(%error, "the use of a session was not noted");
            }
        }
        Ok(Some(found))
    }

    async fn user_sessions(&self, user: &str) -> Result<Vec<StoredUserSession>, StoreError> {
        let mut reading = self.db.read().await?;
        let now = self.now_in(&mut reading).await?;
        let statement = sqlx::query(OF_USER).bind(user).bind(now);
        reading.all(statement).await?.iter().map(session).collect()
    }

    async fn end_user_sessions(
        &self,
        user: &str,
        ended: EndedSessions<'_>,
        audit: Option<&NewAudit>,
    ) -> Result<u64, StoreError> {
        let mut tx = self.db.write().await?;
        let now = self.now_in(&mut tx).await?;
        let statement = match ended {
            EndedSessions::One(id) => sqlx::query(END_ONE).bind(user).bind(id),
            EndedSessions::AllBut(id) => sqlx::query(END_OTHERS).bind(user).bind(id),
        };
        let number = tx.execute(statement).await?;
        audit::write(&mut tx, audit.filter(|_| number > 0), now).await?;
        tx.commit().await?;
        Ok(number)
    }
}

impl This {
    async fn note_session_use(&self, session: &StoredUserSession) -> Result<(), StoreError> {
        let mut tx = self.db.write().await?;
        let note = sqlx::query(NOTE_USE).bind(&session.id).bind(session.last_used_at);
        tx.execute(note.bind(session.expires_at)).await?;
        tx.commit().await
    }
}

/// The session of the user with this name, which begins now.
fn begun(new: &NewUserSession, name: String, now: i64) -> StoredUserSession {
    let (issuer, groups) = match &new.who {
        SignsIn::Password { .. } => (None, Vec::new()),
        SignsIn::Provider(user) => (Some(user.issuer.clone()), user.groups.clone()),
    };
    StoredUserSession {
        id: new.id.clone(),
        user: name,
        issuer,
        groups,
        browser: storable(&new.browser).into_owned(),
        created_at: now,
        last_used_at: now,
        expires_at: expires_at(new.lifetime, now, now),
    }
}

/// The row about a sign-in that took over so many tasks.
fn sign_in_audit(
    new: &NewUserSession,
    session: &StoredUserSession,
    taken: u64,
) -> Option<NewAudit> {
    let audit = new.audit.clone()?;
    Some(audit.with(|row| {
        row.who.clone_from(&session.user);
        row.subject = Some(session.user.clone());
        if taken > 0 {
            let tasks = if taken == 1 { "task" } else { "tasks" };
            row.detail = Some(format!("took over {taken} {tasks}"));
        }
    }))
}

/// When a session that began then and is used now expires.
fn expires_at(lifetime: SessionLifetime, created_at: i64, now: i64) -> i64 {
    now.saturating_add(lifetime.idle_ms).min(created_at.saturating_add(lifetime.max_ms))
}

fn user(raw: &DbRow) -> Result<StoredUser, StoreError> {
    Ok(StoredUser {
        name: raw.try_get("name")?,
        password_hash: raw.try_get("password_hash")?,
        issuer: raw.try_get("issuer")?,
        created_at: raw.try_get("created_at")?,
        disabled_at: raw.try_get("disabled_at")?,
    })
}

fn session(raw: &DbRow) -> Result<StoredUserSession, StoreError> {
    let groups: String = raw.try_get("user_groups")?;
    Ok(StoredUserSession {
        id: raw.try_get("id")?,
        user: raw.try_get("user_name")?,
        issuer: raw.try_get("issuer")?,
        groups: serde_json::from_str(&groups).map_err(|e| corrupt("groups", e))?,
        browser: raw.try_get("browser")?,
        created_at: raw.try_get("created_at")?,
        last_used_at: raw.try_get("last_used_at")?,
        expires_at: raw.try_get("expires_at")?,
    })
}
