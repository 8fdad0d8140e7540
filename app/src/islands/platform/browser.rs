//! Browser side of the islands: reading the initial state, reading and sending forms.

mod upload;

use gloo_timers::future::TimeoutFuture;
use js_sys::{Array, Reflect};
use leptos::{
    ev::MouseEvent,
    prelude::{document, window},
};
use milepost::view::json;
use serde::de::DeserializeOwned;
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;
use web_sys::{
    FormData, HtmlButtonElement, HtmlElement, HtmlFormElement, HtmlInputElement, Notification,
};

use crate::wire::KEY_FIELD;

pub(crate) use self::upload::upload_files;

/// Initial state of the island; `None` if the page has none of this type.
pub(crate) fn initial_state<T: DeserializeOwned>() -> Option<T> {
    let text = document().get_element_by_id("initial-state")?.text_content()?;
    json::from_str(&text).ok()
}

/// Waits for so many milliseconds.
pub(crate) async fn wait(ms: u32) {
    TimeoutFuture::new(ms).await;
}

/// Form of the pressed button, if its fields are valid; otherwise the browser shows the errors.
pub(crate) fn valid_form(event: &MouseEvent) -> Option<HtmlFormElement> {
    let button: HtmlButtonElement = event.current_target()?.dyn_into().ok()?;
    let form = button.form()?;
    let fields = form.elements();
    for place in 0..fields.length() {
        // Inputs, selects and text areas share the methods used here.
        let field = fields.item(place).map(JsCast::unchecked_into::<HtmlInputElement>);
        field.iter().for_each(say);
    }
    Some(form).filter(HtmlFormElement::check_validity)
}

/// Makes the browser show the server's message for an invalid field.
fn say(field: &HtmlInputElement) {
    field.set_custom_validity("");
    let Some(messages) = field.get_attribute("data-messages").filter(|_| !field.check_validity())
    else {
        return;
    };
    let Ok(messages) = js_sys::JSON::parse(&messages) else { return };
    let state = field.validity();
    let wrong = |name: &JsValue| Reflect::get(&state, name).is_ok_and(|it| it.is_truthy());
    let names = Reflect::own_keys(&messages).unwrap_or_default();
    if let Some(name) = names.iter().find(wrong)
        && let Some(message) = Reflect::get(&messages, &name).ok().and_then(|it| it.as_string())
    {
        field.set_custom_validity(&message);
    }
}

/// Form values and the idempotency key.
pub(crate) fn entered(form: &HtmlFormElement) -> (Vec<(String, String)>, Option<String>) {
    let mut fields = Vec::new();
    let mut key = None;
    let Ok(data) = FormData::new_with_form(form) else { return (fields, key) };
    for entry in data.entries().into_iter().flatten() {
        let entry: Array = entry.unchecked_into();
        let (Some(name), Some(text)) = (entry.get(0).as_string(), entry.get(1).as_string()) else {
            continue;
        };
        if name == KEY_FIELD {
            key = Some(text);
        } else {
            fields.push((name, text));
        }
    }
    (fields, key)
}

/// Asks the user for permission to notify, unless already decided.
pub(crate) async fn may_notify() -> bool {
    let Ok(asked) = Notification::request_permission() else { return false };
    let answer = JsFuture::from(asked).await.ok();
    answer.and_then(|word| word.as_string()).is_some_and(|word| word == "granted")
}

/// Whether browsers allow this page to notify: by HTTPS, or on the server's own machine.
pub(crate) fn is_secure() -> bool {
    window().is_secure_context()
}

/// Notifies the user.
pub(crate) fn notify(text: &str) {
    // Some phones accept notifications only from service workers.
    let _ = Notification::new(text);
}

/// Maximum number of log lines on a page; older ones are removed.
const MAX_LINES: u32 = 5_000;

/// Appends safe HTML to a scrollable element. Keeps the end in view if it was, and the position
/// otherwise. Empty `html` scrolls to the end.
pub(crate) fn append(element: &str, html: &str) {
    let Some(element) = document().get_element_by_id(element) else { return };
    let at_end = element.scroll_top() + element.client_height() + 8 >= element.scroll_height();
    // Fails only for elements without a parent.
    let _ = element.insert_adjacent_html("beforeend", html);
    if at_end || html.is_empty() {
        while element.child_element_count() > MAX_LINES
            && let Some(first) = element.first_element_child()
        {
            first.remove();
        }
        element.set_scroll_top(element.scroll_height());
    }
}

/// Replaces the end of an element: `part` has its id, the number of its children that stay, and the HTML
/// after them. Ignored where these children are not there.
pub(crate) fn replace(part: &str) {
    let mut words = part.splitn(3, ' ');
    let (Some(id), Some(keep), Some(html)) = (words.next(), words.next(), words.next()) else {
        return;
    };
    let Some(element) = document().get_element_by_id(id) else { return };
    // The style sheets of what is shown from now on.
    while let Ok(Some(style)) = document().query_selector("link[disabled]") {
        // Fails only for invalid attribute names.
        let _ = style.remove_attribute("disabled");
    }
    let keep = keep.parse().unwrap_or_default();
    if keep == 0 {
        element.set_inner_html(html);
        return;
    }
    if element.child_element_count() < keep {
        return;
    }
    while element.child_element_count() > keep
        && let Some(last) = element.last_element_child()
    {
        last.remove();
    }
    // Fails only for elements without a parent.
    let _ = element.insert_adjacent_html("beforeend", html);
}

/// [`replace`] for several parts. Who uses a link or a button with an id goes on with the same one.
pub(crate) fn replace_all(parts: &[String]) {
    let used = document().active_element().and_then(|used| used.get_attribute("id"));
    parts.iter().for_each(|part| replace(part));
    if let Some(same) = used.and_then(|id| document().get_element_by_id(&id))
        && let Ok(Some(page)) = document().query_selector("html")
    {
        // Whoever has scrolled on stays there.
        let top = page.scroll_top();
        // Browsers refuse this only for elements that cannot be focused.
        let _ = same.unchecked_into::<HtmlElement>().focus();
        page.set_scroll_top(top);
    }
}

/// Submits a form without a script's help.
pub(crate) fn send(form: &HtmlFormElement) {
    // Browsers refuse this only while the document unloads.
    let _ = form.submit();
}

/// Opens another page of this site.
pub(crate) fn open(path: &str) {
    // Browsers refuse this only for invalid URLs.
    let _ = window().location().assign(path);
}
