//! Splits the bytes of a body into documents: the events of a stream, or JSON without a frame.
//!
//! Lenient where real endpoints are not exact: any line end, a byte order mark, missing blank lines
//! between events, JSON of an error in the middle of a stream, a last event without its end, and
//! unrequested gzip.

use std::io::Write as _;

use flate2::write::MultiGzDecoder;

use super::text::decode;

/// First bytes of gzip.
const GZIP: [u8; 2] = [0x1f, 0x8b];
/// Bytes of the beginning to retain, for messages.
const HEAD_BYTES: usize = 16 << 10;

/// A piece of the body.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Document {
    /// A JSON document; `error`: the event's name says that it is an error; `framed`: it was sent
    /// as an event.
    Json { text: String, error: bool, framed: bool },
    /// `[DONE]`.
    Done,
    /// Data that is no JSON document.
    Other { text: String, error: bool },
    /// A line that belongs to no event, as of a gateway's page within a stream.
    Line(String),
}

/// Where the next byte belongs.
#[derive(Debug)]
enum At {
    LineStart,
    Line(Vec<u8>),
    /// JSON without a frame.
    Raw,
}

/// See the module.
pub(super) struct Documents {
    gunzip: Option<Box<MultiGzDecoder<Vec<u8>>>>,
    /// The first bytes, until they show what the body is.
    first: Option<Vec<u8>>,
    head: Vec<u8>,
    at: At,
    after_cr: bool,
    json: Json,
    /// Name of the event.
    name: Vec<u8>,
    /// Decoded bytes left.
    left: u64,
    too_large: bool,
    /// Whether compressed data ended.
    ended: bool,
}

/// A JSON document under way; knows its end without parsing it.
#[derive(Debug, Default)]
struct Json {
    bytes: Vec<u8>,
    depth: u32,
    in_string: bool,
    escaped: bool,
}

impl Documents {
    /// Reads at most `max_bytes`, after decompression.
    pub(super) fn new(max_bytes: u64) -> Self {
        Self {
            gunzip: None,
            first: Some(Vec::new()),
            head: Vec::new(),
            at: At::LineStart,
            after_cr: false,
            json: Json::default(),
            name: Vec::new(),
            left: max_bytes,
            too_large: false,
            ended: false,
        }
    }

    /// The beginning of the decoded body, for messages.
    pub(super) fn head(&self) -> &[u8] {
        &self.head
    }

    /// Whether the body has more than the maximum number of bytes.
    pub(super) const fn is_too_large(&self) -> bool {
        self.too_large
    }

    pub(super) fn push(&mut self, bytes: &[u8], out: &mut Vec<Document>) {
        let Some(first) = &mut self.first else { return self.decode(bytes, out) };
        first.extend_from_slice(bytes);
        if first.len() >= GZIP.len() || !GZIP.starts_with(first) {
            self.begin(out);
        }
    }

    /// Ends the body: what is incomplete is used as far as it goes.
    pub(super) fn end(&mut self, out: &mut Vec<Document>) {
        self.begin(out);
        if let At::Line(line) = std::mem::replace(&mut self.at, At::LineStart) {
            self.line(&line, out);
        }
        self.leave(out);
    }

    fn begin(&mut self, out: &mut Vec<Document>) {
        let Some(first) = self.first.take() else { return };
        if first.starts_with(&GZIP) {
            self.gunzip = Some(Box::new(MultiGzDecoder::new(Vec::new())));
        }
        self.decode(&first, out);
    }

    fn decode(&mut self, bytes: &[u8], out: &mut Vec<Document>) {
        if self.gunzip.is_none() {
            return self.take(bytes, out);
        }
        if self.ended {
            return;
        }
        // One byte at a time: few bytes come out of it at once, and the same whatever the split.
        for byte in bytes {
            let Some(gunzip) = &mut self.gunzip else { return };
            // An error is the end of the data; what follows is padding.
            let fine = gunzip.write_all(&[*byte]).is_ok() && gunzip.flush().is_ok();
            let decoded = std::mem::take(gunzip.get_mut());
            self.take(&decoded, out);
            self.ended = !fine || self.too_large;
            if self.ended {
                return;
            }
        }
    }

    fn take(&mut self, bytes: &[u8], out: &mut Vec<Document>) {
        let fits = usize::try_from(self.left).unwrap_or(usize::MAX).min(bytes.len());
        self.left -= fits as u64;
        for byte in &bytes[..fits] {
            if self.head.len() < HEAD_BYTES {
                self.head.push(*byte);
            }
            self.byte(*byte, out);
        }
        self.too_large |= fits < bytes.len();
    }

