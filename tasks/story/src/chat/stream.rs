//! Receives a reply within limits of time and size.

use std::time::Duration;

use futures_util::StreamExt;
use reqwest::{
    Response,
    header::{CONTENT_ENCODING, CONTENT_TYPE, HeaderMap},
};
use tokio::time::Instant;

use super::{
    super::narrator::{NarratorError, Report, Sink},
    reply::{Bounds, Reader, Reply},
};

/// Share of the bar for a text of the expected length; a longer one comes ever closer to the whole.
const EXPECTED_SHARE: f64 = 0.95;

/// Limits of a reply.
#[derive(Clone, Copy)]
pub(super) struct Limits {
    /// Maximum silence before the first text.
    pub(super) first: Duration,
    /// Maximum silence after it.
    pub(super) idle: Duration,
    /// Maximum time of the whole reply.
    pub(super) reply: Duration,
    /// Maximum wait for the figures after the end of the text.
    pub(super) usage: Duration,
    /// Maximum size of the body in bytes, after decompression.
    pub(super) max_bytes: u64,
    /// Bounds of text and thinking.
    pub(super) bounds: Bounds,
    /// Expected length in characters, for the progress bar.
    pub(super) expected_chars: f64,
}

/// What was received, and why nothing more was if the body did not end by itself.
pub(super) struct Received {
    pub(super) reply: Reply,
    pub(super) broken: Option<NarratorError>,
}

/// Receives the reply; what arrived is returned even on an error.
pub(super) async fn read(response: Response, limits: Limits, sink: Sink<'_>) -> Received {
    let mut reader = Reader::new(limits.max_bytes).with_bounds(limits.bounds);
    let mut decoder = Decoder::of(response.headers());
    // A body that comes as a whole comes when all of it is written.
    let whole = header(response.headers(), CONTENT_TYPE).contains("json");
    let mut bytes = response.bytes_stream();
    let ends = Instant::now() + limits.reply;
    let (mut completed, mut written) = (None, 0);
    let broken = loop {
        let started = reader.written_chars() > 0;
        let silence = match (started, whole) {
            (true, _) => limits.idle,
            (false, true) => limits.reply,
            (false, false) => limits.first,
        };
        let until = completed.unwrap_or_else(|| (Instant::now() + silence).min(ends));
        match tokio::time::timeout_at(until, bytes.next()).await {
            Err(_) => break Some(timed_out(started, until >= ends, silence, limits)),
            Ok(None) => break None,
            Ok(Some(Err(error))) => break Some(NarratorError::Lost(innermost(&error))),
            Ok(Some(Ok(bytes))) => decoder.push(&bytes, &mut reader),
        }
        report(&reader, limits, sink);
        if reader.is_over() {
            break None;
        }
        // Some endpoints announce the end with each event.
        let goes_on = written < reader.written_chars();
        written = reader.written_chars();
        if reader.is_complete() && (goes_on || completed.is_none()) {
            completed = Some(Instant::now() + limits.usage);
        }
    };
    Received { reply: reader.end(broken.is_none()), broken }
}

fn report(reader: &Reader, limits: Limits, sink: Sink<'_>) {
    match (reader.text_chars(), reader.thought_tokens()) {
        (0, 0) => {}
        (0, thought) => sink(Report::Thinking(thought)),
        (chars, _) => sink(Report::Written(share(chars as f64, limits.expected_chars))),
    }
}

/// Completed share of a text whose length is only expected.
fn share(chars: f64, expected: f64) -> f64 {
    let part = chars / expected.max(1.0);
    if part <= 1.0 {
        part * EXPECTED_SHARE
    } else {
        EXPECTED_SHARE + (1.0 - 1.0 / part) * (1.0 - EXPECTED_SHARE)
    }
}

fn timed_out(started: bool, whole: bool, silence: Duration, limits: Limits) -> NarratorError {
    let (what, limit) = match (started, whole) {
        (_, true) => ("no end of its reply", limits.reply),
        (true, false) => ("nothing more", silence),
        (false, false) => ("no first word", silence),
    };
    NarratorError::TimedOut { what, seconds: limit.as_secs_f64() }
}

fn innermost(error: &dyn std::error::Error) -> String {
    let mut cause = error;
    while let Some(deeper) = cause.source() {
        cause = deeper;
    }
    cause.to_string()
}

fn header(headers: &HeaderMap, name: reqwest::header::HeaderName) -> String {
    let value = headers.get(name).and_then(|value| value.to_str().ok());
    value.unwrap_or_default().to_ascii_lowercase()
}

/// The compression of a body that cannot be read, though none was asked for.
pub(super) fn unreadable_encoding(headers: &HeaderMap) -> Option<String> {
    let encoding = header(headers, CONTENT_ENCODING);
    let readable = matches!(encoding.trim(), "" | "identity" | "gzip" | "x-gzip");
    (!readable).then(|| format!("a body compressed by {}", encoding.escape_default()))
}

/// Decodes a body that says that it is not UTF-8.
struct Decoder(Option<encoding_rs::Decoder>);

impl Decoder {
    fn of(headers: &HeaderMap) -> Self {
        let kind = header(headers, CONTENT_TYPE);
        let charset = kind.split_once("charset=").map(|(_, rest)| {
            rest.split(';').next().unwrap_or_default().trim_matches(['"', '\'', ' '])
        });
        let encoding = charset.and_then(|label| encoding_rs::Encoding::for_label(label.as_bytes()));
        let other = encoding.filter(|encoding| *encoding != encoding_rs::UTF_8);
        Self(other.map(encoding_rs::Encoding::new_decoder_without_bom_handling))
    }

    fn push(&mut self, bytes: &[u8], reader: &mut Reader) {
        let Some(decoder) = &mut self.0 else { return reader.push(bytes) };
        let room = decoder.max_utf8_buffer_length(bytes.len()).unwrap_or_default();
        let mut text = String::with_capacity(room);
        let _ = decoder.decode_to_string(bytes, &mut text, false);
        reader.push(text.as_bytes());
    }
}

#[cfg(test)]
#[path = "stream_tests.rs"]
mod tests;
