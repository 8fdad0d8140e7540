//! Streams of the web as streams of Rust, and the other way: what `server_fn` needs of the crate
//! `wasm-streams`, for which this stands in (see `[patch.crates-io]`).
//!
//! That crate exports three classes to JavaScript. What is exported is never left out of a WASM module,
//! so that each page would load them, with all that they call, though no server function of ours
//! streams: 6 kB of 120. Here is nothing exported; what nobody calls is not there.

use std::{cell::RefCell, pin::Pin, rc::Rc};

use futures_util::{
    StreamExt,
    stream::{Stream, unfold},
};
use js_sys::{Object, Reflect};
use wasm_bindgen::{JsCast, JsValue, prelude::Closure};
use wasm_bindgen_futures::{JsFuture, future_to_promise};
use web_sys::{ReadableStreamDefaultController, ReadableStreamDefaultReader};

type Chunks = Pin<Box<dyn Stream<Item = Result<JsValue, JsValue>>>>;

/// A stream of the web that can be read.
#[derive(Debug)]
pub struct ReadableStream(web_sys::ReadableStream);

impl ReadableStream {
    /// Wraps a stream of the web.
    pub fn from_raw(raw: web_sys::ReadableStream) -> Self {
        Self(raw)
    }

    /// The stream of the web.
    pub fn into_raw(self) -> web_sys::ReadableStream {
        self.0
    }

    /// A stream of the web that asks this one for a chunk whenever it is read.
    ///
    /// # Panics
    /// Where the browser has no such streams.
    pub fn from_stream(stream: impl Stream<Item = Result<JsValue, JsValue>> + 'static) -> Self {
        let chunks: Rc<RefCell<Option<Chunks>>> = Rc::new(RefCell::new(Some(Box::pin(stream))));
        let pull = move |controller: ReadableStreamDefaultController| {
            let chunks = Rc::clone(&chunks);
            future_to_promise(async move {
                // Taken out while it is asked: the browser asks again only when this is done.
                let Some(mut rest) = chunks.take() else { return Ok(JsValue::UNDEFINED) };
                match rest.next().await {
                    Some(Ok(chunk)) => {
                        chunks.replace(Some(rest));
                        controller.enqueue_with_chunk(&chunk)?;
                    }
                    Some(Err(error)) => controller.error_with_e(&error),
                    None => controller.close()?,
                }
                Ok(JsValue::UNDEFINED)
            })
        };
        let pull: Closure<dyn FnMut(ReadableStreamDefaultController) -> js_sys::Promise> =
            Closure::new(pull);
        let source = Object::new();
        let raw = Reflect::set(&source, &"pull".into(), &pull.into_js_value())
            .and_then(|_| web_sys::ReadableStream::new_with_underlying_source(&source));
        Self(raw.expect("this browser has readable streams"))
    }

    /// The chunks of the stream; it is cancelled when they are dropped before the end.
    ///
    /// # Panics
    /// When somebody else is reading it.
    pub fn into_stream(self) -> impl Stream<Item = Result<JsValue, JsValue>> + use<> {
        let reader = Reader(self.0.get_reader().unchecked_into());
        unfold(Some(reader), |reader| async move {
            let reader = reader?;
            match reader.next().await {
                Ok(None) => None,
                Ok(Some(chunk)) => Some((Ok(chunk), Some(reader))),
                Err(error) => Some((Err(error), None)),
            }
        })
    }
}

/// Cancels what it has not read.
struct Reader(ReadableStreamDefaultReader);

impl Reader {
    async fn next(&self) -> Result<Option<JsValue>, JsValue> {
        let read = JsFuture::from(self.0.read()).await?;
        let done = Reflect::get(&read, &"done".into())?.is_truthy();
        if done { Ok(None) } else { Reflect::get(&read, &"value".into()).map(Some) }
    }
}

impl Drop for Reader {
    fn drop(&mut self) {
        // Nobody waits for it; after the end it does nothing.
        let _ = self.0.cancel();
    }
}
