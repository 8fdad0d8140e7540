//! Streaming `multipart/form-data`: size-limited texts, files as streams.

use std::{
    future::ready,
    io,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
};

use axum::http::header;
use bytes::Bytes;
use futures_util::{Stream, StreamExt as _, stream};
use multer::{Field, Multipart};

/// Maximum number of parts in a form.
const MAX_PARTS: usize = 1_000;
/// Allowance in bytes for field names, file names and delimiters in addition to the texts, and for
/// file bytes that arrive in the same piece (up to 400 KiB).
const MAX_AROUND: usize = 1 << 20;

/// Form read part by part.
pub struct Form {
    parts: Multipart<'static>,
    /// Bytes received since a file last yielded data.
    beside: Arc<AtomicUsize>,
    seen: usize,
    max_text: usize,
    texts_left: usize,
}

/// Part of a form.
pub enum Part {
    /// Text field: name and value.
    Text(String, String),
    /// File. Read or drop it before the next part.
    File(Box<FormFile>),
}

/// File in a form.
#[non_exhaustive]
pub struct FormFile {
    /// Name of the field.
    pub field: String,
    /// File name given by the sender; empty if no file was chosen.
    pub name: String,
    /// Media type given by the sender.
    pub media_type: Option<String>,
    bytes: Field<'static>,
    beside: Arc<AtomicUsize>,
}

/// Why a form cannot be read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum FormError {
    /// The body is not a valid form, or is incomplete.
    #[error("the form cannot be read: {0}")]
    Unreadable(#[from] multer::Error),
    /// The texts exceed the size limit.
    #[error("The fields of the form have more than {max} bytes")]
    TooLarge {
        /// The limit in bytes.
        max: usize,
    },
    /// The content type does not say what separates the parts.
    #[error(
        "Content-Type: multipart/form-data needs its boundary, which separates the parts; a client that makes the \
         form sets it, or send the file itself as the body"
    )]
    NoBoundary,
    /// The form has too many parts.
    #[error("a form has at most {MAX_PARTS} parts")]
    TooMany,
}

impl Form {
    /// Boundary of a `multipart/form-data` content type; `None` for other types.
    ///
    /// # Errors
    /// [`FormError::NoBoundary`].
    pub fn boundary(content_type: Option<&str>) -> Result<Option<String>, FormError> {
        match content_type.map(multer::parse_boundary) {
            Some(Ok(boundary)) => Ok(Some(boundary)),
            Some(Err(multer::Error::NoBoundary)) => Err(FormError::NoBoundary),
            Some(Err(_)) | None => Ok(None),
        }
    }

    /// Reads a form from a body. Its texts may have `max_text` bytes in total.
    pub fn new(
        body: impl Stream<Item = io::Result<Bytes>> + Send + 'static,
        boundary: String,
        max_text: usize,
    ) -> Self {
        let beside = Arc::new(AtomicUsize::new(0));
        let count = Arc::clone(&beside);
        let most = max_text.saturating_add(MAX_AROUND);
        // The parser buffers part headers and skips unread parts without a limit of its own.
        let body = body.map(move |piece| {
            let piece = piece?;
            let before = count.fetch_add(piece.len(), Ordering::Relaxed);
            if before.saturating_add(piece.len()) > most {
                let fault = FormError::TooLarge { max: max_text };
                return Err(io::Error::new(io::ErrorKind::InvalidData, fault));
            }
            Ok(piece)
        });
        let parts = Multipart::new(body, boundary);
        Self { parts, beside, seen: 0, max_text, texts_left: max_text }
    }

    /// Returns the next part; `None` after the last.
    ///
    /// # Errors
    /// If the form cannot be read.
    pub async fn next(&mut self) -> Result<Option<Part>, FormError> {
        let Some(mut field) = self.parts.next_field().await? else { return Ok(None) };
        self.seen += 1;
        if self.seen > MAX_PARTS {
            return Err(FormError::TooMany);
        }
        let name = field.name().unwrap_or_default().to_owned();
        let disposition = field.headers().get(header::CONTENT_DISPOSITION);
        let extended = disposition.and_then(|it| it.to_str().ok()).and_then(extended_name);
        if let Some(file_name) = extended.or_else(|| field.file_name().map(sent_name)) {
            return Ok(Some(Part::File(Box::new(FormFile {
                field: name,
                name: file_name,
                media_type: field.content_type().map(ToString::to_string),
                bytes: field,
                beside: Arc::clone(&self.beside),
            }))));
        }
        let mut text = Vec::new();
        while let Some(piece) = field.chunk().await? {
            let left = self.texts_left.checked_sub(piece.len());
            self.texts_left = left.ok_or(FormError::TooLarge { max: self.max_text })?;
            text.extend_from_slice(&piece);
        }
        self.beside.store(0, Ordering::Relaxed);
        Ok(Some(Part::Text(name, String::from_utf8_lossy(&text).into_owned())))
    }

