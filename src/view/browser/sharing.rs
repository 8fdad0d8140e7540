//! The other tabs of the browser: the lock that one of them holds, and the channel between them.

use std::cell::RefCell;

use js_sys::{Function, Object, Promise, Reflect};
use leptos::prelude::window;
use wasm_bindgen::{JsCast, JsValue, closure::Closure};
use web_sys::{AbortController, BroadcastChannel, MessageEvent};

use super::{dispatch, tab};
use crate::poll::{Event, TabAction, TabEvent};

/// The name of lock and channel. Another number where tabs of an earlier build would not understand.
const NAME: &str = "milepost-1";

/// What this tab shares with the others; dropped, it lets go of everything.
pub(super) struct Sharing {
    channel: BroadcastChannel,
    locks: Object,
    /// Ends the wait for the lock.
    asked: Option<AbortController>,
    /// Lets go of the lock.
    held: Option<Function>,
    _heard: Closure<dyn FnMut(JsValue)>,
}

thread_local! {
    static SHARING: RefCell<Option<Sharing>> = const { RefCell::new(None) };
}

fn with<T>(call: impl FnOnce(&mut Sharing) -> T) -> Option<T> {
    SHARING.with_borrow_mut(|sharing| sharing.as_mut().map(call))
}

/// Joins the other tabs, where the browser has locks and channels.
pub(super) fn join() {
    let shared = tab::transport().is_some_and(|transport| transport.reader().is_some());
    let Some(sharing) = shared.then(Sharing::new).flatten() else { return };
    drop(SHARING.replace(Some(sharing)));
    let tab = (js_sys::Math::random() * f64::from(u32::MAX)) as u32;
    dispatch(Event::Tabs(TabEvent::Joined { tab }));
}

/// Leaves them. An open channel would keep the page out of the back-forward cache.
pub(super) fn leave() {
    release();
    drop(SHARING.take());
}

/// Does what the machine wants of the other tabs.
pub(super) fn act(action: TabAction) {
    match action {
        TabAction::AskLock => ask(),
        TabAction::ReleaseLock => release(),
        TabAction::Say(word) => post(&word),
        TabAction::Share(word) => {
            post(&[&word, "\n", &tab::take_answer()].concat());
        }
    }
}

fn post(text: &str) {
    // Fails only on a channel that is closed.
    let _ = with(|sharing| sharing.channel.post_message(&JsValue::from_str(text)));
}

fn ask() {
    let Some((locks, request)) = with(|sharing| {
        let request: Function = get(&sharing.locks, "request")?.dyn_into().ok()?;
        Some((sharing.locks.clone(), request))
    })
    .flatten() else {
        return;
    };
    let Ok(abort) = AbortController::new() else { return };
    let options = Object::new();
    // Fails on frozen objects only.
    let _ = Reflect::set(&options, &JsValue::from_str("signal"), &abort.signal());
    let granted = Closure::once_into_js(|| {
        let promise = Promise::new(&mut |resolve, _| {
            with(|sharing| sharing.held = Some(resolve));
        });
        dispatch(Event::Tabs(TabEvent::Granted));
        JsValue::from(promise)
    });
    with(|sharing| sharing.asked = Some(abort));
    if let Ok(asked) = request.call3(&locks, &JsValue::from_str(NAME), &options, &granted) {
        // A wait that is ended is told as an error, which is none.
        let ignore = Closure::<dyn FnMut(JsValue)>::new(|_| {});
        let _ = asked.unchecked_into::<Promise>().catch(&ignore);
        ignore.forget();
    }
}

fn release() {
    let taken = with(|sharing| (sharing.asked.take(), sharing.held.take()));
    let Some((asked, held)) = taken else { return };
    if let Some(asked) = asked {
        asked.abort();
    }
    if let Some(held) = held {
        // It is a promise's own function and does not fail.
        let _ = held.call0(&JsValue::NULL);
    }
}

impl Sharing {
    fn new() -> Option<Self> {
        let locks = get(&window().navigator(), "locks")?.dyn_into().ok()?;
        let channel = BroadcastChannel::new(NAME).ok()?;
        let heard = Closure::<dyn FnMut(JsValue)>::new(|event: JsValue| {
            if let Some(text) = event.unchecked_into::<MessageEvent>().data().as_string() {
                hear(text);
            }
        });
        channel.set_onmessage(Some(heard.as_ref().unchecked_ref()));
        Some(Self { channel, locks, asked: None, held: None, _heard: heard })
    }
}

impl Drop for Sharing {
    fn drop(&mut self) {
        self.channel.close();
    }
}

fn hear(text: String) {
    let event = match text.split_once('\n') {
        None => TabEvent::Said(text),
        Some((word, answer)) => {
            let read = tab::transport().and_then(|transport| transport.reader());
            let Some(response) = read.and_then(|read| read(answer)) else { return };
            TabEvent::Answered { word: word.to_owned(), response }
        }
    };
    dispatch(Event::Tabs(event));
}

fn get(of: &JsValue, name: &str) -> Option<JsValue> {
    Reflect::get(of, &JsValue::from_str(name)).ok()
}
