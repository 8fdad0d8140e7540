//! State of the tab's loop. Functions never call out while the state is borrowed: each takes what
//! it needs and releases the borrow first.

use std::cell::RefCell;

use gloo_timers::callback::Timeout;
use leptos::prelude::*;

use super::{
    ShownParts, TaskView, Transport, act, dispatch,
    listeners::{self, Listeners},
    running::Running,
    sharing,
};
use crate::{
    poll::{Action, Config, Event, Machine, Stats},
    task::{PollResponse, Preview, TaskId, TaskLog},
};

/// Redraw interval while the bar moves, in milliseconds.
const MOVING_MS: u32 = 250;
/// Redraw interval of ages and durations while nothing moves, in milliseconds.
const RESTING_MS: u32 = 1000;
/// Maximum timer delay, in milliseconds: the default maximum pause of the poll machine. Browser
/// timers take signed 32-bit values.
const MAX_TIMER_MS: u32 = 60_000;

/// Bytes of log lines that wait to be taken from which on no more are stored: those of a page whose log
/// was not loaded.
const MAX_UNTAKEN_BYTES: usize = 4 << 20;

/// Changes of parts that wait to be taken from which on no more are stored.
const MAX_UNTAKEN_PARTS: usize = 256;

/// The tab's loop, shared by all watched tasks.
pub(super) struct Tab {
    machine: Machine,
    transport: Transport,
    /// Counters, one signal per watcher.
    stats: Vec<ArcRwSignal<Stats>>,
    views: Vec<RwSignal<TaskView>>,
    timer: Option<Timeout>,
    redraw: Option<Timeout>,
    request: Option<Running>,
    /// Text of the last response.
    answer: String,
    /// What the page shows besides states, up to the log's last line.
    shown: Option<ShownParts>,
    /// Lines of its log that are not taken yet, as HTML.
    log_html: String,
    /// Changes of its other parts that are not taken yet.
    parts: Vec<String>,
    visible: bool,
    _listeners: Listeners,
}

thread_local! {
    static TAB: RefCell<Option<Tab>> = const { RefCell::new(None) };
}

fn with<T>(call: impl FnOnce(&mut Tab) -> T) -> Option<T> {
    TAB.with_borrow_mut(|tab| tab.as_mut().map(call))
}

/// Registers a watcher, creating the loop if it is the first.
///
/// The returned counters start as rendered by the server, even if the loop has already progressed.
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

/// Adds a task to draw.
pub(super) fn add(view: RwSignal<TaskView>) -> TaskId {
    with(|tab| tab.views.push(view));
    view.with_untracked(|view| view.snapshot.id)
}

/// Removes a watcher's counters.
pub(super) fn remove_stats(stats: &ArcRwSignal<Stats>) {
    with(|tab| tab.stats.retain(|other| other != stats));
}

/// Removes a task from drawing.
pub(super) fn remove(view: RwSignal<TaskView>) {
    with(|tab| tab.views.retain(|&other| other != view));
}

/// Closes the loop if no task is watched any more.
pub(super) fn close_if_unused() {
    let unused = with(|tab| tab.views.is_empty()).unwrap_or(false);
    if unused {
        // Dropped outside the borrow: it removes listeners and aborts a request.
        drop(TAB.take());
        sharing::leave();
    }
}

/// The transport of the loop, and the text that log lines must contain.
pub(super) fn transport() -> Option<(Transport, String)> {
    with(|tab| {
        let contains = tab.shown.as_ref().map(|shown| shown.log_contains.clone());
        (tab.transport.clone(), contains.unwrap_or_default())
    })
}

/// Stores the text of the response being handled.
pub(super) fn keep_answer(text: String) {
    with(|tab| tab.answer = text);
}

/// Takes the text of the response being handled.
pub(super) fn take_answer() -> String {
    with(|tab| std::mem::take(&mut tab.answer)).unwrap_or_default()
}

/// Stores the parts of this task from now on.
pub(super) fn show(parts: ShownParts) {
    with(|tab| tab.shown = Some(parts));
}

/// Stores the rendered parts of a response that are new here, and leaves the machine how far each log
/// and preview goes.
pub(super) fn keep_rendered(response: &mut PollResponse) {
    with(|tab| {
        let mut shown = None;
        let mut of = None;
        for text in &response.rendered {
            let Some((first, rest)) = text.split_once(' ') else { continue };
            if let Ok(id) = first.parse() {
                of = Some(id);
                shown = tab.shown.as_mut().filter(|shown| shown.id == id);
                response.log.push(TaskLog { id, seq: number(rest), lines: Vec::new() });
            } else if first == "@" {
                let preview =
                    of.map(|id| Preview::new(id, number(rest), String::new(), String::new()));
                response.preview.extend(preview);
            } else if let Some(shown) = &mut shown {
                if let Some(part) = text.strip_prefix('#') {
                    if tab.parts.len() < MAX_UNTAKEN_PARTS {
                        tab.parts.push(part.to_owned());
                    }
                } else if number(first) > shown.log_after && tab.log_html.len() < MAX_UNTAKEN_BYTES
                {
                    shown.log_after = number(first);
                    tab.log_html.push_str(rest);
                }
            }
        }
    });
}

/// The number that the server wrote in digits. Parsing any text would be more code to load.
fn number(digits: &str) -> i64 {
    digits
        .bytes()
        .fold(0, |number: i64, digit| number.wrapping_mul(10).wrapping_add(i64::from(digit & 15)))
}

/// Takes the changes of parts that were stored.
pub(super) fn take_parts() -> Vec<String> {
    with(|tab| std::mem::take(&mut tab.parts)).unwrap_or_default()
}

/// Takes the lines that were stored, as HTML.
pub(super) fn take_log() -> String {
    with(|tab| std::mem::take(&mut tab.log_html)).unwrap_or_default()
}

/// Passes an event to the machine. Before a timer event, reports a visibility change that caused no
/// event.
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

/// Replaces the request in flight and aborts the previous one.
pub(super) fn set_request(request: Option<Running>) {
    // Dropped outside the borrow: it may call into the transport.
    drop(with(|tab| std::mem::replace(&mut tab.request, request)));
}

/// Replaces the timer.
pub(super) fn set_timer(after_ms: Option<u32>) {
    let timer = after_ms
        .map(|after_ms| Timeout::new(after_ms.min(MAX_TIMER_MS), || dispatch(Event::Timer)));
    with(|tab| tab.timer = timer);
}

/// Redraws as soon as the current rendering is done.
pub(super) fn draw_soon() {
    with(|tab| tab.redraw = Some(Timeout::new(0, draw)));
}

/// Redraws all views, and schedules the next redraw while something changes with time.
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
            shown: None,
            log_html: String::new(),
            parts: Vec::new(),
            visible: true,
            _listeners: listeners::listen(),
        }
    }
}

/// Monotonic milliseconds since the page was opened.
fn now() -> u64 {
    window().performance().map_or(0, |performance| performance.now() as u64)
}
