//! Driver of the poll machine in a browser: one loop per tab, with its timer, its single request,
//! its listeners and the redraw clock.

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
use super::{ShownParts, TaskView, Transport, UseTaskOptions, json};
use crate::{
    poll::{Action, Event, Stats},
    task::{PollRequest, Problem, TaskId},
};

/// Time limit for the response to a cancel request, in milliseconds.
const CANCEL_MS: u32 = 10_000;

/// Watches the tasks until the current reactive owner is cleaned up; returns the loop's counters.
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
    if let Some(shown) = options.shown {
        let ShownParts { id, log_after, preview_after, .. } = shown;
        tab::show(shown);
        act(Event::FollowLog { id, after: log_after });
        act(Event::FollowPreview { id, after: preview_after });
    }
    act(Event::NotifyHidden(notify));
    // Draw after hydration: hydration assumes that the server's texts match the first render and
    // would never correct one that has changed since.
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

/// Passes an event to the machine, carries out its actions, and redraws.
pub(super) fn dispatch(event: Event) {
    act(event);
    tab::draw();
}

/// Passes an event to the machine and carries out its actions.
fn act(event: Event) {
    for action in tab::handle(event) {
        match action {
            Action::Send { epoch, request } => send(epoch, request),
            Action::Abort => tab::set_request(None),
            Action::SetTimer { after_ms } => tab::set_timer(Some(after_ms)),
            Action::ClearTimer => tab::set_timer(None),
            // An expired session cannot be renewed silently: its tasks belonged to it.
            Action::RefreshSession => {
                spawn_local(async { dispatch(Event::SessionRefreshed(false)) });
            }
            Action::Tabs(action) => sharing::act(action),
            Action::Render => {}
        }
    }
}

/// Random idempotency key.
pub(super) fn random_key() -> String {
    let part = || (js_sys::Math::random() * f64::from(u32::MAX)) as u32;
    format!("{:08x}{:08x}{:08x}{:08x}", part(), part(), part(), part())
}

/// Asks the server to cancel a task; calls `failed` with the problem if that fails.
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

/// Takes the lines of the [shown log](UseTaskOptions::shown) that came with the responses since the last
/// call, as HTML of the server's `LogRenderer` (`server_fns`); empty if there are none. They come with
/// a change of the task: call it when its view changes.
pub fn take_log() -> String {
    tab::take_log()
}

/// Takes the changes of the [shown](UseTaskOptions::shown) preview and result that came with the
/// responses since the last call, in their order, as the server's `PartRenderer` (`server_fns`) made
/// them: each the id of an element, the number of its children that stay, and the HTML after them; a
/// blank between them. They come with a change of the task: call it when its view changes.
pub fn take_parts() -> Vec<String> {
    tab::take_parts()
}

/// Moves the focus to the element with id `to` if it is inside the element with id `from`. Call it
/// before hiding `from`, which would lose the focus.
pub fn move_focus(from: &str, to: &str) {
    let document = document();
    let (Some(from), Some(to)) = (document.get_element_by_id(from), document.get_element_by_id(to))
    else {
        return;
    };
    if from.contains(document.active_element().as_deref()) {
        // Browsers refuse this only for elements that cannot be focused.
        let _ = to.unchecked_into::<HtmlElement>().focus();
    }
}

/// Shows the percent as a ring in the tab's icon, the element with id `icon`; `None` restores the
/// page's icon.
pub fn set_icon(percent: Option<u32>) {
    let Some(icon) = document().get_element_by_id("icon") else { return };
    let shown = match percent {
        Some(percent) => format!("{RING_TO}{percent}{RING_FROM}"),
        None => icon.get_attribute("data-href").unwrap_or_default(),
    };
    if icon.get_attribute("href").is_none_or(|href| href != shown) {
        // Fails only for invalid attribute names.
        let _ = icon.set_attribute("href", &shown);
    }
}

/// Ring filled up to the percent.
const RING_TO: &str = "data:image/svg+xml,%3Csvg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 32 32' \
    fill='none' stroke-width='8'%3E%3Ccircle cx='16' cy='16' r='12' stroke='%23999' opacity='.4'/%3E\
    %3Ccircle cx='16' cy='16' r='12' stroke='%23d9541e' pathLength='100' transform='rotate(-90 16 16)' \
    stroke-dasharray='";
const RING_FROM: &str = " 100'/%3E%3C/svg%3E";

/// Sets the tab's title.
pub fn set_title(title: &str) {
    document().set_title(title);
}

fn send(epoch: u32, mut request: PollRequest) {
    let Some((transport, contains)) = tab::transport() else { return };
    request.log_contains = contains;
    let asked = transport.poll(request);
    tab::set_request(Some(Running::start(async move {
        dispatch(match asked.await {
            Ok(mut response) => {
                tab::keep_rendered(&mut response);
                // The response text as received, for the byte counter and the other tabs.
                let text = json::browser::take_answer();
                let bytes = text.len() as u32;
                tab::keep_answer(text);
                Event::Answer { epoch, response, bytes }
            }
            Err(failure) => Event::Failure { epoch, failure },
        });
    })));
}
