//! Tokens of users.

use async_trait::async_trait;
use serde::{Serialize, de::DeserializeOwned};
use sqlx::Row as _;

use super::{
    DbRow, This, audit,
    map::{corrupt, storable},
};
use crate::engine::store::{NewAudit, NewToken, StoreError, StoredToken, TokenRows};

macro_rules! columns {
    () => {
        "id, owner, user_groups, name, scopes, kinds, created_at, expires_at, last_used_at"
    };
}

const DROP_EXPIRED: &str = "DELETE FROM tokens WHERE owner = $1 AND expires_at <= $2";

const COUNT: &str = "SELECT count(*) FROM tokens WHERE owner = $1";

const INSERT: &str = "INSERT INTO tokens \
    (id, hash, owner, user_groups, name, scopes, kinds, created_at, expires_at) \
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)";

/// Not one of a user who is disabled.
const BY_HASH: &str = concat!(
    "SELECT ",
    columns!(),
    " FROM tokens WHERE hash = $1 AND NOT EXISTS (SELECT 1 FROM users \
      WHERE name = substr(tokens.owner, 6) AND 'user:' || name = tokens.owner \
      AND disabled_at IS NOT NULL)"
);

const NOTE_USE: &str = "UPDATE tokens SET last_used_at = $2 WHERE id = $1";

const OF_OWNER: &str = concat!(
    "SELECT ",
    columns!(),
    " FROM tokens WHERE owner = $1 AND expires_at > $2 ORDER BY created_at DESC, id LIMIT 1000"
);

const OF_ALL: &str = concat!(
    "SELECT ",
    columns!(),
    " FROM tokens WHERE expires_at > $1 ORDER BY created_at DESC, id LIMIT 1000"
);

const REMOVE: &str = "DELETE FROM tokens WHERE id = $1";

const REMOVE_OF_OWNER: &str = "DELETE FROM tokens WHERE id = $1 AND owner = $2";

/// Minimum time between two notes of a use, in milliseconds.
const NOTE_MS: i64 = 60_000;

#[async_trait]
impl TokenRows for This {
    async fn add_token(&self, new: &NewToken) -> Result<Option<StoredToken>, StoreError> {
        // The starts of one owner follow one another; so do its tokens.
        let mut tx = self.db.write_for(&format!("tokens of {}", new.owner)).await?;
        let now = self.now_in(&mut tx).await?;
        tx.execute(sqlx::query(DROP_EXPIRED).bind(&new.owner).bind(now)).await?;
        let known: i64 = tx.value(sqlx::query(COUNT).bind(&new.owner)).await?;
        if known >= i64::from(new.max_per_owner) {
            return Ok(None);
        }
        let token = StoredToken {
            id: new.id.clone(),
            owner: new.owner.clone(),
            groups: new.groups.clone(),
            name: storable(&new.name).into_owned(),
            scopes: new.scopes.clone(),
            kinds: new.kinds.clone(),
            created_at: now,
            expires_at: now.saturating_add(new.lifetime_ms),
            last_used_at: None,
        };
        let statement = sqlx::query(INSERT)
            .bind(&token.id)
            .bind(&new.hash)
            .bind(&token.owner)
            .bind(json(&token.groups)?)
            .bind(&token.name)
            .bind(json(&token.scopes)?)
            .bind(json(&token.kinds)?)
            .bind(token.created_at)
            .bind(token.expires_at);
        tx.execute(statement).await?;
        audit::write(&mut tx, &new.audit, now).await?;
        tx.commit().await?;
        Ok(Some(token))
    }

    async fn use_token(&self, hash: &str) -> Result<Option<StoredToken>, StoreError> {
        let mut session = self.db.read().await?;
        let now = self.now_in(&mut session).await?;
        let raw = session.first(sqlx::query(BY_HASH).bind(hash)).await?;
        drop(session);
        let token = raw.as_ref().map(token).transpose()?;
        let Some(token) = token.filter(|token| token.expires_at > now) else { return Ok(None) };
        if token.last_used_at.is_none_or(|at| at + NOTE_MS <= now) {
            // A database that takes no writes still answers.
            if let Err(error) = self.note_use(&token.id, now).await {
                tracing::warn!(%error, "the use of a token was not noted");
            }
        }
        Ok(Some(token))
    }

    async fn tokens(&self, owner: Option<&str>) -> Result<Vec<StoredToken>, StoreError> {
        let mut session = self.db.read().await?;
        let now = self.now_in(&mut session).await?;
        let statement = match owner {
            Some(owner) => sqlx::query(OF_OWNER).bind(owner).bind(now),
            None => sqlx::query(OF_ALL).bind(now),
        };
        session.all(statement).await?.iter().map(token).collect()
    }

    async fn remove_token(
        &self,
        owner: Option<&str>,
        id: &str,
        audit: Option<&NewAudit>,
    ) -> Result<bool, StoreError> {
        let mut tx = self.db.write().await?;
        let now = self.now_in(&mut tx).await?;
        let statement = match owner {
            Some(owner) => sqlx::query(REMOVE_OF_OWNER).bind(id).bind(owner),
            None => sqlx::query(REMOVE).bind(id),
        };
        let removed = tx.execute(statement).await?;
        audit::write(&mut tx, audit.filter(|_| removed > 0), now).await?;
        tx.commit().await?;
        Ok(removed > 0)
    }
}

impl This {
    async fn note_use(&self, id: &str, now: i64) -> Result<(), StoreError> {
        let mut tx = self.db.write().await?;
        tx.execute(sqlx::query(NOTE_USE).bind(id).bind(now)).await?;
        tx.commit().await
    }
}

fn json(list: &[impl Serialize]) -> Result<String, StoreError> {
    let text = serde_json::to_string(list).map_err(|error| corrupt("token", error))?;
    Ok(storable(&text).into_owned())
}

fn list<T: DeserializeOwned>(raw: &DbRow, column: &str) -> Result<Vec<T>, StoreError> {
    let text: String = raw.try_get(column)?;
    serde_json::from_str(&text).map_err(|error| corrupt("token", error))
}

fn token(raw: &DbRow) -> Result<StoredToken, StoreError> {
    Ok(StoredToken {
        id: raw.try_get("id")?,
        owner: raw.try_get("owner")?,
        groups: list(raw, "user_groups")?,
        name: raw.try_get("name")?,
        scopes: list(raw, "scopes")?,
        kinds: list(raw, "kinds")?,
        created_at: raw.try_get("created_at")?,
        expires_at: raw.try_get("expires_at")?,
        last_used_at: raw.try_get("last_used_at")?,
    })
}
