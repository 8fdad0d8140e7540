//! Random texts that name who has them: tokens, share links and sessions of users. Only their SHA-256 is
//! stored.

use sha2::{Digest as _, Sha256};
use uuid::Uuid;

use crate::engine::keyed_hash::hex;

/// Hexadecimal digits of the random part: 32 bytes.
const DIGITS: usize = 64;

/// Makes one with this prefix.
pub(super) fn random(prefix: &str) -> String {
    let random = [Uuid::new_v4(), Uuid::new_v4(), Uuid::new_v4()].map(Uuid::into_bytes).concat();
    // Each UUID has 122 random bits; hashed, 32 bytes without a fixed one.
    format!("{prefix}{}", hex(&Sha256::digest(random)))
}

/// The form in which it is stored.
pub(super) fn hash(secret: &str) -> String {
    hex(&Sha256::digest(secret.as_bytes()))
}

/// Whether the text has the form of one with this prefix.
pub(super) fn has_form(text: &str, prefix: &str) -> bool {
    let digit = |byte: u8| matches!(byte, b'0'..=b'9' | b'a'..=b'f');
    text.strip_prefix(prefix).is_some_and(|rest| rest.len() == DIGITS && rest.bytes().all(digit))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_has_not_the_form_of_a_secret_is_not_looked_up() {
        let good = random("mp_");
        assert!(has_form(&good, "mp_") && good != random("mp_"));
        for wrong in ["", "mp_", "mp_0a", &good.to_uppercase(), &good[1..], &format!("{good}0")] {
            assert!(!has_form(wrong, "mp_"), "{wrong}");
        }
        assert!(!has_form(&good, "mp_s_") && !has_form(&random("mp_s_"), "mp_"));
        assert!(has_form(&random(""), "") && !has_form(&good, ""));
    }
}
