//! Coordination with the browser's other tabs: a lock that one tab holds, and a channel between all
//! of them.

use std::{
    cell::{Cell, RefCell},
    rc::Rc,
};

use js_sys::{Function, Object, Promise, Reflect};
use leptos::prelude::window;
use wasm_bindgen::{JsCast, JsValue, closure::Closure};
use web_sys::{AbortController, BroadcastChannel, MessageEvent};

use super::{dispatch, tab};
use crate::{
    poll::{Event, TabAction, TabEvent},
    view::json,
};

/// Name of the lock and the channel. Change the number when the message format changes
/// incompatibly.
const NAME: &str = "milepost-1";

/// Lock manager and channel of this tab.
struct Sharing {
    channel: BroadcastChannel,
    locks: Object,
    /// Cancels the pending lock request.
    asked: Cell<Option<AbortController>>,
    /// Resolver of the held lock's promise: releases the lock.
    held: Cell<Option<Function>>,
    _heard: Closure<dyn FnMut(JsValue)>,
}

thread_local! {
    static SHARING: RefCell<Option<Rc<Sharing>>> = const { RefCell::new(None) };
}

fn sharing() -> Option<Rc<Sharing>> {
    SHARING.with_borrow(Clone::clone)
}

/// Joins the other tabs if the browser supports locks and channels.
pub(super) fn join() {
    let shared = tab::transport().is_some_and(|(transport, _)| transport.is_shared());
    let Some(sharing) = shared.then(Sharing::new).flatten() else { return };
    drop(SHARING.replace(Some(Rc::new(sharing))));
    let tab = (js_sys::Math::random() * f64::from(u32::MAX)) as u32;
    dispatch(Event::Tabs(TabEvent::Joined { tab }));
}

/// Leaves the other tabs. An open channel would keep the page out of the back-forward cache.
pub(super) fn leave() {
    if let Some(sharing) = SHARING.take() {
        sharing.let_go();
        sharing.channel.close();
    }
}

/// Carries out an action that concerns the other tabs.
pub(super) fn act(action: TabAction) {
    match action {
        TabAction::AskLock => ask(),
        TabAction::ReleaseLock => {
            if let Some(sharing) = sharing() {
                sharing.let_go();
            }
        }
        TabAction::Say(word) => post(&word),
        TabAction::Share(word) => {
            post(&format!("{word}\n{}", tab::take_answer()));
        }
    }
}

fn post(text: &str) {
    if let Some(sharing) = sharing() {
        // Fails only if the channel is closed.
        let _ = sharing.channel.post_message(&JsValue::from_str(text));
    }
}

fn ask() {
    let Some(sharing) = sharing() else { return };
    let request = get(&sharing.locks, "request").and_then(|request| request.dyn_into().ok());
    let (Some::<Function>(request), Ok(abort)) = (request, AbortController::new()) else { return };
    let options = Object::new();
    // Fails only for frozen objects.
    let _ = Reflect::set(&options, &JsValue::from_str("signal"), &abort.signal());
    sharing.asked.set(Some(abort));
    let of = Rc::clone(&sharing);
    let granted = Closure::once_into_js(move || {
        let promise = Promise::new(&mut |resolve, _| of.held.set(Some(resolve)));
        match SHARING.with_borrow(Option::is_some) {
            true => dispatch(Event::Tabs(TabEvent::Granted)),
            // Too late: the page is being left.
            false => of.let_go(),
        }
        JsValue::from(promise)
    });
    let name = JsValue::from_str(NAME);
    if let Ok(asked) = request.call3(&sharing.locks, &name, &options, &granted) {
        // An aborted lock request rejects its promise, which is not an error.
        let ignore = Closure::<dyn FnMut(JsValue)>::new(|_| {});
        let _ = asked.unchecked_into::<Promise>().catch(&ignore);
        ignore.forget();
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
        Some(Self { channel, locks, asked: Cell::new(None), held: Cell::new(None), _heard: heard })
    }

    /// Releases the lock, or cancels the request for it.
    fn let_go(&self) {
        if let Some(asked) = self.asked.take() {
            asked.abort();
        }
        if let Some(held) = self.held.take() {
            // The resolver of a promise does not fail.
            let _ = held.call0(&JsValue::NULL);
        }
    }
}

fn hear(text: String) {
    let event = match text.split_once('\n') {
        None => TabEvent::Said(text),
        Some((word, answer)) => {
            let Ok(mut response) = json::from_str(answer) else { return };
            tab::keep_rendered(&mut response);
            TabEvent::Answered { word: word.to_owned(), response }
        }
    };
    dispatch(Event::Tabs(event));
}

fn get(of: &JsValue, name: &str) -> Option<JsValue> {
    Reflect::get(of, &JsValue::from_str(name)).ok()
}
