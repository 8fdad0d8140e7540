//! Interprets failures of an endpoint.

use std::{error::Error, time::SystemTime};

use futures_util::StreamExt;
use reqwest::{Response, StatusCode};

use super::{
    super::{narrator::NarratorError, settings::NarratorSettings},
    REFUSAL_PATIENCE, retry,
    wire::{ErrorBody, Refusal},
};

/// Maximum number of bytes read of a refusal.
const MAX_BODY: usize = 16 * 1024;
/// Maximum number of characters of its message to report.
const MAX_DETAIL: usize = 300;

/// Error of a request that could not be sent, or whose connection was lost.
pub(super) fn not_sent(error: &reqwest::Error, address: &str) -> NarratorError {
    let mut cause: &dyn Error = error;
    while let Some(deeper) = cause.source() {
        cause = deeper;
    }
    let detail = cause.to_string();
    if error.is_connect() {
        NarratorError::Unreachable { address: address.to_owned(), detail }
    } else {
        NarratorError::Lost(detail)
    }
}

/// Error of a response other than 2xx.
pub(super) async fn read(response: Response, settings: &NarratorSettings) -> NarratorError {
    let status = response.status();
    let after = retry::retry_after(response.headers(), SystemTime::now());
    let body = body(response).await;
    let error = serde_json::from_slice::<Refusal>(&body).unwrap_or_default().error;
    let unknown = error.is("model_not_found");
    match status {
        StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => {
            NarratorError::WrongKey { status: status.as_u16() }
        }
        StatusCode::NOT_FOUND => unknown_model(settings, status),
        StatusCode::BAD_REQUEST if unknown => unknown_model(settings, status),
        StatusCode::TOO_MANY_REQUESTS if error.is("insufficient_quota") => NarratorError::Quota,
        StatusCode::TOO_MANY_REQUESTS => NarratorError::Busy { after },
        status if status.is_server_error() => {
            NarratorError::Server { status: status.as_u16(), after }
        }
        status => NarratorError::Rejected { status: status.as_u16(), detail: told(&error) },
    }
}

/// Error in the middle of a stream.
pub(super) fn in_stream(error: &ErrorBody) -> NarratorError {
    if error.is("insufficient_quota") {
        return NarratorError::Quota;
    }
    if error.is("server_error") || error.is("overloaded_error") {
        return NarratorError::Server { status: 200, after: None };
    }
    NarratorError::Rejected { status: 200, detail: told(error) }
}

fn unknown_model(settings: &NarratorSettings, status: StatusCode) -> NarratorError {
    NarratorError::UnknownModel { model: settings.model.clone(), status: status.as_u16() }
}

/// The endpoint's message, shortened.
fn told(error: &ErrorBody) -> String {
    let message = error.message();
    let message = if message.is_empty() { "it gave no reason" } else { message };
    message.chars().filter(|c| !c.is_control()).take(MAX_DETAIL).collect()
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
    let _ = tokio::time::timeout(REFUSAL_PATIENCE, read).await;
    body.truncate(MAX_BODY);
    body
}
