//! Secret parameters at rest, sealed with a key that is not in the database.
//!
//! Inputs of tasks are stored while they wait and as long as their results are retained. The
//! database, its backups and its freed pages contain only `{"sealed": "…"}`. The key is in a file
//! in the data folder, or in a setting that several servers and workers share.

use std::{
    fs,
    io::{self, Write as _},
    path::Path,
    sync::Arc,
};

use base64::{Engine as _, prelude::BASE64_STANDARD};
use ring::{
    aead::{Aad, CHACHA20_POLY1305, LessSafeKey, NONCE_LEN, Nonce, UnboundKey},
    hmac,
    rand::{SecureRandom as _, SystemRandom},
};
use serde_json::{Map, Value};

/// Name of the key file in the data folder.
pub const KEY_FILE: &str = "secret.key";
/// Length of a key in bytes.
const KEY_LEN: usize = 32;
/// Format of a key.
const FORM: &str = "64 hexadecimal digits, such as `openssl rand -hex 32` prints";

/// Key that seals secrets: ChaCha20-Poly1305 with a random nonce for each text.
#[derive(Clone)]
pub struct SecretKey(Arc<Keys>);

struct Keys {
    sealing: LessSafeKey,
    /// Key for comparing secrets, derived from the same bytes; reveals nothing about the other.
    comparing: hmac::Key,
}

/// The key is never displayed.
impl std::fmt::Debug for SecretKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("SecretKey")
    }
}

/// Why a key is unavailable, or a text cannot be sealed or opened.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SealError {
    /// The text is not a key.
    #[error("{0} holds no key; expected {FORM}")]
    Form(String),
    /// The key file cannot be read or created.
    #[error("the key of secrets, {path}, cannot be read or made: {error}")]
    File {
        /// Path of the file.
        path: String,
        /// The cause.
        error: io::Error,
    },
    /// The text was sealed with another key, or modified.
    #[error(
        "The secrets of this task were sealed with another key than this process has. Give all \
         servers and workers the same file secret.key in their data folders, or the same \
         MILEPOST_STORAGE_SECRET_KEY, and start the task again."
    )]
    OtherKey,
    /// No random numbers are available.
    #[error("the secrets cannot be sealed: no random numbers")]
    Random,
}

impl SecretKey {
    /// Parses a key from a setting or a file.
    ///
    /// # Errors
    /// If the text is not a key; `source` names its location.
    pub fn parse(text: &str, source: &str) -> Result<Self, SealError> {
        let form = || SealError::Form(source.to_owned());
        let text = text.trim_start_matches('\u{feff}').trim();
        if text.len() != 2 * KEY_LEN || !text.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            return Err(form());
        }
        let bytes: Vec<u8> = (0..KEY_LEN)
            .filter_map(|at| u8::from_str_radix(text.get(2 * at..2 * at + 2)?, 16).ok())
            .collect();
        let key = UnboundKey::new(&CHACHA20_POLY1305, &bytes).map_err(|_| form())?;
        let master = hmac::Key::new(hmac::HMAC_SHA256, &bytes);
        let comparing = hmac::sign(&master, b"milepost: comparing secrets");
        let comparing = hmac::Key::new(hmac::HMAC_SHA256, comparing.as_ref());
        Ok(Self(Arc::new(Keys { sealing: LessSafeKey::new(key), comparing })))
    }

    /// Reads the key of a data folder; creates folder and key if missing.
    ///
    /// # Errors
    /// If the file cannot be read or created, or does not contain a key.
    pub fn of_folder(data: &Path) -> Result<Self, SealError> {
        let path = data.join(KEY_FILE);
        let source = path.display().to_string();
        let text = read_or_make(data, &path)
            .map_err(|error| SealError::File { path: source.clone(), error })?;
        Self::parse(&text, &source)
    }

    /// Seals a text for tasks of one kind.
    ///
    /// # Errors
    /// If no random numbers are available.
    pub fn seal(&self, text: &str, kind: &str) -> Result<String, SealError> {
        let mut sealed = vec![0; NONCE_LEN];
        SystemRandom::new().fill(&mut sealed).map_err(|_| SealError::Random)?;
        let nonce = Nonce::try_assume_unique_for_key(&sealed).map_err(|_| SealError::Random)?;
        let mut bytes = text.as_bytes().to_vec();
        self.0
            .sealing
            .seal_in_place_append_tag(nonce, Aad::from(kind), &mut bytes)
            .map_err(|_| SealError::Random)?;
        sealed.extend(bytes);
        Ok(BASE64_STANDARD.encode(sealed))
    }

    /// Opens a text sealed for tasks of this kind.
    ///
    /// # Errors
    /// If it was sealed with another key or for another kind, or was modified.
    pub fn open(&self, sealed: &str, kind: &str) -> Result<String, SealError> {
        let mut bytes = BASE64_STANDARD.decode(sealed).map_err(|_| SealError::OtherKey)?;
        let (nonce, rest) = bytes.split_at_mut_checked(NONCE_LEN).ok_or(SealError::OtherKey)?;
        let nonce = Nonce::try_assume_unique_for_key(nonce).map_err(|_| SealError::OtherKey)?;
        let text = self.0.sealing.open_in_place(nonce, Aad::from(kind), rest);
        let text = text.map_err(|_| SealError::OtherKey)?;
        String::from_utf8(text.to_vec()).map_err(|_| SealError::OtherKey)
    }

    /// Keyed hash of a text for comparisons: equal for equal texts, and useless for guessing
    /// without the key.
    pub(super) fn comparable(&self, text: &str) -> String {
        BASE64_STANDARD.encode(hmac::sign(&self.0.comparing, text.as_bytes()))
    }

    /// Removes the secrets from the parameters and returns them sealed, if there are any.
    ///
    /// # Errors
    /// As [`SecretKey::seal`].
    pub(super) fn take_secrets<'n>(
        &self,
        params: &mut Value,
        secret: impl Iterator<Item = &'n str>,
        kind: &str,
    ) -> Result<Option<String>, SealError> {
        let Value::Object(params) = params else { return Ok(None) };
        let secrets: Map<_, _> = secret.filter_map(|name| params.remove_entry(name)).collect();
        if secrets.is_empty() {
            return Ok(None);
        }
        self.seal(&Value::Object(secrets).to_string(), kind).map(Some)
    }

    /// Adds the sealed secrets to the parameters.
    ///
    /// # Errors
    /// As [`SecretKey::open`].
    pub(super) fn put_back(
        &self,
        params: &mut Value,
        sealed: &str,
        kind: &str,
    ) -> Result<(), SealError> {
        let secrets = self.open(sealed, kind)?;
        let secrets: Map<String, Value> =
            serde_json::from_str(&secrets).map_err(|_| SealError::OtherKey)?;
        if let Value::Object(params) = params {
            params.extend(secrets);
        }
        Ok(())
    }
}

