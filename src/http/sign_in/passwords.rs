//! Hashes of passwords: Argon2id with the parameters that OWASP recommends, 19 MiB and two passes. At most
//! a few are computed at once, because each takes that much memory and a processor.

use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering},
};

use argon2::{
    Argon2,
    password_hash::{PasswordHash, PasswordHasher as _, PasswordVerifier as _, SaltString},
};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use uuid::Uuid;

/// Lengths of a password, in bytes.
const MIN_BYTES: usize = 8;
const MAX_BYTES: usize = 1_024;
/// Maximum number of hashes that are computed at once.
const MAX_AT_ONCE: usize = 4;
/// Hash of no password, with the same parameters as those of users. Verified where there is no user.
const NOBODYS: &str = "$argon2id$v=19$m=19456,t=2,p=1$bm9ib2R5J3Mgc2FsdA$\
    AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";

/// Why a password cannot be taken.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum InvalidPassword {
    /// It is too short or too long.
    #[error("a password has {min} to {max} bytes, this one has {0}", min = MIN_BYTES, max = MAX_BYTES)]
    Length(usize),
    /// It cannot be hashed.
    #[error("the password cannot be hashed: {0}")]
    Hash(argon2::password_hash::Error),
}

/// Hashes the password of a user for the store: Argon2id, in the PHC string format. Takes a while.
///
/// # Errors
/// If the password is too short or too long.
pub fn password_hash(password: &str) -> Result<String, InvalidPassword> {
    if !(MIN_BYTES..=MAX_BYTES).contains(&password.len()) {
        return Err(InvalidPassword::Length(password.len()));
    }
    let salt = SaltString::encode_b64(Uuid::new_v4().as_bytes()).map_err(InvalidPassword::Hash)?;
    let hash = Argon2::default().hash_password(password.as_bytes(), &salt);
    Ok(hash.map_err(InvalidPassword::Hash)?.to_string())
}

/// Verifies passwords, a few at once.
pub(super) struct Passwords {
    places: Arc<Semaphore>,
    verifications: Arc<AtomicU64>,
}

impl Default for Passwords {
    fn default() -> Self {
        Self { places: Arc::new(Semaphore::new(MAX_AT_ONCE)), verifications: Arc::default() }
    }
}

impl Passwords {
    /// A place for one verification; `None`: all are taken.
    pub(super) fn place(&self) -> Option<OwnedSemaphorePermit> {
        Arc::clone(&self.places).try_acquire_owned().ok()
    }

    /// Whether the password has this hash; without a hash it takes as long, and is wrong. The place is
    /// free when the verification has ended, even if nobody waits for it any more.
    pub(super) async fn verify(
        &self,
        place: OwnedSemaphorePermit,
        password: &str,
        hash: Option<&str>,
    ) -> bool {
        let (password, hash) = (password.to_owned(), hash.map(str::to_owned));
        let verifications = Arc::clone(&self.verifications);
        let verification = tokio::task::spawn_blocking(move || {
            let _place = place;
            verifications.fetch_add(1, Ordering::Relaxed);
            is_of(&password, hash.as_deref().unwrap_or(NOBODYS)) && hash.is_some()
        });
        verification.await.unwrap_or_else(|error| {
            tracing::error!(%error, "a password was not verified");
            false
        })
    }

    pub(super) fn verifications(&self) -> u64 {
        self.verifications.load(Ordering::Relaxed)
    }
}

fn is_of(password: &str, hash: &str) -> bool {
    // Longer ones are nobody's; the time is that of a short one.
    let fits = password.len() <= MAX_BYTES;
    let password = if fits { password } else { "" };
    let hash = PasswordHash::new(hash).inspect_err(|error| {
        tracing::error!(%error, "the hash of a password in the database is not readable");
    });
    let is_right = hash
        .is_ok_and(|hash| Argon2::default().verify_password(password.as_bytes(), &hash).is_ok());
    is_right && fits
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_has_its_hash_and_no_other_has() {
        let hash = password_hash("correct horse").unwrap();
        assert!(is_of("correct horse", &hash));
        for wrong in ["", "correct hors", "Correct horse", &"a".repeat(MAX_BYTES + 1)] {
            assert!(!is_of(wrong, &hash), "{wrong}");
        }
        assert_ne!(hash, password_hash("correct horse").unwrap(), "each has a salt of its own");
        assert!(!is_of("correct horse", NOBODYS) && !is_of("correct horse", "no hash"));
    }

    #[test]
    fn where_there_is_no_user_the_same_work_is_done() {
        let parameters = |hash: &str| {
            let hash = PasswordHash::new(hash).unwrap();
            let length = hash.hash.map(|it| it.len());
            (hash.algorithm.to_string(), hash.version, hash.params.to_string(), length)
        };
        assert_eq!(parameters(NOBODYS), parameters(&password_hash("correct horse").unwrap()));
    }

    #[test]
    fn a_password_is_neither_too_short_nor_too_long() {
        for (length, fine) in [(0, false), (7, false), (8, true), (1_024, true), (1_025, false)] {
            let taken = password_hash(&"a".repeat(length));
            assert_eq!(taken.is_ok(), fine, "{length}");
            if let Err(error) = taken {
                let told = format!("a password has 8 to 1024 bytes, this one has {length}");
                assert_eq!(error.to_string(), told);
            }
        }
    }
}
