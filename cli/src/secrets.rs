//! Secrets of operators and callers: read from files.

use std::{fs::File, io::Read as _, os::unix::fs::PermissionsExt as _, path::Path};

/// Maximum size of a secret file in bytes.
const MAX_BYTES: u64 = 64 << 10;

/// Reads the only line of a file. Also returns a warning if others than its owner can read or
/// change the file.
///
/// # Errors
/// If the file cannot be read or does not contain exactly one line. Messages never contain the
/// file's contents.
pub fn read_file(path: &Path) -> Result<(String, Option<String>), String> {
    let shown = path.display();
    let cannot = |error: std::io::Error| format!("{shown} cannot be read: {error}");
    let file = File::open(path).map_err(cannot)?;
    let metadata = file.metadata().map_err(cannot)?;
    let mut bytes = Vec::new();
    file.take(MAX_BYTES + 1).read_to_end(&mut bytes).map_err(cannot)?;
    if bytes.len() as u64 > MAX_BYTES {
        return Err(format!("{shown} has more than {MAX_BYTES} bytes; it must hold one line"));
    }
    if bytes.starts_with(&[0xff, 0xfe]) || bytes.starts_with(&[0xfe, 0xff]) {
        return Err(format!("{shown} is UTF-16; save it as UTF-8"));
    }
    let text = String::from_utf8(bytes).map_err(|_| format!("{shown} is not valid UTF-8"))?;
    let text = text.trim_start_matches('\u{feff}').trim_end_matches(['\r', '\n']);
    if text.trim().is_empty() {
        return Err(format!("{shown} is empty; it must hold one line, the value"));
    }
    if text.chars().any(char::is_control) {
        return Err(format!("{shown} must hold one line without control characters"));
    }
    let mode = metadata.permissions().mode() & 0o777;
    let open = metadata.is_file() && mode & 0o077 != 0;
    let remark = open.then(|| {
        format!(
            "{shown} holds a secret, and others may read or change it (mode {mode:04o}): chmod 600"
        )
    });
    Ok((text.to_owned(), remark))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_byte_order_mark_is_no_part_of_a_secret() {
        let folder = tempfile::tempdir().unwrap();
        let read = |bytes: &[u8]| {
            let path = folder.path().join("key");
            std::fs::write(&path, bytes).unwrap();
            read_file(&path).map(|(secret, _)| secret)
        };
        assert_eq!(read(b"\xef\xbb\xbfsk-1\r\n").as_deref(), Ok("sk-1"));
        assert!(read(b"\xef\xbb\xbf\n").unwrap_err().contains("is empty"));
        for utf_16 in [&b"\xff\xfes\0k\0"[..], b"\xfe\xff\0s\0k"] {
            assert!(read(utf_16).unwrap_err().contains("is UTF-16; save it as UTF-8"));
        }
    }

    #[test]
    fn a_file_with_a_secret_holds_one_line_and_nothing_of_it_is_told() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("secret");
        let with = |bytes: &[u8], mode: u32| {
            std::fs::write(&path, bytes).unwrap();
            std::fs::set_permissions(&path, std::fs::Permissions::from_mode(mode)).unwrap();
            read_file(&path)
        };
        assert_eq!(with(b"hush hush\r\n", 0o600), Ok(("hush hush".to_owned(), None)));
        let (_, remark) = with(b"hush", 0o640).unwrap();
        assert!(remark.unwrap().contains("(mode 0640): chmod 600"));
        for wrong in [&b""[..], b"\n", b"hush\nhush\n", b"hu\0sh", b"hush\xff", &[b'x'; 70_000]] {
            let told = with(wrong, 0o600).unwrap_err();
            assert!(!told.contains("hush"), "{told}");
        }
        assert!(read_file(&folder.path().join("gone")).unwrap_err().contains("cannot be read"));
    }
}