/// Several processes may start at once: one of them creates the complete file, and all read it.
fn read_or_make(data: &Path, path: &Path) -> io::Result<String> {
    match fs::read_to_string(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => {}
        read => return read,
    }
    fs::create_dir_all(data)?;
    let mut key = [0; KEY_LEN];
    SystemRandom::new().fill(&mut key).map_err(|_| io::Error::other("no random numbers"))?;
    let draft = path.with_extension(format!("key.{}.tmp", std::process::id()));
    let mut options = fs::OpenOptions::new();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(&draft)?;
    for byte in key {
        write!(file, "{byte:02x}")?;
    }
    writeln!(file)?;
    file.sync_all()?;
    // Unlike a rename, a link never replaces an existing file.
    let linked = fs::hard_link(&draft, path);
    fs::remove_file(&draft)?;
    match linked {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => Err(error),
        _ => fs::read_to_string(path),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn key(digit: char) -> SecretKey {
        SecretKey::parse(&digit.to_string().repeat(64), "test").unwrap()
    }

    #[test]
    fn what_is_sealed_is_opened_by_the_same_key_for_the_same_kind_only() {
        let (ours, text) = (key('a'), "hush-hush");
        let sealed = ours.seal(text, "job").unwrap();
        assert!(!sealed.contains(text));
        assert_ne!(ours.seal(text, "job").unwrap(), sealed, "each has a nonce of its own");
        assert_eq!(ours.open(&sealed, "job").unwrap(), text);
        assert!(matches!(key('b').open(&sealed, "job"), Err(SealError::OtherKey)));
        assert!(matches!(ours.open(&sealed, "other"), Err(SealError::OtherKey)));
        for wrong in ["", "?", "AAAA", &sealed[4..]] {
            assert!(matches!(ours.open(wrong, "job"), Err(SealError::OtherKey)), "{wrong}");
        }
    }

    #[test]
    fn secrets_are_compared_by_what_says_nothing_without_the_key() {
        let (ours, other) = (key('a'), key('b'));
        assert_eq!(ours.comparable("hush"), key('a').comparable("hush"));
        assert_ne!(ours.comparable("hush"), ours.comparable("hush!"));
        assert_ne!(ours.comparable("hush"), other.comparable("hush"));
    }

    #[test]
    fn secrets_leave_the_parameters_and_come_back() {
        let (ours, whole) = (key('a'), json!({"a": 1, "key": "hush", "other": null}));
        let mut params = whole.clone();
        let sealed = ours.take_secrets(&mut params, ["key", "none"].into_iter(), "job").unwrap();
        assert_eq!(params, json!({"a": 1, "other": null}));
        ours.put_back(&mut params, &sealed.unwrap(), "job").unwrap();
        assert_eq!(params, whole);
        let none = ours.take_secrets(&mut json!({"a": 1}), ["key"].into_iter(), "job").unwrap();
        assert_eq!(none, None);
    }

    #[cfg(unix)]
    #[test]
    fn the_key_of_a_folder_is_made_once_and_is_private() {
        use std::os::unix::fs::MetadataExt as _;
        let source = tempfile::tempdir().unwrap();
        let data = source.path().join("data");
        let sealed = SecretKey::of_folder(&data).unwrap().seal("hush", "job").unwrap();
        assert_eq!(SecretKey::of_folder(&data).unwrap().open(&sealed, "job").unwrap(), "hush");
        assert_eq!(fs::metadata(data.join(KEY_FILE)).unwrap().mode() & 0o777, 0o600);
        assert_eq!(fs::read_dir(&data).unwrap().count(), 1, "no draft is left");
    }

    #[test]
    fn a_file_that_holds_no_key_is_named() {
        let source = tempfile::tempdir().unwrap();
        for text in ["", "short", &"g".repeat(64), &"ä".repeat(32)] {
            fs::write(source.path().join(KEY_FILE), text).unwrap();
            let error = SecretKey::of_folder(source.path()).unwrap_err().to_string();
            assert!(error.contains("secret.key holds no key; expected 64 hex"), "{error}");
        }
    }
}
