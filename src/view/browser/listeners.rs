//! Page events of the browser: visible or hidden, frozen or resumed, online or offline.

use leptos::prelude::{document, window};
use wasm_bindgen::{JsCast, JsValue, closure::Closure};
use web_sys::{EventTarget, PageTransitionEvent, VisibilityState};

use super::{dispatch, sharing};
use crate::poll::Event;

/// Event listener that is removed on drop.
struct Listener {
    target: EventTarget,
    name: &'static str,
    call: Closure<dyn FnMut(JsValue)>,
}

impl Drop for Listener {
    fn drop(&mut self) {
        let call = self.call.as_ref().unchecked_ref();
        // No known failure, and nothing to do about one.
        let _ = self.target.remove_event_listener_with_callback(self.name, call);
    }
}

/// The tab's listeners; removed on drop.
pub(super) struct Listeners {
    _all: Vec<Listener>,
}

/// Listens for all events that the machine handles.
pub(super) fn listen() -> Listeners {
    let on_window = |name, call: fn(JsValue)| on(window().into(), name, call);
    let on_document = |name, call: fn(JsValue)| on(document().into(), name, call);
    Listeners {
        _all: vec![
            on_document("visibilitychange", |_| dispatch(Event::Visible(visible()))),
            on_document("freeze", |_| dispatch(Event::Freeze)),
            on_document("resume", |_| dispatch(Event::Resume)),
            on_window("pagehide", |_| {
                dispatch(Event::Freeze);
                sharing::leave();
            }),
            on_window("pageshow", |event| {
                // The first `pageshow` belongs to the page load; only a page restored from the
                // cache counts.
                if event.unchecked_into::<PageTransitionEvent>().persisted() {
                    sharing::join();
                    dispatch(Event::Resume);
                }
            }),
            on_window("online", |_| dispatch(Event::Online(true))),
            on_window("offline", |_| dispatch(Event::Online(false))),
        ],
    }
}

/// Whether the tab is visible now.
pub(super) fn visible() -> bool {
    document().visibility_state() != VisibilityState::Hidden
}

/// Whether the browser reports a network connection.
pub(super) fn online() -> bool {
    window().navigator().on_line()
}

fn on(target: EventTarget, name: &'static str, call: fn(JsValue)) -> Listener {
    let call = Closure::<dyn FnMut(JsValue)>::new(call);
    // No known failure. Without the listener the page would only notice late that it was hidden.
    let _ = target.add_event_listener_with_callback(name, call.as_ref().unchecked_ref());
    Listener { target, name, call }
}
