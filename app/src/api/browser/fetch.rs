//! One `fetch` for all server functions; it is aborted when its future is dropped.

use std::{future::Future, pin::Pin};

use leptos::{
    prelude::window,
    server_fn::error::{FromServerFnError, ServerFnErrorErr},
};
use milepost::task::Problem;
use send_wrapper::SendWrapper;
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;
use web_sys::{AbortController, Headers, RequestCache, RequestInit, Response};

use crate::api::ApiError;

/// The text of an answer, or why there is none. The browser has one thread, so that this is `Send` in
/// name only.
type Sent = SendWrapper<Pin<Box<dyn Future<Output = Result<String, ApiError>>>>>;

/// Posts JSON; gives the text of a good answer, and the problem document of a bad one.
#[inline(never)]
pub(in crate::api) fn post(path: &str, body: String) -> Sent {
    let path = path.to_owned();
    SendWrapper::new(Box::pin(async move {
        match exchange(&path, &body).await {
            Ok((200..400, text)) => Ok(text),
            Ok((status, text)) => Err(problem(status, &text)),
            Err(_) => Err(ApiError::from_server_fn_error(ServerFnErrorErr::Request(
                "The server could not be reached.".to_owned(),
            ))),
        }
    }))
}

/// Ends its request when it is dropped. An abort after the answer was read is none.
struct AbortOnDrop(AbortController);

impl Drop for AbortOnDrop {
    fn drop(&mut self) {
        self.0.abort();
    }
}

async fn exchange(path: &str, body: &str) -> Result<(u16, String), JsValue> {
    let abort = AbortOnDrop(AbortController::new()?);
    let headers = Headers::new()?;
    headers.set("content-type", "application/json")?;
    headers.set("accept", "application/json")?;
    let init = RequestInit::new();
    init.set_method("POST");
    init.set_cache(RequestCache::NoStore);
    init.set_headers(&headers);
    init.set_signal(Some(&abort.0.signal()));
    init.set_body(&JsValue::from_str(body));
    let answer = JsFuture::from(window().fetch_with_str_and_init(path, &init)).await?;
    let answer: Response = answer.unchecked_into();
    let text = JsFuture::from(answer.text()?).await?.as_string().unwrap_or_default();
    Ok((answer.status(), text))
}

/// The problem document of a bad answer; one of our own where a proxy wrote the answer, so that its
/// status is not lost.
fn problem(status: u16, text: &str) -> ApiError {
    super::decode(text).unwrap_or_else(|| {
        let detail = match status {
            413 => "The text is too long for this server.",
            _ => "The server, or a proxy before it, could not answer.",
        };
        ApiError(Problem::new(status, "Error", detail))
    })
}
