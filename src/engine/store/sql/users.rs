//! Users who sign in with a password, and their sessions.

use async_trait::async_trait;
use sqlx::Row as _;

use super::{DbRow, This, audit, connections::Session, map::storable, take_over::take_over};
use crate::engine::store::{
    EndedSessions, NewAudit, NewUserSession, SessionLifetime, StoreError, StoredUser,
    StoredUserSession, UserRows,
};

macro_rules! session_columns {
    () => {
        "id, user_name, browser, created_at, last_used_at, expires_at"
    };
}

const ADD_USER: &str = "INSERT INTO users (name, password_hash, created_at) VALUES ($1, $2, $3) \
    ON CONFLICT (name) DO NOTHING";

const SET_PASSWORD: &str = "UPDATE users SET password_hash = $2 WHERE name = $1";

const DISABLE: &str = "UPDATE users SET disabled_at = coalesce(disabled_at, $2) WHERE name = $1";

const ENABLE: &str = "UPDATE users SET disabled_at = NULL WHERE name = $1";

const USER: &str = "SELECT name, password_hash, created_at, disabled_at FROM users WHERE name = $1";

/// Excludes changes of the user until the transaction ends.
const LOCK_USER: &str = concat!(
    "SELECT name FROM users WHERE name = $1 AND password_hash = $2 AND disabled_at IS NULL",
    for_update!()
);

const USERS: &str =
    "SELECT name, password_hash, created_at, disabled_at FROM users ORDER BY name LIMIT $1";

const ADD_SESSION: &str = "INSERT INTO user_sessions \
    (id, hash, user_name, browser, created_at, last_used_at, expires_at) \
    VALUES ($1, $2, $3, $4, $5, $6, $7)";

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
        tx.execute(sqlx::query(END_ALL).bind(name)).await?;
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
    ) -> Result<Option<StoredUserSession>, StoreError> {
        let mut tx = self.db.write_for(&format!("user {}", new.user)).await?;
        let now = self.now_in(&mut tx).await?;
        let lock = sqlx::query(LOCK_USER).bind(&new.user).bind(&new.password_hash);
        if tx.first(lock).await?.is_none() {
            tx.commit().await?;
            return Ok(None);
        }
        let session = StoredUserSession {
            id: new.id.clone(),
            user: new.user.clone(),
            browser: storable(&new.browser).into_owned(),
            created_at: now,
            last_used_at: now,
            expires_at: expires_at(new.lifetime, now, now),
        };
        let add = sqlx::query(ADD_SESSION)
            .bind(&session.id)
            .bind(&new.hash)
            .bind(&session.user)
            .bind(&session.browser)
            .bind(session.created_at)
            .bind(session.last_used_at)
            .bind(session.expires_at);
        tx.execute(add).await?;
        let taken = match &new.take_over {
            Some(change) => take_over(&mut tx, change).await?,
            None => 0,
        };
        let audit = new.audit.clone().map(|audit| match taken {
            0 => audit,
            tasks => audit.with(|it| it.detail = Some(format!("took over {tasks} tasks"))),
        });
        audit::write(&mut tx, &audit, now).await?;
        tx.commit().await?;
        Ok(Some(session))
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

/// When a session that began then and is used now expires.
fn expires_at(lifetime: SessionLifetime, created_at: i64, now: i64) -> i64 {
    now.saturating_add(lifetime.idle_ms).min(created_at.saturating_add(lifetime.max_ms))
}

fn user(raw: &DbRow) -> Result<StoredUser, StoreError> {
    Ok(StoredUser {
        name: raw.try_get("name")?,
        password_hash: raw.try_get("password_hash")?,
        created_at: raw.try_get("created_at")?,
        disabled_at: raw.try_get("disabled_at")?,
    })
}

fn session(raw: &DbRow) -> Result<StoredUserSession, StoreError> {
    Ok(StoredUserSession {
        id: raw.try_get("id")?,
        user: raw.try_get("user_name")?,
        browser: raw.try_get("browser")?,
        created_at: raw.try_get("created_at")?,
        last_used_at: raw.try_get("last_used_at")?,
        expires_at: raw.try_get("expires_at")?,
    })
}
