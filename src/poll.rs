//! When to ask again: the pure polling machine.
//!
//! One [`Machine`] follows everything that a page (or a command line) watches. It is told events
//! and the time, and answers with actions: send this request, wake me then, draw. It reads no
//! clock, draws no random number of its own and knows neither browser nor runtime, so that the same
//! machine drives both and a test can drive a year in a millisecond.
//!
//! What the driver does:
//!
//! 1. Keep one timer, at most one request, and a monotonic clock in milliseconds.
//! 2. Give every [`Event`] to [`Machine::handle`] and carry out the returned [`Action`]s in order.
//! 3. On [`Action::Send`]: send, and give back [`Event::Answer`] or [`Event::Failure`] with the
//!    same epoch. The machine ends a request that takes too long by itself ([`Action::Abort`]).
//! 4. On [`Action::Render`]: draw [`Machine::view`] of each task. Between two of them the bar and
//!    the ages move with time alone: while something is watched, draw every second or so, and more
//!    often while [`TaskView::moving`]. [`Machine::stats`] may have changed after any event.
//!
//! Where several tabs of a browser can share (a lock, a channel), the driver gives
//! [`TabEvent::Joined`] once: one tab then asks for all, and hands the answers on.
//!
//! Where this is not word for word the policy's text: a server at which very many requests are held says
//! in its answers how far to spread their return, should it be lost ([`PollResponse::spread_ms`]). Clients
//! that lose it come back at any moment within that time, at the first cut and after each failure,
//! instead of all within the first second. Where few watch nothing is said, and nothing differs. Each
//! answer says it anew: a crowd that is younger than the longest hold may know an old word.
//!
//! [`PollResponse::spread_ms`]: crate::task::PollResponse::spread_ms
//!
//! A request starts from [`Event::Timer`] only (`SetTimer { after_ms: 0 }` means at once): what
//! happens in one tick, such as fifty rows that start to be watched, is one request.

mod bar;
mod config;
mod entry;
mod event;
mod long_poll;
mod machine;
mod pause;
mod policy;
mod retry_after;
mod tabs;
mod view;

#[cfg(test)]
mod tests;

pub use config::{Config, HoldConfig};
pub use event::{Action, Event, Failure};
pub use machine::Machine;
pub use policy::Policy;
pub use retry_after::retry_after_ms;
pub use tabs::{TabAction, TabEvent};
pub use view::{AnswerKind, Freshness, Phase, Stats, TaskView};
