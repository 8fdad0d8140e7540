//! The driver of the poll machine in a browser: one loop per tab, with its timer, its one request,
//! its listeners and the clock that moves the bar.

mod listeners;
mod running;
mod sharing;
mod tab;

use std::{
    future::{Future, poll_fn},
    pin::Pin,
    task::Poll,
};

use gloo_timers::future::TimeoutFuture;
use leptos::{prelude::*, task::spawn_local};
use wasm_bindgen::JsCast;
use web_sys::HtmlElement;

use self::running::Running;
use super::{TaskView, Transport, UseTaskOptions, json};
use crate::{
    poll::{Action, Event, Stats},
    task::{PollRequest, Problem, TaskId},
};

/// How long the server may take to answer a request to cancel, in milliseconds.
const CANCEL_MS: u32 = 10_000;

/// Watches these tasks until the present reactive owner is cleaned up; gives the loop's counters.
pub(super) fn watch(
    views: Vec<RwSignal<TaskView>>,
    transport: Transport,
    options: UseTaskOptions,
) -> Signal<Stats> {
    let notify = options.notify_hidden;
    let stats = tab::open(transport, options.config);
    let ids: Vec<TaskId> = views.iter().map(|&view| tab::add(view)).collect();
    for &view in &views {
        let snapshot = view.with_untracked(|view| view.snapshot.clone());
        let known = snapshot.version > 0;
        act(Event::Watch { id: snapshot.id, snapshot: known.then(|| Box::new(snapshot)) });
    }
    act(Event::NotifyHidden(notify));
    // Hydration takes the server's texts for what the first render reads, and would never correct
    // one that had changed by then.
    tab::draw_soon();
    let counters = stats.clone();
    on_cleanup(move || {
        for (id, view) in ids.into_iter().zip(views) {
            tab::remove(view);
            dispatch(Event::Unwatch { id });
        }
        tab::remove_stats(&counters);
        tab::close_if_unused();
    });
    stats.into()
}

/// Tells the machine what happened, does what it asks for, and draws what is known then.
pub(super) fn dispatch(event: Event) {
    act(event);
    tab::draw();
}

/// Tells the machine what happened and does what it asks for.
fn act(event: Event) {
    for action in tab::handle(event) {
        match action {
            Action::Send { epoch, request } => send(epoch, request),
            Action::Abort => tab::set_request(None),
            Action::SetTimer { after_ms } => tab::set_timer(Some(after_ms)),
            Action::ClearTimer => tab::set_timer(None),
            // A session that is over cannot be had again in silence: its tasks were its own.
            Action::RefreshSession => {
                spawn_local(async { dispatch(Event::SessionRefreshed(false)) });
            }
            Action::Tabs(action) => sharing::act(action),
            Action::Render => {}
        }
    }
}

/// A key that nobody else has.
pub(super) fn random_key() -> String {
    let part = || (js_sys::Math::random() * f64::from(u32::MAX)) as u32;
    format!("{:08x}{:08x}{:08x}{:08x}", part(), part(), part(), part())
}

/// Asks the server to cancel a task; `failed` is told why that failed.
pub(super) fn cancel(transport: Transport, id: TaskId, failed: impl FnOnce(Problem) + 'static) {
    dispatch(Event::CancelRequested { id });
    spawn_local(async move {
        let mut answer = transport.cancel(id);
        let mut late = TimeoutFuture::new(CANCEL_MS);
        let answer = poll_fn(|context| match answer.as_mut().poll(context) {
            Poll::Pending => Pin::new(&mut late).poll(context).map(|()| Err(unanswered())),
            answered => answered,
        });
        match answer.await {
            Ok(snapshot) => dispatch(Event::Told { snapshot: Box::new(snapshot) }),
            Err(problem) => {
                dispatch(Event::CancelFailed { id });
                failed(problem);
            }
        }
    });
}

fn unanswered() -> Problem {
    Problem::new(0, "No answer", "The server did not answer.")
}

/// Moves the focus to the element `to` if it is within the element `from`, both by their ids: before
/// what has it is hidden, which would lose it.
pub fn move_focus(from: &str, to: &str) {
    let document = document();
    let (Some(from), Some(to)) = (document.get_element_by_id(from), document.get_element_by_id(to))
    else {
        return;
    };
    if from.contains(document.active_element().as_deref()) {
        // Refused by the browser only for what takes no focus.
        let _ = to.unchecked_into::<HtmlElement>().focus();
    }
}

/// Shows a percent as a ring in the tab's icon, the element `icon`; `None` brings back what the page
/// came with.
pub fn set_icon(percent: Option<u32>) {
    let Some(icon) = document().get_element_by_id("icon") else { return };
    let shown = match percent {
        Some(percent) => format!("{RING_TO}{percent}{RING_FROM}"),
        None => icon.get_attribute("data-href").unwrap_or_default(),
    };
    if icon.get_attribute("href").is_none_or(|href| href != shown) {
        // Refused for names of attributes that are none.
        let _ = icon.set_attribute("href", &shown);
    }
}

/// A ring up to where the percent stands, and the rest.
const RING_TO: &str = "data:image/svg+xml,%3Csvg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 32 32' \
    fill='none' stroke-width='8'%3E%3Ccircle cx='16' cy='16' r='12' stroke='%23999' opacity='.4'/%3E\
    %3Ccircle cx='16' cy='16' r='12' stroke='%23d9541e' pathLength='100' transform='rotate(-90 16 16)' \
    stroke-dasharray='";
const RING_FROM: &str = " 100'/%3E%3C/svg%3E";

/// Sets the tab's title.
pub fn set_title(title: &str) {
    document().set_title(title);
}

fn send(epoch: u32, request: PollRequest) {
    let Some(transport) = tab::transport() else { return };
    let asked = transport.poll(request);
    tab::set_request(Some(Running::start(async move {
        dispatch(match asked.await {
            Ok(response) => {
                // As the server has written it: for the counter, and for other tabs.
                let text = json::take_answer();
                let bytes = text.len() as u32;
                tab::keep_answer(text);
                Event::Answer { epoch, response, bytes }
            }
            Err(failure) => Event::Failure { epoch, failure },
        });
    })));
}
