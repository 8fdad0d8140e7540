//! The other tabs of the browser: the lock that one of them holds, and the channel between them.

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

/// The name of lock and channel. Another number where tabs of an earlier build would not understand.
const NAME: &str = "milepost-1";

/// What this tab shares with the others.
struct Sharing {
    channel: BroadcastChannel,
    locks: Object,
    /// Ends the wait for the lock.
    asked: Cell<Option<AbortController>>,
    /// Lets go of the lock.
    held: Cell<Option<Function>>,
    _heard: Closure<dyn FnMut(JsValue)>,
}

thread_local! {
    static SHARING: RefCell<Option<Rc<Sharing>>> = const { RefCell::new(None) };
}

fn sharing() -> Option<Rc<Sharing>> {
    SHARING.with_borrow(Clone::clone)
}

/// Joins the other tabs, where the browser has locks and channels.
pub(super) fn join() {
    let shared = tab::transport().is_some_and(|transport| transport.is_shared());
    let Some(sharing) = shared.then(Sharing::new).flatten() else { return };
    drop(SHARING.replace(Some(Rc::new(sharing))));
    let tab = (js_sys::Math::random() * f64::from(u32::MAX)) as u32;
    dispatch(Event::Tabs(TabEvent::Joined { tab }));
}

/// Leaves them. An open channel would keep the page out of the back-forward cache.
pub(super) fn leave() {
    if let Some(sharing) = SHARING.take() {
        sharing.let_go();
        sharing.channel.close();
    }
}

/// Does what the machine wants of the other tabs.
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
        // Fails only on a channel that is closed.
        let _ = sharing.channel.post_message(&JsValue::from_str(text));
    }
}

fn ask() {
    let Some(sharing) = sharing() else { return };
    let request = get(&sharing.locks, "request").and_then(|request| request.dyn_into().ok());
    let (Some::<Function>(request), Ok(abort)) = (request, AbortController::new()) else { return };
    let options = Object::new();
    // Fails on frozen objects only.
    let _ = Reflect::set(&options, &JsValue::from_str("signal"), &abort.signal());
    sharing.asked.set(Some(abort));
    let of = Rc::clone(&sharing);
    let granted = Closure::once_into_js(move || {
        let promise = Promise::new(&mut |resolve, _| of.held.set(Some(resolve)));
        match SHARING.with_borrow(Option::is_some) {
            true => dispatch(Event::Tabs(TabEvent::Granted)),
            // Too late: the page is on its way out.
            false => of.let_go(),
        }
        JsValue::from(promise)
    });
    let name = JsValue::from_str(NAME);
    if let Ok(asked) = request.call3(&sharing.locks, &name, &options, &granted) {
        // A wait that is ended is told as an error, which is none.
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

    /// Lets go of the lock, or of the wait for it.
    fn let_go(&self) {
        if let Some(asked) = self.asked.take() {
            asked.abort();
        }
        if let Some(held) = self.held.take() {
            // It is a promise's own function and does not fail.
            let _ = held.call0(&JsValue::NULL);
        }
    }
}

fn hear(text: String) {
    let event = match text.split_once('\n') {
        None => TabEvent::Said(text),
        Some((word, answer)) => {
            let Ok(response) = json::from_str(answer) else { return };
            TabEvent::Answered { word: word.to_owned(), response }
        }
    };
    dispatch(Event::Tabs(event));
}

fn get(of: &JsValue, name: &str) -> Option<JsValue> {
    Reflect::get(of, &JsValue::from_str(name)).ok()
}
