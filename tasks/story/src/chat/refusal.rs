//! Failures of an endpoint as errors of the narrator.

use std::{
    error::Error,
    io::Read as _,
    time::{Duration, SystemTime},
};

use flate2::read::MultiGzDecoder;
use futures_util::StreamExt;
use reqwest::Response;

use super::{
    super::{
        narrator::NarratorError,
        settings::{Address, NarratorSettings},
    },
    cap,
    reply::{Cause, Fault, Verdict, asked, decide},
    retry,
};

/// Maximum number of bytes read of a refusal.
const MAX_BODY: usize = 16 * 1024;
/// Time limit for reading the body of a refusal.
const PATIENCE: Duration = Duration::from_secs(10);

/// What an endpoint refused a request with.
pub(super) struct Refusal {
    pub(super) status: u16,
    pub(super) fault: Fault,
    pub(super) after: Option<Duration>,
}

impl Refusal {
    /// Reads a response other than 2xx.
    pub(super) async fn read(response: Response) -> Self {
        let status = response.status().as_u16();
        let after = retry::retry_after(response.headers(), SystemTime::now());
        let reset = retry::reset_after(response.headers()).filter(|_| status == 429);
        let target = response.headers().get(reqwest::header::LOCATION);
        let target = target.and_then(|target| target.to_str().ok()).map(str::to_owned);
        let mut fault = Fault::read(&body(response).await);
        if let (300..=399, Some(target)) = (status, target) {
            fault = Fault::read(format!("it redirects to {target}").as_bytes());
        }
        // The words tell when the next request fits, and a reset when all of the limit is free.
        let after = after.or_else(|| asked(&fault)).or(reset);
        Self { status, fault, after }
    }

    /// An error within a successful response. `started`: a part of the text had arrived.
    pub(super) fn error(
        self,
        settings: &NarratorSettings,
        address: &Address,
        started: bool,
    ) -> NarratorError {
        let Self { status, fault, after } = self;
        let verdict = decide(status, &fault, started, after);
        let shown = fault.status.filter(|_| status < 300).unwrap_or(status);
        error(verdict, shown, &fault, settings, address)
    }
}

fn error(
    verdict: Verdict,
    status: u16,
    fault: &Fault,
    settings: &NarratorSettings,
    address: &Address,
) -> NarratorError {
    let detail = fault.words();
    let told = !fault.message.is_empty();
    let model = || settings.model.trim().to_owned();
    let about_key = || {
        let text = fault.message.to_lowercase();
        let words = ["key", "token", "auth", "credential", "permission"];
        !told || words.iter().any(|word| text.contains(word))
    };
    match verdict {
        Verdict::Passing(Cause::Busy, after) => NarratorError::Busy { status, detail, after },
        Verdict::Passing(Cause::Loading, after) => NarratorError::Loading { status, detail, after },
        Verdict::Passing(_, after) => NarratorError::Server { status, detail, after },
        Verdict::Final(Cause::Key) => NarratorError::WrongKey { status, detail },
        Verdict::Final(Cause::Forbidden) if about_key() => {
            NarratorError::WrongKey { status, detail }
        }
        Verdict::Final(Cause::Model) => {
            NarratorError::UnknownModel { model: model(), status, detail }
        }
        Verdict::Final(Cause::Address) => {
            NarratorError::WrongAddress { address: address.shown(), model: model(), status, detail }
        }
        Verdict::Final(Cause::Quota) => NarratorError::Quota(detail),
        Verdict::Final(Cause::Memory) => NarratorError::Memory(detail),
        Verdict::Final(Cause::Context) => NarratorError::Context(detail),
        Verdict::Final(Cause::Filter) if !told => filtered(),
        Verdict::Final(_) => {
            let detail = match detail {
                none if none.is_empty() => "it gave no reason".to_owned(),
                code if !told => format!("it gave no reason, only the {code}"),
                words if cap::refuses_length(fault) => {
                    format!("{words} (lower narrator.chapter_tokens)")
                }
                words => words,
            };
            NarratorError::Rejected { status, detail }
        }
    }
}

/// The error of a reply that a filter of contents stopped.
pub(super) fn filtered() -> NarratorError {
    let detail = "its content filter stopped the reply".to_owned();
    NarratorError::Rejected { status: 200, detail }
}

/// Error of a request that could not be sent, or whose connection was lost. `answered`: the endpoint
/// answered before.
pub(super) fn not_sent(error: &reqwest::Error, address: &Address, answered: bool) -> NarratorError {
    let (mut cause, mut chain): (&dyn Error, _) = (error, String::new());
    while let Some(deeper) = cause.source() {
        cause = deeper;
        chain.push_str(&cause.to_string());
        chain.push('\n');
    }
    let mut detail = cause.to_string();
    let (hint, refused, passing) = if chain.contains("certificate") {
        let hint =
            "set narrator.ca_file (MILEPOST_NARRATOR_CA_FILE) to the certificate of its authority";
        (hint, false, false)
    } else if chain.contains("corrupt message") {
        let hint =
            "it speaks no TLS there; check whether MILEPOST_NARRATOR_URL begins with http://";
        (hint, false, false)
    } else if error.is_connect() || error.is_builder() {
        let refused = detail.contains("refused");
        if error.is_timeout() {
            detail = "no answer".to_owned();
        }
        ("check MILEPOST_NARRATOR_URL, and that the endpoint runs", refused, answered)
    } else {
        return NarratorError::Lost(detail);
    };
    NarratorError::Unreachable { address: address.host(), detail, hint, refused, passing }
}

/// Reads the beginning of the body within the time limit.
async fn body(response: Response) -> Vec<u8> {
    let mut body = Vec::new();
    let mut stream = response.bytes_stream();
    let read = async {
        while let Some(Ok(bytes)) = stream.next().await {
            body.extend_from_slice(&bytes);
            if body.len() >= MAX_BODY {
                break;
            }
        }
    };
    // Use what arrived until then.
    let _ = tokio::time::timeout(PATIENCE, read).await;
    body.truncate(MAX_BODY);
    if body.starts_with(&[0x1f, 0x8b]) {
        let mut plain = Vec::new();
        // A cut end loses nothing that matters.
        let _ = MultiGzDecoder::new(&body[..]).take(MAX_BODY as u64).read_to_end(&mut plain);
        return plain;
    }
    body
}
