//! In the browser an island reads what it begins with from the page, and forms can be read and sent.

mod upload;

use js_sys::{Array, Reflect};
use leptos::{
    ev::MouseEvent,
    prelude::{document, window},
};
use milepost::view::json;
use serde::de::DeserializeOwned;
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;
use web_sys::{FormData, HtmlButtonElement, HtmlFormElement, HtmlInputElement, Notification};

use crate::api::KEY_FIELD;

pub(super) use self::upload::upload_files;

/// What the island begins with; `None` where the page has nothing that fits.
pub(super) fn initial_state<T: DeserializeOwned>() -> Option<T> {
    let text = document().get_element_by_id("initial-state")?.text_content()?;
    json::from_str(&text).ok()
}

/// The form of the button that was pressed, where its fields are valid. Where they are not, the
/// browser says so itself.
pub(super) fn valid_form(event: &MouseEvent) -> Option<HtmlFormElement> {
    let button: HtmlButtonElement = event.current_target()?.dyn_into().ok()?;
    let form = button.form()?;
    let fields = form.elements();
    for place in 0..fields.length() {
        // Inputs, selections and long texts are alike in what is asked of them here.
        let field = fields.item(place).map(JsCast::unchecked_into::<HtmlInputElement>);
        field.iter().for_each(say);
    }
    Some(form).filter(HtmlFormElement::check_validity)
}

/// Lets the browser say of a field what the server would say.
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

/// What was entered, and the key that makes two starts one.
pub(super) fn entered(form: &HtmlFormElement) -> (Vec<(String, String)>, Option<String>) {
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

/// Asks the user, where they were not asked before, whether the page may notify them.
pub(super) async fn may_notify() -> bool {
    let Ok(asked) = Notification::request_permission() else { return false };
    let answer = JsFuture::from(asked).await.ok();
    answer.and_then(|word| word.as_string()).is_some_and(|word| word == "granted")
}

/// Notifies the user.
pub(super) fn notify(text: &str) {
    // Some phones take notifications from service workers only.
    let _ = Notification::new(text);
}

/// Lines that a page keeps; of more, the first go.
const MAX_LINES: u32 = 5_000;

/// Adds safe HTML to an element that scrolls. Whoever reads at its end goes on reading there; whoever
/// has scrolled up is left where they are. With nothing to add, its end is shown.
pub(super) fn append(element: &str, html: &str) {
    let Some(element) = document().get_element_by_id(element) else { return };
    let at_end = element.scroll_top() + element.client_height() + 8 >= element.scroll_height();
    // Refused for elements without a parent only.
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

/// Sends a form in the plain way.
pub(super) fn send(form: &HtmlFormElement) {
    // Refused by the browser only while the document is going away.
    let _ = form.submit();
}

/// Opens another page of this site.
pub(super) fn open(path: &str) {
    // Refused by the browser only for addresses that are none.
    let _ = window().location().assign(path);
}
