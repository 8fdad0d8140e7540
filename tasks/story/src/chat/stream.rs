//! Reads a streamed reply (server-sent events) within limits of time and size.

use std::time::Duration;

use eventsource_stream::{EventStreamError, Eventsource};
use futures_util::{Stream, StreamExt, TryStreamExt};
use reqwest::{Response, header::CONTENT_TYPE};

use super::{
    super::narrator::{NarratorError, Report, Sink},
    refusal,
    wire::Chunk,
};

/// Maximum stream bytes per requested token; the frame around a token is larger than the token.
const BYTES_PER_TOKEN: u64 = 2_048;
/// Additional allowance for any stream, in bytes.
const BYTES_FREE: u64 = 1 << 20;
/// Characters per token, for the progress bar.
const CHARS_PER_TOKEN: f64 = 4.0;

/// A complete reply.
pub(super) struct Reply {
    pub(super) text: String,
    /// Whether the length limit ended it.
    pub(super) cut: bool,
}

/// A failed try.
pub(super) struct Broken {
    pub(super) error: NarratorError,
    /// Whether text had already arrived.
    pub(super) started: bool,
}

impl Broken {
    /// Failure before any text.
    pub(super) const fn early(error: NarratorError) -> Self {
        Self { error, started: false }
    }
}

/// Limits of a stream.
#[derive(Clone, Copy)]
pub(super) struct Limits {
    pub(super) first: Duration,
    pub(super) idle: Duration,
    pub(super) tokens: u64,
}

/// How a stream ended.
#[derive(Default)]
pub(super) struct End {
    pub(super) usage: Option<u64>,
    pub(super) cut: bool,
}

/// Reads the reply into `text`, which retains what arrived even on an error.
pub(super) async fn read(
    response: Response,
    limits: Limits,
    text: &mut String,
    sink: Sink<'_>,
) -> Result<End, NarratorError> {
    let kind = response.headers().get(CONTENT_TYPE).and_then(|kind| kind.to_str().ok());
    let whole = kind.is_some_and(|kind| kind.starts_with("application/json"));
    let bytes = limited(response, limits);
    if whole {
        read_whole(bytes, limits, text).await
    } else {
        read_events(bytes, limits, text, sink).await
    }
}

/// The body, limited to the maximum size of a reply of that length.
fn limited(
    response: Response,
    limits: Limits,
) -> impl Stream<Item = Result<impl AsRef<[u8]>, NarratorError>> {
    let max = limits.tokens.saturating_mul(BYTES_PER_TOKEN).saturating_add(BYTES_FREE);
    let mut seen = 0_u64;
    let bytes = response.bytes_stream().map_err(|error| NarratorError::Lost(error.to_string()));
    bytes.and_then(move |bytes| {
        seen = seen.saturating_add(bytes.len() as u64);
        let fits = seen <= max;
        let too_much = || NarratorError::Malformed(format!("more than {max} bytes"));
        std::future::ready(if fits { Ok(bytes) } else { Err(too_much()) })
    })
}

async fn read_events(
    bytes: impl Stream<Item = Result<impl AsRef<[u8]>, NarratorError>>,
    limits: Limits,
    text: &mut String,
    sink: Sink<'_>,
) -> Result<End, NarratorError> {
    let mut events = std::pin::pin!(bytes.eventsource());
    let mut end = End::default();
    let mut finished = false;
    loop {
        let event = match tokio::time::timeout(patience(limits, text), events.next()).await {
            Err(_) => return Err(timed_out(limits, text)),
            Ok(None) => break,
            Ok(Some(Err(EventStreamError::Transport(error)))) => return Err(lost(error, text)),
            Ok(Some(Err(error))) => return Err(NarratorError::Malformed(error.to_string())),
            Ok(Some(Ok(event))) => event,
        };
        if event.data.trim() == "[DONE]" {
            finished = true;
            break;
        }
        let chunk = serde_json::from_str(&event.data).map_err(|e| unread("an event", &e))?;
        finished |= take(chunk, text, &mut end)?;
        let wanted = limits.tokens as f64 * CHARS_PER_TOKEN;
        sink(Report::Written(text.chars().count() as f64 / wanted.max(1.0)));
    }
    match (finished, text.is_empty()) {
        (true, false) => Ok(end),
        (true, true) => Err(NarratorError::Malformed("a reply without a word".to_owned())),
        (false, true) => Err(NarratorError::Lost("it ended without a word".to_owned())),
        (false, false) => Err(NarratorError::Cut),
    }
}

/// Processes one event; true if the reply is complete.
fn take(chunk: Chunk, text: &mut String, end: &mut End) -> Result<bool, NarratorError> {
    if let Some(error) = &chunk.error {
        return Err(refusal::in_stream(error));
    }
    if chunk.choices.is_none() && chunk.usage.is_none() {
        return Err(NarratorError::Malformed("an event without choices".to_owned()));
    }
    if let Some(usage) = chunk.usage.filter(|usage| usage.total_tokens > 0) {
        end.usage = Some(usage.total_tokens);
    }
    let mut finished = false;
    // Only the first choice was requested.
    for choice in chunk.choices.into_iter().flatten().take(1) {
        if let Some(content) = choice.delta.and_then(|delta| delta.content) {
            text.push_str(&content);
        }
        match choice.finish_reason.as_deref() {
            None => {}
            Some("content_filter") => {
                let detail = "its content filter stopped the reply".to_owned();
                return Err(NarratorError::Rejected { status: 200, detail });
            }
            Some(reason) => {
                end.cut = reason == "length";
                finished = true;
            }
        }
    }
    Ok(finished)
}

/// Reads the reply of an endpoint that does not stream.
async fn read_whole(
    bytes: impl Stream<Item = Result<impl AsRef<[u8]>, NarratorError>>,
    limits: Limits,
    text: &mut String,
) -> Result<End, NarratorError> {
    let body = bytes.try_fold(Vec::new(), |mut body, bytes| {
        body.extend_from_slice(bytes.as_ref());
        std::future::ready(Ok(body))
    });
    let body =
        tokio::time::timeout(limits.first, body).await.map_err(|_| timed_out(limits, text))??;
    let chunk = serde_json::from_slice(&body).map_err(|e| unread("a body", &e))?;
    let mut end = End::default();
    take(chunk, text, &mut end)?;
    if text.is_empty() {
        return Err(NarratorError::Malformed("a reply without a word".to_owned()));
    }
    Ok(end)
}

/// Error for JSON that cannot be read. Of valid JSON serde's message would name types of Rust.
fn unread(what: &str, error: &serde_json::Error) -> NarratorError {
    NarratorError::Malformed(match error.is_data() {
        true => format!("{what} of another form"),
        false => format!("{what} that is no JSON: {error}"),
    })
}

const fn patience(limits: Limits, text: &str) -> Duration {
    if text.is_empty() { limits.first } else { limits.idle }
}

fn timed_out(limits: Limits, text: &str) -> NarratorError {
    let what = if text.is_empty() { "no first word" } else { "nothing more" };
    NarratorError::TimedOut { what, seconds: patience(limits, text).as_secs_f64() }
}

fn lost(error: NarratorError, text: &str) -> NarratorError {
    match error {
        NarratorError::Lost(_) if !text.is_empty() => NarratorError::Cut,
        error => error,
    }
}
