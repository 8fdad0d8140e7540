//! Uploads the chosen files of a form before the form itself, with progress.
//!
//! Uses `XMLHttpRequest`, because `fetch` reports no upload progress.

use js_sys::{Array, Promise};
use milepost::{task::Problem, view::json};
use serde::Deserialize;
use wasm_bindgen::{JsCast, JsValue, closure::Closure};
use wasm_bindgen_futures::JsFuture;
use web_sys::{File, FormData, HtmlFormElement, HtmlInputElement, ProgressEvent, XmlHttpRequest};

use milepost::view::server_fns::ApiError;

/// The part of the response that is needed.
#[derive(Deserialize)]
struct Uploaded {
    id: String,
}

/// Uploads all chosen files. Stores each id in the hidden field of the form and clears the file
/// input, so that submitting the form again sends no file twice.
pub(crate) async fn upload_files(
    form: &HtmlFormElement,
    told: impl Fn(u32) + Clone + 'static,
) -> Result<(), ApiError> {
    let Ok(data) = FormData::new_with_form(form) else { return Ok(()) };
    for entry in data.entries().into_iter().flatten() {
        let entry: Array = entry.unchecked_into();
        let (Some(name), Ok(file)) = (entry.get(0).as_string(), entry.get(1).dyn_into::<File>())
        else {
            continue;
        };
        // Without a chosen file, the entry has no name.
        if file.name().is_empty() {
            continue;
        }
        let id = upload(&file, told.clone()).await?;
        let place = |kind: &str, value: &str| {
            let place = format!("input[type={kind}][name=\"{name}\"]");
            if let Ok(Some(input)) = form.query_selector(&place) {
                input.unchecked_into::<HtmlInputElement>().set_value(value);
            }
        };
        place("hidden", &id);
        place("file", "");
    }
    Ok(())
}

async fn upload(file: &File, told: impl Fn(u32) + 'static) -> Result<String, ApiError> {
    let name = js_sys::encode_uri_component(&file.name());
    let path = format!("./api/v1/uploads?name={}", String::from(name));
    let (status, text) = exchange(file, &path, told).await.unwrap_or_default();
    if status == 201
        && let Ok(Uploaded { id }) = json::from_str(&text)
    {
        return Ok(id);
    }
    Err(json::from_str(&text).unwrap_or_else(|_| {
        let detail = "The upload failed.";
        ApiError(Problem::new(status, "Error", detail))
    }))
}

/// Returns the status and text of the response; the status is 0 without a response.
async fn exchange(
    file: &File,
    path: &str,
    told: impl Fn(u32) + 'static,
) -> Result<(u16, String), JsValue> {
    let request = XmlHttpRequest::new()?;
    request.open("POST", path)?;
    let progress = Closure::<dyn FnMut(ProgressEvent)>::new(move |event: ProgressEvent| {
        told((100.0 * event.loaded() / event.total().max(1.0)) as u32);
    });
    request.upload()?.set_onprogress(Some(progress.as_ref().unchecked_ref()));
    let ended = Promise::new(&mut |ended, _| request.set_onloadend(Some(&ended)));
    request.send_with_opt_blob(Some(file))?;
    // Leaving the page aborts the request.
    JsFuture::from(ended).await?;
    request.set_onloadend(None);
    let text = request.response_text()?.unwrap_or_default();
    Ok((request.status()?, text))
}
