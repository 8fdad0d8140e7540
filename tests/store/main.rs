//! The conformance suite over each store.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod conformance;
mod ends;
mod fair;
mod fixture;
mod memory;
mod migrations;
mod plans;
mod postgres;
#[path = "../support/postgres.rs"]
mod postgres_server;
#[expect(dead_code, reason = "what is counted is what falls silent here")]
#[path = "../support/silent.rs"]
mod silent;
mod sqlite;
