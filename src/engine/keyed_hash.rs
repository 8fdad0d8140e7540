//! Keyed hashes of addresses, sessions and inputs: without the keys, the stored hashes reveal
//! nothing.

use hmac::{Hmac, Mac as _, digest::KeyInit};
use sha2::Sha256;

use super::store::Secret;

/// Block size of SHA-256 in bytes; HMAC pads a shorter key with zeros.
const BLOCK: usize = 64;

/// A key of HMAC-SHA-256. Computed once, cheap to clone, never displayed.
#[derive(Clone)]
pub(crate) struct HashKey(Hmac<Sha256>);

impl HashKey {
    /// Creates a key from 256 random bits.
    pub(crate) fn new(bits: &Secret) -> Self {
        let mut block = [0; BLOCK];
        block[..bits.len()].copy_from_slice(bits);
        Self(<Hmac<_> as KeyInit>::new(&block.into()))
    }

    /// Hashes the concatenated parts. The caller has to separate variable-length parts.
    pub(crate) fn hash(&self, parts: &[&[u8]]) -> [u8; 32] {
        let mut mac = self.0.clone();
        parts.iter().for_each(|part| mac.update(part));
        mac.finalize().into_bytes().into()
    }
}

/// Encodes bytes as hexadecimal.
pub(crate) fn hex(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let digits = bytes.iter().flat_map(|byte| [byte >> 4, byte & 15]);
    digits.map(|digit| char::from(DIGITS[usize::from(digit)])).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_hmac_sha_256() {
        // RFC 4231, test case 3, has a key of 20 bytes: padding with zeros changes nothing.
        let mut key = [0; 32];
        key[..20].fill(0xaa);
        let hash = HashKey::new(&key).hash(&[&[0xdd; 20], &[0xdd; 30]]);
        let expected = "773ea91e36800e46854db8ebd09181a72959098b3ef8c122d9635514ced565fe";
        assert_eq!(hex(&hash), expected);
    }

    #[test]
    fn another_key_gives_another_hash() {
        let hash = |bits: u8| HashKey::new(&[bits; 32]).hash(&[b"x"]);
        assert_eq!(hash(1), hash(1));
        assert_ne!(hash(1), hash(2));
    }
}
