//! The engine over a real store, with tasks that do what the test says.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod authorised;
mod clock;
mod delete_data;
mod elsewhere;
mod ends;
mod engines;
mod eta_history;
mod expiry;
mod faulty;
mod files;
mod fixture;
mod hanging;
mod kinds;
mod leases;
mod lifecycle;
mod listener;
mod log;
mod long_poll;
mod lost;
mod postgres;
#[expect(dead_code, reason = "nothing here stops the database")]
#[path = "../support/postgres.rs"]
mod postgres_server;
mod preview;
mod queue_positions;
mod receipts;
mod recovery;
mod service;
mod shared_limits;
#[expect(dead_code, reason = "what is said is what falls silent here")]
#[path = "../support/silent.rs"]
mod silent;
mod testing;
mod totals;
