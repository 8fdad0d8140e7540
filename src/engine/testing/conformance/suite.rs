//! The suite: what each store must do, whatever it is made of. A function is one test.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod artifacts;
mod batches;
mod budget;
mod clients;
mod clock;
mod eta_history;
mod expiry;
mod labels;
mod log;
mod operate;
mod preview;
mod queue;
mod receipts;
mod rerun;
mod runs;
mod sealed;
mod sets;
mod shared_limits;
mod shares;
mod tokens;
mod totals;
mod users;

pub use artifacts::*;
pub use batches::*;
pub use budget::*;
pub use clients::*;
pub use clock::*;
pub use eta_history::*;
pub use expiry::*;
pub use labels::*;
pub use log::*;
pub use operate::*;
pub use preview::*;
pub use queue::*;
pub use receipts::*;
pub use rerun::*;
pub use runs::*;
pub use sealed::*;
pub use sets::*;
pub use shared_limits::*;
pub use shares::*;
pub use tokens::*;
pub use totals::*;
pub use users::*;
