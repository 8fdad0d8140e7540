//! From an upload to a text.

use milepost::{
    engine::{Context, TaskError},
    task::UploadId,
};
use tokio::io::AsyncReadExt as _;

use super::text;

/// A file that was read.
pub(super) struct Read {
    /// What the file is called.
    pub(super) name: String,
    /// Its text. Where its bytes make no sense, there is U+FFFD, which the profile tells of.
    pub(super) text: String,
}

/// Reads an upload of at most `max` bytes.
pub(super) async fn read(ctx: &Context, id: UploadId, max: u64) -> Result<Read, TaskError> {
    let mut file = ctx.open_file(id).await?;
    let (name, size) = (file.info().name.clone(), file.info().size_bytes);
    let bytes = u64::try_from(size).unwrap_or(0);
    if bytes > max {
        let (size, max) = (text::bytes(size), text::bytes(i64::try_from(max).unwrap_or(i64::MAX)));
        let detail = format!("The file “{name}” has {size}; files of at most {max} are profiled.");
        return Err(TaskError::fail("file_too_large", detail));
    }
    ctx.message(format!("Reading {name}, {}", text::bytes(size)));
    let mut read = Vec::with_capacity(usize::try_from(bytes).unwrap_or(0));
    loop {
        let more = ctx.until_cancelled(file.read_buf(&mut read)).await?;
        match more {
            Ok(0) => break,
            // Reading is the lesser part of loading.
            Ok(_) => ctx.progress(0.5 * read.len() as f64 / bytes.max(1) as f64),
            Err(error) => {
                let detail = format!("The file “{name}” could not be read: {error}.");
                return Err(TaskError::retry("file", detail));
            }
        }
    }
    Ok(Read { name, text: decode(read) })
}

/// UTF-8, unless the file begins with the mark of UTF-16.
fn decode(bytes: Vec<u8>) -> String {
    match encoding_rs::Encoding::for_bom(&bytes) {
        Some((encoding, mark)) => {
            encoding.decode_without_bom_handling(&bytes[mark..]).0.into_owned()
        }
        None => match String::from_utf8(bytes) {
            Ok(text) => text,
            Err(error) => String::from_utf8_lossy(error.as_bytes()).into_owned(),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::decode;

    #[test]
    fn a_text_is_utf_8_or_what_its_mark_says() {
        for (bytes, text) in [
            (b"a,\xc3\xa4".as_slice(), "a,ä"),
            (b"\xef\xbb\xbfa", "a"),
            (b"\xff\xfea\0,\0\xe4\0", "a,ä"),
            (b"\xfe\xff\0a\0,\0\xe4", "a,ä"),
            (b"a,\xe4", "a,\u{fffd}"),
            (b"", ""),
        ] {
            assert_eq!(decode(bytes.to_vec()), text, "{bytes:?}");
        }
    }
}
