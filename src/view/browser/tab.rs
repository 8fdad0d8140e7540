//! The state of the tab's loop. Nothing is called while it is borrowed: every function takes what it
//! needs and lets go.

use std::cell::RefCell;

use gloo_timers::callback::Timeout;
use leptos::prelude::*;

use super::{
    TaskView, Transport, act, dispatch,
    listeners::{self, Listeners},
    running::Running,
    sharing,
};
use crate::{
    poll::{Action, Config, Event, Machine, Stats},
    task::TaskId,
};

/// How often the bar is drawn while it moves, in milliseconds.
const MOVING_MS: u32 = 250;
/// How often ages and durations are drawn while nothing moves, in milliseconds.
const RESTING_MS: u32 = 1000;
/// The browser's timers take signed 32-bit milliseconds; and no pause is longer than this anyway.
const MAX_TIMER_MS: u32 = 60_000;

/// One loop, whatever is watched.
pub(super) struct Tab {
    machine: Machine,
    transport: Transport,
    /// The counters, once for each who watches.
    stats: Vec<ArcRwSignal<Stats>>,
    views: Vec<RwSignal<TaskView>>,
    timer: Option<Timeout>,
    redraw: Option<Timeout>,
    request: Option<Running>,
    /// The text of the last answer.
    answer: String,
    visible: bool,
    _listeners: Listeners,
}

thread_local! {
    static TAB: RefCell<Option<Tab>> = const { RefCell::new(None) };
}

fn with<T>(call: impl FnOnce(&mut Tab) -> T) -> Option<T> {
    TAB.with_borrow_mut(|tab| tab.as_mut().map(call))
}

/// The tab's loop, made if this is the first who watches.
/// The counters that it gives begin as the server has rendered them, also where the loop is further by now.
pub(super) fn open(transport: Transport, config: Config) -> ArcRwSignal<Stats> {
    let made = with(|_| ()).is_none();
    let stats = ArcRwSignal::new(Machine::new(config.clone()).stats(0));
    TAB.with_borrow_mut(|tab| {
        tab.get_or_insert_with(|| Tab::new(transport, config)).stats.push(stats.clone());
    });
    if made {
        act(Event::Visible(listeners::visible()));
        act(Event::Online(listeners::online()));
        sharing::join();
    }
    stats
}

/// Draws this task from now on.
pub(super) fn add(view: RwSignal<TaskView>) -> TaskId {
    with(|tab| tab.views.push(view));
    view.with_untracked(|view| view.snapshot.id)
}

/// Counts for this one no more.
pub(super) fn remove_stats(stats: &ArcRwSignal<Stats>) {
    with(|tab| tab.stats.retain(|other| other != stats));
}

/// Draws it no more.
pub(super) fn remove(view: RwSignal<TaskView>) {
    with(|tab| tab.views.retain(|&other| other != view));
}

/// Lets go of everything when nobody watches.
pub(super) fn close_if_unused() {
    let unused = with(|tab| tab.views.is_empty()).unwrap_or(false);
    if unused {
        // Dropped outside of the borrow: it removes listeners and ends a request.
        drop(TAB.take());
        sharing::leave();
    }
}

/// How requests get to the server.
pub(super) fn transport() -> Option<Transport> {
    with(|tab| tab.transport.clone())
}

/// Keeps the text of an answer, for as long as it is handled.
pub(super) fn keep_answer(text: String) {
    with(|tab| tab.answer = text);
}

/// The text of the answer that is handled.
pub(super) fn take_answer() -> String {
    with(|tab| std::mem::take(&mut tab.answer)).unwrap_or_default()
}

/// Gives the machine an event, after telling it whether the tab is seen, if that changed unheard.
pub(super) fn handle(event: Event) -> Vec<Action> {
    let (now, visible) = (now(), listeners::visible());
    let mut random = js_sys::Math::random;
    with(|tab| {
        let mut actions = Vec::new();
        if matches!(event, Event::Timer) {
            tab.timer = None;
            if tab.visible != visible {
                tab.visible = visible;
                actions = tab.machine.handle(Event::Visible(visible), now, &mut random);
            }
        }
        if let Event::Visible(visible) = event {
            tab.visible = visible;
        }
        actions.extend(tab.machine.handle(event, now, &mut random));
        actions
    })
    .unwrap_or_default()
}

/// Replaces the request in flight; the one before is ended.
pub(super) fn set_request(request: Option<Running>) {
    // Dropped outside of the borrow: it may call into the transport.
    drop(with(|tab| std::mem::replace(&mut tab.request, request)));
}

/// Replaces the timer.
pub(super) fn set_timer(after_ms: Option<u32>) {
    let timer = after_ms
        .map(|after_ms| Timeout::new(after_ms.min(MAX_TIMER_MS), || dispatch(Event::Timer)));
    with(|tab| tab.timer = timer);
}

/// Draws as soon as what is rendered right now is done.
pub(super) fn draw_soon() {
    with(|tab| tab.redraw = Some(Timeout::new(0, draw)));
}

/// Draws what is known by now, and again a little later while something is seen to move.
pub(super) fn draw() {
    let Some((views, stats)) = with(|tab| (tab.views.clone(), tab.stats.clone())) else { return };
    let now = now();
    let mut next = None;
    for view in views {
        let pace = view.try_maybe_update(|shown| {
            with(|tab| {
                tab.machine.view(shown.snapshot.id, now).map(|known| {
                    let rest = known.status.is_some_and(|status| status.is_terminal());
                    let pace = if known.moving { MOVING_MS } else { RESTING_MS };
                    (shown.advance(&known), (!rest).then_some(pace))
                })
            })
            .flatten()
            .unwrap_or_default()
        });
        next = match (next, pace.flatten()) {
            (Some(a), Some(b)) => Some(u32::min(a, b)),
            (a, b) => a.or(b),
        };
    }
    if let Some(counted) = with(|tab| tab.machine.stats(now)) {
        for stats in stats {
            stats.maybe_update(|shown| std::mem::replace(shown, counted) != counted);
        }
    }
    with(|tab| {
        tab.redraw = next.filter(|_| tab.visible).map(|after_ms| Timeout::new(after_ms, draw));
    });
}

impl Tab {
    fn new(transport: Transport, config: Config) -> Self {
        let machine = Machine::new(config);
        Self {
            stats: Vec::new(),
            machine,
            transport,
            views: Vec::new(),
            timer: None,
            redraw: None,
            request: None,
            answer: String::new(),
            visible: true,
            _listeners: listeners::listen(),
        }
    }
}

/// Monotonic milliseconds since the page was opened.
fn now() -> u64 {
    window().performance().map_or(0, |performance| performance.now() as u64)
}
