//! The polling client as a pure state machine: when to send the next request.
//!
//! One [`Machine`] follows everything that a page (or a command line) watches. The driver passes it
//! events and the time; it returns actions: send a request, set a timer, draw. It reads no clock,
//! generates no random numbers and knows neither browser nor runtime, so the same machine drives
//! both, and tests run it in virtual time.
//!
//! What the driver does:
//!
//! 1. Keep one timer, at most one request, and a monotonic clock in milliseconds.
//! 2. Pass every [`Event`] to [`Machine::handle`] and carry out the returned [`Action`]s in order.
//! 3. On [`Action::Send`]: send the request, then pass [`Event::Answer`] or [`Event::Failure`] with
//!    the same epoch. The machine aborts a request that takes too long ([`Action::Abort`]).
//! 4. On [`Action::Render`]: draw [`Machine::view`] of each task. Between two renders the bar and
//!    the ages still move with time: while something is watched, draw about once a second, and more
//!    often while [`TaskView::moving`]. [`Machine::stats`] may have changed after any event.
//!
//! Where tabs of a browser can share requests (a lock, a channel), the driver passes
//! [`TabEvent::Joined`] once: one tab then polls for all of them and forwards the responses.
//!
//! One addition to the paced policy: a server with very many waiting requests states in each
//! response how far clients should spread their return if they lose the connection
//! ([`PollResponse::spread_ms`]). After a cut or a failure they then return at random moments
//! within that time, instead of all within the first second. A server with few waiting requests
//! omits the field, and nothing changes. Every response repeats it, because a client's last value
//! may be out of date.
//!
//! [`PollResponse::spread_ms`]: crate::task::PollResponse::spread_ms
//!
//! A request starts from [`Event::Timer`] only (`SetTimer { after_ms: 0 }` means at once), so
//! everything that happens in one tick, such as fifty rows that start to be watched, is one
//! request.

mod bar;
mod config;
mod entry;
mod event;
mod long_poll;
mod machine;
pub(crate) mod pause;
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
