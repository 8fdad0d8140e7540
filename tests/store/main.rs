//! The conformance suite over each store.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod conformance;
mod fixture;
mod plans;
mod postgres;
#[path = "../support/postgres.rs"]
mod postgres_server;
mod sqlite;