    /// Streams the bytes of the form's last file; a second file after it is an error.
    pub fn last(
        mut self,
        file: FormFile,
    ) -> impl Stream<Item = io::Result<Bytes>> + Send + 'static {
        let rest = async move {
            loop {
                match self.next().await {
                    Ok(None) => return None,
                    Ok(Some(Part::Text(..))) => {}
                    Ok(Some(Part::File(_))) => return Some(Err(refused("one file at a time"))),
                    Err(error) => return Some(Err(refused(error))),
                }
            }
        };
        file.bytes().chain(stream::once(rest).filter_map(ready))
    }
}

impl FormFile {
    /// Streams the file's bytes.
    pub fn bytes(self) -> impl Stream<Item = io::Result<Bytes>> + Send + 'static {
        let Self { bytes, beside, .. } = self;
        stream::unfold(Some(bytes), move |bytes| {
            let beside = Arc::clone(&beside);
            async move {
                let mut bytes = bytes?;
                match bytes.chunk().await {
                    Ok(Some(piece)) => {
                        beside.store(0, Ordering::Relaxed);
                        Some((Ok(piece), Some(bytes)))
                    }
                    Ok(None) => None,
                    Err(error) => Some((Err(refused(FormError::from(error))), None)),
                }
            }
        })
    }
}

/// The name that a browser was given: in the header of a part it writes `"`, CR and LF as `%22`,
/// `%0D` and `%0A`, and nothing else in this way.
fn sent_name(header: &str) -> String {
    let mut name = header.to_owned();
    for (encoded, plain) in [("%22", "\""), ("%0D", "\r"), ("%0A", "\n")] {
        name = name.replace(encoded, plain);
    }
    name
}

/// The name in `filename*=UTF-8''…` (RFC 8187), which some programs send in place of the plain one.
fn extended_name(disposition: &str) -> Option<String> {
    let value = disposition.split(';').find_map(|parameter| {
        let (name, value) = parameter.split_once('=')?;
        name.trim().eq_ignore_ascii_case("filename*").then_some(value.trim())
    })?;
    let mut parts = value.splitn(3, '\'');
    let (charset, _language, encoded) = (parts.next()?, parts.next()?, parts.next()?);
    let decoded = percent_encoding::percent_decode_str(encoded).decode_utf8().ok()?;
    charset.eq_ignore_ascii_case("UTF-8").then(|| decoded.into_owned())
}

/// Error that blames the sender's data.
fn refused(error: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, error)
}

#[cfg(test)]
mod tests {
    use super::{extended_name, sent_name};

    #[test]
    fn an_extended_name_is_read_and_what_is_none_is_not() {
        for (disposition, name) in [
            ("form-data; name=\"file\"; filename*=UTF-8''%C3%84.csv", Some("Ä.csv")),
            ("form-data; filename=\"a.csv\"; FileName*= utf-8'de'b%20c.csv ; x=y", Some("b c.csv")),
            ("form-data; filename=\"a.csv\"", None),
            ("form-data; filename*=a.csv", None),
            ("form-data; filename*=UTF-8''%FF.csv", None),
            ("form-data; filename*=KOI8-R''a.csv", None),
            ("filename*", None),
        ] {
            assert_eq!(extended_name(disposition).as_deref(), name, "{disposition}");
        }
    }

    #[test]
    fn a_name_is_what_the_person_chose_however_the_browser_encodes_it() {
        for (header, name) in [
            ("a%22b.csv", "a\"b.csv"),
            ("a%0D%0Ab.csv", "a\r\nb.csv"),
            ("100%.csv", "100%.csv"),
            ("a%20b.csv", "a%20b.csv"),
            ("Ägypten.csv", "Ägypten.csv"),
        ] {
            assert_eq!(sent_name(header), name);
        }
    }
}