    fn byte(&mut self, byte: u8, out: &mut Vec<Document>) {
        let after_cr = std::mem::replace(&mut self.after_cr, byte == b'\r');
        if after_cr && byte == b'\n' && !matches!(self.at, At::Raw) {
            return;
        }
        match &mut self.at {
            At::LineStart => match byte {
                b'\r' | b'\n' => self.blank(out),
                // Blanks, and the bytes of a byte order mark.
                b' ' | b'\t' | 0xef | 0xbb | 0xbf => {}
                b'{' | b'[' if self.json.bytes.is_empty() => {
                    self.at = At::Raw;
                    self.raw(byte, out);
                }
                _ => self.at = At::Line(vec![byte]),
            },
            At::Line(line) => match byte {
                b'\r' | b'\n' => {
                    let line = std::mem::take(line);
                    self.at = At::LineStart;
                    self.line(&line, out);
                }
                _ => line.push(byte),
            },
            At::Raw => self.raw(byte, out),
        }
    }

    fn raw(&mut self, byte: u8, out: &mut Vec<Document>) {
        if self.json.push(byte) {
            self.at = At::LineStart;
            self.emit(false, out);
        }
    }

    /// The end of an event.
    fn blank(&mut self, out: &mut Vec<Document>) {
        self.leave(out);
        self.name.clear();
    }

    /// Gives up an incomplete document.
    fn leave(&mut self, out: &mut Vec<Document>) {
        if !self.json.bytes.is_empty() {
            self.emit(true, out);
        }
    }

    fn emit(&mut self, framed: bool, out: &mut Vec<Document>) {
        let json = std::mem::take(&mut self.json);
        let whole = json.depth == 0 && !json.in_string;
        let text = decode(&json.bytes);
        let error = is_error(&self.name);
        out.push(match () {
            () if is_done(&text) => Document::Done,
            () if whole => Document::Json { text, error, framed },
            () => Document::Other { text, error },
        });
    }

    /// One line of a stream of events.
    fn line(&mut self, line: &[u8], out: &mut Vec<Document>) {
        let colon = line.iter().position(|byte| *byte == b':').unwrap_or(line.len());
        let (field, value) = (&line[..colon], line.get(colon + 1..).unwrap_or_default());
        match field.trim_ascii_end() {
            field if field.eq_ignore_ascii_case(b"data") => self.data(value, out),
            // Early versions of llama.cpp.
            field if field.eq_ignore_ascii_case(b"error") => {
                self.name = field.to_ascii_lowercase();
                self.data(value, out);
            }
            field if field.eq_ignore_ascii_case(b"event") => {
                self.name = value.trim_ascii().to_ascii_lowercase();
            }
            // The next line of a document.
            _ if matches!(line.first(), Some(b'{' | b'[')) => self.data(line, out),
            // Comments, ids and retry times.
            b"" | b"id" | b"retry" => {}
            _ => out.push(Document::Line(decode(line))),
        }
    }

    fn data(&mut self, value: &[u8], out: &mut Vec<Document>) {
        let mut value = value.trim_ascii();
        if self.json.bytes.is_empty() {
            // Proxies that frame what is framed already.
            while let Some(inner) = value.strip_prefix(b"data:") {
                value = inner.trim_ascii();
            }
            if !matches!(value.first(), Some(b'{' | b'[') | None) {
                let text = decode(value);
                let error = is_error(&self.name);
                out.push(if is_done(&text) {
                    Document::Done
                } else {
                    Document::Other { text, error }
                });
                return;
            }
        } else {
            self.json.push(b'\n');
        }
        for byte in value {
            if self.json.push(*byte) {
                self.emit(true, out);
            }
        }
    }
}

impl Json {
    /// Adds a byte; true if the document is complete with it. Blanks between documents are skipped.
    fn push(&mut self, byte: u8) -> bool {
        if self.bytes.is_empty() && !matches!(byte, b'{' | b'[') {
            return false;
        }
        self.bytes.push(byte);
        if self.in_string {
            match byte {
                _ if self.escaped => self.escaped = false,
                b'\\' => self.escaped = true,
                b'"' => self.in_string = false,
                _ => {}
            }
            return false;
        }
        match byte {
            b'"' => self.in_string = true,
            b'{' | b'[' => self.depth = self.depth.saturating_add(1),
            b'}' | b']' => {
                self.depth = self.depth.saturating_sub(1);
                return self.depth == 0;
            }
            _ => {}
        }
        false
    }
}

fn is_error(name: &[u8]) -> bool {
    name.ends_with(b"error")
}

fn is_done(text: &str) -> bool {
    let word = text.trim_matches(|c: char| c.is_whitespace() || matches!(c, '[' | ']' | '"'));
    word.eq_ignore_ascii_case("done")
}

#[cfg(test)]
#[path = "documents_tests.rs"]
mod tests;
