//! `multipart/form-data`, part by part: texts of a limited size, files as streams.

use std::{
    future::ready,
    io,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
};

use bytes::Bytes;
use futures_util::{Stream, StreamExt as _, stream};
use multer::{Field, Multipart};

/// Parts of one form.
const MAX_PARTS: usize = 1_000;
/// What the names of fields and files, and what separates them, may add to the texts; and what of a
/// file comes in one piece with them, which is up to 400 KiB.
const MAX_AROUND: usize = 1 << 20;

/// A form whose parts come one after the other.
pub struct Form {
    parts: Multipart<'static>,
    /// Bytes that came since a file last gave some.
    beside: Arc<AtomicUsize>,
    seen: usize,
    max_text: usize,
    texts_left: usize,
}

/// One part of a form.
pub enum Part {
    /// What was entered into a field: its name and the text.
    Text(String, String),
    /// A file. It is read, or dropped, before the next part.
    File(Box<FormFile>),
}

/// A file in a form.
pub struct FormFile {
    /// The field.
    pub field: String,
    /// Its name as the sender has it; empty where none was chosen.
    pub name: String,
    /// Its media type as the sender has it.
    pub media_type: Option<String>,
    bytes: Field<'static>,
    beside: Arc<AtomicUsize>,
}

/// Why a form cannot be read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum FormError {
    /// It is none, or did not come to its end.
    #[error("the form cannot be read: {0}")]
    Unreadable(#[from] multer::Error),
    /// Its texts have too many bytes.
    #[error("The fields of the form have more than {max} bytes")]
    TooLarge {
        /// How many they may have.
        max: usize,
    },
    /// It has too many parts.
    #[error("a form has at most {MAX_PARTS} parts")]
    TooMany,
}

impl Form {
    /// The boundary of a form with this content type; `None` where it is no such form.
    pub fn boundary(content_type: Option<&str>) -> Option<String> {
        multer::parse_boundary(content_type?).ok()
    }

    /// A form that is read from a body; its texts have at most `max_text` bytes together.
    pub fn new(
        body: impl Stream<Item = io::Result<Bytes>> + Send + 'static,
        boundary: String,
        max_text: usize,
    ) -> Self {
        let beside = Arc::new(AtomicUsize::new(0));
        let count = Arc::clone(&beside);
        let most = max_text.saturating_add(MAX_AROUND);
        // The parser gathers a part's head and skips what nobody reads, however long it is.
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

    /// The next part; `None` after the last.
    ///
    /// # Errors
    /// When the form cannot be read.
    pub async fn next(&mut self) -> Result<Option<Part>, FormError> {
        let Some(mut field) = self.parts.next_field().await? else { return Ok(None) };
        self.seen += 1;
        if self.seen > MAX_PARTS {
            return Err(FormError::TooMany);
        }
        let name = field.name().unwrap_or_default().to_owned();
        if let Some(file_name) = field.file_name() {
            return Ok(Some(Part::File(Box::new(FormFile {
                field: name,
                name: file_name.to_owned(),
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

    /// The bytes of a file that is the form's last: another one after it is an error.
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
    /// Its bytes as they come.
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

/// Said to the sender: what it sent makes no sense.
fn refused(error: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, error)
}
