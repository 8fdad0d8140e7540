//! What the browser tells of the page: seen or hidden, frozen or woken, on or off the network.

use leptos::prelude::{document, window};
use wasm_bindgen::{JsCast, JsValue, closure::Closure};
use web_sys::{EventTarget, PageTransitionEvent, VisibilityState};

use super::{dispatch, sharing};
use crate::poll::Event;

/// A listener that is removed when it is dropped.
struct Listener {
    target: EventTarget,
    name: &'static str,
    call: Closure<dyn FnMut(JsValue)>,
}

impl Drop for Listener {
    fn drop(&mut self) {
        let call = self.call.as_ref().unchecked_ref();
        // Fails for no known reason; and then there would be nobody to tell.
        let _ = self.target.remove_event_listener_with_callback(self.name, call);
    }
}

/// The listeners of the tab; removed when dropped.
pub(super) struct Listeners {
    _all: Vec<Listener>,
}

/// Listens for everything that the machine wants to know.
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
                // The first `pageshow` comes with the page itself; only a restored one is news.
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

/// Whether the tab can be seen right now.
pub(super) fn visible() -> bool {
    document().visibility_state() != VisibilityState::Hidden
}

/// Whether the browser has a network right now, as far as it knows.
pub(super) fn online() -> bool {
    window().navigator().on_line()
}

fn on(target: EventTarget, name: &'static str, call: fn(JsValue)) -> Listener {
    let call = Closure::<dyn FnMut(JsValue)>::new(call);
    // Fails for no known reason; the page would then only learn late that it was hidden.
    let _ = target.add_event_listener_with_callback(name, call.as_ref().unchecked_ref());
    Listener { target, name, call }
}
